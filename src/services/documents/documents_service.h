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
#include "engines/document/reading.h"
#include "engines/face/types.h"
#include "http/callers.h"
#include "jobs/queue.h"
#include "services/audit/audit_log.h"

namespace authx::face {
class FaceEngine;
}

namespace authx::documents {

/// The engine, or why there is none (still loading is waited for: call it on worker threads only).
using FaceEngineSource = std::function<Result<std::shared_ptr<const face::FaceEngine>>()>;

/// Runs in the transaction that brings a document or a face into its final state, for whoever waits for it.
using OnFinal = std::function<Result<>(db::Tx&, const Uuid& user)>;

struct Upload {
  std::string document_type;  ///< as the API spells it
  http::UploadedFile front;
  std::optional<http::UploadedFile> back;
};

/// A document as its owner may see it. Everything read is opened only for `get`.
struct Document {
  Uuid id, user_id, job_id;
  std::string document_type;
  std::string status;  ///< processing | approved | rejected
  bool is_verified = false;
  bool needs_review = false;
  std::optional<double> confidence;
  std::string ocr_data = "null";  ///< JSON
  std::string reading = "null";   ///< JSON: fields, findings, reasons
  std::string number;             ///< masked where the law asks for it
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
  std::string image_sha256;
};

class DocumentsService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& vision;
    WorkPool& files;  ///< blocking writes of sealed objects
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    blob::Store& blobs;
    jobs::Queue& queue;
    FaceEngineSource face_engine;
    OnFinal on_final;
  };
  explicit DocumentsService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  /// Checks the files' headers, seals and stores them, and queues the reading. Errors: `Errc::validation` naming the file.
  awaitable<Result<Document>> upload(Uuid user, Upload upload, http::RequestInfo request, std::chrono::milliseconds wait);
  /// `Errc::not_found` for absent ones and for others' unless `anyone`.
  awaitable<Result<Document>> get(Uuid id, const http::Principal& caller);
  awaitable<Result<std::vector<Document>>> list(Uuid user, std::optional<Uuid> before, std::size_t limit);

  /// For other services, inside their transactions.
  Result<ReadDocument> read_document(db::Tx& tx, const Uuid& id, const Uuid& owner) const;

 private:
  awaitable<Result<Document>> load(Uuid id, const http::Principal& caller);
  Result<> process(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);

  Parts p_;
};

}  // namespace authx::documents
