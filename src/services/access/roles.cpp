#include "services/access/roles.h"

#include <algorithm>

#include "base/collect.h"
#include "base/json.h"

namespace authx::access {
namespace {

#define ROLE_COLUMNS "name, description, permissions, needed_aal, created_at, updated_at"

constexpr db::Query kList{"roles.list", "SELECT " ROLE_COLUMNS " FROM roles WHERE tenant_id = $1 ORDER BY name"};
constexpr db::Query kGet{"roles.get", "SELECT " ROLE_COLUMNS " FROM roles WHERE name = $1 AND tenant_id = $2"};
constexpr db::Query kHold{"roles.hold",
                          "UPDATE roles SET updated_at = updated_at WHERE name = $1 AND tenant_id = $2 RETURNING " ROLE_COLUMNS};
constexpr db::Query kCount{"roles.count", "SELECT count(*) FROM roles WHERE tenant_id = $1"};
constexpr db::Query kInsert{"roles.insert",
                            "INSERT INTO roles (name, description, permissions, needed_aal, created_by, created_at, updated_at, tenant_id) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING name"};
constexpr db::Query kChange{
    "roles.change",
    "UPDATE roles SET description = $2, permissions = $3, needed_aal = $4, updated_at = $5 WHERE name = $1 AND tenant_id = $6"};
constexpr db::Query kRemove{"roles.remove", "DELETE FROM roles WHERE name = $1 AND tenant_id = $2"};
constexpr db::Query kUsed{"roles.used",
                          "SELECT 1 FROM role_grants g JOIN users u ON u.id = g.user_id WHERE g.role = $1 AND u.tenant_id = $2 UNION ALL "
                          "SELECT 1 FROM scim_groups WHERE role = $1 AND tenant_id = $2 LIMIT 1"};
constexpr db::Query kHolders{
    "roles.holders",
    "SELECT DISTINCT g.user_id FROM role_grants g JOIN users u ON u.id = g.user_id WHERE g.role = $1 AND u.tenant_id = $2"};
constexpr db::Query kGiven{
    "roles.given",
    "SELECT u.role, g.role, r.permissions FROM users u LEFT JOIN role_grants g ON g.user_id = u.id AND g.source = $2 "
    "LEFT JOIN roles r ON r.name = g.role AND r.tenant_id = u.tenant_id WHERE u.id = $1 AND u.tenant_id = COALESCE($3, u.tenant_id)"};
constexpr db::Query kPerson{"roles.person", "SELECT id FROM users WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kGrants{"role_grants.list",
                            "SELECT role, source, granted_by, granted_at FROM role_grants WHERE user_id = $1 ORDER BY role, source"};
constexpr db::Query kGrant{"role_grants.insert",
                           "INSERT INTO role_grants (user_id, role, source, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5) "
                           "ON CONFLICT (user_id, role, source) DO NOTHING RETURNING role"};
constexpr db::Query kWithdraw{"role_grants.delete",
                              "DELETE FROM role_grants WHERE user_id = $1 AND role = $2 AND source = $3 RETURNING role"};

constexpr http::Role kBuiltIn[] = {http::Role::user, http::Role::verifier, http::Role::auditor, http::Role::admin};

Role built_in(const db::Tx& tx, http::Role role) {
  Role out;
  out.name = http::to_string(role);
  switch (role) {
    case http::Role::user: out.description = "Verifies their own identity"; break;
    case http::Role::verifier: out.description = "Reviews others' documents and verifications"; break;
    case http::Role::auditor: out.description = "Reads the audit log"; break;
    case http::Role::admin: out.description = "May do everything"; break;
  }
  out.permissions = http::within(http::permissions_of(role), tx.scope().home());
  out.built_in = true;
  return out;
}

Role role_of(const db::Row& row) {
  return {row.text(0), row.text(1), http::parse_permissions(row.text(2)), static_cast<std::uint8_t>(row.integer(3)), false,
          row.time(4), row.time(5)};
}

json::object told(const Role& role) {
  return {{"description", role.description}, {"permissions", joined(http::words_of(role.permissions))}, {"needed_aal", role.needed_aal}};
}

Error conflict(const char* message) {
  Error error{Errc::conflict};
  error.message = message;
  return error;
}

}  // namespace

bool is_role_name(std::string_view name) noexcept {
  return name.size() >= 2 && name.size() <= 50 && name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<std::vector<Role>> Roles::list(db::Tx& tx) const {
  std::vector<Role> out;
  for (const auto role : kBuiltIn) out.push_back(built_in(tx, role));
  AX_TRY(const auto rows, tx.exec(kList, tx.scope().home()));
  for (const auto& row : rows) out.push_back(role_of(row));
  return out;
}

Result<Role> Roles::get(db::Tx& tx, std::string_view name) const {
  if (const auto role = http::parse_role(name)) return built_in(tx, *role);
  AX_TRY(const auto rows, tx.exec(kGet, name, tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return role_of(rows[0]);
}

Result<Role> Roles::hold(db::Tx& tx, std::string_view name) {
  if (const auto role = http::parse_role(name)) return built_in(tx, *role);
  AX_TRY(const auto rows, tx.exec(kHold, name, tx.scope().home()));
  if (rows.empty()) return Errc::not_found;
  return role_of(rows[0]);
}

Result<> Roles::create(db::Tx& tx, const Granter& by, const Role& role) {
  if (!is_role_name(role.name))
    return Error::invalid("name", "must be a word of 2 to 50 lower-case letters, digits and _, beginning with a letter");
  AX_CHECK(by.may_give(role.permissions));
  if (http::parse_role(role.name)) return conflict("A role of this name is built in");
  AX_TRY(const auto count, tx.exec(kCount, tx.scope().home()));
  if (count[0].integer(0) >= static_cast<std::int64_t>(kMost)) return conflict("There are too many roles");
  AX_TRY(const auto made, tx.exec(kInsert, role.name, role.description, joined(http::words_of(role.permissions)),
                                  std::int64_t{role.needed_aal}, by.id, clock_.now(), tx.scope().home()));
  if (made.empty()) return conflict("There is a role of this name");
  return audit_.append(
      tx, {by.id, "access.role_created", json::serialize(json::object{{"role", role.name}, {"after", told(role)}}), by.request});
}

Result<Role> Roles::change(db::Tx& tx, const Granter& by, const Role& role) {
  AX_TRY(const auto before, hold(tx, role.name));
  if (before.built_in) return conflict("A built-in role cannot be changed");
  AX_CHECK(by.may_give(before.permissions));
  AX_CHECK(by.may_give(role.permissions));
  const auto now = clock_.now();
  AX_CHECK(tx.exec(kChange, role.name, role.description, joined(http::words_of(role.permissions)), std::int64_t{role.needed_aal}, now,
                   tx.scope().home()));
  if (!role.permissions.has_all(before.permissions) || role.needed_aal > before.needed_aal) {
    AX_TRY(const auto holders, tx.exec(kHolders, role.name, tx.scope().home()));
    for (const auto& holder : holders) AX_CHECK(sessions_.revoke_all(tx, holder.uuid(0), "roles_changed"));
  }
  AX_CHECK(
      audit_.append(tx, {by.id, "access.role_changed",
                         json::serialize(json::object{{"role", role.name}, {"before", told(before)}, {"after", told(role)}}), by.request}));
  auto after = role;
  after.created_at = before.created_at;
  after.updated_at = now;
  return after;
}

Result<> Roles::remove(db::Tx& tx, const Granter& by, std::string_view name) {
  AX_TRY(const auto before, hold(tx, name));
  if (before.built_in) return conflict("A built-in role cannot be deleted");
  AX_CHECK(by.may_give(before.permissions));
  AX_TRY(const auto used, tx.exec(kUsed, name, tx.scope().home()));
  if (!used.empty()) return conflict("The role is in use");
  AX_CHECK(tx.exec(kRemove, name, tx.scope().home()));
  return audit_.append(
      tx, {by.id, "access.role_deleted", json::serialize(json::object{{"role", before.name}, {"before", told(before)}}), by.request});
}

Result<std::vector<Grant>> Roles::grants(db::Tx& tx, const Uuid& user) const {
  AX_TRY(const auto person, tx.exec(kPerson, user, tx.scope().only()));
  if (person.empty()) return Errc::not_found;
  AX_TRY(const auto rows, tx.exec(kGrants, user));
  return collect(rows, [](const db::Row& row) { return Grant{row.text(0), row.text(1), row.opt_uuid(2), row.time(3)}; });
}

Result<> Roles::grant(db::Tx& tx, const Granter& by, const Uuid& user, std::string_view name) {
  AX_TRY(const auto role, hold(tx, name));
  AX_CHECK(by.may_give(role.permissions));
  AX_TRY(const auto before, grants(tx, user));
  AX_TRY(const auto made, tx.exec(kGrant, user, name, kByAdministrator, by.id, clock_.now()));
  if (made.empty()) return {};
  json::array had;
  for (const auto& grant : before) had.push_back(json::value(json::string{grant.role}));
  json::array has = had;
  has.push_back(json::value(json::string{role.name}));
  return audit_.append(
      tx, {by.id ? by.id : std::optional{user}, "access.role_granted",
           json::serialize(json::object{{"user", user.str()}, {"role", role.name}, {"before", had}, {"after", has}}), by.request});
}

Result<> Roles::withdraw(db::Tx& tx, const Granter& by, const Uuid& user, std::string_view name) {
  AX_TRY(const auto role, hold(tx, name));
  AX_CHECK(by.may_give(role.permissions));
  AX_TRY(const auto before, grants(tx, user));
  AX_TRY(const auto gone, tx.exec(kWithdraw, user, name, kByAdministrator));
  if (gone.empty()) return Errc::not_found;
  AX_CHECK(sessions_.revoke_all(tx, user, "roles_changed"));
  AX_TRY(const auto after, grants(tx, user));
  json::array had, has;
  for (const auto& grant : before) had.push_back(json::value(json::string{grant.role}));
  for (const auto& grant : after) has.push_back(json::value(json::string{grant.role}));
  return audit_.append(
      tx, {by.id ? by.id : std::optional{user}, "access.role_withdrawn",
           json::serialize(json::object{{"user", user.str()}, {"role", role.name}, {"before", had}, {"after", has}}), by.request});
}

Result<http::Permissions> Roles::given_by_administrators(db::Tx& tx, const Uuid& user) const {
  AX_TRY(const auto rows, tx.exec(kGiven, user, kByAdministrator, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  http::Permissions out;
  for (const auto& row : rows) {
    if (const auto own = http::parse_role(row.text(0))) out.add(http::permissions_of(*own));
    if (const auto granted = http::parse_role(row.opt_text(1).value_or(""))) out.add(http::permissions_of(*granted));
    out.add(http::parse_permissions(row.opt_text(2).value_or("")));
  }
  return http::within(out, tx.scope().home());
}

Result<> Roles::bring(db::Tx& tx, const Uuid& user, std::string_view role, std::string_view source) {
  AX_CHECK(tx.exec(kGrant, user, role, source, std::optional<Uuid>{}, clock_.now()));
  return {};
}

Result<> Roles::take(db::Tx& tx, const Uuid& user, std::string_view role, std::string_view source) {
  AX_TRY(const auto gone, tx.exec(kWithdraw, user, role, source));
  if (!gone.empty()) AX_CHECK(sessions_.revoke_all(tx, user, "roles_changed"));
  return {};
}

}  // namespace authx::access
