#include "services/oauth/oauth_service.h"

#include <algorithm>

#include "base/collect.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/jose_parts.h"
#include "http/client.h"
#include "services/oauth/logouts.h"
#include "telemetry/log.h"

namespace authx::oauth {
namespace {

constexpr db::Query kRevokeToken{"oauth_revoked_tokens.add",
                                 "INSERT INTO oauth_revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr db::Query kRevokedToken{"oauth_revoked_tokens.get", "SELECT jti FROM oauth_revoked_tokens WHERE jti = $1"};
constexpr db::Query kInsertDevice{"oauth_devices.insert",
                                  "INSERT INTO oauth_devices (device_hash, user_code, client_id, params, state, poll_seconds, expires_at) "
                                  "VALUES ($1, $2, $3, $4, 'pending', 5, $5)"};
constexpr db::Query kPendingDevice{"oauth_devices.pending",
                                   "SELECT params FROM oauth_devices WHERE user_code = $1 AND state = 'pending' AND expires_at > $2 AND "
                                   "client_id IN (SELECT id FROM oauth_clients WHERE tenant_id = $3)"};
constexpr db::Query kDecideDevice{
    "oauth_devices.decide",
    "UPDATE oauth_devices SET state = $2, user_id = $3, parent_session = $4, amr = $5, aal = $6, auth_time = $7 "
    "WHERE user_code = $1 AND state = 'pending' AND expires_at > $8 AND client_id IN (SELECT id FROM oauth_clients WHERE tenant_id = $9) "
    "RETURNING client_id, params"};
constexpr db::Query kConsents{
    "oauth_consents.list",
    "SELECT c.client_id, o.name, c.scope, c.granted_at FROM oauth_consents c JOIN oauth_clients o ON o.id = c.client_id "
    "WHERE c.user_id = $1 ORDER BY c.granted_at DESC LIMIT 200"};
constexpr db::Query kWithdraw{"oauth_consents.withdraw",
                              "DELETE FROM oauth_consents WHERE user_id = $1 AND client_id = $2 RETURNING client_id"};
constexpr db::Query kGrantedClaims{"oauth_grants.claims",
                                   "SELECT g.claims FROM oauth_grants g JOIN sessions s ON s.id = g.session_id "
                                   "WHERE g.session_id = $1 AND s.client_id = $2"};
constexpr db::Query kLogout{"oauth_logouts.get",
                            "SELECT client_id, user_id, session_id FROM oauth_logouts WHERE id = $1 AND delivered_at IS NULL"};
constexpr db::Query kLogoutDone{"oauth_logouts.done", "UPDATE oauth_logouts SET delivered_at = $2, outcome = $3 WHERE id = $1"};

std::int64_t seconds(Time t) { return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count(); }

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

/// Eight letters that no one confuses and that spell nothing (RFC 8628, 6.1): 34 bits.
std::string new_user_code() {
  constexpr std::string_view letters = "BCDFGHJKLMNPQRSTVWXZ";
  std::string out;
  while (out.size() < 9) {
    if (out.size() == 4) out += '-';
    std::uint8_t byte = 0;
    random_bytes({&byte, 1});
    if (byte < 240) out += letters[byte % letters.size()];
  }
  return out;
}

std::string clean_user_code(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 32)) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (c >= 'A' && c <= 'Z') out += c;
    if (out.size() == 4) out += '-';
  }
  return out;
}

}  // namespace

bool is_access_token(std::string_view token) {
  const auto parts = crypto::jose::split(token);
  if (!parts || parts->header.size() > 512) return false;
  const auto header = crypto::jose::parse_part(parts->header);
  return header && text_of(*header, "typ") == "at+jwt";
}

bool OAuthService::live(const json::object& claims) const {
  if (!p_.sessions.knows()) return false;
  const auto sid = text_of(claims, "sid");
  if (sid.empty()) return true;
  const auto session = Uuid::parse(sid);
  return session && p_.sessions.is_live(*session);
}

