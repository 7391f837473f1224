#include "crypto/hash.h"
#include "services/oauth/oauth_api.h"

namespace authx::oauth {
namespace {

using namespace http;
using Manager = Can<Permission::manage_access>;

constexpr db::Query kInsertInitial{
    "oauth_initial_tokens.insert",
    "INSERT INTO oauth_initial_tokens (token_hash, created_by, expires_at, uses_left, tenant_id) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Query kUseInitial{"oauth_initial_tokens.use",
                                "UPDATE oauth_initial_tokens SET uses_left = uses_left - 1 WHERE token_hash = $1 AND uses_left > 0 AND "
                                "expires_at > $2 RETURNING tenant_id"};

struct ClientDocument {
  AnyObject metadata;
};
BOOST_DESCRIBE_STRUCT(ClientDocument, (), (metadata))

struct ClientChange {
  Uuid client_id;
  AnyObject metadata;
};
BOOST_DESCRIBE_STRUCT(ClientChange, (), (client_id, metadata))

struct OneClient {
  Uuid client_id;
};
BOOST_DESCRIBE_STRUCT(OneClient, (), (client_id))

struct PageQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(PageQuery, (), (limit, cursor))

struct ClientView {
  std::string client_id;
  std::optional<std::string> client_secret;  ///< in the answer to its making or renewal only
  bool first_party = false;
  bool disabled = false;
  Time created_at;
  json::object metadata;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ClientView, (), (client_id, client_secret, first_party, disabled, created_at, metadata))

struct ClientList {
  std::vector<ClientView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ClientList, (), (items, next_cursor))

struct KeyView {
  std::string kid, algorithm;
  Time created_at, active_at;
  bool signs = false;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(KeyView, (), (kid, algorithm, created_at, active_at, signs))

struct KeyList {
  std::vector<KeyView> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(KeyList, (), (items))

struct RotateRequest {
  std::optional<bool> at_once;
};
BOOST_DESCRIBE_STRUCT(RotateRequest, (), (at_once))

struct InitialRequest {
  Int<1, 1000> uses;
  Int<1, 24 * 365> hours;
};
BOOST_DESCRIBE_STRUCT(InitialRequest, (), (uses, hours))

struct InitialToken {
  std::string token;
  Time expires_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(InitialToken, (), (token, expires_at))

struct Said {
  std::string message;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Said, (), (message))

ClientView view(const Client& client) {
  return {client.client_id, std::nullopt, client.first_party, client.disabled, client.created_at, client.metadata.json()};
}

std::string names(const Client& client) { return json::serialize(json::object{{"client_id", client.client_id}}); }

/// What an audit entry says of a change: the documents before and after. Names and addresses of applications are no personal data.
std::string change(const Client& before, const ClientMetadata& after, bool first_party, bool disabled) {
  return json::serialize(
      json::object{{"client_id", before.client_id},
                   {"before", {{"metadata", before.metadata.json()}, {"first_party", before.first_party}, {"disabled", before.disabled}}},
                   {"after", {{"metadata", after.json()}, {"first_party", first_party}, {"disabled", disabled}}}});
}

Result<bool> flag(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) return Error::invalid(name, "must be true or false");
  return value->as_bool();
}

Result<ClientMetadata> parsed(const json::object& in) {
  auto metadata = ClientMetadata::parse(in, true);
  if (metadata) return std::move(*metadata);
  return Error::invalid(metadata.error().error == "invalid_redirect_uri" ? "redirect_uris" : "metadata", metadata.error().description);
}

/// A client acts with its own `authx:` scopes when it signs in as itself: nobody makes one, changes one or takes over the secret of one
/// that may do more than they.
Result<> may_manage(const Manager& caller, const ClientMetadata& client) {
  for (const auto& word : client.scope)
    if (word.starts_with("authx:") && !caller.permissions.has_all(http::parse_permissions(std::string_view{word}.substr(6))))
      return Error{Errc::forbidden, "scope beyond the caller's permissions"};
  return {};
}

awaitable<Result<ClientView>> create(OAuthService& service, const Manager& caller, ClientDocument in) {
  AX_CO_TRY(auto metadata, parsed(in.metadata.value));
  AX_CO_TRY(const bool first_party, flag(in.metadata.value, "first_party"));
  AX_CO_CHECK(may_manage(caller, metadata));
  const auto& p = service.parts();
  AX_CO_CHECK(co_await service.ensure_key(metadata.id_token_algorithm));
  auto store = [&](db::Tx& tx) -> Result<NewClient> {
    AX_TRY(auto made, insert_client(tx, p.clock.now(), metadata, first_party, caller.id, false));
    AX_CHECK(p.audit.append(tx, {caller.id, "oauth.client_created", change(made.client, metadata, first_party, false), &caller.request}));
    return made;
  };
  AX_CO_TRY(auto made, co_await p.database.write(caller.request.tenant, store));
  auto out = view(made.client);
  out.client_secret = std::move(made.secret);
  co_return out;
}

awaitable<Result<ClientList>> list(OAuthService& service, const Manager& caller, PageQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  auto read = [&](db::Tx& tx) { return list_clients(tx, in.cursor, limit + 1); };
  AX_CO_TRY(auto found, co_await service.parts().database.read(caller.request.tenant, read));
  ClientList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (const auto& client : found) out.items.push_back(view(client));
  co_return out;
}

awaitable<Result<ClientView>> get(OAuthService& service, const Manager& caller, OneClient in) {
  auto read = [&](db::Tx& tx) { return find_client(tx, in.client_id.str()); };
  AX_CO_TRY(const auto found, co_await service.parts().database.read(caller.request.tenant, read));
  if (!found) co_return Result<ClientView>{Errc::not_found};
  co_return view(*found);
}

awaitable<Result<ClientView>> update(OAuthService& service, const Manager& caller, ClientChange in) {
  AX_CO_TRY(auto metadata, parsed(in.metadata.value));
  AX_CO_TRY(const bool first_party, flag(in.metadata.value, "first_party"));
  AX_CO_TRY(const bool disabled, flag(in.metadata.value, "disabled"));
  AX_CO_CHECK(may_manage(caller, metadata));
  const auto& p = service.parts();
  AX_CO_CHECK(co_await service.ensure_key(metadata.id_token_algorithm));
  auto store = [&](db::Tx& tx) -> Result<Client> {
    AX_TRY(auto found, find_client(tx, in.client_id.str()));
    if (!found) return Errc::not_found;
    AX_CHECK(may_manage(caller, found->metadata));
    if (metadata.auth_method != found->metadata.auth_method && metadata.auth_method.starts_with("client_secret") && !found->secret_hash)
      return Error::invalid("token_endpoint_auth_method", "renew the secret of a client that has none by registering it anew");
    AX_CHECK(update_client(tx, p.clock.now(), found->id, metadata, first_party, disabled));
    AX_CHECK(p.audit.append(tx, {caller.id, "oauth.client_changed", change(*found, metadata, first_party, disabled), &caller.request}));
    found->metadata = metadata;
    found->first_party = first_party;
    found->disabled = disabled;
    return std::move(*found);
  };
  AX_CO_TRY(const auto changed, co_await p.database.write(caller.request.tenant, store));
  service.forget_client(changed.client_id);
  co_return view(changed);
}

awaitable<Result<ClientView>> renew(OAuthService& service, const Manager& caller, OneClient in) {
  const auto& p = service.parts();
  struct Renewed {
    Client client;
    std::string secret;
  };
  auto store = [&](db::Tx& tx) -> Result<Renewed> {
    AX_TRY(auto found, find_client(tx, in.client_id.str()));
    if (!found) return Errc::not_found;
    AX_CHECK(may_manage(caller, found->metadata));
    if (!found->metadata.auth_method.starts_with("client_secret")) return Error::invalid("client_id", "names a client without a secret");
    AX_TRY(auto secret, renew_secret(tx, p.clock.now(), found->id));
    AX_CHECK(p.audit.append(tx, {caller.id, "oauth.client_secret_renewed", names(*found), &caller.request}));
    return Renewed{std::move(*found), std::move(secret)};
  };
  AX_CO_TRY(auto renewed, co_await p.database.write(caller.request.tenant, store));
  service.forget_client(renewed.client.client_id);
  auto out = view(renewed.client);
  out.client_secret = std::move(renewed.secret);
  co_return out;
}

awaitable<Result<Said>> remove(OAuthService& service, const Manager& caller, OneClient in) {
  const auto& p = service.parts();
  auto store = [&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto found, find_client(tx, in.client_id.str()));
    if (!found) return Errc::not_found;
    AX_CHECK(delete_client(tx, found->id));
    return p.audit.append(tx, {caller.id, "oauth.client_deleted", names(*found), &caller.request});
  };
  AX_CO_CHECK(co_await p.database.write(caller.request.tenant, store));
  service.forget_client(in.client_id.str());
  Said out{"The application is removed"};
  co_return out;
}

awaitable<Result<KeyList>> keys(OAuthService& service, const Can<Permission::manage_organizations>&, Empty) {
  KeyList out;
  for (auto& key : service.keys().list())
    out.items.push_back({std::move(key.kid), std::string{crypto::to_string(key.algorithm)}, key.created_at, key.active_at, key.signs});
  co_return out;
}

awaitable<Result<KeyList>> rotate(OAuthService& service, const Can<Permission::manage_organizations>& caller, RotateRequest in) {
  const auto& p = service.parts();
  const bool at_once = in.at_once.value_or(false);
  auto make = [&p, at_once] { return p.keys.rotate(at_once); };
  AX_CO_CHECK(co_await p.work.run(std::move(make)));
  auto note = [&](db::Tx& tx) {
    return p.audit.append(tx, {caller.id, "oauth.keys_rotated", json::serialize(json::object{{"at_once", at_once}}), &caller.request});
  };
  AX_CO_CHECK(co_await p.database.write(caller.request.tenant, note));
  co_return co_await keys(service, caller, {});
}

awaitable<Result<InitialToken>> initial(OAuthService& service, const Manager& caller, InitialRequest in) {
  const auto& p = service.parts();
  InitialToken out{crypto::random_token(), p.clock.now() + std::chrono::hours{in.hours.value}};
  auto store = [&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kInsertInitial, hash_of(out.token), caller.id, out.expires_at, in.uses.value, tx.scope().home()));
    return p.audit.append(tx, {caller.id, "oauth.registration_opened",
                               json::serialize(json::object{{"uses", in.uses.value}, {"hours", in.hours.value}}), &caller.request});
  };
  AX_CO_CHECK(co_await p.database.write(caller.request.tenant, store));
  co_return out;
}

std::string bearer(const Presenter& caller) {
  const auto& header = caller.authorization.expose();
  return header.starts_with("Bearer ") || header.starts_with("bearer ") ? header.substr(7) : std::string{};
}

json::object registered(const OAuthService& service, const Client& client) {
  auto out = client.metadata.json();
  out["client_id"] = client.client_id;
  out["client_id_issued_at"] = std::chrono::duration_cast<std::chrono::seconds>(client.created_at.time_since_epoch()).count();
  out["registration_client_uri"] = service.options().issuer + "/oauth/register/" + client.client_id;
  return out;
}

awaitable<Result<Outcome<json::object>>> self_register(OAuthService& service, const Presenter& caller, ClientDocument in) {
  using Out = Result<Outcome<json::object>>;
  const auto& p = service.parts();
  const auto token = bearer(caller);
  auto metadata = ClientMetadata::parse(in.metadata.value, false);
  auto store = [&](db::Tx& tx) -> Result<Outcome<NewClient>> {
    AX_TRY(const auto used, tx.exec(kUseInitial, hash_of(token), p.clock.now()));
    if (used.empty()) return Refusal::token("Bearer", "an initial access token is required");
    tx.enter(used[0].uuid(0));
    if (!metadata) return metadata.error();
    AX_TRY(auto made, insert_client(tx, p.clock.now(), *metadata, false, std::nullopt, true));
    AX_CHECK(p.audit.append(tx, {std::nullopt, "oauth.client_registered", names(made.client), &caller.request}));
    return Outcome<NewClient>{std::move(made)};
  };
  AX_CO_TRY(auto made, co_await p.database.write(db::Scope::everyone(), store));
  if (!made) co_return Out{made.error()};
  AX_CO_CHECK(co_await service.ensure_key(metadata->id_token_algorithm));  // not before the initial token was good
  auto out = registered(service, made->client);
  if (made->secret) {
    out["client_secret"] = *made->secret;
    out["client_secret_expires_at"] = 0;
  }
  out["registration_access_token"] = *made->registration_token;
  co_return Out{Outcome<json::object>{std::move(out)}};
}

awaitable<Result<Outcome<json::object>>> read_registration(OAuthService& service, const Presenter& caller, OneClient in) {
  using Out = Result<Outcome<json::object>>;
  const auto token = bearer(caller);
  auto read = [&](db::Tx& tx) { return find_registration(tx, in.client_id.str(), token); };
  AX_CO_TRY(const auto found, co_await service.parts().database.read(db::Scope::everyone(), read));
  if (!found) co_return Out{Refusal::token("Bearer", "the registration access token is not valid")};
  co_return Out{Outcome<json::object>{registered(service, *found)}};
}

awaitable<Result<Outcome<Done>>> end_registration(OAuthService& service, const Presenter& caller, OneClient in) {
  using Out = Result<Outcome<Done>>;
  const auto& p = service.parts();
  const auto token = bearer(caller);
  auto run = [&](db::Tx& tx) -> Out {
    AX_TRY(const auto found, find_registration(tx, in.client_id.str(), token));
    if (!found) return Refusal::token("Bearer", "the registration access token is not valid");
    tx.enter(found->tenant);
    AX_CHECK(delete_client(tx, found->id));
    AX_CHECK(p.audit.append(tx, {std::nullopt, "oauth.client_deregistered", names(*found), &caller.request}));
    return Outcome<Done>{Done{}};
  };
  auto out = co_await p.database.write(db::Scope::everyone(), run);
  service.forget_client(in.client_id.str());
  co_return out;
}

About admin(std::string_view id, std::string_view summary, std::vector<Errc> errors = {}) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "Administration";
  out.errors = std::move(errors);
  return out;
}

