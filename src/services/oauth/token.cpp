#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "services/oauth/oauth_service.h"

namespace authx::oauth {
namespace {

constexpr db::Query kTakeCode{"oauth_codes.take",
                              "UPDATE oauth_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL RETURNING client_id, user_id, "
                              "parent_session, params, amr, aal, auth_time, expires_at"};
constexpr db::Query kUsedCode{"oauth_codes.used", "SELECT session_id, client_id FROM oauth_codes WHERE code_hash = $1"};
constexpr db::Query kCodeSession{"oauth_codes.session", "UPDATE oauth_codes SET session_id = $2 WHERE code_hash = $1"};
constexpr db::Query kGrant{"oauth_grants.insert",
                           "INSERT INTO oauth_grants (session_id, resource, created_at, claims) VALUES ($1, $2, $3, $4)"};
constexpr db::Query kGranted{"oauth_grants.get", "SELECT resource, claims FROM oauth_grants WHERE session_id = $1"};
constexpr db::Query kDevice{
    "oauth_devices.poll",
    "SELECT client_id, params, state, user_id, parent_session, amr, aal, auth_time, poll_seconds, polled_at, expires_at "
    "FROM oauth_devices WHERE device_hash = $1"};
constexpr db::Query kPolled{"oauth_devices.polled", "UPDATE oauth_devices SET polled_at = $2, poll_seconds = $3 WHERE device_hash = $1"};
constexpr db::Query kDeviceUsed{
    "oauth_devices.used", "UPDATE oauth_devices SET state = 'used' WHERE device_hash = $1 AND state = 'approved' RETURNING device_hash"};
constexpr std::string_view kAccessType = "urn:ietf:params:oauth:token-type:access_token";

std::int64_t seconds(Time t) { return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count(); }
Refusal invalid_grant(const char* why) { return {"invalid_grant", why}; }

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

bool verifier_fits(std::string_view verifier, std::string_view challenge) {
  constexpr std::string_view extra = "-._~";
  if (verifier.size() < 43 || verifier.size() > 128) return false;
  for (const char c : verifier) {
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alnum && extra.find(c) == std::string_view::npos) return false;
  }
  const auto made = base64url_encode(crypto::sha256(as_bytes(verifier)));
  return crypto::constant_time_equal(as_bytes(made), as_bytes(challenge));
}

json::array array_of(const Words& words) {
  json::array out;
  for (const auto& word : words) out.push_back(json::value(json::string{word}));
  return out;
}

}  // namespace

Result<Tokens> OAuthService::mint(db::Tx& tx, const Subject& subject, const users::User& user, const Uuid& session) {
  const auto& client = subject.client;
  const auto scope = words_of(subject.scope);
  const auto now = seconds(p_.clock.now());
  const auto methods = array_of(words_of(subject.amr));
  json::object access;
  access["iss"] = p_.options.issuer;
  access["sub"] = user.id.str();
  if (user.tenant != kDefaultTenant) access["organization"] = user.tenant.str();
  access["aud"] = subject.resource.empty() ? p_.options.issuer : subject.resource;
  access["client_id"] = client.client_id;
  access["scope"] = joined(scope);
  access["iat"] = now;
  access["exp"] = now + p_.options.access_lifetime.count();
  access["jti"] = crypto::random_token(12);
  access["sid"] = session.str();
  access["auth_time"] = seconds(subject.auth_time);
  access["acr"] = std::string{http::acr_of(subject.aal)};
  access["amr"] = methods;
  if (subject.jkt) access["cnf"] = json::object{{"jkt", *subject.jkt}};
  if (std::ranges::any_of(scope, [](const auto& word) { return word.starts_with("authx:"); })) {
    const auto role = http::to_string(user.role);
    access["role"] = json::string_view{role.data(), role.size()};
    json::array own;
    for (auto& word : http::words_of(user.permissions)) own.push_back(json::value(json::string{word}));
    access["permissions"] = std::move(own);
    access["needed_aal"] = std::max(user.needed_aal, p_.options.needed_aal[static_cast<std::size_t>(user.role)]);
  }
  Tokens out;
  AX_TRY(out.access_token, p_.keys.sign(access, "at+jwt", p_.options.algorithm));
  out.token_type = subject.jkt ? "DPoP" : "Bearer";
  out.expires_in = p_.options.access_lifetime.count();
  out.scope = joined(scope);
  if (contains(scope, "openid")) {
    AX_TRY(auto id, claims_of(tx, user, {}, subject.claims.id_token));
    id["iss"] = p_.options.issuer;
    id["sub"] = user.id.str();
    id["aud"] = client.client_id;
    id["iat"] = now;
    id["exp"] = now + p_.options.id_token_lifetime.count();
    id["auth_time"] = seconds(subject.auth_time);
    id["acr"] = std::string{http::acr_of(AcrWish{subject.claims, ""}.told(subject.aal))};
    id["amr"] = methods;
    id["sid"] = session.str();
    if (!subject.nonce.empty()) id["nonce"] = subject.nonce;
    if (client.metadata.id_token_algorithm != crypto::JwsAlgorithm::EdDSA) {  // its hash is SHA-512's; at_hash is optional with a code
      const auto digest = crypto::sha256(as_bytes(out.access_token));
      id["at_hash"] = base64url_encode(BytesView{digest}.first(16));
    }
    AX_TRY(out.id_token, p_.keys.sign(id, "JWT", client.metadata.id_token_algorithm));
  }
  return out;
}

