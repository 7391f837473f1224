#include <algorithm>

#include "jobs/schedule.h"
#include "services/biometrics/biometrics_service.h"
#include "services/biometrics/capture_json.h"
#include "services/biometrics/jobs.h"
#include "services/users/person_box.h"
#include "telemetry/biometric_metrics.h"

namespace authx::biometrics {
namespace {

constexpr std::chrono::seconds kReadLimit{60};
constexpr std::chrono::hours kUpkeepPeriod{1};
constexpr std::size_t kMaxImpressions = 8;  ///< of one position; more gain nothing
constexpr std::int64_t kProtectBatch = 64;

constexpr db::Query kForJob{"biometrics.for_job",
                            "SELECT user_id, biometric_type, biometric_data, status, request FROM biometrics WHERE id = $1"};
constexpr db::Query kFinish{"biometrics.finish",
                            "UPDATE biometrics SET biometric_data = NULL, template_data = $2, analysis = $3, quality_score = $4, "
                            "is_verified = $5, status = $6, updated_at = $7 WHERE id = $1 AND status = 'processing' RETURNING id"};
constexpr db::Query kReferences{"biometrics.references",
                                "SELECT id, position FROM biometric_references WHERE subject_id = $1 AND biometric_type = $2 AND "
                                "expires_at > $3 ORDER BY id"};
constexpr db::Query kReplace{"biometrics.replace",
                             "DELETE FROM biometric_references WHERE subject_id = $1 AND biometric_type = $2 AND position = $3"};
constexpr db::Query kInsertReference{
    "biometrics.insert_reference",
    "INSERT INTO biometric_references (id, subject_id, biometric_type, position, capture_id, template, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Query kInsertProtected{"biometrics.insert_protected",
                                     "INSERT INTO biometric_protected (reference_id, purpose, key_version, data) VALUES ($1, $2, $3, $4)"};
constexpr db::Query kExpire{"biometrics.expire", "DELETE FROM biometric_references WHERE expires_at <= $1"};
constexpr db::Query kOutdated{
    "biometrics.outdated",
    "SELECT p.reference_id, p.purpose, k.version, r.subject_id, r.biometric_type, r.template FROM biometric_protected p JOIN "
    "biometric_references r ON r.id = p.reference_id JOIN biometric_subjects s ON s.id = r.subject_id JOIN biometric_keys k ON "
    "k.tenant_id = s.tenant_id AND k.purpose = p.purpose WHERE p.key_version < k.version AND s.tenant_id = $2 ORDER BY p.reference_id "
    "LIMIT $1"};
constexpr db::Query kUpdateProtected{
    "biometrics.update_protected",
    "UPDATE biometric_protected SET key_version = $3, data = $4 WHERE reference_id = $1 AND purpose = $2 AND key_version < $3"};
constexpr db::Query kDropProtected{"biometrics.drop_protected", "DELETE FROM biometric_protected WHERE reference_id = $1 AND purpose = $2"};

Time day_of(Time t) { return std::chrono::floor<std::chrono::days>(t); }

double least_quality(const std::vector<Sample>& samples) {
  double q = samples.empty() ? 0 : 1;
  for (const auto& s : samples) q = std::min(q, s.quality);
  return q;
}

}  // namespace

Result<> BiometricsService::schedule() {
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_TRY(const bool due, jobs::claim_run(tx, kUpkeepJob, p_.clock.now(), kUpkeepPeriod));
    if (due) AX_CHECK(p_.queue.enqueue(tx, kUpkeepJob, Uuid{}));
    return {};
  });
}

