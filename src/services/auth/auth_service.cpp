#include "services/auth/auth_service.h"

#include <algorithm>

#include "crypto/hash.h"
#include "services/auth/devices.h"
#include "services/auth/factors/factors.h"
#include "services/auth/one_time_tokens.h"
#include "services/notifications/outbox.h"

namespace authx::auth {
namespace {

constexpr db::Query kForgetTokens{"tokens.forget", "DELETE FROM one_time_tokens WHERE expires_at < $1"};
constexpr db::Query kForgetPending{"pending.forget", "DELETE FROM pending_logins WHERE expires_at < $1"};
constexpr db::Query kForgetCodes{"codes.forget", "DELETE FROM one_time_codes WHERE expires_at < $1"};
constexpr db::Query kForgetChallenges{"passkeys.forget_challenges", "DELETE FROM passkey_challenges WHERE expires_at < $1"};
constexpr db::Query kForgetChanges{"accounts.forget_changes", "DELETE FROM contact_changes WHERE expires_at < $1"};

}  // namespace

AuthService::AuthService(db::AsyncDatabase& database, WorkPool& hashing, const Clock& clock, const crypto::Keyring& keyring,
                         const audit::Log& audit, AccessTokens tokens, AuthOptions options, std::shared_ptr<const BreachedList> breached)
    : core_(database, hashing, clock, keyring, audit, std::move(options), std::move(breached)), tokens_(std::move(tokens)) {
  auto decoy = crypto::hash_password(crypto::random_token(), core_.options.cost);
  if (decoy) decoy_ = std::move(*decoy);
}

awaitable<Result<Uuid>> AuthService::register_user(users::NewUser user, std::optional<SecretText> password, http::RequestInfo request) {
  if (password) {
    auto hash = [this, secret = std::move(*password), words = context_words(user.name, user.email)] {
      return core_.passwords.hash_new("password", secret.expose(), words);
    };
    AX_CO_TRY(user.password_hash, co_await core_.hashing.run(std::move(hash)));
  }
  const auto now = core_.clock.now();
  const auto tenant = request.tenant;
  auto store = [this, user = std::move(user), request = std::move(request), now](db::Tx& tx) -> Result<Uuid> {
    AX_TRY(const auto existing, users::find_login(tx, core_.keyring, user.email));
    if (existing) {
      AX_CHECK(notifications::add(tx, core_.keyring, now, existing->id, "email", user.email, "You already have an account",
                                  "Someone, perhaps you, tried to register with this address. You have an account already: sign in at " +
                                      core_.options.public_url + "/login"));
      AX_CHECK(core_.audit.append(tx, {existing->id, "auth.register_repeated", "{}", &request}));
      return Uuid::generate(now);
    }
    AX_TRY(const auto id, users::create(tx, core_.keyring, now, user));
    const bool setup = !user.password_hash.has_value();
    AX_TRY(const auto token, one_time_tokens::issue(tx, id, setup ? "password_setup" : "email_verify", now + core_.options.link_lifetime));
    const auto link = core_.options.public_url + (setup ? "/setup-password#token=" : "/verify-email#token=") + token.expose();
    AX_CHECK(
        notifications::add(tx, core_.keyring, now, id, "email", user.email, setup ? "Set up your account" : "Confirm your e-mail address",
                           (setup ? "Choose a password to finish your registration: " : "Confirm that this address is yours: ") + link));
    AX_CHECK(core_.audit.append(tx, {id, "auth.registered", "{}", &request}));
    return id;
  };
  co_return co_await core_.database.write(tenant, std::move(store));
}

Tokens AuthService::tokens(users::User user, const Session& session, SecretText refresh_token) const {
  Tokens out;
  out.access_token = issue(user, session);
  out.lifetime =
      std::min(core_.options.sessions.access_lifetime, std::chrono::floor<std::chrono::seconds>(session.expires_at - core_.clock.now()));
  out.refresh_token = std::move(refresh_token);
  out.session = session.id;
  out.user = std::move(user);
  return out;
}

awaitable<Result<Tokens>> AuthService::refresh(SecretText token, std::optional<std::string> csrf, http::RequestInfo request) {
  if (csrf) {
    const auto session = Sessions::session_of(token.expose());
    if (!session || !crypto::constant_time_equal(as_bytes(*csrf), as_bytes(core_.sessions.csrf_token(*session)))) {
      Result<Tokens> refused{Error{Errc::unauthenticated, "csrf token"}};
      co_return refused;
    }
  }
  auto rotate = [this, &token, &request](db::Tx& tx) -> Result<std::optional<Tokens>> {
    AX_TRY(auto rotated, core_.sessions.rotate(tx, token.expose(), kOwnClient, &request));
    if (!rotated.ok()) return std::optional<Tokens>{};  // committed: a reuse has revoked the session
    AX_TRY(auto user, users::get(tx, core_.keyring, rotated.session.user));
    if (!user.active || !core_.open_to(user.tenant)) return std::optional<Tokens>{};
    return std::optional{tokens(std::move(user), rotated.session, std::move(rotated.refresh_token))};
  };
  AX_CO_TRY(auto out, co_await core_.database.write(db::Scope::everyone(), rotate));
  if (!out) {
    Result<Tokens> refused{Error{Errc::unauthenticated, "refresh token"}};
    co_return refused;
  }
  co_return std::move(*out);
}

awaitable<Result<>> AuthService::logout(http::Principal caller) {
  auto end = [this, &caller](db::Tx& tx) -> Result<> {
    if (!caller.session) return {};
    AX_CHECK(core_.sessions.revoke(tx, *caller.session, "logged_out"));
    return core_.audit.append(tx, {caller.id, "auth.logged_out", R"({"session":")" + caller.session->str() + "\"}", &caller.request});
  };
  co_return co_await core_.database.write(caller.request.tenant, end);
}

