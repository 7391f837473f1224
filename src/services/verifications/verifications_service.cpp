#include "services/verifications/verifications_service.h"

#include <set>

#include "engines/face/face_engine.h"
#include "services/users/person_box.h"
#include "services/users/users_service.h"

namespace authx::verifications {
namespace {

constexpr std::string_view kJob = "verification.advance";
constexpr std::string_view kLookupJob = "provider.check";

constexpr db::Query kInsert{
    "verifications.insert",
    "INSERT INTO verifications (id, user_id, document_id, verification_type, steps, current_step, progress, estimated_minutes, status, "
    "created_at, updated_at, lookup_consent_at, biometric_types) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 'initiated', $8, $8, $9, $10)"};
constexpr db::Query kInsertDocument{"verifications.insert_document",
                                    "INSERT INTO verification_documents (verification_id, document_id, position) VALUES ($1, $2, $3)"};
constexpr db::Query kGet{
    "verifications.get",
    "SELECT user_id, verification_type, status, steps, reasons, current_step, progress, estimated_minutes, confidence_score, created_at, "
    "updated_at, completed_at FROM verifications WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kNewest{
    "verifications.newest",
    "SELECT id, verification_type, status, steps, reasons, current_step, progress, estimated_minutes, confidence_score, created_at, "
    "updated_at, completed_at FROM verifications WHERE user_id = $1 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kBefore{
    "verifications.before",
    "SELECT id, verification_type, status, steps, reasons, current_step, progress, estimated_minutes, confidence_score, created_at, "
    "updated_at, completed_at FROM verifications WHERE user_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kWaiting{"verifications.waiting",
                             "SELECT id FROM verifications WHERE user_id = $1 AND status IN ('initiated', 'in_progress')"};
constexpr db::Query kDocuments{"verifications.documents",
                               "SELECT document_id FROM verification_documents WHERE verification_id = $1 ORDER BY position"};
constexpr db::Query kOwned{"verifications.document_owned", "SELECT 1 FROM documents WHERE id = $1 AND user_id = $2"};
constexpr db::Query kMove{"verifications.move",
                          "UPDATE verifications SET status = 'in_progress', steps = $2, current_step = $3, progress = $4, updated_at = $5 "
                          "WHERE id = $1 AND status IN ('initiated', 'in_progress') RETURNING id"};
constexpr db::Query kDecide{
    "verifications.decide",
    "UPDATE verifications SET status = $2, steps = $3, current_step = NULL, progress = 100, verification_data = $4, reasons = $5, "
    "confidence_score = $6, rejection_reason = $7, face_embeddings = $8, completed_at = $9, updated_at = $9, verified_by = $10 "
    "WHERE id = $1 AND status IN ('initiated', 'in_progress') RETURNING id"};
constexpr db::Query kCapsule{"verifications.capsule", "SELECT user_id, verification_data FROM verifications WHERE id = $1"};
constexpr db::Query kActive{"verifications.active", "SELECT COUNT(*) FROM verifications WHERE status IN ('initiated', 'in_progress')"};

constexpr db::Query kConsent{"verifications.consent", "SELECT lookup_consent_at, biometric_types FROM verifications WHERE id = $1"};
constexpr db::Query kChecks{"verifications.checks", "SELECT document_id, answer, reason FROM provider_checks WHERE verification_id = $1"};
constexpr db::Query kInsertCheck{"verifications.insert_check",
                                 "INSERT INTO provider_checks (id, verification_id, document_id, kind, created_at) VALUES ($1, $2, $3, $4, "
                                 "$5) ON CONFLICT (verification_id, document_id) DO NOTHING RETURNING id"};
constexpr db::Query kCheck{"verifications.check",
                           "SELECT c.verification_id, c.document_id, c.kind, c.answer, v.user_id FROM provider_checks c JOIN verifications "
                           "v ON v.id = c.verification_id WHERE c.id = $1"};
constexpr db::Query kStoreCheck{
    "verifications.store_check",
    "UPDATE provider_checks SET answer = $2, reason = $3, attempts = $4, reference = $5, finished_at = $6 WHERE "
    "id = $1 AND answer IS NULL RETURNING id"};
constexpr db::Query kOfDocument{"verifications.of_document",
                                "SELECT v.id, v.status, v.verification_data FROM verifications v JOIN verification_documents d ON "
                                "d.verification_id = v.id WHERE d.document_id = $1"};
constexpr db::Query kReseal{"verifications.reseal", "UPDATE verifications SET verification_data = $2 WHERE id = $1"};
constexpr db::Query kUnlink{"verifications.unlink", "UPDATE verifications SET document_id = NULL WHERE document_id = $1"};

enum class StepState { pending, in_progress, completed, failed, unavailable, not_checked };

std::string_view word(StepState s) {
  switch (s) {
    case StepState::pending: return "pending";
    case StepState::in_progress: return "in_progress";
    case StepState::completed: return "completed";
    case StepState::failed: return "failed";
    case StepState::unavailable: return "unavailable";
    case StepState::not_checked: return "not_checked";
  }
  return "pending";
}

struct Step {
  std::string_view name;
  StepState state = StepState::pending;
  int minutes = 0;
};

std::string steps_json(const std::vector<Step>& steps) {
  std::string out = "[";
  for (const auto& s : steps) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"name":"{}","status":"{}","estimated_time":{}}})", s.name, word(s.state), s.minutes);
  }
  return out + "]";
}

