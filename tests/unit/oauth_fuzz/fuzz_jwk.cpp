#include <cstdlib>

#include "base/json.h"
#include "crypto/jws.h"

/// A JWK from outside; one that is accepted must survive being published and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto parsed = parse_json(as_text({data, size}));
  if (!parsed || !parsed->is_object()) return 0;
  const auto key = crypto::PublicKey::from_jwk(parsed->as_object());
  if (!key) return 0;
  const auto again = crypto::PublicKey::from_jwk(key->jwk());
  if (!again || again->thumbprint() != key->thumbprint() || key->verify({data, size}, {data, size})) std::abort();
  return 0;
}
