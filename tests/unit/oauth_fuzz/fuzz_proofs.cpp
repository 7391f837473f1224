#include <cstdlib>

#include "base/encoding.h"
#include "services/oauth/clients.h"
#include "services/oauth/proofs.h"

/// The first byte chooses: a DPoP proof as it came, or header and claims (split at the first NUL) under a correct signature of the
/// key that the header is given, which is the only way to the checks behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const auto key = *crypto::PrivateKey::generate(crypto::JwsAlgorithm::EdDSA);
  static const Time now{std::chrono::seconds{1'700'000'000}};
  if (size == 0) return 0;
  const auto rest = as_text({data + 1, size - 1});
  std::string proof{rest};
  if (data[0] % 2 == 1) {
    const json::object header{{"alg", "EdDSA"}, {"typ", "dpop+jwt"}, {"jwk", key.public_key().jwk()}};
    proof = base64url_encode(as_bytes(json::serialize(header))) + "." + base64url_encode(as_bytes(rest));
    proof += "." + base64url_encode(key.sign(as_bytes(proof)));
  }
  const auto checked = oauth::check_dpop(proof, "POST", "https://a.example/token", std::nullopt, now);
  if (checked && checked->jkt != key.public_key().thumbprint() && data[0] % 2 == 1) std::abort();
  (void)oauth::verify_foreign(proof, {key.public_key()}, "", now);
  (void)oauth::acceptable_uri(rest, data[0] % 4 == 3);
  return 0;
}