Result<> BiometricsService::process(const jobs::Job& job) {
  struct Loaded {
    Uuid user;
    std::string type, blob, status, request;
    crypto::Key key;
  };
  AX_TRY(const auto loaded, p_.database.sync().read([&](db::Tx& tx) -> Result<std::optional<Loaded>> {
    AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
    if (rows.empty() || rows[0].text(3) != "processing") return std::optional<Loaded>{};  // deleted meanwhile, or done
    const auto user = rows[0].uuid(0);
    AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
    return std::optional{
        Loaded{user, rows[0].text(1), rows[0].text(2), rows[0].text(3), rows[0].opt_text(4).value_or("{}"), std::move(key)}};
  }));
  if (!loaded) return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });
  const auto started = std::chrono::steady_clock::now();
  const auto* modality = find_modality(loaded->type);
  if (modality == nullptr) return Error{Errc::capability_unavailable, "no engine for " + loaded->type};
  AX_TRY(const auto options, options_from_json(loaded->request));
  AX_TRY(const auto bytes, p_.blobs.get(loaded->blob, loaded->key));

  std::vector<Reason> reasons;
  auto samples = modality->extract(bytes, options.input, Deadline::after(kReadLimit));
  if (!samples && samples.error().code != Errc::validation) return std::move(samples).error();
  if (!samples) {
    const auto& faults = samples.error().faults;
    reasons.push_back({"unreadable", faults.empty() ? "The data cannot be read" : faults.front().reason});
    samples = std::vector<Sample>{};
  }
  bool accepted = !samples->empty();
  for (const auto& s : *samples) {
    if (!s.features.empty() && s.quality >= options.quality_threshold) continue;
    accepted = false;
    if (s.reasons.empty()) reasons.push_back({"low_quality", "The quality is below the threshold."});
    reasons.insert(reasons.end(), s.reasons.begin(), s.reasons.end());
  }

  AX_TRY(const auto enrolled, p_.database.sync().read([&](db::Tx& tx) { return load_enrolled(tx, loaded->user, *modality); }));
  std::string outcome = accepted ? "enrolled" : "unusable";
  double fmr = 1;
  if (accepted && !options.replace) {
    for (const auto& s : *samples) {
      const bool known = std::ranges::any_of(enrolled.references, [&](const Reference& r) {
        return (r.features || r.protected_data) && (s.position == 0 || r.position == s.position);
      });
      if (!known) continue;
      AX_TRY(const auto c, compare(*modality, s, enrolled, s.position));
      metrics::biometric_comparisons("capture", c.match ? "match" : "no_match").add();
      if (!c.match) {
        accepted = false, outcome = "differs";
        reasons.push_back({"differs_from_enrolled",
                           "This is not what is enrolled. To enrol anew, verify the enrolled one and ask for it to be replaced."});
        break;
      }
      outcome = "matched", fmr = std::min(fmr, c.fmr);
    }
  }

  auto analysis = describe(*modality, *samples, outcome, reasons);
  if (outcome == "matched") analysis["fmr"] = fmr;
  const users::PersonBox box{loaded->key, "biometrics", job.subject};
  AX_CHECK(p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    const auto now = p_.clock.now();
    const auto subject = subject_id(p_.keyring, loaded->user);
    std::optional<Bytes> sealed_references;
    if (accepted) {
      std::vector<Uuid> references;
      AX_CHECK(enrol(tx, job.subject, loaded->user, *modality, *samples, options, enrolled, references));
      json::array ids;
      for (const auto& r : references) ids.push_back(json::value(r.str()));
      sealed_references = box.seal("template_data", json::serialize(ids));
    }
    if (outcome == "matched") AX_CHECK(clear_attempts(tx, subject, loaded->type));
    if (outcome == "differs") {
      // The capture was let in before it was known to be a comparison: what is over the limit is judged all the same.
      if (auto counted = begin_attempt(tx, subject, loaded->type, now); !counted && counted.error().code != Errc::rate_limited)
        return std::move(counted).error();
    }
    AX_TRY(const auto finished, tx.exec(kFinish, job.subject, sealed_references, box.seal("analysis", json::serialize(analysis)),
                                        least_quality(*samples), accepted, accepted ? "approved" : "rejected", now));
    if (finished.empty()) return Error{Errc::conflict, "the capture was deleted meanwhile"};  // no template may outlive it
    if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded->user));
    return p_.audit.append(tx, {loaded->user, accepted ? "biometric.accepted" : "biometric.refused",
                                json::serialize(json::object{{"biometric_id", job.subject.str()}, {"outcome", outcome}}), nullptr});
  }));
  // Templates are what is kept. What a crash leaves here, the sweep of orphans removes.
  AX_CHECK(p_.blobs.remove(loaded->blob));
  metrics::biometric_duration().observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return {};
}

