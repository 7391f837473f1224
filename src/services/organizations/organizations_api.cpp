#include "services/organizations/organizations_api.h"

#include "services/auth/one_time_tokens.h"
#include "services/users/users_service.h"

namespace authx::organizations {
namespace {

using namespace http;
using Platform = Can<Permission::manage_organizations>;

constexpr std::chrono::hours kLinkLifetime{72};

struct OrganizationRequest {
  Text<1, 63> slug;
  Text<1, 100> name;
  std::optional<Text<1, 253>> domain;
  static constexpr auto example = R"({"slug":"acme","name":"Acme Bank","domain":"id.acme.example"})";
};
BOOST_DESCRIBE_STRUCT(OrganizationRequest, (), (slug, name, domain))

struct OrganizationChange {
  Uuid organization_id;
  Text<1, 100> name;
  std::optional<Text<1, 253>> domain;  ///< absent: none
};
BOOST_DESCRIBE_STRUCT(OrganizationChange, (), (organization_id, name, domain))

struct OneOrganization {
  Uuid organization_id;
};
BOOST_DESCRIBE_STRUCT(OneOrganization, (), (organization_id))

struct OrganizationQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(OrganizationQuery, (), (limit, cursor))

struct AdministratorRequest {
  Uuid organization_id;
  Text<1, 255> name;
  Email email;
};
BOOST_DESCRIBE_STRUCT(AdministratorRequest, (), (organization_id, name, email))

struct OrganizationView {
  Uuid organization_id;
  std::string slug, name;
  std::optional<std::string> domain;
  Time created_at;
  std::optional<Time> suspended_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(OrganizationView, (), (organization_id, slug, name, domain, created_at, suspended_at))

struct OrganizationList {
  std::vector<OrganizationView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(OrganizationList, (), (items, next_cursor))

/// What the installation's administrators may know of people who are not theirs: nothing that is sealed.
struct PersonView {
  Uuid user_id;
  std::string role, status;
  Time created_at;
  std::optional<Time> last_login_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PersonView, (), (user_id, role, status, created_at, last_login_at))

struct PeopleList {
  std::vector<PersonView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(PeopleList, (), (items, next_cursor))

struct PeopleQuery {
  Uuid organization_id;
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(PeopleQuery, (), (organization_id, limit, cursor))

struct AdministratorView {
  Uuid user_id;
  std::string setup_link;  ///< shown once
  Time expires_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(AdministratorView, (), (user_id, setup_link, expires_at))

OrganizationView view(Organization o) {
  return {o.id, std::move(o.slug), std::move(o.name), std::move(o.domain), o.created_at, o.suspended_at};
}

json::object document(const Organization& o) {
  json::object out{{"organization_id", o.id.str()}, {"slug", o.slug}, {"name", o.name}, {"suspended", o.suspended_at.has_value()}};
  if (o.domain) out["domain"] = *o.domain;
  return out;
}

std::string change(const Organization& before, const Organization& after) {
  return json::serialize(json::object{{"before", document(before)}, {"after", document(after)}});
}

/// What was changed counts in this process at once.
awaitable<Result<>> refresh(OrganizationsService& s) {
  AX_CO_TRY(auto known, co_await s.database.read(db::Scope::everyone(), &Directory::load));
  s.directory.take(std::move(known));
  co_return Result<>{};
}

awaitable<Result<OrganizationView>> create_one(OrganizationsService& s, const Platform& caller, OrganizationRequest in) {
  AX_CO_CHECK(check_slug(in.slug.value));
  Organization wanted;
  wanted.slug = std::move(in.slug.value);
  wanted.name = std::move(in.name.value);
  if (in.domain) {
    AX_CO_CHECK(check_domain(in.domain->value));
    wanted.domain = std::move(in.domain->value);
  }
  auto store = [&](db::Tx& tx) -> Result<Organization> {
    AX_TRY(auto made, create(tx, s.clock.now(), wanted, caller.id));
    AX_CHECK(s.audit.append(tx, {caller.id, "organization.created", json::serialize(document(made)), &caller.request}));
    return made;
  };
  AX_CO_TRY(auto made, co_await s.database.write(caller.request.tenant, store));
  AX_CO_CHECK(co_await refresh(s));
  co_return view(std::move(made));
}

awaitable<Result<OrganizationList>> list_all(OrganizationsService& s, const Platform& caller, OrganizationQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  auto read = [&in, limit](db::Tx& tx) { return list(tx, in.cursor, limit + 1); };
  AX_CO_TRY(auto found, co_await s.database.read(caller.request.tenant, read));
  OrganizationList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& one : found) out.items.push_back(view(std::move(one)));
  co_return out;
}

awaitable<Result<OrganizationView>> get_one(OrganizationsService& s, const Platform& caller, OneOrganization in) {
  auto read = [&in](db::Tx& tx) { return get(tx, in.organization_id); };
  AX_CO_TRY(auto found, co_await s.database.read(caller.request.tenant, read));
  co_return view(std::move(found));
}

awaitable<Result<OrganizationView>> change_one(OrganizationsService& s, const Platform& caller, OrganizationChange in) {
  if (in.domain) AX_CO_CHECK(check_domain(in.domain->value));
  auto store = [&](db::Tx& tx) -> Result<Organization> {
    AX_TRY(const auto before, get(tx, in.organization_id));
    auto after = before;
    after.name = in.name.value;
    after.domain.reset();
    if (in.domain) after.domain = in.domain->value;
    AX_CHECK(rename(tx, after));
    AX_CHECK(s.audit.append(tx, {caller.id, "organization.changed", change(before, after), &caller.request}));
    return after;
  };
  AX_CO_TRY(auto changed, co_await s.database.write(caller.request.tenant, store));
  AX_CO_CHECK(co_await refresh(s));
  co_return view(std::move(changed));
}

awaitable<Result<OrganizationView>> set_suspended(OrganizationsService& s, const Platform& caller, const Uuid& id, bool suspended) {
  auto store = [&](db::Tx& tx) -> Result<Organization> {
    AX_TRY(const auto before, get(tx, id));
    auto after = before;
    after.suspended_at.reset();
    if (suspended) after.suspended_at = s.clock.now();
    AX_CHECK(suspend(tx, id, after.suspended_at));
    json::object what{{"before", document(before)}, {"after", document(after)}};
    if (suspended) {
      tx.enter(id);
      AX_TRY(const auto ended, s.sessions.revoke_tenant(tx, id, "organization_suspended"));
      what["sessions_ended"] = ended;
      tx.enter(caller.request.tenant);
    }
    AX_CHECK(s.audit.append(
        tx, {caller.id, suspended ? "organization.suspended" : "organization.resumed", json::serialize(what), &caller.request}));
    return after;
  };
  AX_CO_TRY(auto changed, co_await s.database.write(caller.request.tenant, store));
  AX_CO_CHECK(co_await refresh(s));
  co_return view(std::move(changed));
}

awaitable<Result<OrganizationView>> suspend_one(OrganizationsService& s, const Platform& caller, OneOrganization in) {
  co_return co_await set_suspended(s, caller, in.organization_id, true);
}

awaitable<Result<OrganizationView>> resume_one(OrganizationsService& s, const Platform& caller, OneOrganization in) {
  co_return co_await set_suspended(s, caller, in.organization_id, false);
}

awaitable<Result<PeopleList>> people_of(OrganizationsService& s, const Platform& caller, PeopleQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  auto read = [&](db::Tx& tx) -> Result<std::vector<Member>> {
    AX_TRY(const auto where, get(tx, in.organization_id));
    tx.enter(where.id);
    AX_TRY(auto found, list_people(tx, in.cursor, limit + 1));
    tx.enter(caller.request.tenant);
    AX_CHECK(s.audit.append(tx, {caller.id, "organization.people_viewed",
                                 json::serialize(json::object{{"organization_id", where.id.str()}}), &caller.request}));
    return found;
  };
  AX_CO_TRY(auto found, co_await s.database.write(caller.request.tenant, read));
  PeopleList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& one : found) out.items.push_back({one.id, std::move(one.role), std::move(one.status), one.created_at, one.last_login_at});
  co_return out;
}

awaitable<Result<AdministratorView>> add_administrator(OrganizationsService& s, const Platform& caller, AdministratorRequest in) {
  const auto now = s.clock.now();
  auto store = [&](db::Tx& tx) -> Result<NewAdministrator> {
    AX_TRY(const auto where, get(tx, in.organization_id));
    tx.enter(where.id);
    AX_TRY(auto made, make_administrator(tx, s.keyring, now, where.id, in.name.value, in.email.value));
    tx.enter(caller.request.tenant);
    AX_CHECK(s.audit.append(
        tx, {caller.id, "organization.administrator_created",
             json::serialize(json::object{{"organization_id", where.id.str()}, {"user_id", made.id.str()}}), &caller.request}));
    return made;
  };
  AX_CO_TRY(const auto made, co_await s.database.write(caller.request.tenant, store));
  AdministratorView out{made.id, s.public_url + "/setup-password#token=" + made.token.expose(), now + kLinkLifetime};
  co_return out;
}

About about(std::string_view id, std::string_view summary, int success = 200, std::vector<Errc> errors = {Errc::not_found}) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Organisations";
  out.success = success;
  out.errors = std::move(errors);
  return out;
}

}  // namespace

Result<NewAdministrator> make_administrator(db::Tx& tx, const crypto::Keyring& keyring, Time now, const Uuid& tenant, std::string name,
                                            std::string email) {
  tx.enter(tenant);
  AX_TRY(const auto known, users::find_login(tx, keyring, email));
  if (known) {
    Error error{Errc::conflict, "address"};
    error.message = "The address has an account in this organisation";
    return error;
  }
  users::NewUser user;
  user.name = std::move(name);
  user.email = std::move(email);
  user.role = Role::admin;
  NewAdministrator out;
  AX_TRY(out.id, users::create(tx, keyring, now, user));
  AX_TRY(out.token, auth::one_time_tokens::issue(tx, out.id, "password_setup", now + kLinkLifetime));
  return out;
}

void add_routes(Router& router, OrganizationsService& service) {
  router.post("/admin/organizations", service, &create_one, about("createOrganization", "Make an organisation", 201, {Errc::conflict}));
  router.get("/admin/organizations", service, &list_all, about("listOrganizations", "Organisations, newest first", 200, {}));
  router.get("/admin/organizations/{organization_id}", service, &get_one, about("getOrganization", "One organisation"));
  router.add(Method::put, "/admin/organizations/{organization_id}", service, &change_one,
             about("changeOrganization", "Give an organisation another name and domain", 200, {Errc::not_found, Errc::conflict}));
  router.post(
      "/admin/organizations/{organization_id}/suspend", service, &suspend_one,
      about("suspendOrganization", "Refuse everyone of an organisation; its sessions end at once", 200, {Errc::not_found, Errc::conflict}));
  router.post("/admin/organizations/{organization_id}/resume", service, &resume_one,
              about("resumeOrganization", "Let a suspended organisation go on"));
  router.get("/admin/organizations/{organization_id}/people", service, &people_of,
             about("listOrganizationPeople", "Accounts of an organisation, newest first: who they are is its own to see"));
  router.post(
      "/admin/organizations/{organization_id}/administrators", service, &add_administrator,
      about("createOrganizationAdministrator", "Make an administrator of an organisation; the answer's link, shown once, sets the password",
            201, {Errc::not_found, Errc::conflict}));
}

}  // namespace authx::organizations