std::optional<Uuid> tenant_of(const json::object& claims) {
  const auto* organization = claims.if_contains("organization");
  if (organization == nullptr) return kDefaultTenant;
  return organization->is_string() ? Uuid::parse(text_of(claims, "organization")) : std::nullopt;
}

Result<http::Principal> OAuthService::authenticate(std::string_view token) const {
  AX_TRY(const auto claims, p_.keys.verify(token, "at+jwt", p_.clock.now()));
  const Error refused{Errc::unauthenticated, "access token"};
  if (text_of(claims, "iss") != p_.options.issuer || text_of(claims, "aud") != p_.options.issuer || claims.contains("cnf") || !live(claims))
    return refused;
  const auto id = Uuid::parse(text_of(claims, "sub"));
  const auto tenant = tenant_of(claims);
  if (!id || !tenant) return refused;
  http::Principal out;
  out.request.tenant = *tenant;
  out.id = *id;
  out.delegated = true;
  const auto role = http::parse_role(text_of(claims, "role"));
  const bool person = claims.contains("sid");
  if (person && !role) return refused;
  out.role = role.value_or(http::Role::user);
  http::Permissions asked;
  for (const auto& word : words_of(text_of(claims, "scope")))
    if (word.starts_with("authx:")) http::add_permission(asked, std::string_view{word}.substr(6));
  http::Permissions own;
  if (const auto* words = claims.if_contains("permissions"); words != nullptr && words->is_array())
    for (const auto& word : words->as_array())
      if (word.is_string()) http::add_permission(own, {word.as_string().data(), word.as_string().size()});
  for (std::size_t i = 0; i < http::kPermissions; ++i) {
    const auto permission = static_cast<http::Permission>(i);
    if (asked.has(permission) && (!person || own.has(permission))) out.permissions.add(permission);
  }
  if (const auto* needed = claims.if_contains("needed_aal"); needed != nullptr && needed->is_int64())
    out.needed_aal = static_cast<std::uint8_t>(std::clamp<std::int64_t>(needed->as_int64(), 1, 3));
  if (const auto* time = claims.if_contains("auth_time"); time != nullptr && time->is_int64())
    out.auth_time = Time{std::chrono::seconds{time->as_int64()}};
  const auto acr = text_of(claims, "acr");
  out.aal = acr == "aal3" ? 3 : acr == "aal2" ? 2 : 1;
  return out;
}

awaitable<Result<Outcome<json::object>>> OAuthService::introspect(ClientCredentials credentials, SecretText token) {
  using Out = Result<Outcome<json::object>>;
  AX_CO_TRY(const auto who, co_await authenticate_client(std::move(credentials), {}));
  if (!who) co_return Out{who.error()};
  const auto& caller = **who;
  if (!caller.confidential()) co_return Out{Refusal::client()};
  const json::object inactive{{"active", false}};
  auto claims = p_.keys.verify(token.expose(), "at+jwt", p_.clock.now());
  if (claims) {
    // A client sees its own tokens, a resource server those made for it; nobody learns whether another's token lives.
    const bool own = text_of(*claims, "client_id") == caller.client_id || contains(caller.metadata.resources, text_of(*claims, "aud"));
    if (!own || tenant_of(*claims) != caller.tenant || !live(*claims)) co_return Out{Outcome<json::object>{inactive}};
    if (!claims->contains("sid")) {
      auto find = [&claims](db::Tx& tx) -> Result<bool> {
        AX_TRY(const auto rows, tx.exec(kRevokedToken, text_of(*claims, "jti")));
        return !rows.empty();
      };
      AX_CO_TRY(const bool revoked, co_await p_.database.read(caller.tenant, find));
      if (revoked) co_return Out{Outcome<json::object>{inactive}};
    }
    json::object out{{"active", true}};
    for (auto& [key, value] : *claims) out[key] = std::move(value);
    out["token_type"] = out.contains("cnf") ? "DPoP" : "Bearer";
    co_return Out{Outcome<json::object>{std::move(out)}};
  }
  auto find = [this, &token](db::Tx& tx) { return p_.sessions.inspect(tx, token.expose()); };
  AX_CO_TRY(const auto session, co_await p_.database.read(caller.tenant, find));
  if (!session || session->client_id != caller.client_id) co_return Out{Outcome<json::object>{inactive}};
  json::object out{{"active", true},
                   {"iss", p_.options.issuer},
                   {"sub", session->user.str()},
                   {"client_id", session->client_id},
                   {"scope", session->scope},
                   {"exp", seconds(session->expires_at)},
                   {"token_type", "refresh_token"}};
  co_return Out{Outcome<json::object>{std::move(out)}};
}

