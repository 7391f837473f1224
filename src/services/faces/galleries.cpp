#include "services/faces/galleries.h"

#include <filesystem>
#include <unordered_map>
#include <unordered_set>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"

namespace authx::faces {
namespace {

namespace fs = std::filesystem;

constexpr db::Query kHead{"face_entries.head", "SELECT seq FROM face_gallery_head"};
constexpr db::Query kNext{"face_entries.next", "UPDATE face_gallery_head SET seq = seq + 1 RETURNING seq"};
constexpr db::Query kInsert{
    "face_entries.insert",
    "INSERT INTO face_entries (id, user_id, capture_id, list_id, model_id, key_version, template, label, image, seq, "
    "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
constexpr db::Query kOwner{"face_entries.owner", "SELECT user_id, list_id FROM face_entries WHERE id = $1"};
constexpr db::Query kReplace{"face_entries.replace",
                             "UPDATE face_entries SET model_id = $2, key_version = $3, template = $4, seq = $5 WHERE id = $1"};
constexpr db::Query kOlder{
    "face_entries.drop_older",
    "DELETE FROM face_entries WHERE user_id = $1 AND id NOT IN (SELECT id FROM face_entries WHERE user_id = $1 ORDER "
    "BY id DESC LIMIT $2)"};
constexpr db::Query kRemove{"face_entries.remove",
                            "DELETE FROM face_entries WHERE id = $1 AND list_id = $2 AND tenant_id = COALESCE($3, tenant_id) RETURNING id"};
constexpr db::Query kChanged{
    "face_entries.changed",
    "SELECT id, user_id, list_id, model_id, key_version, template, seq, tenant_id FROM face_entries WHERE seq > $1 ORDER BY seq "
    "LIMIT $2"};
constexpr db::Query kRemoved{"face_entries.removed", "SELECT seq, entry_id FROM face_removals WHERE seq > $1 ORDER BY seq LIMIT $2"};
constexpr db::Query kVersions{
    "face_entries.versions",
    "SELECT id, list_id, model_id, key_version, seq, tenant_id FROM face_entries WHERE id > $1 ORDER BY id LIMIT $2"};
constexpr db::Query kOne{"face_entries.one",
                         "SELECT id, user_id, list_id, model_id, key_version, template, seq, tenant_id FROM face_entries WHERE id = $1"};
constexpr db::Query kShown{"face_entries.shown",
                           "SELECT e.user_id, e.list_id, e.label, l.name, l.kind FROM face_entries e LEFT JOIN face_lists l ON l.id = "
                           "e.list_id WHERE e.id = $1 AND e.tenant_id = $2"};
constexpr db::Query kListKey{"face_lists.key", "SELECT wrapped_key FROM face_lists WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};

constexpr std::int64_t kBatch = 1000;
constexpr double kFalseAlarms = 0.01;  ///< of one search

}  // namespace

std::string list_key_context(const Uuid& list) { return "face-list:" + list.str(); }

Result<crypto::Key> list_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& list) {
  AX_TRY(const auto rows, tx.exec(kListKey, list, tx.scope().only()));
  if (rows.empty()) return Error{Errc::not_found, "face list"};
  return keyring.unwrap(rows[0].bytes(0), list_key_context(list));
}

Result<std::int64_t> Galleries::next(db::Tx& tx) {
  AX_TRY(const auto rows, tx.exec(kNext));
  return rows.at(0).integer(0);
}

Result<> Galleries::enrol(db::Tx& tx, const Uuid& user, const Uuid& capture, const ProtectedTemplate& one, Time now) {
  AX_TRY(auto key, users::person_key(tx, keyring_, user));
  const users::PersonBox box{std::move(key), "face_entries", capture};
  AX_TRY(const auto seq, next(tx));
  AX_CHECK(tx.exec(kInsert, capture, user, capture, std::nullopt, one.model_id, one.key, box.seal("template", to_text(one)), std::nullopt,
                   std::nullopt, seq, now));
  AX_CHECK(tx.exec(kOlder, user, kKept));
  return {};
}

Result<> Galleries::add_to_list(db::Tx& tx, const Uuid& list, const Uuid& entry, const ProtectedTemplate& one, const std::string& label,
                                const std::string& image, Time now) {
  AX_TRY(auto key, list_key(tx, keyring_, list));
  const users::PersonBox box{std::move(key), "face_entries", entry};
  AX_TRY(const auto seq, next(tx));
  AX_CHECK(tx.exec(kInsert, entry, std::nullopt, std::nullopt, list, one.model_id, one.key, box.seal("template", to_text(one)),
                   box.seal("label", label), image, seq, now));
  return {};
}

Result<> Galleries::replace(db::Tx& tx, const Uuid& entry, const ProtectedTemplate& one) {
  AX_TRY(const auto rows, tx.exec(kOwner, entry));
  if (rows.empty()) return {};
  AX_TRY(auto key, rows[0].is_null(0) ? list_key(tx, keyring_, rows[0].uuid(1)) : users::person_key(tx, keyring_, rows[0].uuid(0)));
  const users::PersonBox box{std::move(key), "face_entries", entry};
  AX_TRY(const auto seq, next(tx));
  AX_CHECK(tx.exec(kReplace, entry, one.model_id, one.key, box.seal("template", to_text(one)), seq));
  return {};
}

Result<bool> Galleries::remove(db::Tx& tx, const Uuid& list, const Uuid& entry) {
  AX_TRY(const auto rows, tx.exec(kRemove, entry, list, tx.scope().only()));
  return !rows.empty();
}

Result<Galleries::Entry> Galleries::read_entry(db::Tx& tx, const db::Row& row, std::map<Uuid, crypto::Key>& list_keys) const {
  Entry e;
  e.id = row.uuid(0);
  e.space = {row.uuid(7), row.opt_uuid(2), row.text(3), row.integer(4)};
  e.seq = row.integer(6);
  crypto::Key key;
  if (const auto list = row.opt_uuid(2)) {
    auto found = list_keys.find(*list);
    if (found == list_keys.end()) {
      AX_TRY(auto opened, list_key(tx, keyring_, *list));
      found = list_keys.emplace(*list, std::move(opened)).first;
    }
    key = found->second;
  } else {
    auto opened = users::person_key(tx, keyring_, row.uuid(1));
    if (!opened && opened.error().code == Errc::not_found) return e;  // the person was erased
    if (!opened) return std::move(opened).error();
    key = std::move(*opened);
  }
  const users::PersonBox box{std::move(key), "face_entries", e.id};
  AX_TRY(const auto text, box.open("template", row.bytes(5)));
  AX_TRY(auto one, template_from_text(text));
  e.values = std::move(one.values);
  return e;
}

std::string Galleries::file_of(const Space& space) const {
  auto name = fmt::format("{}|{}|{}", space.list ? space.list->str() : "enrolled", space.model, space.key);
  if (space.tenant != kDefaultTenant) name += "|" + space.tenant.str();
  return folder_ + "/" + hex_encode(BytesView{crypto::sha256(as_bytes(name))}.first(16)) + ".gallery";
}

Result<std::shared_ptr<face::Gallery>> Galleries::gallery(const Space& space, std::size_t dimension) {
  const std::lock_guard lock{mutex_};
  if (const auto found = open_.find(space); found != open_.end()) return found->second;
  face::GalleryOptions options;
  options.dimension = dimension;
  options.space = file_of(space).substr(folder_.size());
  if (!folder_.empty()) options.path = file_of(space);
  auto made = face::Gallery::open(options);
  if (!made && !folder_.empty()) {
    // Another process of this machine has it, or the disk fails: memory serves as well.
    log::warning("face_gallery_in_memory", {{"detail", made.error().detail}});
    options.path.clear();
    made = face::Gallery::open(options);
  }
  if (!made) return std::move(made).error();
  return open_.emplace(space, std::shared_ptr<face::Gallery>{std::move(*made)}).first->second;
}

void Galleries::drop(const Uuid& id, const Space* except) {
  const std::lock_guard lock{mutex_};
  for (auto at = open_.begin(); at != open_.end();) {
    const bool emptied = (except == nullptr || at->first != *except) && at->second->remove(id) && at->second->size() == 0;
    if (!emptied) {
      ++at;
      continue;
    }
    if (!folder_.empty()) {
      std::error_code ec;
      fs::remove(file_of(at->first), ec);
    }
    at = open_.erase(at);
  }
}

Result<> Galleries::take(const Entry& entry) {
  drop(entry.id, &entry.space);
  if (!entry.values) {
    drop(entry.id);
    return {};
  }
  AX_TRY(const auto into, gallery(entry.space, entry.values->size()));
  auto put = into->put(entry.id, static_cast<std::uint64_t>(entry.seq), *entry.values);
  if (!put && put.error().code == Errc::validation) {
    log::warning("face_entry_unusable", {{"entry", entry.id.str()}});
    return {};
  }
  return put;
}

/// Files of lists, models and keys that are no more.
void Galleries::sweep_files() {
  if (folder_.empty()) return;
  std::unordered_set<std::string> wanted;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [space, gallery] : open_) wanted.insert(fs::path{file_of(space)}.filename().string());
  }
  std::error_code ec;
  for (const auto& file : fs::directory_iterator{folder_, ec})
    if (file.path().extension() == ".gallery" && !wanted.contains(file.path().filename().string())) fs::remove(file.path(), ec);
}

