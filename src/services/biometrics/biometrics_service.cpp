#include "services/biometrics/biometrics_service.h"

#include <algorithm>

#include "crypto/hash.h"
#include "services/biometrics/capture_json.h"
#include "services/biometrics/jobs.h"
#include "services/users/person_box.h"
#include "telemetry/biometric_metrics.h"

namespace authx::biometrics {
namespace {

constexpr std::chrono::seconds kExtractLimit{30};

constexpr db::Query kInsert{
    "biometrics.insert",
    "INSERT INTO biometrics (id, user_id, biometric_type, biometric_data, status, job_id, request, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, 'processing', $5, $6, $7, $7)"};
constexpr db::Query kInsertFinal{
    "biometrics.insert_final",
    "INSERT INTO biometrics (id, user_id, biometric_type, analysis, quality_score, is_verified, status, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"};
constexpr db::Query kGet{"biometrics.get",
                         "SELECT biometric_type, status, quality_score, analysis, created_at, job_id, template_data, biometric_data FROM "
                         "biometrics WHERE id = $1 AND user_id = $2 AND biometric_type <> 'face'"};
constexpr db::Query kNewest{"biometrics.newest",
                            "SELECT id, biometric_type, status, quality_score, analysis, created_at FROM biometrics WHERE user_id = $1 AND "
                            "biometric_type <> 'face' ORDER BY id DESC LIMIT $2"};
constexpr db::Query kBefore{"biometrics.before",
                            "SELECT id, biometric_type, status, quality_score, analysis, created_at FROM biometrics WHERE user_id = $1 AND "
                            "biometric_type <> 'face' AND id < $3 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kRecent{"biometrics.recent",
                            "SELECT id, status, analysis FROM biometrics WHERE user_id = $1 AND biometric_type = $2 AND created_at >= $3 "
                            "ORDER BY id DESC LIMIT 1"};
constexpr db::Query kDelete{"biometrics.delete", "DELETE FROM biometrics WHERE id = $1"};
constexpr db::Query kDeleteAll{"biometrics.delete_all", "DELETE FROM biometrics WHERE user_id = $1 AND biometric_type <> 'face'"};
constexpr db::Query kDeleteReference{"biometrics.delete_reference", "DELETE FROM biometric_references WHERE id = $1"};
constexpr db::Query kDeleteSubject{"biometrics.forget_subject", "DELETE FROM biometric_subjects WHERE id = $1"};
constexpr db::Query kDeleteAttempts{"biometrics.forget_attempts", "DELETE FROM biometric_attempts WHERE subject_id = $1"};
constexpr db::Query kEnrolled{
    "biometrics.enrolled",
    "SELECT r.id, r.position, r.template, p.data, p.key_version FROM biometric_references r LEFT JOIN biometric_protected p ON "
    "p.reference_id = r.id AND p.purpose = 'verification' WHERE r.subject_id = $1 AND r.biometric_type = $2 AND r.expires_at > $3 ORDER BY "
    "r.id"};
constexpr db::Query kVersion{"biometrics.key_version", "SELECT version FROM biometric_keys WHERE tenant_id = $1 AND purpose = $2"};
constexpr db::Query kRenew{"biometrics.renew_key",
                           "INSERT INTO biometric_keys (tenant_id, purpose, version) VALUES ($1, $2, 2) ON CONFLICT (tenant_id, purpose) "
                           "DO UPDATE SET version = biometric_keys.version + 1 RETURNING version"};

Error unavailable(const std::string& type) {
  Error e{Errc::capability_unavailable, "no engine"};
  e.message = "This server has no " + type + " engine";
  return e;
}

/// The engines name their input "image"; callers sent "biometric_data".
Error renamed(Error error) {
  for (auto& fault : error.faults) fault.field = "biometric_data";
  error.message = "The biometric data cannot be used";
  return error;
}

Error unusable(const std::vector<Sample>& samples) {
  std::vector<Fault> faults;
  for (const auto& s : samples) {
    for (const auto& r : s.reasons) faults.push_back({"biometric_data", r.message});
  }
  if (faults.empty()) faults.push_back({"biometric_data", "the quality is below the threshold"});
  Error e = Error::invalid(std::move(faults));
  e.message = "The biometric data cannot be used";
  return e;
}

bool good_enough(const std::vector<Sample>& samples, double threshold) {
  return !samples.empty() && std::ranges::all_of(samples, [&](const Sample& s) { return !s.features.empty() && s.quality >= threshold; });
}

}  // namespace

BiometricsService::BiometricsService(Parts parts) : p_(std::move(parts)) {}

void BiometricsService::register_jobs() {
  p_.queue.handle(std::string{kProcessJob}, {[this](const jobs::Job& job) { return process(job); },
                                             [this](db::Tx& tx, const jobs::Job& job) { return give_up(tx, job); }});
  const auto nothing = [](db::Tx&, const jobs::Job&) -> Result<> { return {}; };
  p_.queue.handle(std::string{kUpkeepJob}, {[this](const jobs::Job& job) { return upkeep(job); }, nothing});
  p_.queue.handle(std::string{kProtectJob}, {[this](const jobs::Job& job) { return protect_again(job); }, nothing});
}

SecretBytes BiometricsService::purpose_key(const Uuid& tenant, std::string_view type, std::string_view purpose,
                                           std::int64_t version) const {
  auto label = fmt::format("biometrics.protect {} {} {}", type, purpose, version);
  if (tenant != kDefaultTenant) label += " @" + tenant.str();
  return p_.keyring.derive(label);
}

Result<std::int64_t> BiometricsService::key_version(db::Tx& tx, std::string_view purpose) const {
  AX_TRY(const auto rows, tx.exec(kVersion, tx.scope().home(), purpose));
  return rows.empty() ? 1 : rows[0].integer(0);
}

/// Whoever holds a session could else put another finger in the place of the person's own.
Result<> BiometricsService::check_replacement(db::Tx& tx, const Uuid& user, const Proof& proof, const Modality& modality) const {
  const auto since = p_.clock.now() - Proof::kAge;
  if (proof.aal >= 2 && proof.auth_time >= since) return {};
  AX_TRY(const auto enrolled, load_enrolled(tx, user, modality));
  if (enrolled.references.empty()) return {};
  AX_TRY(const auto last, recent(tx, user, modality.name(), since));
  if (last && last->outcome == "matched") return {};
  auto error = http::step_up(2, Proof::kAge);
  error.message = fmt::format("Verify the enrolled {} first, or sign in again with a second factor", modality.name());
  return error;
}

awaitable<Result<Capture>> BiometricsService::capture(Uuid user, Proof proof, std::string type, Bytes data, CaptureOptions options,
                                                      http::RequestInfo request, std::chrono::milliseconds wait) {
  const auto* modality = find_modality(type);
  if (modality == nullptr) {
    Result<Capture> refused{unavailable(type)};
    co_return refused;
  }
  if (options.input.position > modality->positions()) {
    Result<Capture> refused{Error::invalid("position", fmt::format("must be 0 to {} for this type", modality->positions()))};
    co_return refused;
  }
  const auto now = p_.clock.now();
  const auto id = Uuid::generate(now);
  const auto name = id.str() + "-biometric";
  auto begin = [this, user, &proof, modality, &type, &options, now](db::Tx& tx) -> Result<crypto::Key> {
    AX_CHECK(check_attempts(tx, subject_id(p_.keyring, user), type, now));
    if (options.replace) AX_CHECK(check_replacement(tx, user, proof, *modality));
    return users::person_key(tx, p_.keyring, user);
  };
  AX_CO_TRY(auto key, co_await p_.database.read(request.tenant, begin));
  auto seal = [this, modality, key = std::move(key), data = std::move(data), input = options.input, name]() -> Result<> {
    if (auto usable = modality->probe(data, input); !usable) return renamed(std::move(usable).error());
    return p_.blobs.put(name, data, key);
  };
  AX_CO_CHECK(co_await p_.files.run(std::move(seal)));
  auto store = [this, id, user, &type, &name, &options, &request, now](db::Tx& tx) -> Result<Uuid> {
    AX_TRY(const auto job, p_.queue.enqueue(tx, kProcessJob, id));
    AX_CHECK(tx.exec(kInsert, id, user, type, name, job, to_json(options), now));
    AX_CHECK(p_.audit.append(
        tx, {user, "biometric.captured", json::serialize(json::object{{"biometric_id", id.str()}, {"type", type}}), &request}));
    return job;
  };
  AX_CO_TRY(const auto job, co_await p_.database.write(request.tenant, store));
  if (wait.count() > 0) co_await p_.queue.wait(p_.database, job, wait);
  co_return co_await get(user, id, request.tenant);
}

awaitable<Result<Capture>> BiometricsService::get(Uuid user, Uuid id, Uuid tenant) {
  auto read = [this, user, id](db::Tx& tx) -> Result<Capture> {
    AX_TRY(const auto rows, tx.exec(kGet, id, user));
    if (rows.empty()) return Errc::not_found;
    Capture c;
    c.id = id;
    c.type = rows[0].text(0);
    c.status = rows[0].text(1);
    c.quality = rows[0].opt_real(2);
    c.created_at = rows[0].time(4);
    c.job_id = rows[0].opt_uuid(5).value_or(Uuid{});
    if (!rows[0].is_null(3)) {
      AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
      AX_TRY(c.template_data, (users::PersonBox{std::move(key), "biometrics", id}.open("analysis", rows[0].bytes(3))));
    }
    return c;
  };
  co_return co_await p_.database.read(tenant, read);
}

awaitable<Result<std::vector<Capture>>> BiometricsService::list(const http::Principal& caller, std::optional<Uuid> before,
                                                                std::size_t limit) {
  auto read = [this, user = caller.id, before, limit](db::Tx& tx) -> Result<std::vector<Capture>> {
    const auto count = static_cast<std::int64_t>(limit);
    AX_TRY(const auto rows, before ? tx.exec(kBefore, user, count, *before) : tx.exec(kNewest, user, count));
    std::vector<Capture> out;
    if (rows.empty()) return out;
    AX_TRY(const auto key, users::person_key(tx, p_.keyring, user));
    for (const auto& row : rows) {
      Capture& c = out.emplace_back();
      c.id = row.uuid(0), c.type = row.text(1), c.status = row.text(2), c.quality = row.opt_real(3), c.created_at = row.time(5);
      if (row.is_null(4)) continue;
      const users::PersonBox box{key, "biometrics", c.id};
      AX_TRY(c.template_data, box.open("analysis", row.bytes(4)));
    }
    return out;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

awaitable<Result<>> BiometricsService::remove(Uuid user, Uuid id, http::RequestInfo request) {
  auto erase = [this, user, id, &request](db::Tx& tx) -> Result<std::optional<std::string>> {
    AX_TRY(const auto rows, tx.exec(kGet, id, user));
    if (rows.empty()) return Errc::not_found;
    if (!rows[0].is_null(6)) {
      AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
      const users::PersonBox box{std::move(key), "biometrics", id};
      AX_TRY(const auto text, box.open("template_data", rows[0].bytes(6)));
      AX_TRY(const auto references, parse_json(text));
      for (const auto& r : references.is_array() ? references.as_array() : json::array{}) {
        const auto reference = r.is_string() ? Uuid::parse(std::string_view{r.as_string()}) : std::nullopt;
        if (reference) AX_CHECK(tx.exec(kDeleteReference, *reference));
      }
    }
    AX_CHECK(tx.exec(kDelete, id));
    AX_CHECK(p_.audit.append(tx, {user, "biometric.deleted", json::serialize(json::object{{"biometric_id", id.str()}}), &request}));
    return rows[0].opt_text(7);
  };
  AX_CO_TRY(const auto object, co_await p_.database.write(request.tenant, erase));
  if (object) {
    auto drop = [this, name = *object] { return p_.blobs.remove(name); };
    AX_CO_CHECK(co_await p_.files.run(std::move(drop)));
  }
  co_return Result<>{};
}

Result<> BiometricsService::forget_person(db::Tx& tx, const Uuid& user) const {
  const auto subject = subject_id(p_.keyring, user);
  AX_CHECK(tx.exec(kDeleteSubject, subject));
  AX_CHECK(tx.exec(kDeleteAttempts, subject));
  AX_CHECK(tx.exec(kDeleteAll, user));
  return {};
}

awaitable<Result<>> BiometricsService::remove_all(Uuid user, http::RequestInfo request) {
  // Failed attempts stay counted: deleting and enrolling anew must not buy more of them.
  auto erase = [this, user, &request](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kDeleteSubject, subject_id(p_.keyring, user)));
    AX_CHECK(tx.exec(kDeleteAll, user));
    return p_.audit.append(tx, {user, "biometric.all_deleted", "{}", &request});
  };
  co_return co_await p_.database.write(request.tenant, erase);
}

Result<BiometricsService::Enrolled> BiometricsService::load_enrolled(db::Tx& tx, const Uuid& user, const Modality& modality) const {
  Enrolled out;
  out.tenant = tx.scope().home();
  AX_TRY(out.key_version, key_version(tx, "verification"));
  AX_TRY(out.subject, find_subject(tx, p_.keyring, subject_id(p_.keyring, user)));
  if (!out.subject) return out;
  AX_TRY(const auto rows, tx.exec(kEnrolled, out.subject->id, modality.name(), p_.clock.now()));
  for (const auto& row : rows) {
    Reference r;
    r.id = row.uuid(0), r.position = static_cast<int>(row.integer(1));
    if (!row.is_null(2)) {
      AX_TRY(r.features, out.subject->open("biometric_references", "template", r.id, row.bytes(2)));
    }
    if (!row.is_null(3) && row.integer(4) == out.key_version) {
      AX_TRY(r.protected_data, out.subject->open("biometric_protected", "verification", r.id, row.bytes(3)));
    }
    out.references.push_back(std::move(r));
  }
  return out;
}

Result<Comparison> BiometricsService::compare(const Modality& modality, const Sample& sample, const Enrolled& enrolled,
                                              int position) const {
  std::vector<Bytes> whole;
  std::vector<std::unique_ptr<Protected>> hidden;
  for (const auto& r : enrolled.references) {
    if (position != 0 && r.position != position) continue;
    if (r.features)
      whole.push_back(*r.features);
    else if (r.protected_data) {
      AX_TRY(auto loaded, modality.load_protected(*r.protected_data));
      hidden.push_back(std::move(loaded));
    }
  }
  Comparison best;
  if (!whole.empty()) {
    AX_TRY(best, modality.compare({&sample.features, 1}, whole, p_.target_fmr));
  }
  if (!hidden.empty()) {
    const auto key = purpose_key(enrolled.tenant, modality.name(), "verification", enrolled.key_version);
    AX_TRY(const auto probe, modality.protected_probe(sample.features, key.expose()));
    const auto tries = static_cast<double>(hidden.size());
    for (const auto& h : hidden) {
      auto c = probe->compare(*h);
      c.fmr = std::min(1.0, c.fmr * tries);
      if (c.fmr < best.fmr) best = c;
    }
    best.match = best.fmr <= p_.target_fmr;
  }
  return best;
}

awaitable<Result<Verified>> BiometricsService::verify(Uuid user, std::string type, Bytes data, Input input, double quality_threshold,
                                                      http::RequestInfo request) {
  const auto started = std::chrono::steady_clock::now();
  const auto* modality = find_modality(type);
  if (modality == nullptr) {
    Result<Verified> refused{unavailable(type)};
    co_return refused;
  }
  auto load = [this, user, modality](db::Tx& tx) -> Result<Enrolled> {
    AX_CHECK(check_attempts(tx, subject_id(p_.keyring, user), modality->name(), p_.clock.now()));
    return load_enrolled(tx, user, *modality);
  };
  AX_CO_TRY(auto enrolled, co_await p_.database.read(request.tenant, load));
  const auto comparable = [&](const Reference& r) {
    return (r.features || r.protected_data) && (input.position == 0 || r.position == input.position);
  };
  if (std::ranges::none_of(enrolled.references, comparable)) {
    Error nothing{Errc::not_found, "nothing enrolled"};
    nothing.message = "Nothing is enrolled to compare with";
    Result<Verified> refused{std::move(nothing)};
    co_return refused;
  }
  auto extract = [modality, data = std::move(data), input, quality_threshold]() -> Result<std::vector<Sample>> {
    auto samples = modality->extract(data, input, Deadline::after(kExtractLimit));
    if (!samples) return samples.error().code == Errc::validation ? renamed(std::move(samples).error()) : std::move(samples).error();
    if (!good_enough(*samples, quality_threshold)) return unusable(*samples);
    if (samples->size() > 1) return Error::invalid("biometric_data", "must hold one picture");
    return samples;
  };
  AX_CO_TRY(auto samples, co_await p_.vision.run(std::move(extract)));
  auto begin = [this, user, modality](db::Tx& tx) {
    return begin_attempt(tx, subject_id(p_.keyring, user), modality->name(), p_.clock.now());
  };
  AX_CO_TRY(const int left, co_await p_.database.write(request.tenant, begin));
  auto judge = [this, modality, &samples, &enrolled, input]() { return compare(*modality, samples.front(), enrolled, input.position); };
  AX_CO_TRY(const auto comparison, co_await p_.vision.run(judge));

  Verified out;
  out.comparison = comparison;
  out.quality = samples.front().quality;
  out.attempts_left = comparison.match ? kFreeAttempts : left;
  out.id = Uuid::generate(p_.clock.now());
  auto store = [this, &out, user, modality, &samples, &request](db::Tx& tx) -> Result<> {
    const auto& c = out.comparison;
    if (c.match) AX_CHECK(clear_attempts(tx, subject_id(p_.keyring, user), modality->name()));
    auto analysis = describe(*modality, samples, c.match ? "matched" : "differs", {});
    analysis["fmr"] = c.fmr;
    AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
    const users::PersonBox box{std::move(key), "biometrics", out.id};
    AX_CHECK(tx.exec(kInsertFinal, out.id, user, modality->name(), box.seal("analysis", json::serialize(analysis)), out.quality, c.match,
                     c.match ? "approved" : "rejected", p_.clock.now()));
    if (p_.on_final) AX_CHECK(p_.on_final(tx, user));
    return p_.audit.append(tx,
                           {user, c.match ? "biometric.matched" : "biometric.differs",
                            json::serialize(json::object{{"biometric_id", out.id.str()}, {"attempts_left", out.attempts_left}}), &request});
  };
  AX_CO_CHECK(co_await p_.database.write(request.tenant, store));
  const auto took = std::chrono::steady_clock::now() - started;
  metrics::biometric_duration().observe(std::chrono::duration<double>(took).count());
  metrics::biometric_comparisons("verify", comparison.match ? "match" : "no_match").add();
  out.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  co_return out;
}

awaitable<Result<std::int64_t>> BiometricsService::renew_key(Uuid caller, std::string purpose, http::RequestInfo request) {
  auto renew = [this, caller, &purpose, &request](db::Tx& tx) -> Result<std::int64_t> {
    if (std::ranges::find(kPurposes, purpose) == kPurposes.end()) return Error::invalid("purpose", "is unknown");
    AX_TRY(const auto rows, tx.exec(kRenew, tx.scope().home(), purpose));
    const auto version = rows.at(0).integer(0);
    AX_CHECK(p_.queue.enqueue(tx, kProtectJob, random_id()));
    AX_CHECK(p_.audit.append(
        tx, {caller, "biometric.key_renewed", json::serialize(json::object{{"purpose", purpose}, {"version", version}}), &request}));
    return version;
  };
  co_return co_await p_.database.write(request.tenant, renew);
}

Result<std::optional<Recent>> BiometricsService::recent(db::Tx& tx, const Uuid& user, std::string_view type, Time since) const {
  AX_TRY(const auto rows, tx.exec(kRecent, user, type, since));
  if (rows.empty() || rows[0].text(1) == "processing" || rows[0].is_null(2)) return std::optional<Recent>{};
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "biometrics", rows[0].uuid(0)};
  AX_TRY(const auto text, box.open("analysis", rows[0].bytes(2)));
  AX_TRY(const auto analysis, parse_json(text));
  return std::optional{Recent{get_text(analysis, "outcome").value_or("unusable"), get_number(analysis, "fmr").value_or(1)}};
}

}  // namespace authx::biometrics