awaitable<Result<Outcome<Done>>> OAuthService::revoke(ClientCredentials credentials, SecretText token, http::RequestInfo request) {
  using Out = Result<Outcome<Done>>;
  AX_CO_TRY(const auto who, co_await authenticate_client(std::move(credentials), request));
  if (!who) co_return Out{who.error()};
  const auto& caller = **who;
  auto run = [this, &caller, &token, &request](db::Tx& tx) -> Result<Outcome<Done>> {
    std::optional<auth::Session> session;
    const auto claims = p_.keys.verify(token.expose(), "at+jwt", p_.clock.now());
    if (claims && text_of(*claims, "client_id") == caller.client_id) {
      if (const auto sid = Uuid::parse(text_of(*claims, "sid"))) {
        AX_TRY(session, p_.sessions.find(tx, *sid));
      } else {
        AX_CHECK(tx.exec(kRevokeToken, text_of(*claims, "jti"), Time{std::chrono::seconds{claims->at("exp").to_number<std::int64_t>()}}));
      }
    } else if (!claims) {
      AX_TRY(session, p_.sessions.inspect(tx, token.expose()));
    }
    if (session && session->client_id == caller.client_id) {
      AX_CHECK(p_.sessions.revoke(tx, session->id, "revoked"));
      AX_CHECK(
          p_.audit.append(tx, {session->user, "oauth.revoked", json::serialize(json::object{{"client_id", caller.client_id}}), &request}));
    }
    return Outcome<Done>{Done{}};  // an unknown token is as good as revoked (RFC 7009, 2.2)
  };
  co_return co_await p_.database.write(caller.tenant, run);
}

Result<json::object> OAuthService::claims_of(db::Tx& tx, const users::User& user, const Words& scope, const ClaimsPart& wishes) const {
  json::object out;
  const auto put = [&](std::string_view name, json::value value) {
    const auto wish = wishes.claims.find(std::string{name});
    if (wish != wishes.claims.end() ? wish->second.accepts(value) : contains(scope, scope_of_claim(name)))
      out[json::string_view{name.data(), name.size()}] = std::move(value);
  };
  put("name", json::string{user.name});
  if (user.dob) put("birthdate", json::string{*user.dob});
  put("email", json::string{user.email});
  put("email_verified", user.email_verified);
  if (user.phone) {
    put("phone_number", json::string{*user.phone});
    put("phone_number_verified", user.phone_verified);
  }
  if (user.address) put("address", json::object{{"formatted", *user.address}});
  if (!p_.verified_claims || (wishes.verified.empty() && !contains(scope, "verified_identity"))) return out;
  AX_TRY(auto verified, p_.verified_claims(tx, user.id));
  if (!verified) return out;
  if (wishes.verified.empty()) {
    out["verified_claims"] = std::move(*verified);
    return out;
  }
  json::array sets;
  for (const auto& wish : wishes.verified)
    if (auto told = answer_wish(*verified, wish, p_.clock.now())) sets.push_back(std::move(*told));
  if (sets.size() == 1)
    out["verified_claims"] = std::move(sets.front());
  else if (!sets.empty())
    out["verified_claims"] = std::move(sets);
  return out;
}