std::vector<Step> plan(bool biometrics, bool lookup) {
  std::vector<Step> steps{{"document_verification", StepState::pending, 3}, {"face_matching", StepState::pending, 2}};
  if (biometrics) steps.push_back({"biometric_verification", StepState::pending, 5});
  if (lookup) steps.push_back({"issuer_verification", StepState::pending, 1});
  return steps;
}

/// Of all documents the least that the issuers say.
StepState lookup_state(const std::vector<decision::DocumentFacts>& documents) {
  const auto any = [&](std::string_view answer) {
    return std::ranges::any_of(documents, [&](const auto& d) { return d.lookup == answer; });
  };
  if (any("refuted")) return StepState::failed;
  if (any("unknown")) return StepState::unavailable;
  if (documents.empty() || any("not_checked")) return StepState::not_checked;
  return StepState::completed;
}

Verification from_row(const db::Row& row, std::size_t at) {
  Verification v;
  v.type = row.text(at);
  v.status = row.text(at + 1);
  v.steps = row.text(at + 2);
  v.reasons = row.opt_text(at + 3).value_or("[]");
  v.current_step = row.opt_text(at + 4);
  v.progress = row.integer(at + 5);
  v.estimated_minutes = row.integer(at + 6);
  v.confidence = row.opt_real(at + 7);
  v.created_at = row.time(at + 8);
  v.updated_at = row.time(at + 9);
  v.completed_at = row.opt_time(at + 10);
  return v;
}

}  // namespace

VerificationsService::VerificationsService(Parts parts) : p_(std::move(parts)) {}

void VerificationsService::register_jobs() {
  p_.queue.handle(std::string{kJob}, {[this](const jobs::Job& job) { return advance(job); },
                                      [this](db::Tx& tx, const jobs::Job& job) { return give_up(tx, job); }});
  p_.queue.handle(std::string{kLookupJob}, {[this](const jobs::Job& job) { return look_up(job); },
                                            [this](db::Tx& tx, const jobs::Job& job) { return give_up_lookup(tx, job); }});
}

