#include "services/faces/watchlists.h"

#include "base/collect.h"
#include "http/spooled_file.h"
#include "services/faces/probe.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"

namespace authx::faces {
namespace {

constexpr db::Query kInsert{"face_lists.insert",
                            "INSERT INTO face_lists (id, name, kind, wrapped_key, created_at, tenant_id) VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr db::Query kAll{
    "face_lists.all",
    "SELECT id, name, kind, created_at, (SELECT COUNT(*) FROM face_entries e WHERE e.list_id = l.id) FROM face_lists l "
    "WHERE tenant_id = $1 ORDER BY id DESC"};
constexpr db::Query kDelete{"face_lists.delete", "DELETE FROM face_lists WHERE id = $1 AND tenant_id = $2 RETURNING id"};
constexpr db::Query kImages{"face_lists.images",
                            "SELECT image FROM face_entries WHERE list_id = $1 AND tenant_id = $2 AND image IS NOT NULL"};
constexpr db::Query kImage{"face_lists.image", "SELECT image FROM face_entries WHERE list_id = $1 AND id = $2 AND tenant_id = $3"};
constexpr db::Query kNewest{"face_lists.entries",
                            "SELECT id, label, created_at FROM face_entries WHERE list_id = $1 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kBefore{"face_lists.entries_before",
                            "SELECT id, label, created_at FROM face_entries WHERE list_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2"};

std::string image_name(const Uuid& entry) { return entry.str() + "-list"; }

std::string ids(std::initializer_list<std::pair<std::string_view, Uuid>> named) {
  json::object out;
  for (const auto& [name, id] : named) out[json::string_view{name.data(), name.size()}] = id.str();
  return json::serialize(out);
}

}  // namespace

awaitable<Result<FaceList>> Watchlists::create(const http::Principal& caller, std::string name, std::string kind) {
  auto store = [this, &caller, &name, &kind](db::Tx& tx) -> Result<FaceList> {
    const auto now = p_.clock.now();
    FaceList list{Uuid::generate(now), name, kind, 0, now};
    AX_CHECK(
        tx.exec(kInsert, list.id, name, kind, p_.keyring.wrap(p_.keyring.new_key(), list_key_context(list.id)), now, tx.scope().home()));
    AX_CHECK(p_.audit.append(tx, {caller.id, "face_list.created", ids({{"list_id", list.id}}), &caller.request}));
    return list;
  };
  co_return co_await p_.database.write(caller.request.tenant, store);
}

awaitable<Result<std::vector<FaceList>>> Watchlists::list(const http::Principal& caller) {
  auto read = [](db::Tx& tx) -> Result<std::vector<FaceList>> {
    AX_TRY(const auto rows, tx.exec(kAll, tx.scope().home()));
    return collect(rows, [](const db::Row& row) { return FaceList{row.uuid(0), row.text(1), row.text(2), row.integer(4), row.time(3)}; });
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

Result<> Watchlists::forget(const std::vector<std::string>& objects) const {
  for (const auto& name : objects)
    if (auto removed = p_.blobs.remove(name); !removed) log::warning("object_not_removed", {{"detail", removed.error().detail}});
  return {};
}

awaitable<Result<>> Watchlists::remove(const http::Principal& caller, Uuid list) {
  auto change = [this, &caller, list](db::Tx& tx) -> Result<std::vector<std::string>> {
    AX_TRY(const auto images, tx.exec(kImages, list, tx.scope().home()));
    AX_TRY(const auto gone, tx.exec(kDelete, list, tx.scope().home()));
    if (gone.empty()) return Errc::not_found;
    AX_CHECK(p_.audit.append(tx, {caller.id, "face_list.deleted", ids({{"list_id", list}}), &caller.request}));
    return collect(images, [](const db::Row& row) { return row.text(0); });
  };
  AX_CO_TRY(auto names, co_await p_.database.write(caller.request.tenant, change));
  auto clean = [this, names = std::move(names)]() -> Result<> {
    AX_CHECK(forget(names));
    return p_.galleries.catch_up();
  };
  co_return co_await p_.files.run(std::move(clean));
}

awaitable<Result<ListEntry>> Watchlists::add(const http::Principal& caller, Uuid list, http::UploadedFile image, std::string label) {
  auto find_key = [this, list](db::Tx& tx) { return list_key(tx, p_.keyring, list); };
  AX_CO_TRY(auto key, co_await p_.database.read(caller.request.tenant, find_key));
  const auto now = p_.clock.now();
  const auto id = Uuid::generate(now);
  auto look = [this, image]() -> Result<face::Embedding> {
    AX_TRY(const auto engine, p_.face_engine());
    AX_TRY(auto seen,
           usable_probe(*engine, image.bytes(), {.liveness = false, .cues = false, .surroundings = false}, Deadline::after(kAnalyseLimit)));
    return std::move(*seen.embedding);
  };
  AX_CO_TRY(const auto embedding, co_await p_.vision.run(std::move(look)));
  auto seal = [this, image, key = std::move(key), id]() { return p_.blobs.put(image_name(id), image.bytes(), key); };
  AX_CO_CHECK(co_await p_.files.run(std::move(seal)));
  auto store = [this, &caller, list, id, &embedding, &label, now](db::Tx& tx) -> Result<ListEntry> {
    AX_TRY(const auto one, p_.vault.protect(tx, embedding, now));
    AX_CHECK(p_.galleries.add_to_list(tx, list, id, one, label, image_name(id), now));
    AX_CHECK(p_.audit.append(tx, {caller.id, "face_list.added", ids({{"list_id", list}, {"entry_id", id}}), &caller.request}));
    return ListEntry{id, label, now};
  };
  co_return co_await p_.database.write(caller.request.tenant, store);
}

awaitable<Result<std::vector<ListEntry>>> Watchlists::entries(const http::Principal& caller, Uuid list, std::optional<Uuid> before,
                                                              std::size_t limit) {
  auto read = [this, &caller, list, before, limit](db::Tx& tx) -> Result<std::vector<ListEntry>> {
    const auto count = static_cast<std::int64_t>(limit);
    AX_TRY(const auto key, list_key(tx, p_.keyring, list));
    AX_TRY(const auto rows, before ? tx.exec(kBefore, list, count, *before) : tx.exec(kNewest, list, count));
    std::vector<ListEntry> out;
    for (const auto& row : rows) {
      const users::PersonBox box{key, "face_entries", row.uuid(0)};
      AX_TRY(auto label, box.open("label", row.bytes(1)));
      out.push_back({row.uuid(0), std::move(label), row.time(2)});
    }
    AX_CHECK(p_.audit.append(tx, {caller.id, "face_list.viewed", ids({{"list_id", list}}), &caller.request}));
    return out;
  };
  co_return co_await p_.database.write(caller.request.tenant, read);
}

awaitable<Result<>> Watchlists::remove_entry(const http::Principal& caller, Uuid list, Uuid entry) {
  auto change = [this, &caller, list, entry](db::Tx& tx) -> Result<std::vector<std::string>> {
    AX_TRY(const auto images, tx.exec(kImage, list, entry, tx.scope().home()));
    AX_TRY(const bool gone, Galleries::remove(tx, list, entry));
    if (!gone) return Errc::not_found;
    AX_CHECK(p_.audit.append(tx, {caller.id, "face_list.removed", ids({{"list_id", list}, {"entry_id", entry}}), &caller.request}));
    std::vector<std::string> names;
    for (const auto& row : images)
      if (auto name = row.opt_text(0)) names.push_back(std::move(*name));
    return names;
  };
  AX_CO_TRY(auto names, co_await p_.database.write(caller.request.tenant, change));
  auto clean = [this, names = std::move(names)]() -> Result<> {
    AX_CHECK(forget(names));
    return p_.galleries.catch_up();
  };
  co_return co_await p_.files.run(std::move(clean));
}

}  // namespace authx::faces