awaitable<Result<Outcome<json::object>>> OAuthService::userinfo(SecretText authorization, std::string dpop, std::string_view method) {
  using Out = Result<Outcome<json::object>>;
  const std::string_view header = authorization.expose();
  const bool bound = header.size() > 5 && (header.starts_with("DPoP ") || header.starts_with("dpop "));
  const bool bearer = header.size() > 7 && (header.starts_with("Bearer ") || header.starts_with("bearer "));
  if (!bound && !bearer) co_return Out{Refusal::token("Bearer", "an access token is required")};
  const auto token = header.substr(bound ? 5 : 7);
  const auto now = p_.clock.now();
  const auto scheme = bound ? "DPoP" : "Bearer";
  const auto claims = p_.keys.verify(token, "at+jwt", now);
  const auto tenant = claims ? tenant_of(*claims) : std::nullopt;
  if (!tenant || text_of(*claims, "aud") != p_.options.issuer || !claims->contains("sid") || !live(*claims) ||
      (p_.tenant_open && !p_.tenant_open(*tenant)))
    co_return Out{Refusal::token(scheme, "the access token is not valid here")};
  const auto* cnf = claims->if_contains("cnf");
  if ((cnf != nullptr) != bound) co_return Out{Refusal::token(scheme, "the access token is of another kind")};
  std::optional<DpopProof> proof;
  if (bound) {
    auto checked = check_dpop(dpop, method, p_.options.issuer + "/oauth/userinfo", token, now);
    if (!checked || text_of(cnf->as_object(), "jkt") != checked->jkt) {
      Refusal refused{"invalid_dpop_proof", checked ? "the proof's key is not the token's" : checked.error().description, 401,
                      "DPoP error=\"invalid_dpop_proof\""};
      co_return Out{std::move(refused)};
    }
    proof = std::move(*checked);
  }
  const auto scope = words_of(text_of(*claims, "scope"));
  if (!contains(scope, "openid"))
    co_return Out{Refusal{"insufficient_scope", "the openid scope is required", 403,
                          std::string{scheme} + R"( error="insufficient_scope", scope="openid")"}};
  const auto user = Uuid::parse(text_of(*claims, "sub"));
  const auto session = Uuid::parse(text_of(*claims, "sid"));
  auto read = [this, &user, &scope, &session, &claims](db::Tx& tx) -> Result<Outcome<json::object>> {
    auto found = users::get(tx, p_.keyring, user.value_or(Uuid{}));
    if (!found && found.error().code != Errc::not_found) return found.error();
    if (!found || !found->active) return Refusal::token("Bearer", "the account is gone or disabled");
    ClaimsRequest asked;  // of the session's own client: another one, to which its token was exchanged, has no part in it
    AX_TRY(const auto grant, tx.exec(kGrantedClaims, session.value_or(Uuid{}), text_of(*claims, "client_id")));
    if (!grant.empty() && !claims->contains("act")) asked = ClaimsRequest::stored(grant[0].opt_text(0).value_or(""));
    AX_TRY(auto out, claims_of(tx, *found, scope, asked.userinfo));
    out["sub"] = found->id.str();
    return Outcome<json::object>{std::move(out)};
  };
  if (proof) {
    auto note = [&proof, now](db::Tx& tx) { return use_once(tx, proof->once, now + std::chrono::minutes{10}); };
    AX_CO_TRY(const bool fresh, co_await p_.database.write(*tenant, note));
    if (!fresh) co_return Out{Refusal{"invalid_dpop_proof", "the proof was used before", 401, "DPoP error=\"invalid_dpop_proof\""}};
  }
  co_return co_await p_.database.read(*tenant, read);
}

awaitable<Result<>> OAuthService::ensure_key(crypto::JwsAlgorithm algorithm) {
  if (p_.keys.has(algorithm)) co_return Result<>{};
  auto make = [this, algorithm] { return p_.keys.ensure(algorithm); };
  co_return co_await p_.work.run(std::move(make));
}

