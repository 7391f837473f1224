#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace authx::crypto {

namespace evp {
class HmacKey;
}

/// JWS compact tokens (RFC 7515, 7519) under RFC 8725's rules: exactly the configured algorithm, `typ` "JWT", at most
/// 8 KiB. The signature is checked before anything of the token is parsed. `kid` is allowed and chooses nothing; a header
/// with any other member is refused, as are claims that repeat a name. Immutable, thread-safe, cheap to copy.
class JwtHs256 {
 public:
  explicit JwtHs256(const SecretBytes& key);  ///< at least 32 bytes, else std::invalid_argument

  std::string sign(const json::object& claims) const;
  /// Whether a token has the header that `sign` writes, by its text.
  static bool has_own_header(std::string_view token) noexcept;
  /// Checks form, signature (constant time), algorithm, `exp` (required) and, when present, `nbf` and `iat`, with `leeway`.
  /// Every failure is `Errc::unauthenticated`; the detail says which check failed.
  Result<json::object> verify(std::string_view token, Time now, std::chrono::seconds leeway = std::chrono::seconds{0}) const;

 private:
  std::shared_ptr<const evp::HmacKey> key_;
};

}  // namespace authx::crypto