Result<Outcome<Tokens>> OAuthService::open(db::Tx& tx, const Subject& subject, const http::RequestInfo& request, Uuid* session) {
  const auto user = users::get(tx, p_.keyring, subject.user);
  if (!user && user.error().code != Errc::not_found) return user.error();
  if (!user || !user->active) return invalid_grant("the account is gone or disabled");
  if (subject.parent) {
    AX_TRY(const auto parent, p_.sessions.find(tx, *subject.parent));
    if (!parent) return invalid_grant("the person has signed out");
  }
  auth::Opening opening;
  opening.user = subject.user;
  opening.client_id = subject.client.client_id;
  opening.scope = subject.scope;
  if (!subject.client.confidential())
    opening.binding = subject.jkt;  // a confidential client's refresh tokens are bound to the client (RFC 9449, 5)
  opening.parent = subject.parent;
  opening.amr = subject.amr;
  opening.aal = subject.aal;
  opening.auth_time = subject.auth_time;
  opening.request = &request;
  AX_TRY(auto opened, p_.sessions.open(tx, opening));
  if (session != nullptr) *session = opened.id;
  if (!subject.resource.empty() || !subject.claims.empty())
    AX_CHECK(tx.exec(kGrant, opened.id, subject.resource, p_.clock.now(), subject.claims.text()));
  AX_TRY(auto tokens, mint(tx, subject, *user, opened.id));
  if (subject.client.may(kRefreshGrant)) tokens.refresh_token = opened.refresh_token.expose();
  return Outcome<Tokens>{std::move(tokens)};
}

Result<Outcome<Tokens>> OAuthService::by_code(db::Tx& tx, const Client& client, const TokenParams& in,
                                              const std::optional<DpopProof>& proof, const http::RequestInfo& request) {
  const auto now = p_.clock.now();
  const auto hash = hash_of(in.code);
  AX_TRY(const auto rows, tx.exec(kTakeCode, hash, now));
  if (rows.empty()) {
    AX_TRY(const auto used, tx.exec(kUsedCode, hash));
    if (!used.empty() && !used[0].is_null(0)) {  // a second use: one of the two was a thief, so what the first got is void
      AX_TRY(const auto session, p_.sessions.find(tx, used[0].uuid(0)));
      if (session) AX_CHECK(p_.sessions.revoke(tx, session->id, "reused"));
      AX_CHECK(p_.audit.append(
          tx, {std::nullopt, "oauth.code_replayed", json::serialize(json::object{{"client_id", used[0].uuid(1).str()}}), &request}));
    }
    return invalid_grant("the code is unknown, used or expired");
  }
  const auto& row = rows[0];
  const auto params = AuthorizationParams::from_json(row.text(3));
  if (row.uuid(0) != client.id || row.time(7) <= now) return invalid_grant("the code is unknown, used or expired");
  if (in.redirect_uri != params.redirect_uri) return invalid_grant("redirect_uri is not that of the request");
  if (!verifier_fits(in.code_verifier, params.code_challenge)) return invalid_grant("code_verifier does not fit");
  if (!params.dpop_jkt.empty() && (!proof || proof->jkt != params.dpop_jkt)) return invalid_grant("the code is bound to another key");
  if (!in.resource.empty() && !params.resource.empty() && in.resource != params.resource)
    return Refusal{"invalid_target", "the resource was not asked for"};
  const auto resource = params.resource.empty() ? in.resource : params.resource;
  if (const auto target = audience(client, resource); !target) return target.error();
  Subject subject{client,      row.uuid(1),  row.opt_uuid(2), params.scope,
                  resource,    params.nonce, row.text(4),     static_cast<std::uint8_t>(row.integer(5)),
                  row.time(6), std::nullopt, params.claims};
  if (proof) subject.jkt = proof->jkt;
  Uuid session;
  AX_TRY(auto out, open(tx, subject, request, &session));
  if (out) {
    AX_CHECK(tx.exec(kCodeSession, hash, session));
    AX_CHECK(
        p_.audit.append(tx, {subject.user, "oauth.signed_in", json::serialize(json::object{{"client_id", client.client_id}}), &request}));
  }
  return out;
}

