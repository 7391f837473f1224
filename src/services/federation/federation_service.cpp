#include "services/federation/federation_service.h"

#include <algorithm>

#include "base/collect.h"
#include "base/encoding.h"
#include "base/words.h"
#include "crypto/hash.h"
#include "http/contract.h"
#include "services/auth/factors/factors.h"

namespace authx::federation {
namespace {

#define PROVIDER_COLUMNS \
  "id, name, issuer, client_id, wrapped_key, secret, scopes, domains, creates_accounts, enabled, created_at, updated_at, tenant_id"

constexpr db::Query kProviders{"federation_providers.list",
                               "SELECT " PROVIDER_COLUMNS " FROM federation_providers WHERE tenant_id = $1 ORDER BY name, id LIMIT 100"};
constexpr db::Query kProvider{"federation_providers.get",
                              "SELECT " PROVIDER_COLUMNS
                              " FROM federation_providers WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kSame{"federation_providers.same",
                          "SELECT id FROM federation_providers WHERE issuer = $1 AND client_id = $2 AND tenant_id = $3"};
constexpr db::Query kInsert{
    "federation_providers.insert",
    "INSERT INTO federation_providers (id, name, issuer, client_id, wrapped_key, secret, scopes, domains, creates_accounts, enabled, "
    "created_at, updated_at, tenant_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)"};
constexpr db::Query kUpdate{
    "federation_providers.update",
    "UPDATE federation_providers SET name = $2, client_id = $3, wrapped_key = $4, secret = $5, scopes = $6, domains = "
    "$7, creates_accounts = $8, enabled = $9, updated_at = $10 WHERE id = $1"};
constexpr db::Query kDelete{"federation_providers.delete",
                            "DELETE FROM federation_providers WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};

constexpr db::Query kBegin{
    "federation_attempts.insert",
    "INSERT INTO federation_attempts (state_hash, provider_id, binding_hash, user_id, session_id, expires_at) VALUES "
    "($1, $2, $3, $4, $5, $6)"};
constexpr db::Query kUse{
    "federation_attempts.use",
    "DELETE FROM federation_attempts WHERE state_hash = $1 AND expires_at > $2 RETURNING provider_id, binding_hash, user_id, "
    "session_id"};
constexpr db::Query kSweep{"federation_attempts.sweep", "DELETE FROM federation_attempts WHERE expires_at < $1"};

constexpr db::Query kFind{"federation_identities.find",
                          "UPDATE federation_identities SET used_at = $3 WHERE provider_id = $1 AND subject_index = $2 RETURNING user_id"};
constexpr db::Query kLink{
    "federation_identities.insert",
    "INSERT INTO federation_identities (id, provider_id, subject_index, user_id, linked_at) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Query kOwner{"federation_identities.owner",
                           "SELECT user_id FROM federation_identities WHERE provider_id = $1 AND subject_index = $2"};
constexpr db::Query kIdentities{"federation_identities.list",
                                "SELECT i.id, i.provider_id, p.name, i.linked_at, i.used_at FROM federation_identities i JOIN "
                                "federation_providers p ON p.id = i.provider_id WHERE i.user_id = $1 ORDER BY i.id"};
constexpr db::Query kUnlink{"federation_identities.delete",
                            "DELETE FROM federation_identities WHERE id = $1 AND user_id = $2 RETURNING id"};

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

/// What an audit entry says of a provider; never its secret.
json::object told(const Provider& p) {
  return {{"name", p.name},
          {"client_id", p.client_id},
          {"scopes", p.scopes},
          {"domains", joined(p.domains)},
          {"creates_accounts", p.creates_accounts},
          {"enabled", p.enabled}};
}

Error failed(std::string detail) {
  Error error{Errc::invalid_credentials, std::move(detail)};
  error.message = "The sign-in could not be completed; try again";
  return error;
}

Error conflict(const char* message) {
  Error error{Errc::conflict};
  error.message = message;
  return error;
}

std::string subject_of(const json::object& claims) { return text_of(claims, "sub"); }

/// The address of a person whom the provider vouches for; nothing when it does not, or when it may not bring such addresses.
std::optional<std::string> address_of(const Provider& provider, const json::object& claims) {
  const auto* verified = claims.if_contains("email_verified");
  if (verified == nullptr || !(*verified == true || *verified == "true")) return std::nullopt;
  http::Email out;
  http::Faults faults;
  http::Codec<http::Email>::parse(json::value(json::string{text_of(claims, "email")}), out, "email", faults);
  if (!faults.empty()) return std::nullopt;
  const auto domain = out.value.substr(out.value.rfind('@') + 1);
  if (!provider.domains.empty() && std::ranges::find(provider.domains, domain) == provider.domains.end()) return std::nullopt;
  return out.value;
}

std::string name_of(const json::object& claims, const std::string& email) {
  http::Text<1, 255> out;
  http::Faults faults;
  http::Codec<http::Text<1, 255>>::parse(json::value(json::string{text_of(claims, "name")}), out, "name", faults);
  return faults.empty() ? out.value : email;
}

}  // namespace

struct FederationService::Attempt {
  Uuid provider;
  std::optional<Bytes> binding;
  std::optional<Uuid> user, session;
};

FederationService::FederationService(Parts parts)
    : p_(std::move(parts)),
      outside_(p_.auth.core().clock, p_.key_sets, p_.allow_private),
      key_(p_.auth.core().keyring.derive("federation")) {}

std::string FederationService::derived(std::string_view what, std::string_view state) const {
  return base64url_encode(crypto::hmac_sha256(key_.expose(), as_bytes(std::string{what} + ":" + std::string{state})));
}

Result<Provider> FederationService::read(const db::Row& row) const {
  Provider out;
  out.id = row.uuid(0);
  out.name = row.text(1);
  out.issuer = row.text(2);
  out.client_id = row.text(3);
  if (const auto sealed = row.opt_bytes(5)) {
    AX_TRY(const auto key, p_.auth.core().keyring.unwrap(row.bytes(4), "federation:" + out.id.str()));
    AX_TRY(auto secret, crypto::open_field(key, *sealed, {"federation_providers", "secret", out.id}));
    out.secret = SecretText{std::move(secret)};
  }
  out.scopes = row.text(6);
  out.domains = words_of(row.text(7));
  out.creates_accounts = row.boolean(8);
  out.enabled = row.boolean(9);
  out.created_at = row.time(10);
  out.updated_at = row.time(11);
  out.tenant = row.uuid(12);
  return out;
}

Result<Provider> FederationService::provider(db::Tx& tx, const Uuid& id) const {
  AX_TRY(const auto rows, tx.exec(kProvider, id, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  return read(rows[0]);
}

awaitable<Result<std::vector<Provider>>> FederationService::providers(Uuid tenant) {
  auto run = [this](db::Tx& tx) -> Result<std::vector<Provider>> {
    AX_TRY(const auto rows, tx.exec(kProviders, tx.scope().home()));
    std::vector<Provider> out;
    for (const auto& row : rows) {
      AX_TRY(auto one, read(row));
      out.push_back(std::move(one));
    }
    return out;
  };
  co_return co_await p_.database.read(tenant, run);
}

awaitable<Result<Begun>> FederationService::begin(Uuid tenant, Uuid id) {
  co_return co_await begin(tenant, id, std::nullopt, std::nullopt);
}

awaitable<Result<Begun>> FederationService::begin_link(http::Principal caller, Uuid id) {
  auto strong = [&caller](db::Tx& tx) -> Result<> {
    AX_TRY(const auto factors, auth::factors_of(tx, caller.id));
    if (factors.any() && caller.aal < 2) return http::step_up(2, http::RecentlySignedIn::max_age);
    return {};
  };
  AX_CO_CHECK(co_await p_.database.read(caller.request.tenant, strong));
  co_return co_await begin(caller.request.tenant, id, caller.id, caller.session);
}

awaitable<Result<Begun>> FederationService::begin(Uuid tenant, Uuid id, std::optional<Uuid> user, std::optional<Uuid> session) {
  auto find = [this, id](db::Tx& tx) { return provider(tx, id); };
  AX_CO_TRY(const auto found, co_await p_.database.read(tenant, find));
  if (!found.enabled) co_return Result<Begun>{Errc::not_found};
  auto ask = [this, &found] { return outside_.metadata(found); };
  AX_CO_TRY(const auto about, co_await p_.work.run(ask));
  const auto state = crypto::random_token();
  Begun out;
  std::optional<Bytes> binding;
  if (!user) {
    out.binding = SecretText{crypto::random_token()};
    binding = auth::digest_of(out.binding.expose());
  }
  const auto challenge = base64url_encode(crypto::sha256(as_bytes(derived("verifier", state))));
  out.url = about.authorization_endpoint + (about.authorization_endpoint.find('?') == std::string::npos ? "?" : "&") +
            "response_type=code&client_id=" + percent_encode(found.client_id) + "&redirect_uri=" + percent_encode(p_.redirect_uri) +
            "&scope=" + percent_encode(found.scopes) + "&state=" + state + "&nonce=" + derived("nonce", state) +
            "&code_challenge=" + challenge + "&code_challenge_method=S256";
  auto store = [&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kBegin, auth::digest_of(state), id, binding, user, session, p_.auth.core().clock.now() + kPatience));
    return {};
  };
  AX_CO_CHECK(co_await p_.database.write(tenant, store));
  co_return out;
}

awaitable<Result<std::pair<Provider, json::object>>> FederationService::redeem(Returned returned, std::optional<SecretText> binding,
                                                                               std::optional<http::Principal> caller) {
  using Out = Result<std::pair<Provider, json::object>>;
  struct Found {
    std::optional<Attempt> attempt;
    std::optional<Provider> provider;
  };
  // Used up whatever comes of it: what does not fit was an attempt at somebody else's, or is worth nothing any more.
  auto use = [this, &returned](db::Tx& tx) -> Result<Found> {
    Found out;
    AX_TRY(const auto rows, tx.exec(kUse, auth::digest_of(returned.state), p_.auth.core().clock.now()));
    if (rows.empty()) return out;
    out.attempt = Attempt{rows[0].uuid(0), rows[0].opt_bytes(1), rows[0].opt_uuid(2), rows[0].opt_uuid(3)};
    AX_TRY(out.provider, provider(tx, out.attempt->provider));
    return out;
  };
  AX_CO_TRY(auto found, co_await p_.database.write(db::Scope::everyone(), use));
  if (!found.attempt || !found.provider->enabled) co_return Out{failed("federation: unknown state")};
  const auto& attempt = *found.attempt;
  if (binding) {
    if (!attempt.binding || binding->empty() || !crypto::constant_time_equal(*attempt.binding, auth::digest_of(binding->expose())))
      co_return Out{failed("federation: another browser")};
  } else if (!caller || attempt.user != caller->id || attempt.session != caller->session) {
    co_return Out{failed("federation: another session")};
  }
  if (!returned.error.empty() || returned.code.empty()) co_return Out{failed("federation: the provider refused")};
  auto converse = [this, &found, &returned]() -> Result<json::object> {
    AX_TRY(const auto about, outside_.metadata(*found.provider));
    // Whose answer it is (RFC 9207): one provider cannot pass off another's.
    if (about.names_itself ? returned.iss != found.provider->issuer : !returned.iss.empty() && returned.iss != found.provider->issuer)
      return failed("federation: another issuer answered");
    return outside_.exchange(*found.provider,
                             {returned.code, p_.redirect_uri, derived("verifier", returned.state), derived("nonce", returned.state)});
  };
  auto claims = co_await p_.work.run(converse);
  if (!claims) {
    if (claims.error().code == Errc::invalid_credentials) co_return Out{failed(claims.error().detail)};
    co_return Out{claims.error()};
  }
  co_return Out{std::pair{std::move(*found.provider), std::move(*claims)}};
}

awaitable<Result<auth::Entered>> FederationService::finish(Returned returned, SecretText binding, auth::Client client) {
  AX_CO_TRY(const auto redeemed, co_await redeem(std::move(returned), std::move(binding), std::nullopt));
  const Provider& from = redeemed.first;
  const json::object& claims = redeemed.second;
  auto enter = [this, &from, &claims, &client](db::Tx& tx) -> Result<auth::Entered> {
    auto& core = p_.auth.core();
    const auto now = core.clock.now();
    const auto index = core.keyring.blind_index("federation.subject", from.id.str() + subject_of(claims));
    AX_TRY(const auto linked, tx.exec(kFind, from.id, index, now));
    if (!linked.empty()) return p_.auth.enter_from_outside(tx, linked[0].uuid(0), client);
    const auto email = address_of(from, claims);
    if (!email) return failed("federation: no verified address of an allowed domain");
    AX_TRY(const auto existing, users::find_login(tx, core.keyring, *email));
    if (existing) return conflict("An account has this e-mail address: sign in to it and link the provider under Security");
    if (!from.creates_accounts) {
      Error error{Errc::forbidden, "federation: the provider makes no accounts"};
      error.message = "No account here is linked to this one";
      return error;
    }
    users::NewUser user;
    user.name = name_of(claims, *email);
    user.email = *email;
    AX_TRY(const auto id, users::create(tx, core.keyring, now, user));
    AX_CHECK(users::mark_email_verified(tx, id, now));
    AX_CHECK(tx.exec(kLink, Uuid::generate(now), from.id, index, id, now));
    AX_CHECK(core.audit.append(
        tx, {id, "auth.registered_outside", json::serialize(json::object{{"provider", from.id.str()}}), &client.request}));
    return p_.auth.enter_from_outside(tx, id, client);
  };
  co_return co_await p_.database.write(from.tenant, enter);
}

awaitable<Result<>> FederationService::finish_link(http::Principal caller, Returned returned) {
  AX_CO_TRY(const auto redeemed, co_await redeem(std::move(returned), std::nullopt, caller));
  const Provider& from = redeemed.first;
  const json::object& claims = redeemed.second;
  auto link = [this, &from, &claims, &caller](db::Tx& tx) -> Result<> {
    auto& core = p_.auth.core();
    const auto now = core.clock.now();
    const auto index = core.keyring.blind_index("federation.subject", from.id.str() + subject_of(claims));
    AX_TRY(const auto owner, tx.exec(kOwner, from.id, index));
    if (!owner.empty()) {
      if (owner[0].uuid(0) == caller.id) return {};
      return conflict("This account of the provider is linked to another account here");
    }
    AX_CHECK(tx.exec(kLink, Uuid::generate(now), from.id, index, caller.id, now));
    AX_TRY(const auto user, users::get(tx, core.keyring, caller.id));
    AX_CHECK(core.tell(tx, caller.id, user.email, "Your account was changed",
                       "It can be signed in to through " + from.name +
                           " from now on. If that was not you, change your password and end all sessions at " + core.options.public_url +
                           "/security"));
    return core.audit.append(
        tx, {caller.id, "auth.provider_linked", json::serialize(json::object{{"provider", from.id.str()}}), &caller.request});
  };
  co_return co_await p_.database.write(caller.request.tenant, link);
}

awaitable<Result<std::vector<Identity>>> FederationService::identities(http::Principal caller) {
  auto run = [user = caller.id](db::Tx& tx) -> Result<std::vector<Identity>> {
    AX_TRY(const auto rows, tx.exec(kIdentities, user));
    return collect(rows, [](const db::Row& row) { return Identity{row.uuid(0), row.uuid(1), row.text(2), row.time(3), row.opt_time(4)}; });
  };
  co_return co_await p_.database.read(caller.request.tenant, run);
}

awaitable<Result<>> FederationService::unlink(http::Principal caller, Uuid identity) {
  auto run = [this, &caller, identity](db::Tx& tx) -> Result<> {
    auto& core = p_.auth.core();
    AX_TRY(const auto factors, auth::factors_of(tx, caller.id));
    if (factors.any() && caller.aal < 2) return http::step_up(2, http::RecentlySignedIn::max_age);
    AX_TRY(const auto gone, tx.exec(kUnlink, identity, caller.id));
    if (gone.empty()) return Errc::not_found;
    AX_TRY(const auto left, tx.exec(kIdentities, caller.id));
    AX_TRY(const auto password, users::password_hash(tx, caller.id));
    if (left.empty() && !password && factors.passkeys.empty())
      return conflict("It is the only way into your account: set a password first");
    return core.audit.append(
        tx, {caller.id, "auth.provider_unlinked", json::serialize(json::object{{"identity", identity.str()}}), &caller.request});
  };
  co_return co_await p_.database.write(caller.request.tenant, run);
}

awaitable<Result<Provider>> FederationService::add(http::Principal by, Provider in) {
  auto run = [this, &by, &in](db::Tx& tx) -> Result<Provider> {
    auto& core = p_.auth.core();
    AX_TRY(const auto same, tx.exec(kSame, in.issuer, in.client_id, tx.scope().home()));
    if (!same.empty()) return conflict("This client of this issuer is configured already");
    AX_TRY(const auto all, tx.exec(kProviders, tx.scope().home()));
    if (all.size() >= kMost) return conflict("There are too many providers");
    const auto now = core.clock.now();
    const auto id = Uuid::generate(now);
    const auto key = core.keyring.new_key();
    std::optional<Bytes> secret;
    if (!in.secret.empty()) secret = crypto::seal_field(key, in.secret.expose(), {"federation_providers", "secret", id});
    AX_CHECK(tx.exec(kInsert, id, in.name, in.issuer, in.client_id, core.keyring.wrap(key, "federation:" + id.str()), secret, in.scopes,
                     joined(in.domains), in.creates_accounts, in.enabled, now, tx.scope().home()));
    AX_CHECK(core.audit.append(
        tx, {by.id, "access.provider_added",
             json::serialize(json::object{{"provider", id.str()}, {"issuer", in.issuer}, {"after", told(in)}}), &by.request}));
    return provider(tx, id);
  };
  co_return co_await p_.database.write(by.request.tenant, run);
}

awaitable<Result<Provider>> FederationService::change(http::Principal by, Provider in) {
  auto run = [this, &by, &in](db::Tx& tx) -> Result<Provider> {
    auto& core = p_.auth.core();
    AX_TRY(const auto before, provider(tx, in.id));
    const auto key = core.keyring.new_key();
    const auto& kept = in.secret.empty() ? before.secret : in.secret;
    std::optional<Bytes> secret;
    if (!kept.empty()) secret = crypto::seal_field(key, kept.expose(), {"federation_providers", "secret", in.id});
    AX_CHECK(tx.exec(kUpdate, in.id, in.name, in.client_id, core.keyring.wrap(key, "federation:" + in.id.str()), secret, in.scopes,
                     joined(in.domains), in.creates_accounts, in.enabled, core.clock.now()));
    AX_CHECK(core.audit.append(
        tx, {by.id, "access.provider_changed",
             json::serialize(json::object{{"provider", in.id.str()}, {"before", told(before)}, {"after", told(in)}}), &by.request}));
    return provider(tx, in.id);
  };
  auto out = co_await p_.database.write(by.request.tenant, run);
  outside_.forget(in.id);
  co_return out;
}

awaitable<Result<>> FederationService::remove(http::Principal by, Uuid id) {
  auto run = [this, &by, id](db::Tx& tx) -> Result<> {
    AX_TRY(const auto before, provider(tx, id));
    AX_CHECK(tx.exec(kDelete, id, tx.scope().only()));
    return p_.auth.core().audit.append(tx, {by.id, "access.provider_removed",
                                            json::serialize(json::object{{"provider", id.str()}, {"before", told(before)}}), &by.request});
  };
  auto out = co_await p_.database.write(by.request.tenant, run);
  outside_.forget(id);
  co_return out;
}

Result<> FederationService::sweep() {
  const auto now = p_.auth.core().clock.now();
  auto run = [now](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kSweep, now));
    return {};
  };
  return p_.database.sync().write(db::Scope::everyone(), run);
}

}  // namespace authx::federation