Result<> Galleries::reconcile() {
  if (!folder_.empty()) {
    std::error_code ec;
    fs::create_directories(folder_, ec);
    fs::permissions(folder_, fs::perms::owner_all, ec);
  }
  AX_TRY(const auto head, database_.read(db::Scope::everyone(), [](db::Tx& tx) -> Result<std::int64_t> {
    AX_TRY(const auto rows, tx.exec(kHead));
    return rows.at(0).integer(0);
  }));
  // What files hold of each space, less what the database confirms.
  std::map<Space, std::unordered_map<Uuid, std::uint64_t>> held;
  Uuid after;
  while (true) {
    std::map<Uuid, crypto::Key> list_keys;
    std::size_t seen = 0;
    AX_TRY(const auto missing, database_.read(db::Scope::everyone(), [&](db::Tx& tx) -> Result<std::vector<Entry>> {
      AX_TRY(const auto rows, tx.exec(kVersions, after, kBatch));
      seen = rows.size();
      std::vector<Entry> out;
      for (const auto& row : rows) {
        const auto id = row.uuid(0);
        const Space space{row.uuid(5), row.opt_uuid(1), row.text(2), row.integer(3)};
        const auto seq = row.integer(4);
        after = id;
        if (const auto known = held.find(space); known != held.end()) {
          const auto at = known->second.find(id);
          const bool same = at != known->second.end() && at->second == static_cast<std::uint64_t>(seq);
          if (at != known->second.end()) known->second.erase(at);
          if (same) continue;
        }
        AX_TRY(const auto full, tx.exec(kOne, id));
        if (full.empty()) continue;
        AX_TRY(auto entry, read_entry(tx, full[0], list_keys));
        out.push_back(std::move(entry));
      }
      return out;
    }));
    for (const auto& entry : missing) {
      if (entry.values && !held.contains(entry.space)) {
        // The first of a space opens its file: what it holds already need not be opened again.
        AX_TRY(const auto opened, gallery(entry.space, entry.values->size()));
        auto& known = held[entry.space];
        for (const auto& v : opened->versions()) known.emplace(v.id, v.version);
      }
      if (const auto known = held.find(entry.space); known != held.end()) {
        const auto at = known->second.find(entry.id);
        const bool same = at != known->second.end() && at->second == static_cast<std::uint64_t>(entry.seq);
        if (at != known->second.end()) known->second.erase(at);
        if (same) continue;
      }
      AX_CHECK(take(entry));
    }
    if (seen < static_cast<std::size_t>(kBatch)) break;
  }
  for (const auto& [space, left] : held)
    for (const auto& [id, version] : left) {
      const std::lock_guard lock{mutex_};
      if (const auto at = open_.find(space); at != open_.end()) at->second->remove(id);
    }
  sweep_files();
  applied_ = head;
  return {};
}

