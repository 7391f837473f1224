#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "services/auth/factors/factors.h"
#include "services/oauth/oauth_service.h"

namespace authx::oauth {
namespace {

constexpr db::Query kStore{"oauth_requests.store",
                           "INSERT INTO oauth_requests (handle_hash, client_id, pushed, params, expires_at) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Query kTakePushed{"oauth_requests.take_pushed",
                                "UPDATE oauth_requests SET used_at = $3 WHERE handle_hash = $1 AND client_id = $2 AND pushed = TRUE AND "
                                "used_at IS NULL AND expires_at > $3 RETURNING params"};
constexpr db::Query kPeek{
    "oauth_requests.peek",
    "SELECT params FROM oauth_requests WHERE handle_hash = $1 AND pushed = FALSE AND used_at IS NULL AND expires_at > $2"};
constexpr db::Query kTake{"oauth_requests.take",
                          "UPDATE oauth_requests SET used_at = $2 WHERE handle_hash = $1 AND pushed = FALSE AND used_at IS NULL AND "
                          "expires_at > $2 RETURNING params"};
constexpr db::Query kInsertCode{"oauth_codes.insert",
                                "INSERT INTO oauth_codes (code_hash, client_id, user_id, parent_session, params, amr, aal, auth_time, "
                                "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr db::Query kConsent{"oauth_consents.get", "SELECT scope FROM oauth_consents WHERE user_id = $1 AND client_id = $2"};
constexpr db::Query kSaveConsent{"oauth_consents.save",
                                 "INSERT INTO oauth_consents (user_id, client_id, scope, granted_at) VALUES ($1, $2, $3, $4) "
                                 "ON CONFLICT (user_id, client_id) DO UPDATE SET scope = $3, granted_at = $4"};

constexpr std::string_view kHandlePrefix = "urn:ietf:params:oauth:request_uri:";

std::int64_t seconds(Time t) { return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count(); }

bool is_challenge(std::string_view text) {
  const auto bytes = base64url_decode(text);
  return bytes && bytes->size() == 32;
}

}  // namespace

std::string AuthorizationParams::json() const {
  json::object out;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  put("client_id", client_id);
  put("redirect_uri", redirect_uri);
  put("scope", scope);
  put("state", state);
  put("nonce", nonce);
  put("code_challenge", code_challenge);
  put("resource", resource);
  put("dpop_jkt", dpop_jkt);
  put("prompt", prompt);
  put("acr_values", acr_values);
  put("claims", claims.text());
  if (max_age) out["max_age"] = *max_age;
  out["asked_at"] = asked_at;
  return json::serialize(out);
}

AuthorizationParams AuthorizationParams::from_json(std::string_view text) {
  AuthorizationParams out;
  const auto parsed = parse_json(text);
  if (!parsed) return out;
  const auto get = [&](const char* key) { return get_text(*parsed, key).value_or(""); };
  out.client_id = get("client_id");
  out.redirect_uri = get("redirect_uri");
  out.scope = get("scope");
  out.state = get("state");
  out.nonce = get("nonce");
  out.code_challenge = get("code_challenge");
  out.resource = get("resource");
  out.dpop_jkt = get("dpop_jkt");
  out.prompt = get("prompt");
  out.acr_values = get("acr_values");
  out.claims = ClaimsRequest::stored(get("claims"));
  if (const auto age = get_number(*parsed, "max_age")) out.max_age = static_cast<std::int64_t>(*age);
  out.asked_at = static_cast<std::int64_t>(get_number(*parsed, "asked_at").value_or(0));
  return out;
}

Words AuthorizationParams::consent_words() const {
  auto out = words_of(scope);
  for (auto& word : claims.consent_words(out)) out.push_back(std::move(word));
  return out;
}

Outcome<std::string> OAuthService::audience(const Client& client, const std::string& resource) const {
  if (resource.empty() || resource == p_.options.issuer) return p_.options.issuer;
  if (!contains(client.metadata.resources, resource)) return Refusal{"invalid_target", "the client may not ask tokens for this resource"};
  return resource;
}

Outcome<AuthorizationParams> OAuthService::check(const Client& client, const RawAuthorization& raw) const {
  if (!raw.request.empty()) return Refusal{"request_not_supported", "signed request objects are not supported; push the request instead"};
  if (raw.response_type != "code") return Refusal{"unsupported_response_type", "response_type must be code"};
  if (!client.may(kCodeGrant)) return Refusal{"unauthorized_client", "the client may not use the authorization code grant"};
  if (!raw.response_mode.empty() && raw.response_mode != "query") return Refusal{"invalid_request", "response_mode must be query"};
  if (raw.code_challenge.empty()) return Refusal{"invalid_request", "code_challenge is required (PKCE)"};
  if (raw.code_challenge_method != "S256") return Refusal{"invalid_request", "code_challenge_method must be S256"};
  if (!is_challenge(raw.code_challenge)) return Refusal{"invalid_request", "code_challenge is not of 43 base64url characters"};
  if (!raw.dpop_jkt.empty() && !is_challenge(raw.dpop_jkt)) return Refusal{"invalid_request", "dpop_jkt is no thumbprint"};
  AuthorizationParams out;
  AX_TRY(auto scope, client.allowed_scope(raw.scope.empty() ? "openid" : raw.scope));
  AX_CHECK(audience(client, raw.resource));
  AX_TRY(out.claims, ClaimsRequest::parse(raw.claims));
  AX_TRY(const auto allowed, client.allowed_scope(""));
  out.claims.limit_to(allowed);
  const auto prompts = words_of(raw.prompt);
  for (const auto& word : prompts)
    if (word != "none" && word != "login" && word != "consent" && word != "select_account")
      return Refusal{"invalid_request", "prompt is unknown"};
  if (contains(prompts, "none") && prompts.size() > 1) return Refusal{"invalid_request", "prompt none stands alone"};
  if (!raw.max_age.empty()) {
    std::int64_t age = -1;
    const auto [end, ec] = std::from_chars(raw.max_age.data(), raw.max_age.data() + raw.max_age.size(), age);
    if (ec != std::errc{} || end != raw.max_age.data() + raw.max_age.size() || age < 0)
      return Refusal{"invalid_request", "max_age is no number"};
    out.max_age = std::min<std::int64_t>(age, 1'000'000'000);
  }
  out.client_id = client.client_id;
  out.redirect_uri = raw.redirect_uri;
  out.scope = joined(scope);
  out.state = raw.state;
  out.nonce = raw.nonce;
  out.code_challenge = raw.code_challenge;
  out.resource = raw.resource;
  out.dpop_jkt = raw.dpop_jkt;
  out.prompt = raw.prompt;
  out.acr_values = raw.acr_values;
  out.asked_at = seconds(p_.clock.now());
  return out;
}

Result<std::string> OAuthService::store(db::Tx& tx, const Client& client, const AuthorizationParams& params, bool pushed,
                                        std::chrono::seconds lifetime) {
  auto handle = crypto::random_token();
  AX_CHECK(tx.exec(kStore, hash_of(handle), client.id, pushed, params.json(), p_.clock.now() + lifetime));
  return handle;
}

std::string OAuthService::answer(const AuthorizationParams& params,
                                 std::initializer_list<std::pair<std::string_view, std::string_view>> more) const {
  std::string out = params.redirect_uri;
  char separator = out.find('?') == std::string::npos ? '?' : '&';
  const auto put = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out += separator;
    separator = '&';
    out += key;
    out += '=';
    out += percent_encode(value);
  };
  for (const auto& [key, value] : more) put(key, value);
  put("state", params.state);
  put("iss", p_.options.issuer);  // RFC 9207: the client can tell which server answered
  return out;
}

awaitable<Result<Onward>> OAuthService::authorize(RawAuthorization raw, http::RequestInfo request) {
  AX_CO_TRY(const auto known, co_await client(raw.client_id));
  Onward out;
  if (!known) {
    out.fault = "invalid_client: the application is unknown";
    co_return out;
  }
  std::optional<AuthorizationParams> params;
  if (!raw.request_uri.empty()) {
    if (!raw.request_uri.starts_with(kHandlePrefix)) {
      out.fault = "invalid_request_uri: only pushed requests can be named";
      co_return out;
    }
    auto take = [this, &raw, &known](db::Tx& tx) -> Result<std::optional<std::string>> {
      AX_TRY(const auto rows, tx.exec(kTakePushed, hash_of(raw.request_uri.substr(kHandlePrefix.size())), known->id, p_.clock.now()));
      if (rows.empty()) return std::optional<std::string>{};
      return std::optional{rows[0].text(0)};
    };
    AX_CO_TRY(const auto pushed, co_await p_.database.write(known->tenant, take));
    if (!pushed) {
      out.fault = "invalid_request_uri: the request is unknown, used or expired";
      co_return out;
    }
    params = AuthorizationParams::from_json(*pushed);
  } else {
    if (raw.redirect_uri.empty() || !known->redirects_to(raw.redirect_uri)) {  // never redirect to what nobody registered
      out.fault = "invalid_redirect_uri: the address to return to is not registered for this application";
      co_return out;
    }
    auto checked = known->metadata.require_par
                       ? Outcome<AuthorizationParams>{Refusal{"invalid_request", "the client must push its requests"}}
                       : check(*known, raw);
    if (!checked) {
      AuthorizationParams asked;
      asked.redirect_uri = raw.redirect_uri;
      asked.state = raw.state;
      out.location = answer(asked, {{"error", checked.error().error}, {"error_description", checked.error().description}});
      co_return out;
    }
    params = std::move(*checked);
  }
  auto keep = [this, &known, &params](db::Tx& tx) { return store(tx, *known, *params, false, p_.options.request_lifetime); };
  AX_CO_TRY(const auto handle, co_await p_.database.write(known->tenant, keep));
  out.location = p_.options.issuer + "/consent#request=" + handle;
  if (params->prompt == "none") out.location += "&prompt=none";
  co_return out;
}

awaitable<Result<Outcome<std::string>>> OAuthService::push(ClientCredentials credentials, RawAuthorization raw, std::string dpop,
                                                           http::RequestInfo request) {
  AX_CO_TRY(const auto who, co_await authenticate_client(std::move(credentials), request));
  if (!who) co_return Result<Outcome<std::string>>{who.error()};
  const auto& known = *who;
  if (!raw.request_uri.empty()) co_return Result<Outcome<std::string>>{Refusal{"invalid_request", "request_uri cannot be pushed"}};
  if (raw.redirect_uri.empty() || !known->redirects_to(raw.redirect_uri))
    co_return Result<Outcome<std::string>>{Refusal{"invalid_request", "redirect_uri is not registered"}};
  std::optional<DpopProof> proof;
  if (!dpop.empty()) {
    auto checked = check_dpop(dpop, "POST", p_.options.issuer + "/oauth/par", std::nullopt, p_.clock.now());
    if (!checked) co_return Result<Outcome<std::string>>{checked.error()};
    if (!raw.dpop_jkt.empty() && raw.dpop_jkt != checked->jkt)
      co_return Result<Outcome<std::string>>{Refusal{"invalid_dpop_proof", "the proof's key is not dpop_jkt"}};
    raw.dpop_jkt = checked->jkt;
    proof = std::move(*checked);
  }
  auto params = check(*known, raw);
  if (!params) co_return Result<Outcome<std::string>>{params.error()};
  auto keep = [this, &known, &params, &proof](db::Tx& tx) -> Result<Outcome<std::string>> {
    if (proof) {
      AX_TRY(const bool fresh, use_once(tx, proof->once, p_.clock.now() + std::chrono::minutes{10}));
      if (!fresh) return Refusal{"invalid_dpop_proof", "the proof was used before"};
    }
    AX_TRY(const auto handle, store(tx, *known, *params, true, p_.options.pushed_lifetime));
    return Outcome<std::string>{std::string{kHandlePrefix} + handle};
  };
  co_return co_await p_.database.write(known->tenant, keep);
}

Result<bool> OAuthService::consented(db::Tx& tx, const Uuid& user, const Client& client, const Words& words) const {
  if (client.first_party) return true;
  AX_TRY(const auto rows, tx.exec(kConsent, user, client.id));
  if (rows.empty()) return false;
  const auto given = words_of(rows[0].text(0));
  return std::ranges::all_of(words, [&](const auto& word) { return agreed(word, given); });
}

awaitable<Result<Pending>> OAuthService::pending(const http::Principal& caller, std::string handle) {
  auto peek = [this, &handle](db::Tx& tx) -> Result<std::string> {
    AX_TRY(const auto rows, tx.exec(kPeek, hash_of(handle), p_.clock.now()));
    if (rows.empty()) return Errc::not_found;
    return rows[0].text(0);
  };
  AX_CO_TRY(const auto text, co_await p_.database.read(caller.request.tenant, peek));
  Pending out;
  out.params = AuthorizationParams::from_json(text);
  AX_CO_TRY(out.client, co_await client(out.params.client_id));
  if (!out.client || out.client->tenant != caller.request.tenant) co_return Result<Pending>{Errc::not_found};
  const AcrWish acr{out.params.claims, out.params.acr_values};
  auto ask = [this, &caller, &out, &acr](db::Tx& tx) -> Result<bool> {
    if (!acr.met_by(caller.aal)) {
      AX_TRY(const auto reachable, auth::reachable_aal(tx, caller.id));
      out.step_up_to = acr.to_ask(reachable);
      out.unmet = acr.essential && !out.step_up_to;
    }
    return consented(tx, caller.id, *out.client, out.params.consent_words());
  };
  AX_CO_TRY(const bool given, co_await p_.database.read(caller.request.tenant, ask));
  const auto& wishes = out.params.claims.id_token.claims;
  const auto subject = wishes.find("sub");
  out.another_person = subject != wishes.end() && !subject->second.accepts(json::string{caller.id.str()});
  const auto prompts = words_of(out.params.prompt);
  out.consent_needed = !given || contains(prompts, "consent");
  const auto signed_in = seconds(caller.auth_time);
  out.sign_in_again = (out.params.max_age && seconds(p_.clock.now()) - signed_in > *out.params.max_age) ||
                      (contains(prompts, "login") && signed_in < out.params.asked_at);
  co_return out;
}

awaitable<Result<std::string>> OAuthService::decide(const http::Principal& caller, std::string handle, bool approve) {
  AX_CO_TRY(auto seen, co_await pending(caller, handle));
  const auto prompts = words_of(seen.params.prompt);
  const bool silent = contains(prompts, "none");
  const AcrWish acr{seen.params.claims, seen.params.acr_values};
  const auto* refusal = seen.another_person || (silent && (seen.sign_in_again || (acr.essential && seen.step_up_to))) ? "login_required"
                        : seen.unmet                    ? "unmet_authentication_requirements"
                        : silent && seen.consent_needed ? "consent_required"
                                                        : nullptr;
  if (approve && refusal != nullptr) {
    auto drop = [this, &handle](db::Tx& tx) -> Result<> {
      AX_CHECK(tx.exec(kTake, hash_of(handle), p_.clock.now()));
      return {};
    };
    AX_CO_CHECK(co_await p_.database.write(caller.request.tenant, drop));
    co_return answer(seen.params, {{"error", refusal}});
  }
  if (approve && !silent) {
    std::optional<std::chrono::seconds> age;
    if (seen.sign_in_again) age = std::chrono::seconds{seen.params.max_age.value_or(0)};
    if (seen.sign_in_again || seen.step_up_to) co_return Result<std::string>{http::step_up(seen.step_up_to.value_or(1), age)};
  }
  auto settle = [this, &caller, &handle, &seen, approve](db::Tx& tx) -> Result<std::string> {
    const auto now = p_.clock.now();
    AX_TRY(const auto rows, tx.exec(kTake, hash_of(handle), now));
    if (rows.empty()) return Errc::not_found;
    const auto& params = seen.params;
    const std::string details = json::serialize(json::object{{"client_id", params.client_id}, {"scope", joined(params.consent_words())}});
    if (!approve) {
      AX_CHECK(p_.audit.append(tx, {caller.id, "oauth.consent_refused", details, &caller.request}));
      return answer(params, {{"error", "access_denied"}});
    }
    AX_TRY(const auto before, tx.exec(kConsent, caller.id, seen.client->id));
    auto words = params.consent_words();
    if (!before.empty())
      for (const auto& word : words_of(before[0].text(0)))
        if (!contains(words, word)) words.push_back(word);
    AX_CHECK(tx.exec(kSaveConsent, caller.id, seen.client->id, joined(words), now));
    std::string amr = "pwd";
    if (caller.session) {
      AX_TRY(const auto session, p_.sessions.find(tx, *caller.session));
      if (!session) return Errc::unauthenticated;
      amr = session->amr;
    }
    const auto code = crypto::random_token();
    AX_CHECK(tx.exec(kInsertCode, hash_of(code), seen.client->id, caller.id, caller.session, params.json(), amr,
                     static_cast<std::int64_t>(caller.aal), caller.auth_time, now + p_.options.code_lifetime));
    AX_CHECK(p_.audit.append(tx, {caller.id, "oauth.consent_given", details, &caller.request}));
    return answer(params, {{"code", code}});
  };
  co_return co_await p_.database.write(caller.request.tenant, settle);
}

awaitable<Result<std::string>> OAuthService::give_up(std::string handle) {
  auto settle = [this, &handle](db::Tx& tx) -> Result<std::string> {
    AX_TRY(const auto rows, tx.exec(kTake, hash_of(handle), p_.clock.now()));
    if (rows.empty()) return Errc::not_found;
    return answer(AuthorizationParams::from_json(rows[0].text(0)), {{"error", "login_required"}});
  };
  co_return co_await p_.database.write(db::Scope::everyone(), settle);
}

}  // namespace authx::oauth
