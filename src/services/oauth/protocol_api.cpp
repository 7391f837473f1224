#include "services/oauth/oauth_api.h"

namespace authx::oauth {
namespace {

using namespace http;

using Short = std::optional<Text<0, 256>>;
using Long = std::optional<Text<0, 2000>>;
using Huge = std::optional<Text<0, 9000>>;
using Claims = std::optional<Text<0, ClaimsRequest::kLongest>>;

std::string text(const Short& in) { return in ? in->value : std::string{}; }
std::string text(const Long& in) { return in ? in->value : std::string{}; }
std::string text(const Claims& in) { return in ? in->value : std::string{}; }
std::string text(const Huge& in) { return in ? in->value : std::string{}; }

struct AuthorizeRequest {
  Short response_type, client_id, code_challenge, code_challenge_method, dpop_jkt, prompt, max_age, response_mode;
  Long redirect_uri, scope, state, nonce, resource, acr_values, request_uri;
  Claims claims;
  Huge request;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(AuthorizeRequest, (),
                      (response_type, client_id, redirect_uri, scope, state, nonce, code_challenge, code_challenge_method, resource,
                       dpop_jkt, prompt, max_age, acr_values, claims, response_mode, request, request_uri))

struct ClientForm {
  Short client_id, client_secret, client_assertion_type;
  Huge client_assertion;
};
BOOST_DESCRIBE_STRUCT(ClientForm, (), (client_id, client_secret, client_assertion_type, client_assertion))

struct PushRequest : AuthorizeRequest {
  Short client_secret, client_assertion_type;
  Huge client_assertion;
};
BOOST_DESCRIBE_STRUCT(PushRequest, (AuthorizeRequest), (client_secret, client_assertion_type, client_assertion))

struct TokenRequest : ClientForm {
  Short grant_type, code, code_verifier, device_code, subject_token_type, requested_token_type;
  Long redirect_uri, scope, resource, audience;
  Huge subject_token, refresh_token;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(TokenRequest, (ClientForm),
                      (grant_type, code, redirect_uri, code_verifier, refresh_token, device_code, scope, resource, audience, subject_token,
                       subject_token_type, requested_token_type))

struct OneToken : ClientForm {
  Huge token;
  Short token_type_hint;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(OneToken, (ClientForm), (token, token_type_hint))

struct DeviceRequest : ClientForm {
  Long scope, resource;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(DeviceRequest, (ClientForm), (scope, resource))

struct LogoutRequest {
  Huge id_token_hint;
  Long post_logout_redirect_uri, state;
  Short client_id;
  using protocol = void;
};
BOOST_DESCRIBE_STRUCT(LogoutRequest, (), (id_token_hint, post_logout_redirect_uri, state, client_id))

struct Pushed {
  std::string request_uri;
  std::int64_t expires_in = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Pushed, (), (request_uri, expires_in))

template <class In>
ClientCredentials credentials(const Presenter& caller, In& in) {
  ClientCredentials out;
  out.authorization = caller.authorization;
  out.client_id = text(in.client_id);
  if (in.client_secret) out.client_secret = SecretText{std::move(in.client_secret->value)};
  if (in.client_assertion) out.client_assertion = SecretText{std::move(in.client_assertion->value)};
  out.client_assertion_type = text(in.client_assertion_type);
  return out;
}

RawAuthorization raw(const AuthorizeRequest& in) {
  RawAuthorization out;
  out.response_type = text(in.response_type);
  out.client_id = text(in.client_id);
  out.redirect_uri = text(in.redirect_uri);
  out.scope = text(in.scope);
  out.state = text(in.state);
  out.nonce = text(in.nonce);
  out.code_challenge = text(in.code_challenge);
  out.code_challenge_method = text(in.code_challenge_method);
  out.resource = text(in.resource);
  out.dpop_jkt = text(in.dpop_jkt);
  out.prompt = text(in.prompt);
  out.acr_values = text(in.acr_values);
  out.max_age = text(in.max_age);
  out.claims = text(in.claims);
  out.response_mode = text(in.response_mode);
  out.request = text(in.request);
  out.request_uri = text(in.request_uri);
  return out;
}

RawResponse onward(Onward&& to) {
  RawResponse out;
  if (to.fault.empty()) {
    out.status = 302;
    out.headers.emplace_back("Location", std::move(to.location));
  } else {
    out.status = 400;
    out.body = std::move(to.fault);
    out.body += '\n';
  }
  return out;
}

awaitable<Result<RawResponse>> authorize(OAuthService& service, const Anonymous& caller, AuthorizeRequest in) {
  AX_CO_TRY(auto to, co_await service.authorize(raw(in), caller.request));
  co_return onward(std::move(to));
}

awaitable<Result<Outcome<Pushed>>> push(OAuthService& service, const Presenter& caller, PushRequest in) {
  auto who = credentials(caller, in);
  auto asked = raw(in);
  AX_CO_TRY(auto uri, co_await service.push(std::move(who), std::move(asked), caller.dpop, caller.request));
  if (!uri) co_return Result<Outcome<Pushed>>{uri.error()};
  Outcome<Pushed> out{Pushed{std::move(*uri), service.options().pushed_lifetime.count()}};
  co_return out;
}

awaitable<Result<Outcome<Tokens>>> token(OAuthService& service, const Presenter& caller, TokenRequest in) {
  auto who = credentials(caller, in);
  TokenParams params;
  params.grant_type = text(in.grant_type);
  params.code = text(in.code);
  params.redirect_uri = text(in.redirect_uri);
  params.code_verifier = text(in.code_verifier);
  params.scope = text(in.scope);
  params.resource = text(in.resource);
  params.audience = text(in.audience);
  params.device_code = text(in.device_code);
  params.refresh_token = SecretText{text(in.refresh_token)};
  params.subject_token = SecretText{text(in.subject_token)};
  params.subject_token_type = text(in.subject_token_type);
  params.requested_token_type = text(in.requested_token_type);
  co_return co_await service.token(std::move(who), std::move(params), caller.dpop, caller.request);
}

awaitable<Result<Outcome<json::object>>> introspect(OAuthService& service, const Presenter& caller, OneToken in) {
  auto who = credentials(caller, in);
  SecretText token{text(in.token)};
  co_return co_await service.introspect(std::move(who), std::move(token));
}

awaitable<Result<Outcome<Done>>> revoke(OAuthService& service, const Presenter& caller, OneToken in) {
  auto who = credentials(caller, in);
  SecretText token{text(in.token)};
  co_return co_await service.revoke(std::move(who), std::move(token), caller.request);
}

awaitable<Result<Outcome<DeviceStart>>> device(OAuthService& service, const Presenter& caller, DeviceRequest in) {
  auto who = credentials(caller, in);
  co_return co_await service.start_device(std::move(who), text(in.scope), text(in.resource), caller.request);
}

awaitable<Result<Outcome<json::object>>> userinfo_get(OAuthService& service, const Presenter& caller, Empty) {
  co_return co_await service.userinfo(caller.authorization, caller.dpop, "GET");
}
awaitable<Result<Outcome<json::object>>> userinfo_post(OAuthService& service, const Presenter& caller, Empty) {
  co_return co_await service.userinfo(caller.authorization, caller.dpop, "POST");
}

awaitable<Result<RawResponse>> logout(OAuthService& service, const Anonymous& caller, LogoutRequest in) {
  AX_CO_TRY(auto to, co_await service.logout(text(in.id_token_hint), text(in.post_logout_redirect_uri), text(in.state), text(in.client_id),
                                             caller.request));
  co_return onward(std::move(to));
}

awaitable<Result<Bare<json::object>>> jwks(OAuthService& service, const Anonymous&, Empty) {
  Bare<json::object> out;
  out.body = service.keys().jwks();
  co_return out;
}

json::object metadata(const OAuthOptions& options) {
  const auto at = [&](const char* path) { return options.issuer + path; };
  json::array scopes;
  for (const auto scope : kScopes) scopes.push_back(json::value(json::string_view{scope.data(), scope.size()}));
  const json::array algorithms{"ES256", "RS256", "EdDSA"};
  const json::array methods{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"};
  const json::array grants{json::string{kCodeGrant}, json::string{kRefreshGrant}, json::string{kClientGrant}, json::string{kDeviceGrant},
                           json::string{kExchangeGrant}};
  return {
      {"issuer", options.issuer},
      {"authorization_endpoint", at("/oauth/authorize")},
      {"token_endpoint", at("/oauth/token")},
      {"userinfo_endpoint", at("/oauth/userinfo")},
      {"jwks_uri", at("/oauth/jwks")},
      {"registration_endpoint", at("/oauth/register")},
      {"introspection_endpoint", at("/oauth/introspect")},
      {"revocation_endpoint", at("/oauth/revoke")},
      {"pushed_authorization_request_endpoint", at("/oauth/par")},
      {"device_authorization_endpoint", at("/oauth/device_authorization")},
      {"end_session_endpoint", at("/oauth/logout")},
      {"scopes_supported", scopes},
      {"response_types_supported", json::array{"code"}},
      {"response_modes_supported", json::array{"query"}},
      {"grant_types_supported", grants},
      {"code_challenge_methods_supported", json::array{"S256"}},
      {"token_endpoint_auth_methods_supported", methods},
      {"token_endpoint_auth_signing_alg_values_supported", algorithms},
      {"introspection_endpoint_auth_methods_supported", methods},
      {"introspection_endpoint_auth_signing_alg_values_supported", algorithms},
      {"revocation_endpoint_auth_methods_supported", methods},
      {"revocation_endpoint_auth_signing_alg_values_supported", algorithms},
      {"id_token_signing_alg_values_supported", algorithms},
      {"dpop_signing_alg_values_supported", algorithms},
      {"subject_types_supported", json::array{"public"}},
      {"acr_values_supported", json::array{"aal1", "aal2", "aal3"}},
      {"claim_types_supported", json::array{"normal"}},
      {"claims_supported", json::array{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "name", "birthdate",
                                       "email", "email_verified", "phone_number", "phone_number_verified", "address", "verified_claims"}},
      {"verified_claims_supported", true},
      {"trust_frameworks_supported", json::array{"authx"}},
      {"evidence_supported", json::array{"document"}},
      {"documents_supported", json::array{"passport", "driving_permit", "idcard", "other"}},
      {"claims_in_verified_claims_supported", json::array{"name", "birthdate"}},
      {"claims_parameter_supported", true},
      {"request_parameter_supported", false},
      {"request_uri_parameter_supported", false},
      {"authorization_response_iss_parameter_supported", true},
      {"backchannel_logout_supported", true},
      {"backchannel_logout_session_supported", true}};
}

awaitable<Result<Bare<json::object>>> discovery(OAuthService& service, const Anonymous&, Empty) {
  Bare<json::object> out;
  out.body = metadata(service.options());
  co_return out;
}

About about(std::string_view id, std::string_view summary) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "OAuth";
  out.error_form = ErrorForm::oauth;
  out.errors = {Errc::unauthenticated};
  return out;
}

About redirecting(std::string_view id, std::string_view summary) {
  About out;
  out.operation_id = id;
  out.summary = summary;
  out.tag = "OAuth";
  out.error_form = ErrorForm::oauth;
  out.success = 302;
  out.content_type = "text/plain";
  out.bucket = "auth";  // each such request is kept, and anyone may send one
  return out;
}

}  // namespace

void add_protocol_routes(Router& router, OAuthService& service) {
  router.get("//oauth/authorize", service, &authorize, redirecting("oauthAuthorize", "Ask a person for access (RFC 6749, OpenID Connect)"));
  auto pushed = about("oauthPush", "Push an authorization request (RFC 9126)");
  pushed.success = 201;
  router.post("//oauth/par", service, &push, std::move(pushed));
  router.post("//oauth/token", service, &token, about("oauthToken", "Exchange a grant for tokens"));
  router.post("//oauth/introspect", service, &introspect, about("oauthIntrospect", "State of a token (RFC 7662)"));
  router.post("//oauth/revoke", service, &revoke, about("oauthRevoke", "Give a token back (RFC 7009)"));
  auto on_device = about("oauthDevice", "Begin a sign-in on a device without a browser (RFC 8628)");
  on_device.bucket = "auth";
  router.post("//oauth/device_authorization", service, &device, std::move(on_device));
  router.get("//oauth/userinfo", service, &userinfo_get, about("oauthUserinfo", "Claims about the person that a token stands for"));
  router.post("//oauth/userinfo", service, &userinfo_post, about("oauthUserinfoPost", "The same by POST"));
  router.get("//oauth/logout", service, &logout, redirecting("oauthLogout", "End the session (OpenID Connect RP-Initiated Logout)"));
  router.post("//oauth/logout", service, &logout, redirecting("oauthLogoutPost", "The same by POST"));
  router.get("//oauth/jwks", service, &jwks, {.operation_id = "oauthJwks", .summary = "Public signing keys (RFC 7517)", .tag = "OAuth"});
  router.get("//.well-known/openid-configuration", service, &discovery,
             {.operation_id = "openidConfiguration", .summary = "OpenID Connect Discovery", .tag = "OAuth"});
  router.get("//.well-known/oauth-authorization-server", service, &discovery,
             {.operation_id = "oauthMetadata", .summary = "Authorization server metadata (RFC 8414)", .tag = "OAuth"});
}

}  // namespace authx::oauth
