#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace authx::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(BytesView data);
Digest hmac_sha256(BytesView key, BytesView data);
/// HKDF-SHA256 (RFC 5869), extract and expand. `length` at most 8160 bytes.
SecretBytes hkdf_sha256(BytesView secret, BytesView salt, BytesView info, std::size_t length = 32);
/// Time depends on the sizes only.
bool constant_time_equal(BytesView a, BytesView b) noexcept;
std::string random_token(std::size_t bytes = 32);  ///< base64url
/// A password that a person can read from a terminal: 20 characters without look-alikes, about 115 bits.
std::string random_password();

/// Incremental SHA-256 for streams. `finish` once; nothing after it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(BytesView data);
  Digest finish();

 private:
  void* ctx_;
};

}  // namespace authx::crypto
