#include "services/federation/outside_provider.h"

#include "base/encoding.h"
#include "services/federation/id_token.h"
#include "services/oauth/outside_json.h"

namespace authx::federation {
namespace {

constexpr std::chrono::hours kKept{1};

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

Error unavailable(const char* why) { return Error{Errc::unavailable, std::string{"outside provider: "} + why}; }

}  // namespace

Result<json::object> OutsideProviders::fetch(const std::string& url, std::vector<std::pair<std::string, std::string>> headers,
                                             const SecretText* form) const {
  return oauth::call_outside({url, allow_private_, std::move(headers), form});
}

Result<Metadata> OutsideProviders::metadata(const Provider& provider) {
  const auto now = clock_.now();
  {
    const std::scoped_lock lock{mutex_};
    const auto it = known_.find(provider.id);
    if (it != known_.end() && it->second.metadata_at + kKept > now) return it->second.metadata;
  }
  auto base = provider.issuer;
  while (base.ends_with('/')) base.pop_back();
  AX_TRY(const auto said, fetch(base + "/.well-known/openid-configuration", {}, nullptr));
  if (text_of(said, "issuer") != provider.issuer) return unavailable("names another issuer");
  Metadata out;
  out.authorization_endpoint = text_of(said, "authorization_endpoint");
  out.token_endpoint = text_of(said, "token_endpoint");
  out.jwks_uri = text_of(said, "jwks_uri");
  for (const auto* url : {&out.authorization_endpoint, &out.token_endpoint, &out.jwks_uri})
    if (!oauth::is_endpoint(*url, allow_private_)) return unavailable("names an address that may not be called");
  out.userinfo_endpoint = text_of(said, "userinfo_endpoint");
  if (!out.userinfo_endpoint.empty() && !oauth::is_endpoint(out.userinfo_endpoint, allow_private_)) out.userinfo_endpoint.clear();
  if (const auto* methods = said.if_contains("token_endpoint_auth_methods_supported"); methods != nullptr && methods->is_array()) {
    bool basic = false, post = false;
    for (const auto& method : methods->as_array()) {
      basic |= method == "client_secret_basic";
      post |= method == "client_secret_post";
    }
    out.post_secret = post && !basic;
  }
  const auto* iss = said.if_contains("authorization_response_iss_parameter_supported");
  out.names_itself = iss != nullptr && *iss == true;
  const std::scoped_lock lock{mutex_};
  auto& known = known_[provider.id];
  known.metadata = out;
  known.metadata_at = now;
  return out;
}

Result<json::object> OutsideProviders::exchange(const Provider& provider, const Exchange& exchange) {
  AX_TRY(const auto about, metadata(provider));
  std::string form = "grant_type=authorization_code&code=" + percent_encode(exchange.code) +
                     "&redirect_uri=" + percent_encode(exchange.redirect_uri) + "&code_verifier=" + percent_encode(exchange.verifier);
  std::vector<std::pair<std::string, std::string>> headers;
  if (provider.secret.empty() || about.post_secret) form += "&client_id=" + percent_encode(provider.client_id);
  if (!provider.secret.empty()) {
    if (about.post_secret)
      form += "&client_secret=" + percent_encode(provider.secret.expose());
    else
      headers.emplace_back("Authorization", "Basic " + base64_encode(as_bytes(percent_encode(provider.client_id) + ":" +
                                                                              percent_encode(provider.secret.expose()))));
  }
  const SecretText body{std::move(form)};
  AX_TRY(const auto answer, fetch(about.token_endpoint, headers, &body));
  const auto token = text_of(answer, "id_token");
  const Expected expected{provider.issuer, provider.client_id, exchange.nonce, text_of(answer, "access_token")};
  for (const bool anew : {false, true}) {
    AX_TRY(const auto known, keys_.get(about.jwks_uri, anew));
    auto claims = check_id_token(token, *known, expected, clock_.now());
    if (!claims && claims.error().code == Errc::unauthenticated) continue;
    if (!claims || claims->contains("email") || about.userinfo_endpoint.empty()) return claims;
    // OpenID Connect Core, 5.3.2: what another person's `sub` comes with is not this one's.
    AX_TRY(const auto more, fetch(about.userinfo_endpoint, {{"Authorization", "Bearer " + expected.access_token}}, nullptr));
    if (text_of(more, "sub") != text_of(*claims, "sub")) return Error{Errc::invalid_credentials, "userinfo: another subject"};
    for (const auto* name : {"email", "email_verified", "name"})
      if (const auto* value = more.if_contains(name); value != nullptr && !claims->contains(name)) (*claims)[name] = *value;
    return claims;
  }
  return Error{Errc::invalid_credentials, "ID token: no key of the provider fits"};
}

void OutsideProviders::forget(const Uuid& provider) {
  const std::scoped_lock lock{mutex_};
  known_.erase(provider);
}

}  // namespace authx::federation
