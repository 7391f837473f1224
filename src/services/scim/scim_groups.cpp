#include <algorithm>
#include <set>

#include "base/collect.h"
#include "services/scim/patch.h"
#include "services/scim/scim_parts.h"

namespace authx::scim {
namespace {

#define GROUP_COLUMNS "id, display_name, external_id, role, version, created_at, updated_at"

constexpr db::Query kFind{"scim_groups.find", "SELECT " GROUP_COLUMNS " FROM scim_groups WHERE id = $1 AND tenant_id = $2"};
constexpr db::Query kHold{"scim_groups.hold", "UPDATE scim_groups SET version = version WHERE id = $1 AND tenant_id = $2"};
constexpr db::Query kByName{"scim_groups.by_name", "SELECT " GROUP_COLUMNS " FROM scim_groups WHERE name_key = $1 AND tenant_id = $2"};
constexpr db::Query kByExternal{
    "scim_groups.by_external", "SELECT " GROUP_COLUMNS " FROM scim_groups WHERE external_id = $1 AND tenant_id = $2 ORDER BY id LIMIT 200"};
constexpr db::Query kCount{"scim_groups.count", "SELECT count(*) FROM scim_groups WHERE tenant_id = $1"};
constexpr db::Query kPage{"scim_groups.page",
                          "SELECT " GROUP_COLUMNS " FROM scim_groups WHERE tenant_id = $3 ORDER BY id LIMIT $1 OFFSET $2"};
constexpr db::Query kInsert{"scim_groups.insert",
                            "INSERT INTO scim_groups (id, display_name, name_key, external_id, version, created_at, updated_at, "
                            "tenant_id) VALUES ($1, $2, $3, $4, 1, $5, $5, $6)"};
constexpr db::Query kUpdate{
    "scim_groups.update",
    "UPDATE scim_groups SET display_name = $2, name_key = $3, external_id = $4, version = version + 1, updated_at = $5 "
    "WHERE id = $1"};
constexpr db::Query kDelete{"scim_groups.delete", "DELETE FROM scim_groups WHERE id = $1 AND tenant_id = $2"};
constexpr db::Query kBind{"scim_groups.bind", "UPDATE scim_groups SET role = $2 WHERE id = $1"};
constexpr db::Query kMembers{"scim_group_members.list", "SELECT user_id FROM scim_group_members WHERE group_id = $1 ORDER BY user_id"};
constexpr db::Query kJoin{"scim_group_members.insert",
                          "INSERT INTO scim_group_members (group_id, user_id) SELECT g.id, u.user_id FROM scim_groups g, scim_users u "
                          "JOIN users p ON p.id = u.user_id WHERE g.id = $1 AND u.user_id = $2 AND p.tenant_id = g.tenant_id "
                          "RETURNING user_id"};
constexpr db::Query kLeave{"scim_group_members.delete", "DELETE FROM scim_group_members WHERE group_id = $1 AND user_id = $2"};
constexpr db::Query kBindings{
    "scim_groups.bindings",
    "SELECT g.id, g.display_name, g.role, count(m.user_id) FROM scim_groups g LEFT JOIN scim_group_members m ON "
    "m.group_id = g.id WHERE g.tenant_id = $1 GROUP BY g.id, g.display_name, g.role ORDER BY g.display_name LIMIT 500"};

std::string key_of(std::string_view name) {
  std::string out{name};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::optional<std::string> external_of(const json::object& document) {
  const auto* value = document.if_contains("externalId");
  return value != nullptr ? std::optional{std::string{value->as_string()}} : std::nullopt;
}

std::string name_of(const json::object& document) { return std::string{document.at("displayName").as_string()}; }

Error name_taken() {
  Error error{Errc::conflict};
  error.message = "There is a group of this name";
  return error;
}

/// Whether a request wants to see members: they may be many.
bool wants_members(const Query& query) {
  const auto names = [](std::string_view list) { return key_of(list).find("members") != std::string::npos; };
  return query.attributes.empty() ? !names(query.excluded) : names(query.attributes);
}

}  // namespace

struct ScimService::Group {
  Uuid id;
  std::string name;
  std::optional<std::string> external_id, role;
  std::int64_t version = 0;
  Time created_at, updated_at;