awaitable<Result<Onward>> OAuthService::logout(std::string id_token_hint, std::string post_logout_redirect_uri, std::string state,
                                               std::string client_id, http::RequestInfo request) {
  Onward out;
  out.location = p_.options.issuer + "/sign-out";
  const auto hint = id_token_hint.empty() ? Result<json::object>{Errc::validation} : p_.keys.verify_hint(id_token_hint);
  if (!hint || text_of(*hint, "iss") != p_.options.issuer) {  // nobody known asks: the page asks the person
    if (!post_logout_redirect_uri.empty() && !id_token_hint.empty()) out.fault = "invalid_request: the hint is not valid";
    co_return out;
  }
  const std::string asked{text_of(*hint, "aud")};
  if (!client_id.empty() && client_id != asked) {
    out.fault = "invalid_request: the hint is for another application";
    co_return out;
  }
  AX_CO_TRY(const auto known, co_await client(asked));
  if (!post_logout_redirect_uri.empty()) {
    if (!known || !contains(known->metadata.post_logout_redirect_uris, post_logout_redirect_uri)) {
      out.fault = "invalid_request: the address to return to is not registered for this application";
      co_return out;
    }
    AuthorizationParams back;
    back.redirect_uri = post_logout_redirect_uri;
    out.location = post_logout_redirect_uri;
    if (!state.empty()) {
      back.state = state;
      out.location = answer(back, {});
    }
  }
  const auto session = Uuid::parse(text_of(*hint, "sid"));
  auto end = [this, &session, &request](db::Tx& tx) -> Result<> {
    if (!session) return {};
    AX_TRY(const auto mine, p_.sessions.find(tx, *session));
    if (!mine) return {};
    tx.enter(mine->tenant);
    AX_TRY(const auto all, p_.sessions.list(tx, mine->user));
    for (const auto& other : all)  // every application that the person entered from the same sign-in
      if (mine->parent && other.parent == mine->parent) AX_CHECK(p_.sessions.revoke(tx, other.id, "logged_out"));
    AX_CHECK(p_.sessions.revoke(tx, mine->id, "logged_out"));
    if (mine->parent) AX_CHECK(p_.sessions.revoke(tx, *mine->parent, "logged_out"));
    return p_.audit.append(tx, {mine->user, "oauth.logged_out", json::serialize(json::object{{"client_id", mine->client_id}}), &request});
  };
  AX_CO_CHECK(co_await p_.database.write(db::Scope::everyone(), end));
  co_return out;
}

awaitable<Result<Outcome<DeviceStart>>> OAuthService::start_device(ClientCredentials credentials, std::string scope, std::string resource,
                                                                   http::RequestInfo request) {
  using Out = Result<Outcome<DeviceStart>>;
  AX_CO_TRY(const auto who, co_await authenticate_client(std::move(credentials), request));
  if (!who) co_return Out{who.error()};
  const auto& known = **who;
  if (!known.may(kDeviceGrant)) co_return Out{Refusal{"unauthorized_client", "the client may not use the device grant"}};
  auto allowed = known.allowed_scope(scope.empty() ? "openid" : scope);
  if (!allowed) co_return Out{allowed.error()};
  if (const auto target = audience(known, resource); !target) co_return Out{target.error()};
  AuthorizationParams params;
  params.client_id = known.client_id;
  params.scope = joined(*allowed);
  params.resource = resource;
  DeviceStart out;
  out.device_code = crypto::random_token();
  out.user_code = new_user_code();
  out.verification_uri = p_.options.issuer + "/device";
  out.verification_uri_complete = out.verification_uri + "#code=" + out.user_code;
  out.expires_in = p_.options.device_lifetime.count();
  out.interval = 5;
  auto keep = [this, &known, &params, &out](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kInsertDevice, hash_of(out.device_code), out.user_code, known.id, params.json(),
                     p_.clock.now() + p_.options.device_lifetime));
    return {};
  };
  AX_CO_CHECK(co_await p_.database.write(known.tenant, keep));
  co_return Out{Outcome<DeviceStart>{std::move(out)}};
}

