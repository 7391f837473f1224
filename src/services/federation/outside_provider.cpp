#include "services/federation/outside_provider.h"

#include "base/encoding.h"
#include "http/client.h"
#include "services/federation/id_token.h"
#include "services/oauth/clients.h"

namespace authx::federation {
namespace {

constexpr std::chrono::hours kKept{1};
constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kMostKeys = 50;

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

Error unavailable(const char* why) { return Error{Errc::unavailable, std::string{"outside provider: "} + why}; }

}  // namespace

bool is_endpoint(std::string_view url, bool allow_private) {
  return oauth::acceptable_uri(url, false) && (allow_private || url.starts_with("https://"));
}

Result<json::object> OutsideProviders::fetch(const std::string& url, const std::vector<std::pair<std::string, std::string>>& headers,
                                             const SecretText* form) const {
  if (!is_endpoint(url, allow_private_)) return unavailable("an address that may not be called");
  // The client trims a slash off its base; the path is the request's.
  const auto path_at = url.find('/', url.find("://") + 3);
  http::Peer peer;
  peer.base_url = url.substr(0, path_at);
  peer.allow_private = allow_private_;
  peer.total_timeout = std::chrono::milliseconds{10'000};
  AX_TRY(const auto client, http::Client::create(std::move(peer), 1));
  http::ClientRequest request;
  request.method = form != nullptr ? http::Method::post : http::Method::get;
  if (path_at != std::string::npos) request.path = url.substr(path_at);
  request.headers = headers;
  request.headers.emplace_back("Accept", "application/json");
  if (form != nullptr) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = SecretText{form->expose()};
  }
  auto answer = client->call(std::move(request));
  if (!answer) {
    if (answer.error().code == Errc::overloaded) return answer.error();
    return Error{Errc::unavailable, "outside provider: " + answer.error().detail};
  }
  if (form != nullptr && answer->status >= 400 && answer->status < 500)
    return Error{Errc::invalid_credentials, "outside provider: refused the code"};
  if (answer->status != 200) return unavailable("answered with another status than 200");
  auto parsed = parse_json(answer->body);
  if (!parsed || !parsed->is_object()) return unavailable("answered no JSON object");
  return std::move(parsed->as_object());
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
    if (!is_endpoint(*url, allow_private_)) return unavailable("names an address that may not be called");
  out.userinfo_endpoint = text_of(said, "userinfo_endpoint");
  if (!out.userinfo_endpoint.empty() && !is_endpoint(out.userinfo_endpoint, allow_private_)) out.userinfo_endpoint.clear();
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

Result<std::vector<crypto::PublicKey>> OutsideProviders::keys(const Provider& provider, const Metadata& metadata, bool anew) {
  const auto now = clock_.now();
  {
    const std::scoped_lock lock{mutex_};
    auto& known = known_[provider.id];
    if (known.keys_at + (anew ? std::chrono::seconds{kPatience} : std::chrono::seconds{kKept}) > now) return known.keys;
    known.keys_at = now;  // whoever comes meanwhile uses the old ones
  }
  const auto said = fetch(metadata.jwks_uri, {}, nullptr);
  if (!said) {
    const std::scoped_lock lock{mutex_};
    if (known_[provider.id].keys.empty()) known_[provider.id].keys_at = {};
    return said.error();
  }
  std::vector<crypto::PublicKey> found;
  if (const auto* list = said->if_contains("keys"); list != nullptr && list->is_array())
    for (const auto& item : list->as_array()) {
      if (!item.is_object() || found.size() >= kMostKeys) continue;
      // Of other uses and kinds there may be any number; only those that verify count.
      if (auto key = crypto::PublicKey::from_jwk(item.as_object())) found.push_back(std::move(*key));
    }
  const std::scoped_lock lock{mutex_};
  known_[provider.id].keys = found;
  return found;
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
    AX_TRY(const auto known, keys(provider, about, anew));
    auto claims = check_id_token(token, known, expected, clock_.now());
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