Result<> Galleries::catch_up() {
  const std::lock_guard guard{catching_up_};
  if (!applied_) AX_CHECK(reconcile());
  while (true) {
    struct Changes {
      std::vector<std::pair<std::int64_t, Uuid>> removed;
      std::vector<Entry> entries;
      std::int64_t until = 0;
    };
    std::map<Uuid, crypto::Key> list_keys;
    AX_TRY(const auto changes, database_.read(db::Scope::everyone(), [&](db::Tx& tx) -> Result<Changes> {
      Changes c;
      AX_TRY(const auto head, tx.exec(kHead));
      c.until = head.at(0).integer(0);
      if (c.until == *applied_) return c;
      AX_TRY(const auto gone, tx.exec(kRemoved, *applied_, kBatch));
      for (const auto& row : gone) c.removed.emplace_back(row.integer(0), row.uuid(1));
      AX_TRY(const auto rows, tx.exec(kChanged, *applied_, kBatch));
      for (const auto& row : rows) {
        AX_TRY(auto entry, read_entry(tx, row, list_keys));
        c.entries.push_back(std::move(entry));
      }
      if (gone.size() == static_cast<std::size_t>(kBatch)) c.until = std::min(c.until, c.removed.back().first);
      if (rows.size() == static_cast<std::size_t>(kBatch)) c.until = std::min(c.until, c.entries.back().seq);
      return c;
    }));
    if (changes.until == *applied_) return {};
    // An entry that is there now was not removed after it was last written: ids do not come again.
    for (const auto& [seq, id] : changes.removed)
      if (seq <= changes.until) drop(id);
    for (const auto& entry : changes.entries)
      if (entry.seq <= changes.until) AX_CHECK(take(entry));
    applied_ = changes.until;
  }
}