awaitable<Result<Verification>> VerificationsService::start(Uuid user, Start start, http::RequestInfo request) {
  auto store = [this, user, start = std::move(start), &request](db::Tx& tx) -> Result<Verification> {
    const auto now = p_.clock.now();
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < start.documents.size(); ++i) {
      AX_TRY(const auto owned, tx.exec(kOwned, start.documents[i], user));
      if (owned.empty())
        faults.push_back({fmt::format("document_ids[{}]", i), "no such document"});
      else if (std::find(start.documents.begin(), start.documents.begin() + static_cast<std::ptrdiff_t>(i), start.documents[i]) !=
               start.documents.begin() + static_cast<std::ptrdiff_t>(i))
        faults.push_back({fmt::format("document_ids[{}]", i), "is given more than once"});
    }
    if (!faults.empty()) return Error::invalid(std::move(faults));
    const auto steps = plan(!start.biometrics.empty(), start.lookup_consent);
    std::optional<std::string> types;
    if (!start.biometrics.empty()) types = json::serialize(json::value_from(start.biometrics));
    Verification v;
    v.id = Uuid::generate(now);
    v.user_id = user;
    v.type = start.type;
    v.status = "initiated";
    v.steps = steps_json(steps);
    for (const auto& s : steps) v.estimated_minutes += s.minutes;
    v.created_at = v.updated_at = now;
    const std::string first{steps.front().name};
    v.current_step = first;
    std::optional<Uuid> document;
    if (!start.documents.empty()) document = start.documents.front();
    AX_CHECK(tx.exec(kInsert, v.id, user, document, v.type, v.steps, first, v.estimated_minutes, now,
                     start.lookup_consent ? std::optional{now} : std::nullopt, types));
    for (std::size_t i = 0; i < start.documents.size(); ++i)
      AX_CHECK(tx.exec(kInsertDocument, v.id, start.documents[i], static_cast<std::int64_t>(i)));
    AX_CHECK(p_.queue.enqueue(tx, kJob, v.id));
    AX_CHECK(p_.audit.append(
        tx, {user, "verification.started",
             json::serialize(json::object{{"verification_id", v.id.str()}, {"lookup_consent", start.lookup_consent}}), &request}));
    return v;
  };
  co_return co_await p_.database.write(request.tenant, std::move(store));
}