awaitable<Result<std::vector<Session>>> AuthService::list_sessions(http::Principal caller) {
  auto read = [this, &caller](db::Tx& tx) { return core_.sessions.list(tx, caller.id); };
  co_return co_await core_.database.read(caller.request.tenant, read);
}

awaitable<Result<>> AuthService::revoke_session(http::Principal caller, Uuid session) {
  auto end = [this, &caller, session](db::Tx& tx) -> Result<> {
    AX_TRY(const auto found, core_.sessions.find(tx, session));
    if (!found || found->user != caller.id) return Errc::not_found;
    AX_CHECK(core_.sessions.revoke(tx, session, "revoked"));
    return core_.audit.append(tx, {caller.id, "session.revoked", R"({"session":")" + session.str() + "\"}", &caller.request});
  };
  co_return co_await core_.database.write(caller.request.tenant, end);
}

awaitable<Result<int>> AuthService::revoke_sessions(http::Principal caller, bool keep_current) {
  auto end = [this, &caller, keep_current](db::Tx& tx) -> Result<int> {
    AX_TRY(const int ended, core_.sessions.revoke_all(tx, caller.id, "revoked", keep_current ? caller.session : std::nullopt));
    AX_CHECK(core_.audit.append(tx, {caller.id, "session.all_revoked", "{\"count\":" + std::to_string(ended) + "}", &caller.request}));
    return ended;
  };
  co_return co_await core_.database.write(caller.request.tenant, end);
}

awaitable<Result<>> AuthService::set_password(SecretText token, SecretText password, http::RequestInfo request) {
  auto hash = [this, secret = std::move(password)] { return core_.passwords.hash_new("password", secret.expose(), context_words("", "")); };
  AX_CO_TRY(const auto hashed, co_await core_.hashing.run(std::move(hash)));
  auto store = [this, &token, &hashed, &request](db::Tx& tx) -> Result<> {
    const auto now = core_.clock.now();
    AX_TRY(const auto user, one_time_tokens::use(tx, token.expose(), "password_setup", now));
    if (!user) return Error::invalid("token", "is unknown, used or expired");
    AX_CHECK(users::set_password(tx, *user, hashed, now));
    AX_CHECK(users::mark_email_verified(tx, *user, now));  // the link went to that address alone
    return core_.audit.append(tx, {user, "auth.password_set", "{}", &request});
  };
  co_return co_await core_.database.write(db::Scope::everyone(), store);
}

awaitable<Result<>> AuthService::verify_email(SecretText token, http::RequestInfo request) {
  auto store = [this, &token, &request](db::Tx& tx) -> Result<> {
    const auto now = core_.clock.now();
    AX_TRY(const auto user, one_time_tokens::use(tx, token.expose(), "email_verify", now));
    if (!user) return Error::invalid("token", "is unknown, used or expired");
    AX_CHECK(users::mark_email_verified(tx, *user, now));
    return core_.audit.append(tx, {user, "auth.email_verified", "{}", &request});
  };
  co_return co_await core_.database.write(db::Scope::everyone(), store);
}

awaitable<Result<users::User>> AuthService::me(Uuid id, http::RequestInfo request) {
  auto read = [this, id, &request](db::Tx& tx) -> Result<users::User> {
    AX_TRY(auto user, users::get(tx, core_.keyring, id));
    AX_CHECK(core_.audit.append(tx, {id, "user.viewed", "{}", &request}));
    return user;
  };
  co_return co_await core_.database.write(request.tenant, read);
}

Result<> AuthService::sweep() {
  const auto before = core_.clock.now() - std::chrono::days{1};
  return core_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(core_.sessions.sweep(tx));
    AX_CHECK(core_.guesses.sweep(tx));
    for (const auto* query : {&kForgetTokens, &kForgetPending, &kForgetCodes, &kForgetChallenges, &kForgetChanges})
      AX_CHECK(tx.exec(*query, before));
    return {};
  });
}