awaitable<Result<Pending>> OAuthService::device(const http::Principal& caller, std::string user_code) {
  auto find = [this, &user_code, &caller](db::Tx& tx) -> Result<std::string> {
    AX_TRY(const auto rows, tx.exec(kPendingDevice, clean_user_code(user_code), p_.clock.now(), tx.scope().home()));
    if (!rows.empty()) return rows[0].text(0);
    AX_CHECK(p_.audit.append(tx, {caller.id, "oauth.device_code_unknown", "{}", &caller.request}));
    return std::string{};
  };
  AX_CO_TRY(const auto text, co_await p_.database.write(caller.request.tenant, find));
  if (text.empty()) co_return Result<Pending>{Errc::not_found};
  Pending out;
  out.params = AuthorizationParams::from_json(text);
  AX_CO_TRY(out.client, co_await client(out.params.client_id));
  if (!out.client) co_return Result<Pending>{Errc::not_found};
  co_return out;
}

awaitable<Result<>> OAuthService::decide_device(const http::Principal& caller, std::string user_code, bool approve) {
  auto settle = [this, &caller, &user_code, approve](db::Tx& tx) -> Result<> {
    std::string amr = "pwd";
    if (caller.session) {
      AX_TRY(const auto session, p_.sessions.find(tx, *caller.session));
      if (!session) return Errc::unauthenticated;
      amr = session->amr;
    }
    AX_TRY(const auto rows, tx.exec(kDecideDevice, clean_user_code(user_code), approve ? "approved" : "denied", caller.id, caller.session,
                                    amr, static_cast<std::int64_t>(caller.aal), caller.auth_time, p_.clock.now(), tx.scope().home()));
    if (rows.empty()) return Errc::not_found;
    return p_.audit.append(tx, {caller.id, approve ? "oauth.device_approved" : "oauth.device_refused",
                                json::serialize(json::object{{"client_id", rows[0].uuid(0).str()}}), &caller.request});
  };
  co_return co_await p_.database.write(caller.request.tenant, settle);
}

