#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engines/decision/decision.h"
#include "services/documents/documents_service.h"
#include "services/faces/faces_service.h"

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
  bool biometrics = false;
};

/// What `authx decision replay` finds.
struct Replay {
  std::string stored, recomputed;  ///< verdicts as JSON
  std::string policy_version;
  bool same = false;
};

/// Wakes those who wait for news of a verification: WebSockets of this process.
class Progress {
 public:
  std::uint64_t watch(const Uuid& verification, std::function<void()> waker);
  void unwatch(std::uint64_t token);
  void changed(const Uuid& verification);

 private:
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::pair<Uuid, std::function<void()>>> watchers_;
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
    documents::FaceEngineSource face_engine;
    decision::Policy policy;
    std::chrono::hours face_lifetime{24};  ///< an older capture does not count as live
  };
  explicit VerificationsService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();

  awaitable<Result<Verification>> start(Uuid user, Start start, http::RequestInfo request);
  /// `Errc::not_found` for absent ones and for others' unless the caller may review.
  awaitable<Result<Verification>> status(Uuid id, const http::Principal& caller);
  awaitable<Result<std::vector<Verification>>> list(Uuid user, std::optional<Uuid> before, std::size_t limit);

  /// Queues a step of every verification of `user` that is not decided; in the transaction of the event.
  static Result<> advance_waiting(db::Tx& tx, jobs::Queue& queue, const Uuid& user);

  /// Recomputes a stored decision from its own inputs. Blocking.
  Result<Replay> replay(const Uuid& id);

  /// Verifications without a decision, for the metric; blocking.
  Result<std::int64_t> count_active();

  Progress& progress() noexcept { return progress_; }

 private:
  Result<> advance(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);

  Parts p_;
  Progress progress_;
};

}  // namespace authx::verifications