std::string AuthService::issue(const users::User& user, const Session& session) const {
  const auto seconds = [](Time t) { return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count(); };
  const auto now = seconds(core_.clock.now());
  json::array permissions;
  // Who is recovering an account may do nothing but prove who they are.
  const auto granted = session.scope == kRecoveryScope ? http::permissions_of(http::Role::user) : user.permissions;
  for (const auto& word : http::words_of(granted)) permissions.push_back(json::value(json::string{word}));
  json::object claims;
  claims["sub"] = user.id.str();
  if (user.tenant != kDefaultTenant) claims["organization"] = user.tenant.str();
  claims["email"] = user.email;
  claims["role"] = json::string_view{http::to_string(user.role).data(), http::to_string(user.role).size()};
  claims["permissions"] = std::move(permissions);
  claims["iat"] = now;
  claims["exp"] = std::min(now + core_.options.sessions.access_lifetime.count(), seconds(session.expires_at));
  claims["sid"] = session.id.str();
  claims["auth_time"] = seconds(session.auth_time);
  const auto acr = http::acr_of(session.aal);
  claims["acr"] = json::string_view{acr.data(), acr.size()};
  json::array amr;
  for (std::string_view rest = session.amr; !rest.empty();) {
    const auto space = rest.find(' ');
    const auto word = rest.substr(0, space);
    amr.push_back(json::value(json::string_view{word.data(), word.size()}));
    rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  }
  claims["amr"] = std::move(amr);
  if (user.needed_aal > 1) claims["needed_aal"] = user.needed_aal;
  claims["jti"] = crypto::random_token(12);
  return tokens_.sign(claims);
}

Result<http::Principal> AuthService::principal_of(const json::object& claims) const {
  const auto* sub = claims.if_contains("sub");
  const auto* role = claims.if_contains("role");
  const auto* permissions = claims.if_contains("permissions");
  if (sub == nullptr || !sub->is_string() || role == nullptr || !role->is_string() || permissions == nullptr || !permissions->is_array())
    return Error{Errc::unauthenticated, "claims"};
  const auto id = Uuid::parse({sub->as_string().data(), sub->as_string().size()});
  const auto known = http::parse_role({role->as_string().data(), role->as_string().size()});
  if (!id || !known) return Error{Errc::unauthenticated, "claims"};
  const auto* sid = claims.if_contains("sid");
  const auto* auth_time = claims.if_contains("auth_time");
  const auto* acr = claims.if_contains("acr");
  if (sid == nullptr || !sid->is_string() || auth_time == nullptr || !auth_time->is_int64() || acr == nullptr || !acr->is_string())
    return Error{Errc::unauthenticated, "claims"};
  const auto session = Uuid::parse({sid->as_string().data(), sid->as_string().size()});
  if (!session) return Error{Errc::unauthenticated, "session"};
  auto tenant = std::optional{kDefaultTenant};
  if (const auto* organization = claims.if_contains("organization"))
    tenant = organization->is_string() ? Uuid::parse({organization->as_string().data(), organization->as_string().size()}) : std::nullopt;
  if (!tenant) return Error{Errc::unauthenticated, "claims"};
  http::Principal principal;
  principal.request.tenant = *tenant;
  principal.session = *session;
  principal.auth_time = Time{std::chrono::seconds{auth_time->as_int64()}};
  principal.aal = acr->as_string() == "aal3" ? 3 : acr->as_string() == "aal2" ? 2 : 1;
  principal.needed_aal = core_.options.needed_aal[static_cast<std::size_t>(*known)];
  if (const auto* needed = claims.if_contains("needed_aal"); needed != nullptr && needed->is_int64())
    principal.needed_aal = std::max(principal.needed_aal, static_cast<std::uint8_t>(std::clamp<std::int64_t>(needed->as_int64(), 1, 3)));
  principal.id = *id;
  principal.role = *known;
  for (const auto& word : permissions->as_array())
    if (word.is_string()) http::add_permission(principal.permissions, {word.as_string().data(), word.as_string().size()});
  return principal;
}

Result<http::Principal> AuthService::authenticate(std::string_view token) const {
  const auto now = core_.clock.now();
  const auto* known = known_.find(token, now);
  http::Principal verified;
  if (known == nullptr) {
    AX_TRY(const auto claims, tokens_.verify(token, now));
    AX_TRY(verified, principal_of(claims));
    if (const auto& exp = claims.at("exp"); exp.is_int64()) known_.keep(token, now, Time{std::chrono::seconds{exp.as_int64()}}, verified);
    known = &verified;
  }
  if (!core_.sessions.is_live(*known->session)) return Error{Errc::unauthenticated, "session"};
  if (!core_.sessions.knows()) return Error{Errc::unavailable, "revocations could not be read"};
  return *known;
}

}  // namespace authx::auth
