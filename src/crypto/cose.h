#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

struct evp_pkey_st;

namespace authx::crypto {

/// COSE algorithms (RFC 9053, RFC 8812) that are taken, and no other.
enum class CoseAlgorithm : std::int64_t { es256 = -7, eddsa = -8, rs256 = -257 };

/// A public key as a COSE_Key (RFC 9052, section 7): EC2 on P-256 with ES256, OKP Ed25519 with EdDSA, RSA of 2048 to 4096 bits with RS256.
/// The key's `alg` must fit its type. Immutable, thread-safe.
class CoseKey {
 public:
  struct Parsed;
  /// Error: validation on "public_key".
  static Result<CoseKey> parse(BytesView cose);
  /// The same with the number of bytes that the key took; more may follow.
  static Result<Parsed> parse_prefix(BytesView in);
  /// The key in an X.509 certificate (DER), used with `algorithm`.
  static Result<CoseKey> of_certificate(BytesView der, CoseAlgorithm algorithm);

  CoseAlgorithm algorithm() const noexcept { return algorithm_; }
  /// ES256 signatures are DER, as WebAuthn has them (section 6.5.5).
  bool verify(BytesView message, BytesView signature) const noexcept;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  CoseAlgorithm algorithm_ = CoseAlgorithm::es256;
};

struct CoseKey::Parsed {
  CoseKey key;
  std::size_t size = 0;
};

}  // namespace authx::crypto