Result<Outcome<Tokens>> OAuthService::by_refresh(db::Tx& tx, const Client& client, const TokenParams& in,
                                                 const std::optional<DpopProof>& proof, const http::RequestInfo& request) {
  const auto id = auth::Sessions::session_of(in.refresh_token.expose());
  if (!id) return invalid_grant("the refresh token is not valid");
  AX_TRY(const auto session, p_.sessions.find(tx, *id));
  if (session && session->binding && (!proof || proof->jkt != *session->binding))
    return invalid_grant("the refresh token is bound to another key");
  Words scope;
  if (session) {
    scope = words_of(session->scope);
    if (!in.scope.empty()) {
      auto asked = words_of(in.scope);
      if (!subset(asked, scope)) return Refusal{"invalid_scope", "more than was granted"};
      scope = std::move(asked);
    }
  }
  std::string resource;
  ClaimsRequest claims;
  AX_TRY(const auto granted, tx.exec(kGranted, *id));
  if (!granted.empty()) {
    resource = granted[0].text(0);
    claims = ClaimsRequest::stored(granted[0].opt_text(1).value_or(""));
  }
  if (!in.resource.empty()) {
    if (!resource.empty() && in.resource != resource) return Refusal{"invalid_target", "the resource was not granted"};
    if (const auto target = audience(client, in.resource); !target) return target.error();
    resource = in.resource;
  }
  AX_TRY(auto rotated, p_.sessions.rotate(tx, in.refresh_token.expose(), client.client_id, &request));
  if (!rotated.ok()) return invalid_grant("the refresh token is not valid");
  const auto user = users::get(tx, p_.keyring, rotated.session.user);
  if (!user && user.error().code != Errc::not_found) return user.error();
  if (!user || !user->active) {
    AX_CHECK(p_.sessions.revoke(tx, rotated.session.id, "disabled"));
    return invalid_grant("the account is gone or disabled");
  }
  Subject subject{client,
                  rotated.session.user,
                  rotated.session.parent,
                  joined(scope),
                  resource,
                  "",
                  rotated.session.amr,
                  rotated.session.aal,
                  rotated.session.auth_time,
                  std::nullopt,
                  std::move(claims)};
  if (proof) subject.jkt = proof->jkt;
  AX_TRY(auto tokens, mint(tx, subject, *user, rotated.session.id));
  tokens.refresh_token = rotated.refresh_token.expose();
  return Outcome<Tokens>{std::move(tokens)};
}

