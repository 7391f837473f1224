// Templates made with another model, or protected with a revoked key, made anew in the background. Every template is a transaction of
// its own, so that what is done stays done whenever the process ends.
#include "services/faces/renewal.h"

#include "imaging/decode.h"
#include "services/faces/faces_service.h"
#include "services/faces/probe.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"

namespace authx::faces {
namespace {

constexpr std::string_view kRenewJob = "face.renew";

constexpr db::Query kStale{
    "faces.stale",
    "SELECT id, user_id, biometric_data, template_data, status, created_at FROM biometrics WHERE biometric_type = 'face' AND template_data "
    "IS "
    "NOT NULL AND (template_model IS NULL OR template_model <> $1 OR template_key IS NULL OR template_key <> $2) AND tenant_id = $4 ORDER "
    "BY "
    "id LIMIT $3"};
constexpr db::Query kRenewed{"faces.renewed",
                             "UPDATE biometrics SET template_data = $2, template_model = $3, template_key = $4 WHERE id = $1 AND "
                             "template_data IS NOT NULL RETURNING id"};
constexpr db::Query kEntry{"faces.entry", "SELECT id FROM face_entries WHERE id = $1"};
constexpr db::Query kForget{"faces.forget_entry", "DELETE FROM face_entries WHERE id = $1"};
constexpr db::Query kStaleListed{"faces.stale_listed",
                                 "SELECT id, list_id, image, template FROM face_entries WHERE list_id IS NOT NULL AND (model_id <> $1 OR "
                                 "key_version <> $2) AND tenant_id = $4 ORDER BY id LIMIT $3"};
constexpr db::Query kAnyStale{
    "faces.any_stale",
    "SELECT DISTINCT b.tenant_id FROM biometrics b WHERE b.biometric_type = 'face' AND b.template_data IS NOT NULL AND (b.template_model "
    "IS "
    "NULL OR b.template_model <> $1 OR b.template_key IS NULL OR b.template_key <> (SELECT MAX(k.version) FROM face_template_keys k WHERE "
    "k.tenant_id = b.tenant_id)) UNION SELECT DISTINCT e.tenant_id FROM face_entries e WHERE e.list_id IS NOT NULL AND (e.model_id <> $1 "
    "OR e.key_version <> (SELECT MAX(k.version) FROM face_template_keys k WHERE k.tenant_id = e.tenant_id)) UNION SELECT DISTINCT "
    "d.tenant_id "
    "FROM document_portraits p JOIN documents d ON d.id = p.document_id WHERE (p.model_id <> $1 AND p.from_pictures) OR p.key_version <> "
    "(SELECT MAX(k.version) FROM face_template_keys k WHERE k.tenant_id = d.tenant_id)"};

constexpr std::int64_t kBatch = 20;

}  // namespace

Result<> FacesService::renew_if_needed() {
  AX_TRY(const auto engine, p_.face_engine());
  return p_.database.sync().write(db::Scope::everyone(), [&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto rows, tx.exec(kAnyStale, engine->embedding_model_id()));
    for (const auto& row : rows) {
      tx.enter(row.uuid(0));
      AX_CHECK(p_.queue.enqueue(tx, kRenewJob, Uuid{}));
    }
    return {};
  });
}

Result<std::int64_t> revoke_template_key(db::Database& database, const crypto::Keyring& keyring, const Clock& clock,
                                         const audit::Log& audit, jobs::Queue& queue, const Uuid& tenant) {
  const TemplateVault vault{keyring};
  return database.write(tenant, [&](db::Tx& tx) -> Result<std::int64_t> {
    AX_TRY(const auto version, vault.renew(tx, clock.now()));
    AX_CHECK(queue.enqueue(tx, kRenewJob, Uuid{}));
    AX_CHECK(audit.append(tx, {std::nullopt, "face_templates.key_revoked", json::serialize(json::object{{"version", version}}), nullptr}));
    return version;
  });
}

/// From the picture again when the model is another, else from the template itself. Nothing: the picture shows no face any more.
Result<std::optional<face::Embedding>> FacesService::embed_anew(const face::FaceEngine& engine, const ProtectedTemplate& old,
                                                                const std::string& object, const crypto::Key& key) {
  if (old.model_id == engine.embedding_model_id()) {
    AX_TRY(auto plain, p_.database.sync().read([&](db::Tx& tx) { return vault_.recover(tx, old); }));
    return std::optional{std::move(plain)};
  }
  const auto bytes = p_.blobs.get(object, key);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<face::Embedding>{};
  if (!bytes) return bytes.error();
  auto decoded = imaging::decode(*bytes, {}, Deadline::after(kAnalyseLimit));
  if (!decoded && decoded.error().code == Errc::validation) return std::optional<face::Embedding>{};
  if (!decoded) return std::move(decoded).error();
  AX_TRY(auto seen, engine.analyse(decoded->pages.front(), {.liveness = false, .cues = false}, Deadline::after(kAnalyseLimit)));
  return std::move(seen.embedding);
}

