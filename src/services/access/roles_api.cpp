#include "services/access/roles_api.h"

#include "base/collect.h"

namespace authx::access {
namespace {

using namespace http;
using Manager = Can<Permission::manage_access>;

struct NewRole {
  Text<2, 50> name;
  std::optional<Text<0, 500>> description;
  List<Text<1, 40>, 0, 32> permissions;
  std::optional<Int<1, 3>> needed_aal;
  static constexpr auto example = R"({"name":"support","description":"Reads the audit log","permissions":["read_audit"],"needed_aal":2})";
};
BOOST_DESCRIBE_STRUCT(NewRole, (), (name, description, permissions, needed_aal))

struct RoleChange {
  Text<2, 50> role;
  std::optional<Text<0, 500>> description;
  List<Text<1, 40>, 0, 32> permissions;
  std::optional<Int<1, 3>> needed_aal;
};
BOOST_DESCRIBE_STRUCT(RoleChange, (), (role, description, permissions, needed_aal))

struct OneRole {
  Text<2, 50> role;
};
BOOST_DESCRIBE_STRUCT(OneRole, (), (role))

struct OnePerson {
  Uuid user_id;
};
BOOST_DESCRIBE_STRUCT(OnePerson, (), (user_id))

struct RoleOfPerson {
  Uuid user_id;
  Text<2, 50> role;
};
BOOST_DESCRIBE_STRUCT(RoleOfPerson, (), (user_id, role))

struct RoleView {
  std::string name, description;
  std::vector<std::string> permissions;
  std::int64_t needed_aal = 1;
  bool built_in = false;
  std::optional<Time> created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RoleView, (), (name, description, permissions, needed_aal, built_in, created_at, updated_at))

struct RoleViews {
  std::vector<RoleView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RoleViews, (), (items))

struct GrantView {
  std::string role, source;
  std::optional<Uuid> granted_by;
  Time granted_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(GrantView, (), (role, source, granted_by, granted_at))

struct GrantViews {
  std::vector<GrantView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(GrantViews, (), (items))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

RoleView view(const Role& in) {
  return {in.name, in.description, words_of(in.permissions), in.needed_aal, in.built_in, in.created_at, in.updated_at};
}

Result<Role> asked(std::string name, const std::optional<Text<0, 500>>& description, const List<Text<1, 40>, 0, 32>& permissions,
                   const std::optional<Int<1, 3>>& needed_aal) {
  Role out;
  out.name = std::move(name);
  if (description) out.description = description->value;
  AX_TRY(out.permissions, known_permissions(collect(permissions.value, [](const auto& word) { return word.value; })));
  if (needed_aal) out.needed_aal = static_cast<std::uint8_t>(needed_aal->value);
  return out;
}

awaitable<Result<RoleView>> create(RolesApi& service, const Manager& caller, NewRole in) {
  AX_CO_TRY(const auto role, asked(in.name.value, in.description, in.permissions, in.needed_aal));
  auto run = [&](db::Tx& tx) -> Result<Role> {
    AX_CHECK(service.roles.create(tx, Granter::caller(caller), role));
    return service.roles.get(tx, role.name);
  };
  AX_CO_TRY(const auto made, co_await service.database.write(caller.request.tenant, run));
  co_return view(made);
}

awaitable<Result<RoleViews>> list(RolesApi& service, const Manager& caller, Empty) {
  auto run = [&](db::Tx& tx) { return service.roles.list(tx); };
  AX_CO_TRY(const auto found, co_await service.database.read(caller.request.tenant, run));
  RoleViews out;
  for (const auto& role : found) out.items.push_back(view(role));
  co_return out;
}

awaitable<Result<RoleView>> get(RolesApi& service, const Manager& caller, OneRole in) {
  auto run = [&](db::Tx& tx) { return service.roles.get(tx, in.role.value); };
  AX_CO_TRY(const auto found, co_await service.database.read(caller.request.tenant, run));
  co_return view(found);
}

awaitable<Result<RoleView>> change(RolesApi& service, const Manager& caller, RoleChange in) {
  AX_CO_TRY(const auto role, asked(in.role.value, in.description, in.permissions, in.needed_aal));
  auto run = [&](db::Tx& tx) { return service.roles.change(tx, Granter::caller(caller), role); };
  AX_CO_TRY(const auto changed, co_await service.database.write(caller.request.tenant, run));
  co_return view(changed);
}

awaitable<Result<Said>> remove(RolesApi& service, const Manager& caller, OneRole in) {
  auto run = [&](db::Tx& tx) { return service.roles.remove(tx, Granter::caller(caller), in.role.value); };
  AX_CO_CHECK(co_await service.database.write(caller.request.tenant, run));
  Said out{"The role is deleted"};
  co_return out;
}

awaitable<Result<GrantViews>> grants(RolesApi& service, const Manager& caller, OnePerson in) {
  auto run = [&](db::Tx& tx) { return service.roles.grants(tx, in.user_id); };
  AX_CO_TRY(auto found, co_await service.database.read(caller.request.tenant, run));
  GrantViews out;
  for (auto& grant : found) out.items.push_back({std::move(grant.role), std::move(grant.source), grant.granted_by, grant.granted_at});
  co_return out;
}

awaitable<Result<Said>> grant(RolesApi& service, const Manager& caller, RoleOfPerson in) {
  auto run = [&](db::Tx& tx) { return service.roles.grant(tx, Granter::caller(caller), in.user_id, in.role.value); };
  AX_CO_CHECK(co_await service.database.write(caller.request.tenant, run));
  Said out{"The role is granted; it counts from the person's next sign-in or refresh"};
  co_return out;
}

awaitable<Result<Said>> withdraw(RolesApi& service, const Manager& caller, RoleOfPerson in) {
  auto run = [&](db::Tx& tx) { return service.roles.withdraw(tx, Granter::caller(caller), in.user_id, in.role.value); };
  AX_CO_CHECK(co_await service.database.write(caller.request.tenant, run));
  Said out{"The role is withdrawn; the person's sessions are ended"};
  co_return out;
}

About about(std::string_view id, std::string_view summary, std::vector<Errc> errors = {}, int success = 200) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Administration";
  out.success = success;
  out.errors = std::move(errors);
  return out;
}

}  // namespace

void add_role_routes(Router& router, RolesApi& service) {
  router.post("/admin/roles", service, &create,
              about("createRole", "Make a role of permissions that the caller has", {Errc::conflict}, 201));
  router.get("/admin/roles", service, &list, about("listRoles", "All roles, built-in ones first"));
  router.get("/admin/roles/{role}", service, &get, about("getRole", "One role", {Errc::not_found}));
  router.add(Method::put, "/admin/roles/{role}", service, &change,
             about("changeRole", "Replace a role's description, permissions and needed level; less permission ends its holders' sessions",
                   {Errc::not_found, Errc::conflict}));
  router.add(Method::del, "/admin/roles/{role}", service, &remove,
             about("deleteRole", "Delete a role that nobody holds", {Errc::not_found, Errc::conflict}));
  router.get("/admin/users/{user_id}/roles", service, &grants,
             about("listRoleGrants", "What was granted to a person beside the account's own role", {Errc::not_found}));
  router.add(Method::put, "/admin/users/{user_id}/roles/{role}", service, &grant,
             about("grantRole", "Grant a role whose permissions the caller has", {Errc::not_found}));
  router.add(Method::del, "/admin/users/{user_id}/roles/{role}", service, &withdraw,
             about("withdrawRole", "Take a granted role back and end the person's sessions", {Errc::not_found}));
}

}  // namespace authx::access
