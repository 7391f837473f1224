#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/documents/documents_service.h"
#include "services/faces/challenge_service.h"

namespace authx::faces {

/// A captured face.
struct Face {
  Uuid id, job_id;
  std::string status;  ///< processing | approved | rejected
  std::optional<double> quality;
  std::optional<face::Embedding> embedding;
  std::string analysis = "null";  ///< JSON: liveness, quality parts, reasons
  std::string image_sha256;
  Time created_at;
};

/// The answer of a one-to-one comparison with a document's portrait.
struct Match {
  face::Comparison comparison;
  bool approved = false;
  std::int64_t milliseconds = 0;
};

/// A video that came with a capture. Only with a challenge does it say anything: without one nobody knows what it should show,
/// and it is checked for being a video and dropped.
struct LiveVideo {
  http::UploadedFile file;
  std::optional<Uuid> challenge;
  ClientWord word;
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
    double spoof_below = 0.2;  ///< a liveness score under this refuses a match
  };
  explicit FacesService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  /// Stores the picture sealed, queues its analysis and waits for it up to `wait`. With a challenge, its video is stored until it
  /// is judged, and the face counts only if it passed.
  awaitable<Result<Face>> capture(Uuid user, http::UploadedFile image, std::optional<LiveVideo> live, http::RequestInfo request,
                                  std::chrono::milliseconds wait);
  awaitable<Result<std::vector<Face>>> list(Uuid user, std::optional<Uuid> before, std::size_t limit);

  /// Compares a picture with the portrait on the caller's document, at once; keeps the decision, not the picture.
  awaitable<Result<Match>> verify(Uuid user, Uuid document, Bytes image, http::RequestInfo request);

  /// The newest usable face of a person, not older than `since`; inside the caller's transaction.
  Result<std::optional<Face>> newest(db::Tx& tx, const Uuid& user, Time since) const;

  ChallengeService& challenges() noexcept { return challenges_; }

 private:
  awaitable<Result<Face>> load(Uuid id, Uuid user);
  Result<> process(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);

  Parts p_;
  ChallengeService challenges_;
};

}  // namespace authx::faces
