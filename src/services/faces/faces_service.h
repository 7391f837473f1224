#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/documents/documents_service.h"
#include "services/faces/challenge_service.h"
#include "services/faces/galleries.h"
#include "services/faces/portraits.h"
#include "services/faces/watchlists.h"

namespace authx::users {
class PersonBox;
}

namespace authx::faces {

/// A captured face.
struct Face {
  Uuid id, job_id;
  std::string status;  ///< processing | approved | rejected
  std::optional<double> quality;
  std::optional<face::Embedding> embedding;
  std::string analysis = "null";  ///< JSON: liveness, quality parts, reasons
  std::string image_sha256;
  std::optional<Uuid> follow_up;  ///< the challenge that this answered and that may be followed by a shorter one
  Time created_at;
};

/// The answer of a one-to-one comparison with a document's portrait.
struct Match {
  face::Comparison comparison;
  bool approved = false;
  std::int64_t milliseconds = 0;
  std::optional<int> portrait_age_days;  ///< since the document was issued, where it says so
  bool portrait_old = false;             ///< older than configured: a newer document would make the comparison surer
};

/// A video that came with a capture. Only with a challenge does it say anything: without one nobody knows what it should show,
/// and it is checked for being a video and dropped.
struct LiveVideo {
  http::UploadedFile file;
  std::optional<Uuid> challenge;
  ClientWord word;
};

/// Whom to look for: one of the three.
struct SearchFor {
  std::optional<http::UploadedFile> image;
  std::optional<Uuid> face, person;  ///< a capture; a person's newest capture. Their own faces are left out.
  Scope scope = Scope::everything;
  std::size_t count = 10;
  bool all = false;  ///< also what is less alike than a match
};

/// A second engine looks at what the first one judged, after the answer is stored.
using OnAnalysed = std::function<void(const imaging::Image& image, const face::Analysis& primary)>;
/// The same of a comparison with a document, from its kept pictures.
struct OnCompared {
  std::function<bool()> wanted;  ///< whether anybody looks: else no picture is opened for it
  std::function<void(const imaging::Image& document, const imaging::Image& live, const face::Analysis& primary,
                     const face::Comparison& decided)>
      look;
};

class FacesService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& vision;
    WorkPool& files;
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    blob::Store& blobs;
    jobs::Queue& queue;
    documents::DocumentsService& documents;
    documents::FaceEngineSource face_engine;
    documents::OnFinal on_final;
    std::string gallery_folder{};  ///< of the mapped files; empty: in memory
    OnAnalysed on_analysed{};
    OnCompared on_compared{};
    LightPolicy lights = LightPolicy::required;
    int old_portrait_days = 0;  ///< from which age on a portrait counts as old; 0: never
    double spoof_below = 0.2;   ///< a liveness score under this refuses a match
  };
  explicit FacesService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  /// Stores the picture sealed, queues its analysis and waits for it up to `wait`. With a challenge, its video is stored until it
  /// is judged, and the face counts only if it passed.
  awaitable<Result<Face>> capture(Uuid user, http::UploadedFile image, std::optional<LiveVideo> live, http::RequestInfo request,
                                  std::chrono::milliseconds wait);
  awaitable<Result<std::vector<Face>>> list(const http::Principal& caller, std::optional<Uuid> before, std::size_t limit);

  /// Compares a picture with the portrait on the caller's document, at once; keeps the decision, not the picture.
  awaitable<Result<Match>> verify(Uuid user, Uuid document, Bytes image, http::RequestInfo request);

  /// The newest usable face of a person, not older than `since`; inside the caller's transaction.
  Result<std::optional<Face>> newest(db::Tx& tx, const Uuid& user, Time since) const;

  /// Errors: validation (no usable face in the picture), not_found (no such capture, or without a template).
  awaitable<Result<Sightings>> search(const http::Principal& caller, SearchFor what);
  /// Matches of a person's face with others': who is enrolled with it, which lists it is on. Blocking.
  Result<Sightings> sightings(const Uuid& tenant, const Uuid& user, const face::Embedding& embedding);
  /// The form in which a template may be stored.
  Result<std::string> protect(db::Tx& tx, const face::Embedding& embedding);

  /// Makes what templates need before the first is stored; before the queue starts. Blocking.
  Result<> prepare();
  /// Queues the renewal of templates that another model or a revoked key made, if there are any. Waits for the engine; blocking.
  Result<> renew_if_needed();

  Portraits& portraits() noexcept { return portraits_; }
  ChallengeService& challenges() noexcept { return challenges_; }
  Watchlists& lists() noexcept { return lists_; }

 private:
  awaitable<Result<Face>> load(Uuid id, Uuid user, Uuid tenant);
  void show_comparison(const Uuid& document, BytesView image, const face::Analysis& live, const face::Comparison& decided) const noexcept;
  Result<> process(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);

  void register_renewal();
  Result<> renew(const jobs::Job& job);
  Result<std::optional<face::Embedding>> embed_anew(const face::FaceEngine& engine, const ProtectedTemplate& old, const std::string& object,
                                                    const crypto::Key& key);
  Result<std::size_t> renew_portraits(const face::FaceEngine& engine, std::int64_t key);
  Result<face::Embedding> open_template(db::Tx& tx, const users::PersonBox& box, BytesView sealed) const;

  Parts p_;
  ChallengeService challenges_;
  mutable TemplateVault vault_;  ///< its cache is its own affair
  Portraits portraits_;
  Galleries galleries_;
  Watchlists lists_;
};

}  // namespace authx::faces
