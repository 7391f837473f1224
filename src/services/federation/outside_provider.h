#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/uuid.h"
#include "services/oauth/key_sets.h"

namespace authx::federation {

/// An OpenID provider as an administrator configured it.
struct Provider {
  Uuid id, tenant;
  std::string name, issuer, client_id;
  SecretText secret;  ///< empty: a public client
  std::string scopes;
  std::vector<std::string> domains;  ///< of e-mail addresses that may come with it; empty: any
  bool creates_accounts = false;
  bool enabled = true;
  Time created_at, updated_at;
};

/// What a provider says of itself (OpenID Connect Discovery 1.0), checked.
struct Metadata {
  std::string authorization_endpoint, token_endpoint, jwks_uri;
  std::string userinfo_endpoint;  ///< may be empty
  bool post_secret = false;       ///< it takes the client's secret in the body only
  bool names_itself = false;      ///< its answers carry `iss` (RFC 9207)
};

/// The conversation with outside providers, through `oauth::call_outside`. Blocks: for worker threads. Thread-safe. What a provider says of
/// itself is kept for an hour.
/// Errors: `Errc::unavailable` when it cannot be asked or answers nonsense, `Errc::invalid_credentials` when it refuses or its answer
/// does not fit; `detail` says what.
class OutsideProviders {
 public:
  OutsideProviders(const Clock& clock, oauth::KeySets& keys, bool allow_private)
      : clock_(clock), keys_(keys), allow_private_(allow_private) {}

  Result<Metadata> metadata(const Provider& provider);

  struct Exchange {
    std::string code, redirect_uri, verifier, nonce;
  };
  /// The claims of the ID token that a code is exchanged for; what it does not say of e-mail address and name, the provider is asked for.
  Result<json::object> exchange(const Provider& provider, const Exchange& exchange);

  void forget(const Uuid& provider);

 private:
  struct Known {
    Metadata metadata;
    Time metadata_at{};
  };
  Result<json::object> fetch(const std::string& url, std::vector<std::pair<std::string, std::string>> headers,
                             const SecretText* form) const;

  const Clock& clock_;
  oauth::KeySets& keys_;
  bool allow_private_;
  std::mutex mutex_;
  std::unordered_map<Uuid, Known> known_;
};

}  // namespace authx::federation