About registration(std::string_view id, std::string_view summary, int success) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "OAuth";
  out.success = success;
  out.bucket = "auth";
  out.errors = {Errc::unauthenticated};
  out.error_form = ErrorForm::oauth;
  return out;
}

}  // namespace

void add_client_routes(Router& router, OAuthService& service) {
  auto created = admin("createClient", "Register an application, with RFC 7591's names; its secret is shown once");
  created.success = 201;
  router.post("/admin/oauth/clients", service, &create, std::move(created));
  router.get("/admin/oauth/clients", service, &list, admin("listClients", "Applications, newest first"));
  router.get("/admin/oauth/clients/{client_id}", service, &get, admin("getClient", "One application", {Errc::not_found}));
  router.add(Method::put, "/admin/oauth/clients/{client_id}", service, &update,
             admin("changeClient", "Replace an application's document", {Errc::not_found}));
  router.add(Method::del, "/admin/oauth/clients/{client_id}", service, &remove,
             admin("deleteClient", "Remove an application, its consents and codes", {Errc::not_found}));
  router.post("/admin/oauth/clients/{client_id}/secret", service, &renew,
              admin("renewClientSecret", "Give an application a new secret; the old one ends", {Errc::not_found}));
  router.get("/admin/oauth/keys", service, &keys, admin("listSigningKeys", "Signing keys, with those that sign next"));
  router.post("/admin/oauth/keys/rotate", service, &rotate, admin("rotateSigningKeys", "Make the next signing keys"));
  auto opened = admin("openRegistration", "Make an initial access token with which programs register themselves");
  opened.success = 201;
  router.post("/admin/oauth/registration-tokens", service, &initial, std::move(opened));

  router.post("//oauth/register", service, &self_register, registration("oauthRegister", "Register a client (RFC 7591)", 201));
  router.get("//oauth/register/{client_id}", service, &read_registration,
             registration("oauthReadRegistration", "A client's own registration (RFC 7592)", 200));
  router.add(Method::del, "//oauth/register/{client_id}", service, &end_registration,
             registration("oauthEndRegistration", "Remove the client (RFC 7592)", 200));
}

}  // namespace authx::oauth