awaitable<Result<Verification>> VerificationsService::status(Uuid id, const http::Principal& caller) {
  auto read = [id, &caller](db::Tx& tx) -> Result<Verification> {
    AX_TRY(const auto rows, tx.exec(kGet, id, tx.scope().only()));
    if (rows.empty()) return Errc::not_found;
    auto v = from_row(rows[0], 1);
    v.id = id;
    v.user_id = rows[0].uuid(0);
    if (v.user_id != caller.id && !caller.can(http::Permission::review_verifications)) return Errc::not_found;
    return v;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

awaitable<Result<std::vector<Verification>>> VerificationsService::list(const http::Principal& caller, std::optional<Uuid> before,
                                                                        std::size_t limit) {
  auto read = [user = caller.id, before, limit](db::Tx& tx) -> Result<std::vector<Verification>> {
    const auto count = static_cast<std::int64_t>(limit);
    AX_TRY(const auto rows, before ? tx.exec(kBefore, user, count, *before) : tx.exec(kNewest, user, count));
    std::vector<Verification> out;
    for (const auto& row : rows) {
      auto v = from_row(row, 1);
      v.id = row.uuid(0);
      v.user_id = user;
      out.push_back(std::move(v));
    }
    return out;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

Result<> VerificationsService::advance_waiting(db::Tx& tx, jobs::Queue& queue, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kWaiting, user));
  for (const auto& row : rows) AX_CHECK(queue.enqueue(tx, kJob, row.uuid(0)));
  return {};
}

Result<> VerificationsService::advance(const jobs::Job& job) {
  struct Loaded {
    Verification verification;
    users::User user;
    std::vector<documents::ReadDocument> documents;
    std::optional<faces::Face> face;
    std::map<std::string, std::optional<biometrics::Recent>> biometrics;  ///< what was asked for
    bool consent = false;
    struct Check {
      std::optional<std::string> answer;
      std::string reason;
    };
    std::map<Uuid, Check> checks;  ///< by document
  };
  const auto now = p_.clock.now();
  auto loaded = p_.database.sync().read([&](db::Tx& tx) -> Result<Loaded> {
    Loaded l;
    AX_TRY(const auto rows, tx.exec(kGet, job.subject, tx.scope().only()));
    if (rows.empty()) return Errc::not_found;
    l.verification = from_row(rows[0], 1);
    l.verification.id = job.subject;
    l.verification.user_id = rows[0].uuid(0);
    if (l.verification.is_final()) return l;
    AX_TRY(l.user, users::get(tx, p_.keyring, l.verification.user_id));
    AX_TRY(const auto ids, tx.exec(kDocuments, job.subject));
    for (const auto& row : ids) {
      AX_TRY(auto document, p_.documents.read_document(tx, row.uuid(0), l.verification.user_id));
      l.documents.push_back(std::move(document));
    }
    AX_TRY(l.face, p_.faces.newest(tx, l.verification.user_id, now - p_.face_lifetime));
    AX_TRY(const auto consent, tx.exec(kConsent, job.subject));
    l.consent = !consent.at(0).is_null(0);
    if (const auto types = consent[0].opt_text(1)) {
      AX_TRY(const auto list, parse_json(*types));
      for (const auto& type : list.is_array() ? list.as_array() : json::array{}) {
        if (!type.is_string()) continue;
        const std::string name{type.as_string()};
        AX_TRY(l.biometrics[name], p_.biometrics.recent(tx, l.verification.user_id, name, now - p_.face_lifetime));
      }
    }
    AX_TRY(const auto checks, tx.exec(kChecks, job.subject));
    for (const auto& row : checks) l.checks[row.uuid(0)] = {row.opt_text(1), row.opt_text(2).value_or("")};
    return l;
  });
  if (!loaded) return std::move(loaded).error();
  if (loaded->verification.is_final()) return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });

  const bool biometric_step = loaded->verification.steps.find("biometric_verification") != std::string::npos;
  auto steps = plan(biometric_step, loaded->consent);
  const bool reading =
      std::ranges::any_of(loaded->documents, [](const auto& d) { return d.status == "processing" || d.status == "pending"; });
  // Each accepted document is looked up once, while the face may still be awaited.
  std::vector<std::pair<Uuid, providers::Kind>> to_check;
  std::map<Uuid, providers::Outcome> lookups;
  bool checking = false;
  for (const auto& d : loaded->documents) {
    auto& lookup = lookups[d.id];
    const auto kind = providers::kind_of(d.type);
    const auto check = loaded->checks.find(d.id);
    if (!loaded->consent) {
      lookup.reason = "no_consent";
    } else if (d.status != "approved") {
      lookup.reason = "document_not_accepted";
    } else if (!kind) {
      lookup.reason = "no_provider_for_type";
    } else if (p_.providers.find(*kind) == nullptr) {
      lookup.reason = "not_configured";
    } else if (check == loaded->checks.end()) {
      to_check.emplace_back(d.id, *kind);
    } else if (!check->second.answer) {
      checking = true;
    } else {
      lookup.reason = check->second.reason;
      for (const auto a : {providers::Answer::confirmed, providers::Answer::refuted, providers::Answer::unknown})
        if (providers::to_string(a) == *check->second.answer) lookup.answer = a;
    }
  }
  if (reading) to_check.clear();
  checking = checking || !to_check.empty();
  const auto has_engine = [](const std::string& type) { return biometrics::find_modality(type) != nullptr; };
  const bool capturing =
      std::ranges::any_of(loaded->biometrics, [&](const auto& wanted) { return !wanted.second && has_engine(wanted.first); });
  const bool waiting = reading || !loaded->face || capturing || checking;
  if (waiting) {
    const bool refused = std::ranges::any_of(loaded->documents, [](const auto& d) { return d.status == "rejected"; });
    steps[0].state = reading ? StepState::in_progress : refused ? StepState::failed : StepState::completed;
    if (!reading) steps[1].state = loaded->face ? StepState::pending : StepState::in_progress;
    if (capturing && !reading && loaded->face) steps[2].state = StepState::in_progress;
    if (checking) steps.back().state = StepState::in_progress;
    const std::string current{reading ? steps[0].name : !loaded->face ? steps[1].name : capturing ? steps[2].name : steps.back().name};
    auto moved = p_.database.sync().write([&](db::Tx& tx) -> Result<> {
      AX_CHECK(p_.queue.complete(tx, job));
      for (const auto& [document, kind] : to_check) {
        AX_TRY(const auto made, tx.exec(kInsertCheck, Uuid::generate(now), job.subject, document, providers::to_string(kind), now));
        if (!made.empty()) AX_CHECK(p_.queue.enqueue(tx, kLookupJob, made[0].uuid(0)));
      }
      AX_CHECK(tx.exec(kMove, job.subject, steps_json(steps), current, reading ? 10 : loaded->face ? 80 : 60, now));
      tx.on_commit([this, id = job.subject] { p_.progress.changed(id); });
      return {};
    });
    return moved;
  }

  decision::Inputs inputs;
  inputs.account_name = loaded->user.name;
  inputs.account_dob = loaded->user.dob;
  bool without_engine = biometric_step && loaded->biometrics.empty();  // started before types were kept
  for (const auto& [type, found] : loaded->biometrics) {
    if (found)
      inputs.biometrics.push_back({type, found->outcome, found->fmr});
    else
      without_engine = true;
  }
  if (without_engine) inputs.unavailable_steps.emplace_back("biometric_verification");
  for (const auto& d : loaded->documents) {
    decision::DocumentFacts facts;
    facts.id = d.id.str();
    facts.type = d.type;
    facts.accepted = d.status == "approved";
    facts.forged_or_invalid = d.invalid;
    facts.expired = d.expired;
    facts.confidence = d.confidence;
    facts.name = d.name;
    facts.dob = d.dob;
    facts.image_sha256 = d.image_sha256;
    facts.reasons = d.reasons;
    facts.assurance = d.assurance;
    facts.signature_invalid = d.signature_invalid;
    facts.doubts = d.doubts;
    facts.image_reused = d.reuse.image;
    facts.number_reused = d.reuse.number;
    facts.lookup = providers::to_string(lookups[d.id].answer);
    facts.lookup_reason = lookups[d.id].reason;
    inputs.documents.push_back(std::move(facts));
  }
  AX_TRY(const auto analysis, parse_json(loaded->face->analysis));
  auto& face = inputs.face;
  face.captured = true;
  face.accepted = loaded->face->embedding.has_value();
  const bool any_signed = std::ranges::any_of(loaded->documents, [](const auto& d) { return d.portrait && d.portrait_signed; });
  face.liveness_model = get_bool(analysis, "liveness_available").value_or(false);
  face.liveness = get_number(analysis, "liveness");
  face.liveness_method = get_text(analysis, "liveness_method").value_or("");
  face.image_sha256 = loaded->face->image_sha256;
  if (face.accepted) {
    AX_TRY(const auto engine, p_.face_engine());
    for (const auto& d : loaded->documents) {
      if (!d.portrait || (any_signed && !d.portrait_signed)) continue;  // what an issuer signed is not outvoted by print
      const auto compared = engine->compare(*loaded->face->embedding, *d.portrait);
      if (!compared) continue;  // made with another model: to be captured or read anew
      face.portrait_found = true;
      if (compared->similarity < face.similarity && face.model_id == d.portrait->model_id) continue;
      face.similarity = compared->similarity;
      face.threshold = compared->threshold;
      face.fmr = compared->fmr;
      face.probability = compared->probability;
      face.match = compared->match;
      face.model_id = d.portrait->model_id;
      face.portrait_age_days = documents::portrait_age_days(d.issued, now);
    }
  }
  json::array seen;
  if (face.accepted) {
    AX_TRY(const auto sightings, p_.faces.sightings(loaded->user.tenant, loaded->verification.user_id, *loaded->face->embedding));
    std::set<Uuid> accounts;
    for (const auto& s : sightings.found) {
      if (s.user) accounts.insert(*s.user);
      face.watched += s.list_kind == "watch" ? 1 : 0;
      face.blocked += s.list_kind == "block" ? 1 : 0;
      seen.push_back({{"entry_id", s.entry.str()}, {"similarity", s.similarity}, {"fmr", s.fmr}});
    }
    face.enrolled_elsewhere = static_cast<int>(accounts.size());
  }
  const auto verdict = decision::decide(inputs, p_.policy);
  const bool document_ok =
      std::ranges::all_of(loaded->documents, [](const auto& d) { return d.status == "approved"; }) && !loaded->documents.empty();
  steps[0].state = document_ok ? StepState::completed : StepState::failed;
  steps[1].state = face.match ? StepState::completed : StepState::failed;
  if (biometric_step) {
    const bool good = std::ranges::all_of(
        inputs.biometrics, [](const decision::BiometricFacts& b) { return b.outcome == "matched" || b.outcome == "enrolled"; });
    steps[2].state = without_engine ? StepState::unavailable : good ? StepState::completed : StepState::failed;
  }
  if (loaded->consent) steps.back().state = lookup_state(inputs.documents);

  const auto verdict_json = decision::to_json(verdict);
  const auto capsule = json::serialize(json::object{{"inputs", decision::to_json(inputs)},
                                                    {"policy", decision::to_json(p_.policy)},
                                                    {"verdict", verdict_json},
                                                    {"face_id", loaded->face->id.str()},
                                                    {"sightings", std::move(seen)},
                                                    {"decided_at", format_time(now)}});
  const auto outcome = decision::to_string(verdict.outcome);
  std::optional<std::string> rejection;
  if (verdict.outcome == decision::Outcome::rejected) rejection = verdict.reasons.front().message;
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    AX_TRY(auto key, users::person_key(tx, p_.keyring, loaded->verification.user_id));
    const users::PersonBox box{std::move(key), "verifications", job.subject};
    std::optional<Bytes> embedding;
    if (loaded->face->embedding) {
      AX_TRY(const auto protect, p_.faces.protect(tx, *loaded->face->embedding));
      embedding = box.seal("face_embeddings", protect);
    }
    AX_TRY(const auto decided, tx.exec(kDecide, job.subject, outcome, steps_json(steps), box.seal("verification_data", capsule),
                                       json::serialize(verdict_json.at("reasons")), verdict.confidence, rejection, embedding, now,
                                       "rules " + p_.policy.version));
    if (decided.empty()) return {};  // another step decided first
    tx.on_commit([this, id = job.subject] { p_.progress.changed(id); });
    return p_.audit.append(
        tx, {loaded->verification.user_id, "verification.decided",
             json::serialize(
                 json::object{{"verification_id", job.subject.str()}, {"outcome", std::string{outcome}}, {"rules", p_.policy.version}}),
             nullptr});
  });
}

