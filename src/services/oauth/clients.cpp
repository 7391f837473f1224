#include "services/oauth/clients.h"

#include <boost/url/parse.hpp>

#include <algorithm>

#include "base/collect.h"
#include "crypto/hash.h"
#include "http/callers.h"

namespace authx::oauth {
namespace {

constexpr db::Query kInsert{"oauth_clients.insert",
                            "INSERT INTO oauth_clients (id, name, secret_hash, metadata, first_party, registration_hash, created_by, "
                            "created_at, updated_at, tenant_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)"};
constexpr db::Query kFind{"oauth_clients.find",
                          "SELECT id, metadata, secret_hash, first_party, disabled_at, created_at, tenant_id FROM oauth_clients "
                          "WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kFindRegistration{
    "oauth_clients.find_registration",
    "SELECT id, metadata, secret_hash, first_party, disabled_at, created_at, tenant_id FROM oauth_clients WHERE id = $1 AND "
    "registration_hash = $2"};
constexpr db::Query kNewest{
    "oauth_clients.newest",
    "SELECT id, metadata, secret_hash, first_party, disabled_at, created_at, tenant_id FROM oauth_clients WHERE tenant_id = $2 "
    "ORDER BY id DESC LIMIT $1"};
constexpr db::Query kBefore{
    "oauth_clients.before",
    "SELECT id, metadata, secret_hash, first_party, disabled_at, created_at, tenant_id FROM oauth_clients WHERE tenant_id = $2 "
    "AND id < $3 ORDER BY id DESC LIMIT $1"};
constexpr db::Query kUpdate{"oauth_clients.update",
                            "UPDATE oauth_clients SET name = $2, metadata = $3, first_party = $4, disabled_at = $5, updated_at = $6 "
                            "WHERE id = $1 AND tenant_id = COALESCE($7, tenant_id) RETURNING id"};
constexpr db::Query kRenew{"oauth_clients.renew_secret",
                           "UPDATE oauth_clients SET secret_hash = $2, updated_at = $3 WHERE id = $1 AND tenant_id = "
                           "COALESCE($4, tenant_id) RETURNING id"};
constexpr db::Query kDelete{"oauth_clients.delete",
                            "DELETE FROM oauth_clients WHERE id = $1 AND tenant_id = COALESCE($2, tenant_id) RETURNING id"};

Refusal metadata_fault(std::string what) { return {"invalid_client_metadata", std::move(what)}; }

Outcome<std::string> text(const json::object& in, const char* name, std::size_t most) {
  const auto* value = in.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string{};
  if (!value->is_string() || value->as_string().size() > most) return metadata_fault(std::string{name} + " must be a short string");
  std::string out{value->as_string()};
  if (std::ranges::any_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return metadata_fault(std::string{name} + " must not hold control characters");
  return out;
}

Outcome<Words> list(const json::object& in, const char* name, std::size_t most) {
  Words out;
  const auto* value = in.if_contains(name);
  if (value == nullptr || value->is_null()) return out;
  const auto* array = value->if_array();
  if (array == nullptr || array->size() > most) return metadata_fault(std::string{name} + " must be a short list");
  for (const auto& item : *array) {
    if (!item.is_string() || item.as_string().size() > 2000) return metadata_fault(std::string{name} + " must hold short strings");
    out.emplace_back(item.as_string());
  }
  return out;
}

Outcome<bool> flag(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) return metadata_fault(std::string{name} + " must be true or false");
  return value->as_bool();
}

Outcome<std::string> web_uri(const json::object& in, const char* name) {
  AX_TRY(auto uri, text(in, name, 2000));
  if (!uri.empty() && !acceptable_uri(uri, false)) return metadata_fault(std::string{name} + " must be an https address");
  return uri;
}

Client client_of(const db::Row& row) {
  Client out;
  out.id = row.uuid(0);
  out.client_id = out.id.str();
  const auto metadata = parse_json(row.text(1));
  if (metadata && metadata->is_object())
    if (auto parsed = ClientMetadata::parse(metadata->as_object(), true)) out.metadata = std::move(*parsed);
  out.secret_hash = row.opt_bytes(2);
  out.first_party = row.boolean(3);
  out.disabled = !row.is_null(4);
  out.created_at = row.time(5);
  out.tenant = row.uuid(6);
  return out;
}

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "[::1]" || host == "localhost"; }

}  // namespace

