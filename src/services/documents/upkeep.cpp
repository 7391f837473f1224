#include "base/encoding.h"
#include "crypto/hash.h"
#include "jobs/schedule.h"
#include "services/documents/documents_service.h"
#include "services/documents/expiry.h"
#include "services/documents/jobs.h"
#include "services/notifications/outbox.h"
#include "services/users/person_box.h"
#include "services/users/users_service.h"
#include "telemetry/log.h"

namespace authx::documents {
namespace {

constexpr std::chrono::hours kExpiryPeriod{24};
constexpr std::int64_t kBatch = 200;

constexpr db::Query kState{"documents.state",
                           "SELECT user_id, stage, verification_status, front_image_url FROM documents WHERE id = $1 "
                           "AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kStartReread{"documents.start_reread",
                                 "UPDATE documents SET stage = 'reading', progress = 10, job_id = $2, updated_at = $3 WHERE id = $1 "
                                 "AND stage = 'final' AND front_image_url <> '' RETURNING id"};
constexpr db::Query kVersions{
    "documents.versions", "SELECT DISTINCT COALESCE(engine_version, '') FROM documents WHERE stage = 'final' AND front_image_url <> ''"};
constexpr db::Query kOfVersion{
    "documents.of_version",
    "SELECT id, tenant_id FROM documents WHERE COALESCE(engine_version, '') = $1 AND stage = 'final' AND front_image_url "
    "<> '' ORDER BY id LIMIT 200"};
constexpr db::Query kForDelete{
    "documents.for_delete",
    "SELECT user_id, front_image_url, back_image_url, image_sha256, reading, number_reference, tenant_id FROM documents WHERE id = $1 "
    "AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kImages{"documents.images",
                            "SELECT side, page, object, sha256 FROM document_images WHERE document_id = $1 ORDER BY side DESC, page"};
constexpr db::Query kCountPrints{"documents.count_prints", "SELECT COUNT(*) FROM document_prints WHERE document_id = $1"};
constexpr db::Query kCountChecks{"documents.count_checks", "SELECT COUNT(*) FROM provider_checks WHERE document_id = $1"};
constexpr db::Query kDelete{"documents.delete", "DELETE FROM documents WHERE id = $1 RETURNING id"};
constexpr db::Query kWithExpiry{
    "documents.with_expiry",
    "SELECT id, user_id, document_type, expiry_date, expiry_state, tenant_id FROM documents WHERE id > $1 AND expiry_state "
    "IN ('valid', 'expiring') ORDER BY id LIMIT $2"};
constexpr db::Query kSetExpiry{"documents.set_expiry",
                               "UPDATE documents SET expiry_state = $2, updated_at = $4 WHERE id = $1 AND expiry_state = $3 RETURNING id"};

std::string notice_text(std::string_view type, const Date& day, bool over) {
  return fmt::format("Your document of the type \"{}\" {} on {}. Please upload a valid one.", type, over ? "expired" : "expires",
                     format_date(day));
}

}  // namespace

awaitable<Result<Document>> DocumentsService::reread(Uuid id, const http::Principal& caller) {
  auto start = [this, id, &caller](db::Tx& tx) -> Result<> {
    AX_TRY(const auto rows, tx.exec(kState, id, tx.scope().only()));
    if (rows.empty()) return Errc::not_found;
    AX_TRY(const auto job, p_.queue.enqueue(tx, kRereadJob, id));
    AX_TRY(const auto started, tx.exec(kStartReread, id, job, p_.clock.now()));
    if (started.empty()) {
      Error busy{Errc::conflict, "document cannot be reread"};
      busy.message = rows[0].text(3).empty() ? "No picture of this document is kept" : "The document is being read";
      return busy;
    }
    tx.on_commit([this, id] { p_.progress.changed(id); });
    return p_.audit.append(
        tx, {caller.id, "document.reread_requested", json::serialize(json::object{{"document_id", id.str()}}), &caller.request});
  };
  AX_CO_CHECK(co_await p_.database.write(caller.request.tenant, start));
  co_return co_await load(id, caller);
}

Result<std::size_t> DocumentsService::reread_older(std::string_view version) {
  auto& database = p_.database.sync();
  AX_TRY(const auto versions, database.read([](db::Tx& tx) { return tx.exec(kVersions); }));
  std::size_t queued = 0;
  for (const auto& row : versions) {
    const auto& have = row.text(0);
    if (!older(have, version)) continue;
    while (true) {
      AX_TRY(const auto count, database.write([&](db::Tx& tx) -> Result<std::size_t> {
        AX_TRY(const auto batch, tx.exec(kOfVersion, have));
        for (const auto& document : batch) {
          tx.enter(document.uuid(1));
          AX_TRY(const auto job, p_.queue.enqueue(tx, kRereadJob, document.uuid(0)));
          AX_CHECK(tx.exec(kStartReread, document.uuid(0), job, p_.clock.now()));
        }
        tx.enter(db::Scope::everyone());
        if (!batch.empty())
          AX_CHECK(p_.audit.append(tx, {std::nullopt, "document.reread_by_operator",
                                        json::serialize(json::object{{"documents", batch.size()}, {"before", have}}), nullptr}));
        return batch.size();
      }));
      queued += count;
      if (count == 0) break;
    }
  }
  return queued;
}

awaitable<Result<json::object>> DocumentsService::remove(Uuid id, const http::Principal& caller) {
  auto find_owner = [id, &caller](db::Tx& tx) -> Result<> {
    AX_TRY(const auto rows, tx.exec(kState, id, tx.scope().only()));
    const bool may = !rows.empty() && (rows[0].uuid(0) == caller.id || caller.can(http::Permission::manage_documents));
    return may ? Result<>{} : Result<>{Errc::not_found};
  };
  AX_CO_CHECK(co_await p_.database.read(caller.request.tenant, find_owner));
  auto work = [this, id, actor = caller.id, request = caller.request] { return remove_now(id, actor, &request); };
  co_return co_await p_.files.run(std::move(work));
}

Result<json::object> DocumentsService::remove_now(const Uuid& id, const std::optional<Uuid>& actor, const http::RequestInfo* request) {
  Deletion deletion;
  std::vector<std::string> names;
  const auto scope = request != nullptr ? db::Scope{request->tenant} : db::Scope::of_thread();
  AX_CHECK(p_.database.sync().write(scope, [&](db::Tx& tx) -> Result<> {
    deletion = {};
    names.clear();
    AX_TRY(const auto rows, tx.exec(kForDelete, id, tx.scope().only()));
    if (rows.empty()) return Errc::not_found;
    const auto& row = rows[0];
    const auto user = row.uuid(0);
    tx.enter(row.uuid(6));
    deletion.document_id = id;
    deletion.deleted_at = p_.clock.now();
    deletion.image_sha256 = hex_encode(row.bytes(3));
    if (!row.is_null(4)) {
      AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
      const users::PersonBox box{std::move(key), "documents", id};
      AX_TRY(const auto reading, box.open("reading", row.bytes(4)));
      deletion.reading_sha256 = hex_encode(crypto::sha256(as_bytes(reading)));
    }
    AX_TRY(const auto images, tx.exec(kImages, id));
    for (const auto& image : images) {
      deletion.objects.push_back({image.text(0), image.integer(1), hex_encode(image.bytes(3)), true});
      names.push_back(image.text(2));
    }
    // What was not read yet, or by a version that kept pictures otherwise.
    for (const auto& name : {row.text(1), row.opt_text(2).value_or("")})
      if (!name.empty() && std::ranges::find(names, name) == names.end()) {
        deletion.objects.push_back({name.find("-back") == std::string::npos ? "front" : "back", 1, deletion.image_sha256, true});
        names.push_back(name);
      }
    AX_TRY(const auto prints, tx.exec(kCountPrints, id));
    AX_TRY(const auto checks, tx.exec(kCountChecks, id));
    if (p_.on_delete) AX_CHECK(p_.on_delete(tx, id, user));
    AX_CHECK(tx.exec(kDelete, id));
    bool vault = false;
    if (const auto reference = row.opt_uuid(5)) {
      AX_TRY(vault, vault_release(tx, *reference));
    }
    deletion.rows = {{"documents", 1},
                     {"document_images", static_cast<std::int64_t>(images.size())},
                     {"document_prints", prints.at(0).integer(0)},
                     {"provider_checks", checks.at(0).integer(0)},
                     {"aadhaar_vault", vault ? 1 : 0}};
    tx.on_commit([this, id] { p_.progress.changed(id); });
    AX_TRY(deletion.audit,
           p_.audit.record(tx, {actor ? actor : std::optional{user}, "document.deleted", deletion_details(deletion), request}));
    return {};
  }));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (auto removed = p_.blobs.remove(names[i]); !removed) {
      log::warning("object_not_removed", {{"detail", removed.error().detail}});
      deletion.objects[i].removed = false;
    }
  }
  AX_TRY(const auto key, receipt_key(p_.keyring));
  return sign_receipt(deletion, key);
}

