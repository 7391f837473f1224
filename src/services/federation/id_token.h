#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "crypto/jws.h"

namespace authx::federation {

/// What an ID token must be for.
struct Expected {
  std::string issuer, client_id, nonce;
  std::string access_token;  ///< compared with `at_hash` when an ES256 or RS256 token has one
};

/// The claims of an ID token that fits (OpenID Connect Core 1.0, 3.1.3.7): signed by one of `keys` with that key's own algorithm, whatever
/// the header says; `iss`, `aud`, `azp`, `nonce`, `at_hash`; not expired, not from the future, not older than ten minutes; with a `sub`.
/// `Errc::unauthenticated` when no key fits its signature, `Errc::invalid_credentials` for all else; `detail` says what.
Result<json::object> check_id_token(std::string_view token, const std::vector<crypto::PublicKey>& keys, const Expected& expected, Time now);

}  // namespace authx::federation
