#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/jwt.h"
#include "services/signing/signing_keys.h"

namespace authx::auth {

/// The access tokens of the product's own sessions: HS256 with the secret of the configuration, as the specification has them, or signed
/// with the server's signing keys, whose public parts are published, so that other services can verify them too.
///
/// Both kinds are accepted always, whatever is made now: a change of the setting ends no token before its time. What a token's header says
/// chooses nothing but which of the two it claims to be: the type belongs to the signed kind alone, an id names a key, and the key has one
/// algorithm. Thread-safe.
class AccessTokens {
 public:
  /// `typ` of the signed kind (RFC 8725, 3.11): neither an ID token's nor an OAuth access token's.
  static constexpr std::string_view kType = "authx+jwt";

  /// `algorithm`: of the signing keys; none: HS256. `issuer`: `iss` and `aud` of the signed kind.
  AccessTokens(crypto::JwtHs256 shared, const signing::SigningKeys& keys, std::optional<crypto::JwsAlgorithm> algorithm, std::string issuer)
      : shared_(std::move(shared)), keys_(keys), algorithm_(algorithm), issuer_(std::move(issuer)) {}

  /// HS256 too while the algorithm's first key is so new that another process might not know it.
  std::string sign(const json::object& claims) const;
  /// Signature, header, `exp`, `nbf`, `iat`, and of the signed kind `iss` and `aud`. Error: `Errc::unauthenticated`.
  Result<json::object> verify(std::string_view token, Time now) const;

 private:
  crypto::JwtHs256 shared_;
  const signing::SigningKeys& keys_;
  std::optional<crypto::JwsAlgorithm> algorithm_;
  std::string issuer_;
};

}  // namespace authx::auth