Result<Outcome<Tokens>> OAuthService::by_client(db::Tx& tx, const Client& client, const TokenParams& in,
                                                const std::optional<DpopProof>& proof, const http::RequestInfo& request) {
  auto scope = in.scope.empty() ? Outcome<Words>{client.metadata.scope} : client.allowed_scope(in.scope);
  if (!scope) return scope.error();
  std::erase_if(*scope, [](const auto& word) { return !word.starts_with("authx:"); });  // the others are about a person
  auto target = audience(client, in.resource);
  if (!target) return target.error();
  const auto now = seconds(p_.clock.now());
  json::object access;
  access["iss"] = p_.options.issuer;
  access["sub"] = client.client_id;
  if (client.tenant != kDefaultTenant) access["organization"] = client.tenant.str();
  access["aud"] = *target;
  access["client_id"] = client.client_id;
  if (!scope->empty()) access["scope"] = joined(*scope);
  access["iat"] = now;
  access["exp"] = now + p_.options.access_lifetime.count();
  access["jti"] = crypto::random_token(12);
  if (proof) access["cnf"] = json::object{{"jkt", proof->jkt}};
  Tokens out;
  AX_TRY(out.access_token, p_.keys.sign(access, "at+jwt", p_.options.algorithm));
  out.token_type = proof ? "DPoP" : "Bearer";
  out.expires_in = p_.options.access_lifetime.count();
  if (!scope->empty()) out.scope = joined(*scope);
  AX_CHECK(
      p_.audit.append(tx, {std::nullopt, "oauth.client_token", json::serialize(json::object{{"client_id", client.client_id}}), &request}));
  return Outcome<Tokens>{std::move(out)};
}

Result<Outcome<Tokens>> OAuthService::by_device(db::Tx& tx, const Client& client, const TokenParams& in,
                                                const std::optional<DpopProof>& proof, const http::RequestInfo& request) {
  const auto now = p_.clock.now();
  const auto hash = hash_of(in.device_code);
  AX_TRY(const auto rows, tx.exec(kDevice, hash));
  if (rows.empty() || rows[0].uuid(0) != client.id) return invalid_grant("the device code is unknown");
  const auto& row = rows[0];
  if (row.time(10) <= now) return Refusal{"expired_token", "the device code has expired"};
  const auto& state = row.text(2);
  if (state == "denied") return Refusal{"access_denied", "the person refused"};
  if (state == "used") return invalid_grant("the device code was used");
  if (state == "pending") {
    const auto pause = row.integer(8);
    const auto polled = row.opt_time(9);
    const bool hasty = polled && now - *polled < std::chrono::seconds{pause};
    AX_CHECK(tx.exec(kPolled, hash, now, hasty ? std::min<std::int64_t>(pause + 5, 60) : pause));
    if (hasty) return Refusal{"slow_down", "ask less often"};
    return Refusal{"authorization_pending", "the person has not decided yet"};
  }
  AX_TRY(const auto used, tx.exec(kDeviceUsed, hash));
  if (used.empty()) return invalid_grant("the device code was used");
  const auto params = AuthorizationParams::from_json(row.text(1));
  Subject subject{client,          row.uuid(3), row.opt_uuid(4), params.scope,
                  params.resource, "",          row.text(5),     static_cast<std::uint8_t>(row.integer(6)),
                  row.time(7)};
  if (proof) subject.jkt = proof->jkt;
  AX_TRY(auto out, open(tx, subject, request, nullptr));
  if (out)
    AX_CHECK(p_.audit.append(
        tx, {subject.user, "oauth.device_signed_in", json::serialize(json::object{{"client_id", client.client_id}}), &request}));
  return out;
}