bool known_scope(std::string_view scope) {
  if (std::ranges::find(kScopes, scope) != std::end(kScopes)) return true;
  if (!scope.starts_with("authx:")) return false;
  http::Permissions set;
  http::add_permission(set, scope.substr(6));
  for (std::size_t i = 0; i < http::kPermissions; ++i)
    if (set.has(static_cast<http::Permission>(i))) return true;
  return false;
}

bool acceptable_uri(std::string_view uri, bool native) {
  if (uri.empty() || uri.size() > 2000) return false;
  if (std::ranges::any_of(
          uri, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\'; }))
    return false;
  const auto parsed = boost::urls::parse_absolute_uri({uri.data(), uri.size()});
  if (!parsed || uri.find('#') != std::string_view::npos) return false;
  const std::string_view scheme{parsed->scheme().data(), parsed->scheme().size()};
  if (scheme == "https") return parsed->has_authority() && !parsed->has_userinfo() && !parsed->encoded_host().empty();
  if (scheme == "http")
    return parsed->has_authority() && !parsed->has_userinfo() &&
           is_loopback({parsed->encoded_host().data(), parsed->encoded_host().size()});
  return native && scheme.find('.') != std::string_view::npos && !parsed->has_userinfo();
}

Bytes hash_of(std::string_view secret) {
  const auto digest = crypto::sha256(as_bytes(secret));
  return {digest.begin(), digest.end()};
}

Outcome<ClientMetadata> ClientMetadata::parse(const json::object& in, bool trusted) {
  ClientMetadata out;
  AX_TRY(out.name, text(in, "client_name", 120));
  AX_TRY(out.client_uri, web_uri(in, "client_uri"));
  AX_TRY(out.logo_uri, web_uri(in, "logo_uri"));
  AX_TRY(out.tos_uri, web_uri(in, "tos_uri"));
  AX_TRY(out.policy_uri, web_uri(in, "policy_uri"));
  AX_TRY(out.backchannel_logout_uri, web_uri(in, "backchannel_logout_uri"));
  AX_TRY(out.redirect_uris, list(in, "redirect_uris", 20));
  AX_TRY(out.post_logout_redirect_uris, list(in, "post_logout_redirect_uris", 20));
  AX_TRY(auto grants, list(in, "grant_types", 8));
  if (!grants.empty()) out.grant_types = std::move(grants);
  AX_TRY(auto responses, list(in, "response_types", 4));
  AX_TRY(out.resources, list(in, "resources", 20));
  AX_TRY(const auto scope, text(in, "scope", 1000));
  out.scope = words_of(scope);
  AX_TRY(auto method, text(in, "token_endpoint_auth_method", 40));
  if (!method.empty()) out.auth_method = std::move(method);
  AX_TRY(out.require_par, flag(in, "require_pushed_authorization_requests"));
  AX_TRY(out.dpop_bound, flag(in, "dpop_bound_access_tokens"));
  AX_TRY(const auto algorithm, text(in, "id_token_signed_response_alg", 20));
  if (!algorithm.empty()) {
    const auto known = crypto::parse_jws_algorithm(algorithm);
    if (!known) return metadata_fault("id_token_signed_response_alg must be ES256, RS256 or EdDSA");
    out.id_token_algorithm = *known;
  }
  AX_TRY(out.jwks_uri, web_uri(in, "jwks_uri"));
  for (const auto& response : responses)
    if (response != "code") return metadata_fault("response_types can only hold code");
  for (const auto& grant : out.grant_types)
    if (grant != kCodeGrant && grant != kRefreshGrant && grant != kClientGrant && grant != kDeviceGrant && grant != kExchangeGrant)
      return metadata_fault("grant_types holds an unknown grant");
  for (const auto& uri : out.redirect_uris)
    if (!acceptable_uri(uri, true))
      return Refusal{"invalid_redirect_uri", "redirect_uris must be https, loopback or private-use addresses without fragment"};
  for (const auto& uri : out.post_logout_redirect_uris)
    if (!acceptable_uri(uri, true)) return metadata_fault("post_logout_redirect_uris must be https, loopback or private-use addresses");
  for (const auto& uri : out.resources)
    if (!acceptable_uri(uri, true)) return metadata_fault("resources must be absolute addresses");
  for (const auto& word : out.scope)
    if (!known_scope(word)) return metadata_fault("scope holds an unknown value");
  if (contains(out.grant_types, kCodeGrant) && out.redirect_uris.empty())
    return Refusal{"invalid_redirect_uri", "redirect_uris is required"};
  if (out.auth_method != "client_secret_basic" && out.auth_method != "client_secret_post" && out.auth_method != "private_key_jwt" &&
      out.auth_method != "none")
    return metadata_fault("token_endpoint_auth_method is unknown");
  const bool machine = contains(out.grant_types, kClientGrant) || contains(out.grant_types, kExchangeGrant);
  if (machine && out.auth_method == "none") return metadata_fault("this grant needs a client that authenticates");
  if (!trusted &&
      (machine || !out.resources.empty() || std::ranges::any_of(out.scope, [](const auto& word) { return word.starts_with("authx:"); })))
    return metadata_fault("only an administrator can register this");
  if (const auto* jwks = in.if_contains("jwks"); jwks != nullptr && !jwks->is_null()) {
    const auto* keys = jwks->is_object() ? jwks->as_object().if_contains("keys") : nullptr;
    if (keys == nullptr || !keys->is_array() || keys->as_array().size() > 10) return metadata_fault("jwks must hold keys");
    for (const auto& item : keys->as_array()) {
      if (!item.is_object()) return metadata_fault("jwks must hold keys");
      auto key = crypto::PublicKey::from_jwk(item.as_object());
      if (!key) return metadata_fault("a key of jwks " + key.error().faults.front().reason);
      out.keys.push_back(std::move(*key));
    }
    out.jwks = *jwks;
  }
  if (!out.jwks.is_null() && !out.jwks_uri.empty()) return metadata_fault("jwks and jwks_uri exclude each other");
  if (out.auth_method == "private_key_jwt" && out.keys.empty() && out.jwks_uri.empty())
    return metadata_fault("private_key_jwt needs jwks or jwks_uri");
  return out;
}

json::object ClientMetadata::json() const {
  const auto array = [](const Words& words) {
    json::array out;
    for (const auto& word : words) out.push_back(json::value(json::string{word}));
    return out;
  };
  json::object out;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  put("client_name", name);
  put("client_uri", client_uri);
  put("logo_uri", logo_uri);
  put("tos_uri", tos_uri);
  put("policy_uri", policy_uri);
  put("backchannel_logout_uri", backchannel_logout_uri);
  out["redirect_uris"] = array(redirect_uris);
  if (!post_logout_redirect_uris.empty()) out["post_logout_redirect_uris"] = array(post_logout_redirect_uris);
  out["grant_types"] = array(grant_types);
  out["response_types"] = contains(grant_types, kCodeGrant) ? json::array{"code"} : json::array{};
  if (!resources.empty()) out["resources"] = array(resources);
  put("scope", joined(scope));
  out["token_endpoint_auth_method"] = auth_method;
  const auto algorithm = crypto::to_string(id_token_algorithm);
  out["id_token_signed_response_alg"] = json::string_view{algorithm.data(), algorithm.size()};
  if (!jwks.is_null()) out["jwks"] = jwks;
  put("jwks_uri", jwks_uri);
  if (require_par) out["require_pushed_authorization_requests"] = true;
  if (dpop_bound) out["dpop_bound_access_tokens"] = true;
  return out;
}

bool Client::redirects_to(std::string_view uri) const {
  if (contains(metadata.redirect_uris, uri)) return true;
  if (confidential() || !acceptable_uri(uri, false)) return false;
  const auto portless = [](std::string_view text) -> std::optional<std::string> {
    const auto parsed = boost::urls::parse_absolute_uri({text.data(), text.size()});
    if (!parsed || parsed->scheme() != "http") return std::nullopt;
    const std::string host{parsed->encoded_host().data(), parsed->encoded_host().size()};
    if (host != "127.0.0.1" && host != "[::1]") return std::nullopt;
    const auto begin = text.find("//") + 2;
    const auto end = text.find_first_of("/?", begin);
    return host + std::string{end == std::string_view::npos ? std::string_view{} : text.substr(end)};
  };
  const auto asked = portless(uri);
  return asked && std::ranges::any_of(metadata.redirect_uris, [&](const auto& known) { return portless(known) == asked; });
}

Outcome<Words> Client::allowed_scope(std::string_view asked) const {
  Words whole = metadata.scope;
  if (whole.empty())
    for (const auto scope : kScopes) whole.emplace_back(scope);
  if (asked.empty()) return whole;
  auto words = words_of(asked);
  if (!subset(words, whole)) return Refusal{"invalid_scope", "the client may not ask for one of these scopes"};
  return words;
}

Result<std::optional<Client>> find_client(db::Tx& tx, std::string_view client_id) {
  const auto id = Uuid::parse(client_id);
  if (!id) return std::optional<Client>{};
  AX_TRY(const auto rows, tx.exec(kFind, *id, tx.scope().only()));
  if (rows.empty()) return std::optional<Client>{};
  return std::optional{client_of(rows[0])};
}

Result<std::optional<Client>> find_registration(db::Tx& tx, std::string_view client_id, std::string_view token) {
  const auto id = Uuid::parse(client_id);
  if (!id) return std::optional<Client>{};
  AX_TRY(const auto rows, tx.exec(kFindRegistration, *id, hash_of(token)));
  if (rows.empty()) return std::optional<Client>{};
  return std::optional{client_of(rows[0])};
}

Result<NewClient> insert_client(db::Tx& tx, Time now, ClientMetadata metadata, bool first_party, std::optional<Uuid> by,
                                bool with_registration_token) {
  NewClient out;
  out.client.id = Uuid::generate(now);
  out.client.client_id = out.client.id.str();
  out.client.tenant = tx.scope().home();
  out.client.metadata = std::move(metadata);
  out.client.first_party = first_party;
  out.client.created_at = now;
  if (out.client.metadata.auth_method.starts_with("client_secret")) {
    out.secret = crypto::random_token();
    out.client.secret_hash = hash_of(*out.secret);
  }
  std::optional<Bytes> registration;
  if (with_registration_token) {
    out.registration_token = crypto::random_token();
    registration = hash_of(*out.registration_token);
  }
  AX_CHECK(tx.exec(kInsert, out.client.id, out.client.metadata.name, out.client.secret_hash, json::serialize(out.client.metadata.json()),
                   first_party, registration, by, now, tx.scope().home()));
  return out;
}

Result<> update_client(db::Tx& tx, Time now, const Uuid& id, const ClientMetadata& metadata, bool first_party, bool disabled) {
  std::optional<Time> disabled_at;
  if (disabled) disabled_at = now;
  AX_TRY(const auto rows,
         tx.exec(kUpdate, id, metadata.name, json::serialize(metadata.json()), first_party, disabled_at, now, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  return {};
}

Result<std::string> renew_secret(db::Tx& tx, Time now, const Uuid& id) {
  auto secret = crypto::random_token();
  AX_TRY(const auto rows, tx.exec(kRenew, id, hash_of(secret), now, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  return secret;
}

Result<std::vector<Client>> list_clients(db::Tx& tx, std::optional<Uuid> before, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(limit);
  AX_TRY(const auto rows, before ? tx.exec(kBefore, count, tx.scope().home(), *before) : tx.exec(kNewest, count, tx.scope().home()));
  return collect(rows, &client_of);
}

Result<bool> delete_client(db::Tx& tx, const Uuid& id) {
  AX_TRY(const auto rows, tx.exec(kDelete, id, tx.scope().only()));
  return !rows.empty();
}

std::shared_ptr<const Client> ClientCache::find(std::string_view client_id, Time now) const {
  const std::scoped_lock lock{mutex_};
  const auto it = held_.find(std::string{client_id});
  return it == held_.end() || it->second.until <= now ? nullptr : it->second.client;
}

void ClientCache::put(std::shared_ptr<const Client> client, Time now) {
  const std::scoped_lock lock{mutex_};
  if (held_.size() >= 10'000) held_.clear();
  const auto key = client->client_id;
  held_.insert_or_assign(key, Held{std::move(client), now + std::chrono::seconds{5}});
}

void ClientCache::forget(std::string_view client_id) {
  const std::scoped_lock lock{mutex_};
  held_.erase(std::string{client_id});
}

}  // namespace authx::oauth
