#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace authx::crypto {

/// Ed25519 signatures (RFC 8032, pure): for statements that others check without holding a secret of ours.
/// Immutable, thread-safe.
class Ed25519 {
 public:
  /// `seed`: the 32-byte private key. Error: `Errc::internal` for another size.
  static Result<Ed25519> from_seed(const SecretBytes& seed);

  Bytes sign(BytesView message) const;                              ///< 64 bytes
  const Bytes& public_key() const noexcept { return public_key_; }  ///< 32 bytes
  static bool verify(BytesView public_key, BytesView message, BytesView signature) noexcept;

 private:
  SecretBytes seed_;
  Bytes public_key_;
};

}  // namespace authx::crypto