Result<Sightings> Galleries::search(const Uuid& tenant, const face::FaceEngine& engine, const face::Embedding& probe, Scope scope,
                                    std::size_t count, const std::optional<Uuid>& except, bool all) {
  AX_CHECK(catch_up());
  std::vector<std::pair<Space, std::shared_ptr<face::Gallery>>> galleries;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [space, gallery] : open_)
      if (space.tenant == tenant && space.model == probe.model_id &&
          (scope == Scope::everything || (scope == Scope::enrolled) == !space.list.has_value()))
        galleries.emplace_back(space, gallery);
  }
  Sightings out;
  for (const auto& [space, gallery] : galleries) out.searched += static_cast<std::int64_t>(gallery->size());
  const double rate = std::clamp(kFalseAlarms / static_cast<double>(std::max<std::int64_t>(out.searched, 1)), 1e-6, 1e-4);
  // Any comparison tells the threshold.
  AX_TRY(const auto self, engine.compare(probe, probe, face::Use::search, rate));
  out.threshold = self.threshold;

  struct Hit {
    Uuid id;
    double similarity = 0;
  };
  std::vector<Hit> hits;
  std::map<std::int64_t, std::vector<float>> mapped;  // the probe under each key
  const std::size_t wanted = count + (except ? static_cast<std::size_t>(kKept) : 0);
  for (const auto& [space, gallery] : galleries) {
    auto& values = mapped[space.key];
    if (values.empty()) {
      AX_TRY(auto protect, database_.read(tenant, [&](db::Tx& tx) { return vault_.protect(tx, probe, space.key); }));
      values = std::move(protect.values);
    }
    AX_TRY(const auto found, gallery->search(values, wanted, all ? -1.0 : out.threshold));
    for (const auto& hit : found) hits.push_back({hit.id, hit.similarity});
  }
  std::ranges::sort(hits,
                    [](const Hit& a, const Hit& b) { return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id; });
  AX_TRY(out.found, database_.read(tenant, [&](db::Tx& tx) -> Result<std::vector<Sighting>> {
    std::vector<Sighting> found;
    for (const auto& hit : hits) {
      if (found.size() == count) break;
      AX_TRY(const auto rows, tx.exec(kShown, hit.id, tenant));
      if (rows.empty()) continue;  // removed since
      Sighting s;
      s.entry = hit.id;
      s.user = rows[0].opt_uuid(0);
      if (except && s.user == except) continue;
      s.list = rows[0].opt_uuid(1);
      s.list_name = rows[0].opt_text(3).value_or("");
      s.list_kind = rows[0].opt_text(4).value_or("");
      if (s.list && !rows[0].is_null(2)) {
        AX_TRY(auto key, list_key(tx, keyring_, *s.list));
        const users::PersonBox box{std::move(key), "face_entries", hit.id};
        AX_TRY(s.label, box.open("label", rows[0].bytes(2)));
      }
      s.similarity = hit.similarity;
      found.push_back(std::move(s));
    }
    return found;
  }));
  for (auto& s : out.found) {
    AX_TRY(const auto read, engine.read_similarity(probe.model_id, s.similarity, face::Use::search, rate));
    s.probability = read.probability;
    s.fmr = read.fmr;
  }
  return out;
}

}  // namespace authx::faces