Result<> DocumentsService::schedule() {
  return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_TRY(const bool due, jobs::claim_run(tx, kExpiryJob, p_.clock.now(), kExpiryPeriod));
    if (due) AX_CHECK(p_.queue.enqueue(tx, kExpiryJob, Uuid{}));
    return {};
  });
}

Result<> DocumentsService::watch_expiry(const jobs::Job& job) {
  AX_CHECK(mark_expiring());
  return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });
}

Result<std::size_t> DocumentsService::mark_expiring() {
  auto& database = p_.database.sync();
  Uuid after;
  std::size_t marked = 0;
  while (true) {
    struct Due {
      Uuid id, user, tenant;
      std::string type, state, from;
      Date day;
    };
    std::size_t seen = 0;
    AX_TRY(const auto due, database.read([&](db::Tx& tx) -> Result<std::vector<Due>> {
      AX_TRY(const auto rows, tx.exec(kWithExpiry, after, kBatch));
      seen = rows.size();
      std::vector<Due> out;
      for (const auto& row : rows) {
        after = row.uuid(0);
        auto key = users::person_key(tx, p_.keyring, row.uuid(1));
        if (!key) continue;  // the person was erased
        const users::PersonBox box{std::move(*key), "documents", row.uuid(0)};
        AX_TRY(const auto text, box.open("expiry_date", row.bytes(3)));
        const auto day = parse_date(text);
        if (!day) continue;
        const auto state = expiry_state(*day, p_.clock.now(), p_.expiry_notice);
        if (state != row.text(4) && state != "valid")
          out.push_back({row.uuid(0), row.uuid(1), row.uuid(5), row.text(2), std::string{state}, row.text(4), *day});
      }
      return out;
    }));
    for (const auto& d : due) {
      AX_TRY(const bool moved, database.write(d.tenant, [&](db::Tx& tx) -> Result<bool> {
        const auto now = p_.clock.now();
        AX_TRY(const auto updated, tx.exec(kSetExpiry, d.id, d.state, d.from, now));
        if (updated.empty()) return false;
        AX_TRY(const auto user, users::get(tx, p_.keyring, d.user));
        AX_CHECK(notifications::add(tx, p_.keyring, now, d.user, "email", user.email,
                                    d.state == "expired" ? "A document of yours has expired" : "A document of yours will expire soon",
                                    notice_text(d.type, d.day, d.state == "expired")));
        AX_CHECK(p_.audit.append(tx, {d.user, "document." + d.state, json::serialize(json::object{{"document_id", d.id.str()}}), nullptr}));
        return true;
      }));
      if (moved) ++marked;
    }
    if (seen < static_cast<std::size_t>(kBatch)) break;
  }
  return marked;
}

Result<std::vector<Expiring>> DocumentsService::expiring(std::chrono::days within) {
  auto& database = p_.database.sync();
  std::vector<Expiring> out;
  Uuid after;
  const auto today = std::chrono::sys_days{date_of(p_.clock.now())};
  while (true) {
    AX_TRY(const auto seen, database.read([&](db::Tx& tx) -> Result<std::size_t> {
      AX_TRY(const auto rows, tx.exec(kWithExpiry, after, kBatch));
      for (const auto& row : rows) {
        after = row.uuid(0);
        auto key = users::person_key(tx, p_.keyring, row.uuid(1));
        if (!key) continue;
        const users::PersonBox box{std::move(*key), "documents", row.uuid(0)};
        AX_TRY(const auto text, box.open("expiry_date", row.bytes(3)));
        const auto day = parse_date(text);
        if (day && std::chrono::sys_days{*day} - today <= within)
          out.push_back({row.uuid(0), row.uuid(1), row.text(2), std::string{expiry_state(*day, p_.clock.now(), p_.expiry_notice)}, *day});
      }
      return rows.size();
    }));
    if (seen < static_cast<std::size_t>(kBatch)) break;
  }
  return out;
}

}  // namespace authx::documents