/// Portraits, a batch of them; how many there were. What shows no face in the kept pictures any more stays as it is, so that the model
/// that made it can still compare it.
Result<std::size_t> FacesService::renew_portraits(const face::FaceEngine& engine, std::int64_t key) {
  auto& database = p_.database.sync();
  AX_TRY(const auto stale, database.read([&](db::Tx& tx) { return portraits_.stale(tx, engine.embedding_model_id(), key, kBatch); }));
  for (const auto& s : stale) {
    std::optional<face::Embedding> embedding;
    if (s.old.model_id != engine.embedding_model_id() && s.from_pictures) {
      AX_TRY(const auto pictures, p_.documents.pictures(s.document));
      for (const auto& picture : pictures) {
        if (embedding) break;
        AX_TRY(auto seen, engine.portrait(picture, Deadline::after(kAnalyseLimit)));
        embedding = std::move(seen.embedding);
      }
    }
    const bool again = embedding.has_value() || s.old.model_id == engine.embedding_model_id();
    AX_CHECK(database.write([&](db::Tx& tx) -> Result<> {
      if (!embedding) {
        AX_TRY(embedding, vault_.recover(tx, s.old));
      }
      return portraits_.keep(tx, s.document, s.user, embedding, s.from_pictures && again, p_.clock.now());
    }));
  }
  return stale.size();
}

Result<> FacesService::renew(const jobs::Job& job) {
  AX_TRY(const auto engine, p_.face_engine());
  const auto& model = engine->embedding_model_id();
  auto& database = p_.database.sync();
  struct Stale {
    Uuid id, owner;
    std::string object, status;
    ProtectedTemplate old;
    crypto::Key key;
    Time made;
  };
  AX_TRY(const auto key, database.read([&](db::Tx& tx) { return vault_.current(tx); }));
  AX_TRY(const auto captures, database.read([&](db::Tx& tx) -> Result<std::vector<Stale>> {
    AX_TRY(const auto rows, tx.exec(kStale, model, key, kBatch, tx.scope().home()));
    std::vector<Stale> out;
    for (const auto& row : rows) {
      AX_TRY(auto person, users::person_key(tx, p_.keyring, row.uuid(1)));
      const users::PersonBox box{person, "biometrics", row.uuid(0)};
      AX_TRY(const auto text, box.open("template_data", row.bytes(3)));
      AX_TRY(auto old, template_from_text(text));
      out.push_back({row.uuid(0), row.uuid(1), row.opt_text(2).value_or(""), row.text(4), std::move(old), std::move(person), row.time(5)});
    }
    return out;
  }));
  for (const auto& s : captures) {
    AX_TRY(const auto embedding, embed_anew(*engine, s.old, s.object, s.key));
    AX_CHECK(database.write([&](db::Tx& tx) -> Result<> {
      if (!embedding) {
        AX_CHECK(tx.exec(kForget, s.id));
        AX_CHECK(tx.exec(kRenewed, s.id, std::nullopt, std::nullopt, std::nullopt));
        return {};
      }
      AX_TRY(const auto one, vault_.protect(tx, *embedding, p_.clock.now()));
      const users::PersonBox box{s.key, "biometrics", s.id};
      AX_TRY(const auto updated, tx.exec(kRenewed, s.id, box.seal("template_data", to_text(one)), one.model_id, one.key));
      if (updated.empty()) return {};
      AX_TRY(const auto entry, tx.exec(kEntry, s.id));
      if (!entry.empty()) return galleries_.replace(tx, s.id, one);
      // Captures of before there were galleries take their place now.
      return s.status == "approved" && s.old.key == 0 ? galleries_.enrol(tx, s.owner, s.id, one, s.made) : Result<>{};
    }));
  }
  AX_TRY(const auto listed, database.read([&](db::Tx& tx) -> Result<std::vector<Stale>> {
    AX_TRY(const auto rows, tx.exec(kStaleListed, model, key, kBatch, tx.scope().home()));
    std::vector<Stale> out;
    for (const auto& row : rows) {
      AX_TRY(auto list, list_key(tx, p_.keyring, row.uuid(1)));
      const users::PersonBox box{list, "face_entries", row.uuid(0)};
      AX_TRY(const auto text, box.open("template", row.bytes(3)));
      AX_TRY(auto old, template_from_text(text));
      out.push_back({row.uuid(0), row.uuid(1), row.opt_text(2).value_or(""), "", std::move(old), std::move(list), {}});
    }
    return out;
  }));
  for (const auto& s : listed) {
    AX_TRY(const auto embedding, embed_anew(*engine, s.old, s.object, s.key));
    AX_CHECK(database.write([&](db::Tx& tx) -> Result<> {
      if (!embedding) {
        log::warning("face_list_entry_lost", {{"entry", s.id.str()}});
        AX_CHECK(tx.exec(kForget, s.id));
        return {};
      }
      AX_TRY(const auto one, vault_.protect(tx, *embedding, p_.clock.now()));
      return galleries_.replace(tx, s.id, one);
    }));
  }
  AX_TRY(const auto portraits, renew_portraits(*engine, key));
  const bool more = captures.size() + listed.size() + portraits > 0;
  AX_CHECK(database.write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    if (more) {
      AX_CHECK(p_.queue.enqueue(tx, kRenewJob, Uuid{}));
      return {};
    }
    AX_TRY(const auto retired, vault_.retire(tx));
    if (retired > 0) log::info("face_template_keys_destroyed", {{"count", retired}});
    return {};
  }));
  return galleries_.catch_up();
}

void FacesService::register_renewal() {
  p_.queue.handle(std::string{kRenewJob},
                  {[this](const jobs::Job& job) { return renew(job); }, [](db::Tx&, const jobs::Job&) { return Result<>{}; }});
}

}  // namespace authx::faces
