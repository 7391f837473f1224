#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/words.h"
#include "crypto/jws.h"
#include "db/db.h"
#include "services/oauth/outcome.h"

namespace authx::oauth {

/// The scopes that any client may ask for; `authx:<permission>` beside them reach this server's own API.
inline constexpr std::string_view kScopes[] = {"openid", "profile", "email", "phone", "address", "verified_identity", "offline_access"};
bool known_scope(std::string_view scope);

inline constexpr std::string_view kCodeGrant = "authorization_code";
inline constexpr std::string_view kRefreshGrant = "refresh_token";
inline constexpr std::string_view kClientGrant = "client_credentials";
inline constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
inline constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What a client says of itself, in RFC 7591's names.
struct ClientMetadata {
  std::string name, client_uri, logo_uri, tos_uri, policy_uri;
  Words redirect_uris, post_logout_redirect_uris, grant_types{std::string{kCodeGrant}};
  Words scope;                                      ///< empty: every standard scope
  Words resources;                                  ///< RFC 8707 indicators that it may ask tokens for
  std::string auth_method = "client_secret_basic";  ///< client_secret_basic, client_secret_post, private_key_jwt, none
  std::vector<crypto::PublicKey> keys;              ///< of `jwks`, for private_key_jwt
  json::value jwks;
  std::string jwks_uri;  ///< where it publishes them instead
  crypto::JwsAlgorithm id_token_algorithm = crypto::JwsAlgorithm::ES256;
  std::string backchannel_logout_uri;
  bool require_par = false;
  bool dpop_bound = false;

  /// Reads and checks every member. `trusted`: an administrator speaks, who may name resources and `authx:` scopes and who may
  /// register the client-credentials and token-exchange grants. Refusals: invalid_redirect_uri, invalid_client_metadata.
  static Outcome<ClientMetadata> parse(const json::object& in, bool trusted);
  json::object json() const;
};

struct Client {
  Uuid id;
  Uuid tenant;  ///< whose people may use it
  std::string client_id;
  ClientMetadata metadata;
  std::optional<Bytes> secret_hash;
  bool first_party = false;
  bool disabled = false;
  Time created_at;

  bool confidential() const noexcept { return metadata.auth_method != "none"; }
  bool may(std::string_view grant) const { return contains(metadata.grant_types, grant); }
  /// Exactly a registered URI; only the port of a loopback address may differ, for programs on the person's own machine (RFC 8252, 7.3).
  bool redirects_to(std::string_view uri) const;
  /// The scopes of `asked` that it may have; all of its scopes when `asked` is empty.
  Outcome<Words> allowed_scope(std::string_view asked) const;
};

/// https, or http to a loopback address, without fragment, user name or control characters. `native`: a private-use scheme with a dot
/// in its name (RFC 8252, 7.1) too.
bool acceptable_uri(std::string_view uri, bool native);

Bytes hash_of(std::string_view secret);  ///< SHA-256: for secrets of 32 random bytes

/// In the transaction's organisation.
Result<std::optional<Client>> find_client(db::Tx& tx, std::string_view client_id);
struct NewClient {
  Client client;
  std::optional<std::string> secret, registration_token;
};
Result<NewClient> insert_client(db::Tx& tx, Time now, ClientMetadata metadata, bool first_party, std::optional<Uuid> by,
                                bool with_registration_token);
Result<> update_client(db::Tx& tx, Time now, const Uuid& id, const ClientMetadata& metadata, bool first_party, bool disabled);
Result<std::string> renew_secret(db::Tx& tx, Time now, const Uuid& id);
Result<std::vector<Client>> list_clients(db::Tx& tx, std::optional<Uuid> before, std::size_t limit);
Result<bool> delete_client(db::Tx& tx, const Uuid& id);
/// The client that a registration access token belongs to.
Result<std::optional<Client>> find_registration(db::Tx& tx, std::string_view client_id, std::string_view token);

/// Clients read lately, for at most five seconds: a revoked client is refused by every process within that time, by this one at once.
class ClientCache {
 public:
  std::shared_ptr<const Client> find(std::string_view client_id, Time now) const;
  void put(std::shared_ptr<const Client> client, Time now);
  void forget(std::string_view client_id);

 private:
  struct Held {
    std::shared_ptr<const Client> client;
    Time until;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Held> held_;
};

}  // namespace authx::oauth