  static Group of(const db::Row& row) {
    return {row.uuid(0), row.text(1), row.opt_text(2), row.opt_text(3), row.integer(4), row.time(5), row.time(6)};
  }
};

Result<ScimService::Group> ScimService::find_group(db::Tx& tx, std::string_view text) const {
  const auto id = Uuid::parse(text);
  if (!id) return Errc::not_found;
  AX_TRY(const auto rows, tx.exec(kFind, *id, tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return Group::of(rows[0]);
}

Result<std::vector<Uuid>> ScimService::members(db::Tx& tx, const Uuid& group) const {
  AX_TRY(const auto rows, tx.exec(kMembers, group));
  return collect(rows, [](const db::Row& row) { return row.uuid(0); });
}

Resource ScimService::shown(const Group& group, const std::vector<Uuid>* members) const {
  Resource out;
  out.id = group.id.str();
  out.etag = "W/\"" + std::to_string(group.version) + '"';
  out.body["schemas"] = json::array{json_text(kGroupSchema)};
  out.body["id"] = out.id;
  if (group.external_id) out.body["externalId"] = *group.external_id;
  out.body["displayName"] = group.name;
  if (members != nullptr && !members->empty()) {
    json::array list;
    for (const auto& id : *members)
      list.push_back(json::object{{"value", id.str()}, {"$ref", p_.base + "/Users/" + id.str()}, {"type", "User"}});
    out.body["members"] = std::move(list);
  }
  out.body["meta"] = json::object{{"resourceType", "Group"},
                                  {"created", format_time(group.created_at)},
                                  {"lastModified", format_time(group.updated_at)},
                                  {"location", p_.base + "/Groups/" + out.id},
                                  {"version", out.etag}};
  return out;
}

Result<> ScimService::set_members(db::Tx& tx, const Group& group, const json::object& document) {
  std::set<Uuid> wanted;
  if (const auto* list = document.if_contains("members")) {
    for (const auto& item : list->as_array()) {
      const auto* value = item.as_object().if_contains("value");
      const auto* type = item.as_object().if_contains("type");
      if (type != nullptr && !same_name({type->as_string().data(), type->as_string().size()}, "User"))
        return fault("invalidValue", "a group holds people, not groups");
      const auto id = value != nullptr ? Uuid::parse({value->as_string().data(), value->as_string().size()}) : std::nullopt;
      if (!id) return fault("invalidValue", "a member's value is no id");
      wanted.insert(*id);
    }
  }
  AX_TRY(const auto present, members(tx, group.id));
  const std::set<Uuid> have{present.begin(), present.end()};
  for (const auto& id : have) {
    if (wanted.contains(id)) continue;
    AX_CHECK(tx.exec(kLeave, group.id, id));
    if (group.role) AX_CHECK(p_.roles.take(tx, id, *group.role, group.id.str()));
  }
  for (const auto& id : wanted) {
    if (have.contains(id)) continue;
    AX_TRY(const auto joined, tx.exec(kJoin, group.id, id));
    if (joined.empty()) return fault("invalidValue", "a member is no account of the directory");
    if (group.role) AX_CHECK(p_.roles.bring(tx, id, *group.role, group.id.str()));
  }
  return {};
}

awaitable<Result<Resource>> ScimService::create_group(http::Directory by, json::object document) {
  AX_CO_TRY(const auto wanted, cleaned(document, group_schema()));
  auto run = [&](db::Tx& tx) -> Result<Resource> {
    const auto name = name_of(wanted);
    AX_TRY(const auto same, tx.exec(kByName, key_of(name), tx.scope().home()));
    if (!same.empty()) return name_taken();
    AX_TRY(const auto count, tx.exec(kCount, tx.scope().home()));
    if (count[0].integer(0) >= kMostGroups) return fault("tooMany", "there are too many groups");
    const auto now = p_.core.clock.now();
    const auto id = Uuid::generate(now);
    AX_CHECK(tx.exec(kInsert, id, name, key_of(name), external_of(wanted), now, tx.scope().home()));
    AX_TRY(const auto group, find_group(tx, id.str()));
    AX_CHECK(set_members(tx, group, wanted));
    AX_TRY(const auto held, members(tx, id));
    AX_CHECK(
        p_.core.audit.append(tx, {by.id, "directory.group_created",
                                  json::serialize(json::object{{"group", id.str()}, {"after", {{"members", held.size()}}}}), &by.request}));
    return shown(group, &held);
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Resource>> ScimService::group(Uuid tenant, std::string id) {
  auto run = [&](db::Tx& tx) -> Result<Resource> {
    AX_TRY(const auto found, find_group(tx, id));
    AX_TRY(const auto held, members(tx, found.id));
    return shown(found, &held);
  };
  co_return co_await p_.database.read(tenant, run);
}

awaitable<Result<Page>> ScimService::groups(Uuid tenant, Query query) {
  std::optional<Filter> filter;
  if (!query.filter.empty()) {
    AX_CO_TRY(filter, Filter::parse(query.filter));
  }
  const auto start = std::clamp<std::int64_t>(query.start, 1, 1'000'000'000);
  const auto count = std::clamp<std::int64_t>(query.count, 0, kPageSize);
  const bool with_members = wants_members(query);
  auto run = [&](db::Tx& tx) -> Result<Page> {
    Page out;
    out.start = start;
    const auto full = [&](const Group& group, bool wanted) -> Result<Resource> {
      if (!wanted) return shown(group, nullptr);
      AX_TRY(const auto held, members(tx, group.id));
      return shown(group, &held);
    };
    if (!filter) {
      AX_TRY(const auto all, tx.exec(kCount, tx.scope().home()));
      out.total = all[0].integer(0);
      AX_TRY(const auto rows, tx.exec(kPage, count, start - 1, tx.scope().home()));
      for (const auto& row : rows) {
        AX_TRY(const auto one, full(Group::of(row), with_members));
        out.items.push_back(projected(one.body, query.attributes, query.excluded));
      }
      return out;
    }
    std::vector<Group> candidates;
    if (const auto id = filter->must_equal("id")) {
      auto found = find_group(tx, *id);
      if (!found && found.error().code != Errc::not_found) return found.error();
      if (found) candidates.push_back(std::move(*found));
    } else {
      const auto name = filter->must_equal("displayName");
      const auto external = filter->must_equal("externalId");
      AX_TRY(const auto rows, name       ? tx.exec(kByName, key_of(*name), tx.scope().home())
                              : external ? tx.exec(kByExternal, *external, tx.scope().home())
                                         : tx.exec(kPage, kScanned + 1, std::int64_t{0}, tx.scope().home()));
      if (static_cast<std::int64_t>(rows.size()) > kScanned)
        return fault("tooMany", "with this many groups only filters that name displayName, externalId or id with eq are answered");
      for (const auto& row : rows) candidates.push_back(Group::of(row));
    }
    const bool by_members = filter->mentions("members");
    for (const auto& group : candidates) {
      AX_TRY(const auto one, full(group, by_members || with_members));
      if (!filter->matches(one.body, group_schema())) continue;
      ++out.total;
      if (out.total >= start && out.total < start + count) out.items.push_back(projected(one.body, query.attributes, query.excluded));
    }
    return out;
  };
  co_return co_await p_.database.read(tenant, run);
}

Result<Conditional<Resource>> ScimService::change_group(db::Tx& tx, const http::Directory& by, std::string_view id,
                                                        const json::object& document, bool patch) {
  if (const auto uuid = Uuid::parse(id)) AX_CHECK(tx.exec(kHold, *uuid, tx.scope().home()));  // two patches at the same time both count
  AX_TRY(const auto before, find_group(tx, id));
  AX_TRY(const auto had, members(tx, before.id));
  const auto seen = shown(before, &had);
  if (!Condition{by.if_match}.holds(seen.etag)) return Conditional<Resource>{};
  AX_TRY(const auto wanted, patch ? patched(seen.body, document, group_schema()) : cleaned(document, group_schema()));
  const auto name = name_of(wanted);
  AX_TRY(const auto same, tx.exec(kByName, key_of(name), tx.scope().home()));
  if (!same.empty() && same[0].uuid(0) != before.id) return name_taken();
  AX_CHECK(tx.exec(kUpdate, before.id, name, key_of(name), external_of(wanted), p_.core.clock.now()));
  AX_CHECK(set_members(tx, before, wanted));
  AX_TRY(const auto after, find_group(tx, id));
  AX_TRY(const auto has, members(tx, before.id));
  json::array joined, left;
  for (const auto& one : has)
    if (!std::ranges::binary_search(had, one) && joined.size() < 100) joined.push_back(json::value(json::string{one.str()}));
  for (const auto& one : had)
    if (!std::ranges::binary_search(has, one) && left.size() < 100) left.push_back(json::value(json::string{one.str()}));
  const json::object what{{"group", before.id.str()},
                          {"before", {{"members", had.size()}}},
                          {"after", {{"members", has.size()}}},
                          {"joined", joined},
                          {"left", left}};
  AX_CHECK(p_.core.audit.append(tx, {by.id, "directory.group_changed", json::serialize(what), &by.request}));
  return Conditional<Resource>{shown(after, &has)};
}

awaitable<Result<Conditional<Resource>>> ScimService::replace_group(http::Directory by, std::string id, json::object document) {
  auto run = [&](db::Tx& tx) { return change_group(tx, by, id, document, false); };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Conditional<Resource>>> ScimService::patch_group(http::Directory by, std::string id, json::object operations) {
  auto run = [&](db::Tx& tx) { return change_group(tx, by, id, operations, true); };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<bool>> ScimService::delete_group(http::Directory by, std::string id) {
  auto run = [&](db::Tx& tx) -> Result<bool> {
    AX_TRY(const auto found, find_group(tx, id));
    AX_TRY(const auto had, members(tx, found.id));
    if (!Condition{by.if_match}.holds(shown(found, nullptr).etag)) return false;
    if (found.role)
      for (const auto& member : had) AX_CHECK(p_.roles.take(tx, member, *found.role, found.id.str()));
    AX_CHECK(tx.exec(kDelete, found.id, tx.scope().home()));
    AX_CHECK(p_.core.audit.append(
        tx, {by.id, "directory.group_deleted",
             json::serialize(json::object{{"group", found.id.str()}, {"before", {{"members", had.size()}}}}), &by.request}));
    return true;
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<std::vector<GroupBinding>>> ScimService::bindings(Uuid tenant) {
  auto run = [](db::Tx& tx) -> Result<std::vector<GroupBinding>> {
    AX_TRY(const auto rows, tx.exec(kBindings, tx.scope().home()));
    return collect(rows, [](const db::Row& row) { return GroupBinding{row.uuid(0), row.text(1), row.opt_text(2), row.integer(3)}; });
  };
  co_return co_await p_.database.read(tenant, run);
}

awaitable<Result<>> ScimService::bind(http::Principal by, Uuid id, std::optional<std::string> role) {
  auto run = [&](db::Tx& tx) -> Result<> {
    const auto granter = access::Granter::caller(by);
    AX_CHECK(tx.exec(kHold, id, tx.scope().home()));
    AX_TRY(const auto group, find_group(tx, id.str()));
    for (const auto& one : {group.role, role}) {
      if (!one) continue;
      AX_TRY(const auto known, p_.roles.hold(tx, *one));
      AX_CHECK(granter.may_give(known.permissions));
    }
    if (group.role == role) return {};
    AX_CHECK(tx.exec(kBind, id, role));
    AX_TRY(const auto held, members(tx, id));
    for (const auto& member : held) {
      if (group.role) AX_CHECK(p_.roles.take(tx, member, *group.role, id.str()));
      if (role) AX_CHECK(p_.roles.bring(tx, member, *role, id.str()));
    }
    const auto word = [](const std::optional<std::string>& one) { return one ? json::value(json::string{*one}) : json::value{}; };
    const json::object what{{"group", id.str()}, {"before", {{"role", word(group.role)}}}, {"after", {{"role", word(role)}}}};
    return p_.core.audit.append(tx, {by.id, "directory.group_bound", json::serialize(what), &by.request});
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

}  // namespace authx::scim