awaitable<Result<std::vector<Consent>>> OAuthService::consents(const http::Principal& caller) {
  auto read = [&caller](db::Tx& tx) -> Result<std::vector<Consent>> {
    AX_TRY(const auto rows, tx.exec(kConsents, caller.id));
    return collect(rows, [](const db::Row& row) { return Consent{row.uuid(0).str(), row.text(1), words_of(row.text(2)), row.time(3)}; });
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

awaitable<Result<>> OAuthService::withdraw(const http::Principal& caller, std::string client_id) {
  auto run = [this, &caller, &client_id](db::Tx& tx) -> Result<> {
    const auto id = Uuid::parse(client_id);
    if (!id) return Errc::not_found;
    AX_TRY(const auto rows, tx.exec(kWithdraw, caller.id, *id));
    if (rows.empty()) return Errc::not_found;
    AX_TRY(const auto sessions, p_.sessions.list(tx, caller.id));
    for (const auto& session : sessions)
      if (session.client_id == id->str()) AX_CHECK(p_.sessions.revoke(tx, session.id, "revoked"));
    return p_.audit.append(
        tx, {caller.id, "oauth.consent_withdrawn", json::serialize(json::object{{"client_id", id->str()}}), &caller.request});
  };
  co_return co_await p_.database.write(caller.request.tenant, run);
}

void OAuthService::register_jobs() {
  jobs::Handler handler;
  handler.run = [this](const jobs::Job& job) { return deliver_logout(job); };
  handler.give_up = [this](db::Tx& tx, const jobs::Job& job) -> Result<> {
    AX_CHECK(tx.exec(kLogoutDone, job.subject, p_.clock.now(), "given_up"));
    return {};
  };
  p_.queue.handle(std::string{kLogoutJob}, std::move(handler));
  p_.sessions.on_end([this](db::Tx& tx, const Uuid& session, const Uuid& user, std::string_view client_id) {
    return announce_end(tx, p_.queue, p_.clock.now(), session, user, client_id);
  });
}

Result<> OAuthService::deliver_logout(const jobs::Job& job) {
  struct Delivery {
    Client client;
    Uuid user, session;
  };
  auto read = [&](db::Tx& tx) -> Result<std::optional<Delivery>> {
    AX_TRY(const auto rows, tx.exec(kLogout, job.subject));
    if (rows.empty()) return std::optional<Delivery>{};
    AX_TRY(auto known, find_client(tx, rows[0].uuid(0).str()));
    if (!known) return std::optional<Delivery>{};
    return std::optional{Delivery{std::move(*known), rows[0].uuid(1), rows[0].uuid(2)}};
  };
  AX_TRY(const auto due, p_.database.sync().read(read));
  std::string outcome = "gone";
  if (due) {
    const auto now = seconds(p_.clock.now());
    json::object claims{{"iss", p_.options.issuer},
                        {"aud", due->client.client_id},
                        {"sub", due->user.str()},
                        {"sid", due->session.str()},
                        {"iat", now},
                        {"exp", now + 120},
                        {"jti", crypto::random_token(12)},
                        {"events", json::object{{"http://schemas.openid.net/event/backchannel-logout", json::object{}}}}};
    AX_TRY(const auto token, p_.keys.sign(claims, "logout+jwt", due->client.metadata.id_token_algorithm));
    http::Peer peer;
    peer.base_url = due->client.metadata.backchannel_logout_uri;
    peer.allow_private = p_.options.private_peers;
    auto peer_client = http::Client::create(std::move(peer), 1);
    if (!peer_client) {
      outcome = "refused_address";
    } else {
      http::ClientRequest request;
      request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
      request.body = SecretText{"logout_token=" + token};
      const auto answer = (*peer_client)->call(std::move(request));
      if (!answer && answer.error().code != Errc::forbidden) return answer.error();
      if (answer && answer->status >= 500) return Error{Errc::unavailable, "back-channel logout was not accepted"};
      outcome = !answer ? "refused_address" : answer->status < 300 ? "delivered" : "rejected";
    }
  }
  auto done = [&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kLogoutDone, job.subject, p_.clock.now(), outcome));
    return p_.queue.complete(tx, job);
  };
  return p_.database.sync().write(done);
}

Result<> OAuthService::sweep() {
  static constexpr db::Query queries[] = {
      {"oauth_requests.sweep", "DELETE FROM oauth_requests WHERE expires_at < $1"},
      {"oauth_replays.sweep", "DELETE FROM oauth_replays WHERE expires_at < $1"},
      {"oauth_devices.sweep", "DELETE FROM oauth_devices WHERE expires_at < $1"},
      {"oauth_revoked_tokens.sweep", "DELETE FROM oauth_revoked_tokens WHERE expires_at < $1"},
  };
  static constexpr db::Query codes{"oauth_codes.sweep", "DELETE FROM oauth_codes WHERE expires_at < $1"};
  static constexpr db::Query logouts{"oauth_logouts.sweep", "DELETE FROM oauth_logouts WHERE created_at < $1"};
  auto run = [this](db::Tx& tx) -> Result<> {
    const auto now = p_.clock.now();
    for (const auto& query : queries) AX_CHECK(tx.exec(query, now));
    AX_CHECK(tx.exec(codes, now - std::chrono::days{1}));  // used codes are kept a while, to know a replay
    AX_CHECK(tx.exec(logouts, now - std::chrono::days{30}));
    return {};
  };
  AX_CHECK(p_.database.sync().write(run));
  return p_.keys.tend();
}

}  // namespace authx::oauth