Result<> VerificationsService::give_up(db::Tx& tx, const jobs::Job& job) {
  AX_TRY(const auto rows, tx.exec(kGet, job.subject, tx.scope().only()));
  if (rows.empty()) return {};
  const auto user = rows[0].uuid(0);
  const auto steps = rows[0].text(3);
  constexpr auto reasons =
      R"([{"code":"processing_failed","message":"The verification could not be completed by machine","severity":"review"}])";
  AX_TRY(const auto decided, tx.exec(kDecide, job.subject, "needs_review", steps, std::nullopt, reasons, 0.0, std::nullopt, std::nullopt,
                                     p_.clock.now(), "rules " + p_.policy.version));
  if (decided.empty()) return {};
  tx.on_commit([this, id = job.subject] { p_.progress.changed(id); });
  return p_.audit.append(tx, {user, "verification.decided",
                              json::serialize(json::object{{"verification_id", job.subject.str()}, {"outcome", "needs_review"}}), nullptr});
}

Result<> VerificationsService::look_up(const jobs::Job& job) {
  struct Loaded {
    providers::Kind kind = providers::Kind::pan;
    providers::Lookup lookup;
    bool number = false;
  };
  AX_TRY(auto loaded, p_.database.sync().write([&](db::Tx& tx) -> Result<std::optional<Loaded>> {
    AX_TRY(const auto rows, tx.exec(kCheck, job.subject));
    if (rows.empty() || !rows[0].is_null(3)) return std::optional<Loaded>{};  // deleted with its document, or answered
    const auto document = rows[0].uuid(1);
    Loaded l;
    l.kind = providers::kind_of(rows[0].text(2)).value_or(l.kind);
    AX_TRY(const auto read, p_.documents.read_document(tx, document, rows[0].uuid(4)));
    AX_TRY(auto number, p_.documents.whole_number(tx, document, "issuer look-up"));
    l.lookup.kind = l.kind;
    l.lookup.name = read.name;
    if (read.dob && read.dob->size() == 10) l.lookup.dob = read.dob;
    l.lookup.idempotency_key = job.subject.str();
    l.number = number.has_value();
    if (number) l.lookup.number = std::move(*number);
    return std::optional{std::move(l)};
  }));
  providers::Outcome outcome;
  if (loaded) {
    auto* provider = p_.providers.find(loaded->kind);
    if (provider == nullptr)
      outcome.reason = "not_configured";
    else if (!loaded->number)
      outcome.reason = "no_number";
    else
      outcome = provider->look_up(loaded->lookup);
  }
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    return loaded ? store_lookup(tx, job.subject, outcome) : Result<>{};
  });
}