Result<> BiometricsService::enrol(db::Tx& tx, const Uuid& capture, const Uuid& user, const Modality& modality,
                                  const std::vector<Sample>& samples, const CaptureOptions& options, const Enrolled& seen,
                                  std::vector<Uuid>& references) const {
  const auto now = p_.clock.now();
  AX_TRY(const auto subject, find_or_create_subject(tx, p_.keyring, user));
  AX_TRY(const auto present, tx.exec(kReferences, subject.id, modality.name(), now));
  // What was compared must still be what is enrolled; else the job runs again.
  const bool same = present.size() == seen.references.size() &&
                    std::ranges::equal(present, seen.references, {}, [](const db::Row& r) { return r.uuid(0); }, &Reference::id);
  if (!same && !options.replace) return Error{Errc::conflict, "references changed meanwhile"};
  std::vector<std::string> purposes{"verification"};
  for (const auto& p : options.purposes) {
    if (std::ranges::find(kPurposes, p) != kPurposes.end() && std::ranges::find(purposes, p) == purposes.end()) purposes.push_back(p);
  }
  std::vector<int> replaced;
  for (const auto& s : samples) {
    std::size_t there = 0;
    if (options.replace && std::ranges::find(replaced, s.position) == replaced.end()) {
      AX_CHECK(tx.exec(kReplace, subject.id, modality.name(), s.position));
      replaced.push_back(s.position);
    } else {
      there = static_cast<std::size_t>(std::ranges::count(seen.references, s.position, &Reference::position));
    }
    if (!options.replace && there >= kMaxImpressions) continue;
    const auto id = random_id();
    std::optional<Bytes> kept;
    if (p_.keep_templates) kept = subject.seal("biometric_references", "template", id, s.features);
    const auto capture_text = capture.str();
    AX_CHECK(tx.exec(kInsertReference, id, subject.id, modality.name(), s.position,
                     subject.seal("biometric_references", "capture_id", id, as_bytes(capture_text)), kept,
                     day_of(now) + options.lifetime + std::chrono::days{1}));
    for (const auto& purpose : purposes) {
      AX_TRY(const auto version, key_version(tx, purpose));
      AX_TRY(const auto data, modality.protect(s.features, purpose_key(tx.scope().home(), modality.name(), purpose, version).expose()));
      AX_CHECK(tx.exec(kInsertProtected, id, purpose, version, subject.seal("biometric_protected", purpose, id, data)));
    }
    references.push_back(id);
  }
  return {};
}

Result<> BiometricsService::give_up(db::Tx& tx, const jobs::Job& job) {
  AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
  if (rows.empty()) return {};
  const auto user = rows[0].uuid(0);
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "biometrics", job.subject};
  const auto analysis = json::serialize(json::object{
      {"outcome", "unusable"},
      {"samples", json::array{}},
      {"reasons",
       json::array{json::object{{"code", "processing_failed"}, {"message", "The data could not be processed; capture it again"}}}}});
  AX_CHECK(tx.exec(kFinish, job.subject, std::nullopt, box.seal("analysis", analysis), 0.0, false, "rejected", p_.clock.now()));
  if (p_.on_final) AX_CHECK(p_.on_final(tx, user));
  return p_.audit.append(tx, {user, "biometric.refused",
                              json::serialize(json::object{{"biometric_id", job.subject.str()}, {"outcome", "unusable"}}), nullptr});
}

Result<> BiometricsService::upkeep(const jobs::Job& job) {
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    AX_CHECK(tx.exec(kExpire, p_.clock.now()));
    AX_TRY(const auto removed, sweep_subjects(tx, p_.keyring));
    if (removed == 0) return {};
    return p_.audit.append(tx, {std::nullopt, "biometric.subjects_swept", json::serialize(json::object{{"count", removed}}), nullptr});
  });
}

Result<> BiometricsService::protect_again(const jobs::Job& job) {
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    AX_TRY(const auto rows, tx.exec(kOutdated, kProtectBatch, tx.scope().home()));
    for (const auto& row : rows) {
      const auto reference = row.uuid(0);
      const auto& purpose = row.text(1);
      const auto version = row.integer(2);
      const auto& type = row.text(4);
      const auto* modality = find_modality(type);
      if (row.is_null(5) || modality == nullptr) {
        AX_CHECK(tx.exec(kDropProtected, reference, purpose));
        continue;
      }
      AX_TRY(const auto subject, find_subject(tx, p_.keyring, row.uuid(3)));
      if (!subject) continue;
      AX_TRY(const auto features, subject->open("biometric_references", "template", reference, row.bytes(5)));
      AX_TRY(const auto data, modality->protect(features, purpose_key(tx.scope().home(), type, purpose, version).expose()));
      AX_CHECK(tx.exec(kUpdateProtected, reference, purpose, version, subject->seal("biometric_protected", purpose, reference, data)));
    }
    const bool more = static_cast<std::int64_t>(rows.size()) == kProtectBatch;
    if (more) AX_CHECK(p_.queue.enqueue(tx, kProtectJob, random_id()));
    return {};
  });
}

}  // namespace authx::biometrics
