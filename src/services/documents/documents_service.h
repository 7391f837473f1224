#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/work_pool.h"
#include "blob/blob.h"
#include "crypto/keyring.h"
#include "db/async.h"
#include "engines/document/evidence/trust_store.h"
#include "engines/document/reading.h"
#include "engines/face/types.h"
#include "http/callers.h"
#include "jobs/queue.h"
#include "services/audit/audit_log.h"
#include "services/documents/aadhaar_vault.h"
#include "services/documents/engine.h"
#include "services/documents/receipt.h"
#include "services/documents/reuse.h"
#include "services/progress/progress.h"

namespace authx::face {
class FaceEngine;
}
namespace authx::imaging {
struct Image;
}

namespace authx::documents {

/// The engine, or why there is none (still loading is waited for: call it on worker threads only).
using FaceEngineSource = std::function<Result<std::shared_ptr<const face::FaceEngine>>()>;

/// Runs in the transaction that brings a document or a face into its final state, for whoever waits for it.
using OnFinal = std::function<Result<>(db::Tx&, const Uuid& user)>;

/// Runs in the transaction that deletes a document, before its rows go, for whoever keeps something of it.
using OnDelete = std::function<Result<>(db::Tx&, const Uuid& document, const Uuid& user)>;

/// Keeps the embeddings of portraits, inside the caller's transactions; a reading holds none.
struct PortraitStore {
  /// Replaces what is kept of the document; nothing: removes it. `from_pictures`: the kept pictures show the portrait.
  std::function<Result<>(db::Tx&, const Uuid& document, const Uuid& user, const std::optional<face::Embedding>&, bool from_pictures)> keep;
  std::function<Result<std::optional<face::Embedding>>(db::Tx&, const Uuid& document, const Uuid& user)> find;
};

struct Upload {
  std::string document_type;  ///< as the API spells it
  http::UploadedFile front;
  std::optional<http::UploadedFile> back;
};

/// Signed files in place of pictures: one offline e-KYC (ZIP or XML), one signed PDF, or files of a chip.
struct SignedUpload {
  std::string document_type;  ///< as the API spells it
  std::vector<http::UploadedFile> files;
  SecretText secret;  ///< the share code or the PDF's password; used once, neither kept nor logged
};

/// A picture that is kept of a document.
struct StoredImage {
  std::string side;
  std::int64_t page = 1;
  std::string object;
  std::string sha256;
};

/// A document as its owner may see it. Everything read is opened only for `get`.
struct Document {
  Uuid id, user_id, job_id;
  std::string document_type;
  std::string status;  ///< processing | approved | rejected
  std::string stage;   ///< received | reading | read | final
  std::int64_t progress = 0;
  bool is_verified = false;
  bool needs_review = false;
  std::optional<double> confidence;
  std::optional<std::string> engine_version;
  std::optional<std::string> expiry_state;  ///< valid | expiring | expired
  std::string ocr_data = "null";            ///< JSON
  std::string reading = "null";             ///< JSON: fields, findings, evidence, reasons
  std::string number;                       ///< masked where the law asks for it
  std::vector<StoredImage> images;
  Time created_at, updated_at;
};

/// What a decision or a face match needs of a document that was read.
struct ReadDocument {
  Uuid id;
  std::string status, type, name;
  std::optional<std::string> dob, expiry;
  double confidence = 0;
  bool expired = false, invalid = false;
  std::vector<std::string> reasons;
  std::optional<face::Embedding> portrait;
  bool portrait_signed = false;
  std::string image_sha256;
  std::string assurance;            ///< as the engine words it; empty for readings of before it was told
  bool signature_invalid = false;   ///< some evidence carries a signature that does not fit
  std::vector<std::string> doubts;  ///< checks of authenticity that failed and ask for a person
  Reuse reuse;                      ///< at the time of asking
  std::optional<std::string> father_name{};
  std::optional<Date> issued{};  ///< where the document says it: about when its portrait was taken
};

/// What a comparison with a document's portrait needs.
struct DocumentPortrait {
  std::string status, image_sha256;
  std::optional<face::Embedding> portrait;
  std::optional<Date> issued;  ///< where the document says it: about when its portrait was taken
};

/// Days since then; nothing where it is not known, or is a day to come.
std::optional<int> portrait_age_days(const std::optional<Date>& issued, Time now);

/// A document that ends soon or has ended.
struct Expiring {
  Uuid id, user_id;
  std::string document_type, state;
  Date expires_on;
};

class DocumentsService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& vision;
    WorkPool& files;  ///< blocking reads and writes of sealed objects
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    blob::Store& blobs;
    jobs::Queue& queue;
    progress::Hub& progress;
    FaceEngineSource face_engine;
    OnFinal on_final;
    OnDelete on_delete;
    PortraitStore portraits;
    AadhaarNumbers aadhaar_numbers = AadhaarNumbers::discard;
    std::chrono::days expiry_notice{30};                  ///< how long before its end a document counts as expiring
    std::shared_ptr<const document::TrustStore> trust{};  ///< whose signatures count; none: nobody's
    bool allow_specimens = true;                          ///< published specimens are noted rather than refused
  };
  explicit DocumentsService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  /// Checks the files' headers, seals and stores them, and queues the reading. The files as sent are sealed with a key of their
  /// own that the transaction storing the reading destroys. Errors: `Errc::validation` naming the file.
  awaitable<Result<Document>> upload(Uuid user, Upload upload, http::RequestInfo request, std::chrono::milliseconds wait);
  /// Verifies and reads signed files at once, without a job: what opens them must not be stored. Of a PDF its pages are kept as
  /// pictures; of other files nothing but what was read. Errors: `Errc::validation` naming the field.
  awaitable<Result<Document>> upload_signed(Uuid user, SignedUpload upload, http::RequestInfo request);
  /// `Errc::not_found` for absent ones and for others' unless the caller may review.
  awaitable<Result<Document>> get(Uuid id, const http::Principal& caller);
  /// Newest first; with `within`, only those that end in that many days from today.
  awaitable<Result<std::vector<Document>>> list(const http::Principal& caller, std::optional<Uuid> before, std::size_t limit,
                                                std::optional<std::chrono::days> within = std::nullopt);
  /// A kept picture as JPEG: redacted, without metadata. `Errc::not_found` while the document is being read, too.
  awaitable<Result<Bytes>> image(Uuid id, const http::Principal& caller, std::string side, std::int64_t page, bool thumbnail);
  /// How far the reading is, for `/ws`.
  awaitable<Result<progress::State>> progress(Uuid id, const http::Principal& caller);
  /// Queues a reading of the kept pictures by the present engine. `Errc::conflict` while one is under way or when none are kept.
  awaitable<Result<Document>> reread(Uuid id, const http::Principal& caller);
  /// Destroys rows and pictures; the signed receipt. Errors: `Errc::not_found`.
  awaitable<Result<json::object>> remove(Uuid id, const http::Principal& caller);

  /// For other services, inside their transactions.
  Result<ReadDocument> read_document(db::Tx& tx, const Uuid& id, const Uuid& owner) const;
  /// Without opening what else was read.
  Result<DocumentPortrait> document_portrait(db::Tx& tx, const Uuid& id, const Uuid& owner) const;
  /// The whole number where the policy kept one, nothing where it did not; writes the audit entry that says who asked and why.
  Result<std::optional<SecretText>> whole_number(db::Tx& tx, const Uuid& id, std::string_view why,
                                                 const std::optional<Uuid>& asker = std::nullopt) const;

  /// The kept pictures, the front first; none while the document is being read. Blocking.
  Result<std::vector<imaging::Image>> pictures(const Uuid& id) const;

  /// For the operator's commands and the schedule; blocking.
  Result<std::size_t> reread_older(std::string_view version);
  Result<json::object> remove_now(const Uuid& id, const std::optional<Uuid>& actor, const http::RequestInfo* request);
  Result<std::size_t> mark_expiring();
  Result<std::vector<Expiring>> expiring(std::chrono::days within);
  Result<> schedule();  ///< queues what recurs when it is due

 private:
  struct Loaded;
  struct Outcome;
  awaitable<Result<Document>> load(Uuid id, const http::Principal& caller);
  Result<> process(const jobs::Job& job, bool again);
  Result<std::optional<Loaded>> load_for_job(const jobs::Job& job) const;
  Result<> refuse(const jobs::Job& job, const Loaded& loaded, const std::string& why);
  Result<> read_signed(const Uuid& id, const crypto::Key& key, const Uuid& user, const SignedUpload& upload,
                       const http::RequestInfo& request);
  Result<> keep(const Uuid& id, const Loaded& loaded, Outcome& outcome, const Deadline& deadline) const;
  Result<> store(const Uuid& id, const Loaded& loaded, Outcome outcome);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);
  void stage(const Uuid& id, std::string_view stage, int percent);
  Result<> watch_expiry(const jobs::Job& job);

  Parts p_;
};

}  // namespace authx::documents
