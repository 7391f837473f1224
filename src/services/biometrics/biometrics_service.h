#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/work_pool.h"
#include "blob/blob.h"
#include "db/async.h"
#include "http/callers.h"
#include "jobs/queue.h"
#include "services/audit/audit_log.h"
#include "services/biometrics/attempts.h"
#include "services/biometrics/modality.h"
#include "services/biometrics/subject.h"

namespace authx::biometrics {

using asio::awaitable;

/// What references may be compared for. Each purpose has a key of its own, so that galleries cannot be joined.
inline constexpr std::array<std::string_view, 3> kPurposes{"verification", "deduplication", "identification"};

struct CaptureOptions {
  Input input;
  double quality_threshold = 0.25;    ///< 0..1; below it a capture is refused
  std::vector<std::string> purposes;  ///< beside verification
  bool replace = false;               ///< takes the place of what is enrolled for the position; needs a `Proof`
  std::chrono::days lifetime{730};
};

/// How the caller signed in. What is enrolled is replaced only by whom it matched within `kAge` (a comparison or a
/// capture of the type, with nothing after it), or who signed in as lately with a second factor.
struct Proof {
  static constexpr std::chrono::minutes kAge{5};
  Time auth_time{};
  std::uint8_t aal = 1;
};

/// A capture, or a comparison with what is enrolled, as the person may see it.
struct Capture {
  Uuid id, job_id;
  std::string type;
  std::string status;  ///< processing | approved | rejected
  std::optional<double> quality;
  std::string template_data = "null";  ///< JSON: model, outcome, measured parts and reasons; never the template
  Time created_at;
};

struct Verified {
  Uuid id;
  Comparison comparison;
  double quality = 0;
  int attempts_left = 0;
  std::int64_t milliseconds = 0;
};

struct Hit {
  Uuid user;
  int position = 0;
  Comparison comparison;  ///< its rate is that of the whole search
};

struct Found {
  std::vector<Hit> hits;
  std::int64_t searched = 0, milliseconds = 0;
};

/// What a verification learns: the newest capture or comparison of a type.
struct Recent {
  std::string outcome;  ///< enrolled | matched | differs | unusable
  double fmr = 1;       ///< of a match
};

/// Told in the transaction that makes a person's capture final.
using OnFinal = std::function<Result<>(db::Tx&, const Uuid& user)>;

/// Captures, keeps and compares fingerprints and whatever else `modalities()` has an engine for. Pictures are sealed until
/// a job has read them, then removed; templates are kept as `sql/*/0007_biometrics.sql` says and opened in memory only.
class BiometricsService {
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
    OnFinal on_final;
    /// Also keeps the engine's full templates, sealed: comparisons are several times more accurate and keys can be renewed
    /// without capturing anew. Without, only protected references exist.
    bool keep_templates = true;
    double target_fmr = 1e-4;
  };
  explicit BiometricsService(Parts parts);

  /// Makes this process work the service's jobs; before the queue starts.
  void register_jobs();
  /// Queues the removal of expired templates and of those of erased people.
  Result<> schedule();

  /// Errors: validation, capability_unavailable without an engine, rate_limited after failed comparisons,
  /// insufficient_authentication for a replacement without proof.
  awaitable<Result<Capture>> capture(Uuid user, Proof proof, std::string type, Bytes data, CaptureOptions options,
                                     http::RequestInfo request, std::chrono::milliseconds wait);
  awaitable<Result<Capture>> get(Uuid user, Uuid id, Uuid tenant);
  awaitable<Result<std::vector<Capture>>> list(const http::Principal& caller, std::optional<Uuid> before, std::size_t limit);
  /// With the templates that came from it.
  awaitable<Result<>> remove(Uuid user, Uuid id, http::RequestInfo request);
  /// Everything of a person.
  awaitable<Result<>> remove_all(Uuid user, http::RequestInfo request);

  /// Compares with the caller's own, at once. Errors as `capture`; not_found when nothing is enrolled.
  awaitable<Result<Verified>> verify(Uuid user, std::string type, Bytes data, Input input, double quality_threshold,
                                     http::RequestInfo request);

  /// Among all of the organisation that were enrolled for the purpose, best first.
  awaitable<Result<Found>> search(Uuid caller, std::string type, Bytes data, Input input, std::string purpose, std::size_t limit,
                                  http::RequestInfo request);

  /// Revokes the organisation's references of the purpose: a new key, under which a job makes them again from kept templates; what has no
  /// kept template must be enrolled anew. The new key's version.
  awaitable<Result<std::int64_t>> renew_key(Uuid caller, std::string purpose, http::RequestInfo request);

  /// In the transaction that erases a person.
  Result<> forget_person(db::Tx& tx, const Uuid& user) const;

  /// Not older than `since`; inside the caller's transaction. Nothing while one is being read.
  Result<std::optional<Recent>> recent(db::Tx& tx, const Uuid& user, std::string_view type, Time since) const;

 private:
  struct Gallery;
  struct Reference {
    Uuid id;
    int position = 0;
    std::optional<Bytes> features;  ///< opened
    std::optional<Bytes> protected_data;
  };
  struct Enrolled {
    std::optional<Subject> subject;
    std::vector<Reference> references;
    Uuid tenant;
    std::int64_t key_version = 1;
  };
  Result<Enrolled> load_enrolled(db::Tx& tx, const Uuid& user, const Modality& modality) const;
  Result<> check_replacement(db::Tx& tx, const Uuid& user, const Proof& proof, const Modality& modality) const;
  Result<Comparison> compare(const Modality& modality, const Sample& sample, const Enrolled& enrolled, int position) const;
  SecretBytes purpose_key(const Uuid& tenant, std::string_view type, std::string_view purpose, std::int64_t version) const;
  Result<std::int64_t> key_version(db::Tx& tx, std::string_view purpose) const;

  Result<> process(const jobs::Job& job);
  Result<> give_up(db::Tx& tx, const jobs::Job& job);
  Result<> upkeep(const jobs::Job& job);
  Result<> protect_again(const jobs::Job& job);
  Result<> enrol(db::Tx& tx, const Uuid& capture, const Uuid& user, const Modality& modality, const std::vector<Sample>& samples,
                 const CaptureOptions& options, const Enrolled& seen, std::vector<Uuid>& references) const;
  Result<std::shared_ptr<const Gallery>> gallery(db::Tx& tx, const Modality& modality, const std::string& purpose);

  Parts p_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Gallery>> galleries_;  ///< by organisation, type and purpose
};

}  // namespace authx::biometrics