Result<> VerificationsService::give_up_lookup(db::Tx& tx, const jobs::Job& job) {
  return store_lookup(tx, job.subject, {providers::Answer::unknown, "provider_unavailable", {}, 0});
}

Result<> VerificationsService::store_lookup(db::Tx& tx, const Uuid& check, const providers::Outcome& outcome) {
  AX_TRY(const auto rows, tx.exec(kCheck, check));
  if (rows.empty()) return {};
  const auto verification = rows[0].uuid(0);
  const auto user = rows[0].uuid(4);
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "provider_checks", check};
  const auto reference = outcome.reference.empty() ? std::nullopt : std::optional{outcome.reference};
  AX_TRY(const auto stored, tx.exec(kStoreCheck, check, providers::to_string(outcome.answer), outcome.reason, outcome.attempts,
                                    box.seal_optional("reference", reference), p_.clock.now()));
  if (stored.empty()) return {};
  AX_CHECK(p_.queue.enqueue(tx, kJob, verification));
  const auto answer = providers::to_string(outcome.answer);
  return p_.audit.append(tx, {user, "provider.checked",
                              json::serialize(json::object{{"verification_id", verification.str()},
                                                           {"document_id", rows[0].uuid(1).str()},
                                                           {"kind", rows[0].text(2)},
                                                           {"answer", json::string_view{answer.data(), answer.size()}},
                                                           {"reason", outcome.reason},
                                                           {"attempts", outcome.attempts}}),
                              nullptr});
}

