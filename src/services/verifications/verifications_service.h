#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engines/decision/decision.h"
#include "services/biometrics/biometrics_service.h"
#include "services/documents/documents_service.h"
#include "services/faces/faces_service.h"
#include "services/progress/progress.h"
#include "services/providers/provider.h"

namespace authx::verifications {

struct Verification {
  Uuid id, user_id;
  std::string type;
  std::string status;          ///< initiated | in_progress | approved | rejected | needs_review
  std::string steps = "[]";    ///< JSON, as the API shows it
  std::string reasons = "[]";  ///< JSON
  std::optional<std::string> current_step;
  std::int64_t progress = 0;  ///< percent
  std::int64_t estimated_minutes = 0;
  std::optional<double> confidence;
  Time created_at, updated_at;
  std::optional<Time> completed_at;

  bool is_final() const { return status == "approved" || status == "rejected" || status == "needs_review"; }
};

struct Start {
  std::string type;
  std::vector<Uuid> documents;
  std::vector<std::string> biometrics;  ///< types of the biometric step; none: no such step
  bool lookup_consent = false;          ///< the person allows look-ups at the documents' issuers
};

/// What `authx decision replay` finds.
struct Replay {
  std::string stored, recomputed;  ///< verdicts as JSON
  std::string policy_version;
  bool same = false;
};

/// Binds documents, face and account into one decision. Each event (a document read, a face captured) queues a step of the
/// verifications that wait for it; the step that finds everything there decides.
class VerificationsService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    jobs::Queue& queue;
    documents::DocumentsService& documents;
    faces::FacesService& faces;
    biometrics::BiometricsService& biometrics;
    documents::FaceEngineSource face_engine;
    progress::Hub& progress;
    const providers::Registry& providers;
    decision::Policy policy;
    std::chrono::hours face_lifetime{24};  ///< an older capture, of the face or of a biometric, does not count as live
  };
  explicit VerificationsService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  awaitable<Result<Verification>> start(Uuid user, Start start, http::RequestInfo request);
  /// `Errc::not_found` for absent ones and for others' unless the caller may review.
  awaitable<Result<Verification>> status(Uuid id, const http::Principal& caller);
  awaitable<Result<std::vector<Verification>>> list(const http::Principal& caller, std::optional<Uuid> before, std::size_t limit);

  /// Queues a step of every verification of `user` that is not decided; in the transaction of the event.
  static Result<> advance_waiting(db::Tx& tx, jobs::Queue& queue, const Uuid& user);

  /// In the transaction that deletes a document: decisions keep how it compared, but nothing that it said; verifications that
  /// wait for it go on without it.
  Result<> forget_document(db::Tx& tx, const Uuid& document, const Uuid& user);

  /// Recomputes a stored decision from its own inputs. Blocking.
  Result<Replay> replay(const Uuid& id);

  /// Verifications without a decision, for the metric; blocking.
  Result<std::int64_t> count_active();

 private:
  Result<> advance(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);
  Result<> look_up(const jobs::Job& job);
  Result<> give_up_lookup(db::Tx& tx, const jobs::Job& job);
  Result<> store_lookup(db::Tx& tx, const Uuid& check, const providers::Outcome& outcome);

  Parts p_;
};

}  // namespace authx::verifications
