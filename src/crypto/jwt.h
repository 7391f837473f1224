#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace authx::crypto {

/// JWS compact tokens (RFC 7515, 7519) under RFC 8725's rules: exactly the configured algorithm, `typ` "JWT",
/// no header field beyond alg, typ and kid is honoured.
class JwtHs256 {
 public:
  explicit JwtHs256(SecretBytes key);                                   ///< at least 32 bytes

  std::string sign(const json::object& claims) const;
  /// Checks form, algorithm, signature (constant time), `exp` and, when present, `nbf` and `iat`, with `leeway`.
  /// Every failure is `Errc::unauthenticated`; the detail says which check failed.
  Result<json::object> verify(std::string_view token, Time now, std::chrono::seconds leeway = std::chrono::seconds{0}) const;

 private:
  SecretBytes key_;
};

}  // namespace authx::crypto