Result<> VerificationsService::forget_document(db::Tx& tx, const Uuid& document, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kOfDocument, document));
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  for (const auto& row : rows) {
    const auto id = row.uuid(0);
    if (row.is_null(2)) {
      AX_CHECK(p_.queue.enqueue(tx, kJob, id));
      continue;
    }
    const users::PersonBox box{key, "verifications", id};
    AX_TRY(const auto text, box.open("verification_data", row.bytes(2)));
    AX_TRY(auto capsule, parse_json(text));
    const auto* stored = find(capsule, "inputs");
    if (stored == nullptr || !capsule.is_object()) continue;
    AX_TRY(auto inputs, decision::inputs_from_json(*stored));
    decision::forget_document(inputs, document.str());
    capsule.as_object()["inputs"] = decision::to_json(inputs);
    AX_CHECK(tx.exec(kReseal, id, box.seal("verification_data", json::serialize(capsule))));
  }
  AX_CHECK(tx.exec(kUnlink, document));
  return {};
}

Result<std::int64_t> VerificationsService::count_active() {
  return p_.database.sync().read([](db::Tx& tx) -> Result<std::int64_t> {
    AX_TRY(const auto rows, tx.exec(kActive));
    return rows.at(0).integer(0);
  });
}

Result<Replay> VerificationsService::replay(const Uuid& id) {
  AX_TRY(const auto capsule, p_.database.sync().read([&](db::Tx& tx) -> Result<json::value> {
    AX_TRY(const auto rows, tx.exec(kCapsule, id));
    if (rows.empty()) return Errc::not_found;
    if (rows[0].is_null(1)) return Error{Errc::conflict, "this verification has no decision yet"};
    AX_TRY(auto key, users::person_key(tx, p_.keyring, rows[0].uuid(0)));
    const users::PersonBox box{std::move(key), "verifications", id};
    AX_TRY(const auto text, box.open("verification_data", rows[0].bytes(1)));
    return parse_json(text);
  }));
  const auto* inputs = find(capsule, "inputs");
  const auto* policy = find(capsule, "policy");
  const auto* verdict = find(capsule, "verdict");
  if (inputs == nullptr || policy == nullptr || verdict == nullptr) return Error{Errc::conflict, "this decision was not made by the rules"};
  AX_TRY(const auto stored_inputs, decision::inputs_from_json(*inputs));
  AX_TRY(const auto stored_policy, decision::policy_from_json(*policy));
  const auto again = decision::to_json(decision::decide(stored_inputs, stored_policy));
  Replay out;
  out.stored = json::serialize(*verdict);
  out.recomputed = json::serialize(again);
  out.policy_version = stored_policy.version;
  out.same = json::value(again) == *verdict || out.stored == out.recomputed;
  return out;
}

}  // namespace authx::verifications