Result<Outcome<Tokens>> OAuthService::by_exchange(db::Tx& tx, const Client& client, const TokenParams& in,
                                                  const std::optional<DpopProof>& proof, const http::RequestInfo& request) {
  if (in.subject_token_type != kAccessType || (!in.requested_token_type.empty() && in.requested_token_type != kAccessType))
    return Refusal{"invalid_request", "only access tokens can be exchanged"};
  const auto now = p_.clock.now();
  auto subject = p_.keys.verify(in.subject_token.expose(), "at+jwt", now);
  if (!subject || text_of(*subject, "iss") != p_.options.issuer || !live(*subject) || tenant_of(*subject) != client.tenant)
    return Refusal{"invalid_request", "subject_token is not valid"};
  if (subject->contains("cnf")) return Refusal{"invalid_request", "a token that is bound to a key cannot be exchanged"};
  const auto from = text_of(*subject, "aud");
  // The client must be the one the token was made for: its own, or one for a resource that it is.
  if (text_of(*subject, "client_id") != client.client_id && !contains(client.metadata.resources, from))
    return Refusal{"invalid_request", "subject_token is not for this client"};
  const auto had = words_of(text_of(*subject, "scope"));
  const auto scope = in.scope.empty() ? had : words_of(in.scope);
  if (!subset(scope, had)) return Refusal{"invalid_scope", "more than the subject's token has"};
  const auto& wanted = in.resource.empty() ? in.audience : in.resource;
  auto target = audience(client, wanted.empty() ? std::string{from} : wanted);
  if (!target) return target.error();
  json::object access = *subject;
  const auto at = seconds(now);
  const auto* until = subject->if_contains("exp");
  const auto left = std::min<std::int64_t>(p_.options.access_lifetime.count(), until->to_number<std::int64_t>() - at);
  json::object actor{{"sub", client.client_id}};
  if (const auto* before = subject->if_contains("act")) actor["act"] = *before;
  access["aud"] = *target;
  access["client_id"] = client.client_id;
  access["scope"] = joined(scope);
  access["iat"] = at;
  access["exp"] = at + left;
  access["jti"] = crypto::random_token(12);
  access["act"] = std::move(actor);
  if (proof) access["cnf"] = json::object{{"jkt", proof->jkt}};
  Tokens out;
  AX_TRY(out.access_token, p_.keys.sign(access, "at+jwt", p_.options.algorithm));
  if (out.access_token.size() > 8 * 1024) return Refusal{"invalid_request", "the chain of exchanges is too long"};
  out.token_type = proof ? "DPoP" : "Bearer";
  out.expires_in = left;
  out.scope = joined(scope);
  out.issued_token_type = std::string{kAccessType};
  AX_CHECK(p_.audit.append(tx, {Uuid::parse(text_of(*subject, "sub")), "oauth.token_exchanged",
                                json::serialize(json::object{{"client_id", client.client_id}}), &request}));
  return Outcome<Tokens>{std::move(out)};
}

awaitable<Result<Outcome<Tokens>>> OAuthService::token(ClientCredentials credentials, TokenParams in, std::string dpop,
                                                       http::RequestInfo request) {
  using Out = Result<Outcome<Tokens>>;
  AX_CO_TRY(const auto who, co_await authenticate_client(std::move(credentials), request));
  if (!who) co_return Out{who.error()};
  const auto& known = **who;
  using Grant = Result<Outcome<Tokens>> (OAuthService::*)(db::Tx&, const Client&, const TokenParams&, const std::optional<DpopProof>&,
                                                          const http::RequestInfo&);
  Grant grant = nullptr;
  if (in.grant_type == kCodeGrant) grant = &OAuthService::by_code;
  if (in.grant_type == kRefreshGrant) grant = &OAuthService::by_refresh;
  if (in.grant_type == kClientGrant) grant = &OAuthService::by_client;
  if (in.grant_type == kDeviceGrant) grant = &OAuthService::by_device;
  if (in.grant_type == kExchangeGrant) grant = &OAuthService::by_exchange;
  if (grant == nullptr) co_return Out{Refusal{"unsupported_grant_type", "the grant type is not supported"}};
  if (!known.may(in.grant_type)) co_return Out{Refusal{"unauthorized_client", "the client may not use this grant"}};
  std::optional<DpopProof> proof;
  if (!dpop.empty()) {
    auto checked = check_dpop(dpop, "POST", p_.options.issuer + "/oauth/token", std::nullopt, p_.clock.now());
    if (!checked) co_return Out{checked.error()};
    proof = std::move(*checked);
  } else if (known.metadata.dpop_bound) {
    co_return Out{Refusal{"invalid_dpop_proof", "the client must prove possession of a key"}};
  }
  auto run = [this, grant, &known, &in, &proof, &request](db::Tx& tx) -> Out {
    if (proof) {
      AX_TRY(const bool fresh, use_once(tx, proof->once, p_.clock.now() + std::chrono::minutes{10}));
      if (!fresh) return Refusal{"invalid_dpop_proof", "the proof was used before"};
    }
    return (this->*grant)(tx, known, in, proof, request);
  };
  co_return co_await p_.database.write(known.tenant, run);
}

}  // namespace authx::oauth
