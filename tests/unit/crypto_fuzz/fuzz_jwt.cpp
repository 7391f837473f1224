#include <cstdlib>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"

/// The first byte chooses: the rest as a token, or the rest as header and claims (split at the first NUL) under a
/// correct signature, which is the only way to the parsers behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const Bytes key(32, 0x42);
  static const crypto::JwtHs256 jwt{SecretBytes{key}};
  static const Time now{std::chrono::seconds{1'700'000'000}};
  if (size == 0) return 0;
  const auto rest = as_text({data + 1, size - 1});
  std::string token{rest};
  if (data[0] % 2 == 1) {
    const auto split = rest.find('\0');
    const auto claims = split == std::string_view::npos ? std::string_view{} : rest.substr(split + 1);
    token = base64url_encode(as_bytes(rest.substr(0, split))) + "." + base64url_encode(as_bytes(claims));
    token += "." + base64url_encode(crypto::hmac_sha256(key, as_bytes(token)));
  }
  const auto claims = jwt.verify(token, now);
  if (claims && !jwt.verify(jwt.sign(*claims), now)) std::abort();  // what was accepted can be signed and accepted again
  return 0;
}
