#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/keyring.h"

namespace authx::crypto {

/// AES-256-GCM with a nonce that the caller chooses: for constructions that make nonces unique themselves, such as a
/// chunked stream under a key of its own. Everything else uses `seal` and `open`.
inline constexpr std::size_t kGcmNonceSize = 12;
inline constexpr std::size_t kGcmTagSize = 16;
using GcmNonce = std::array<std::uint8_t, kGcmNonceSize>;

/// Writes `plain.size() + kGcmTagSize` bytes to `out`, which may not overlap `plain`.
void gcm_seal(const Key& key, const GcmNonce& nonce, BytesView plain, BytesView associated, std::uint8_t* out);
/// Writes `sealed.size() - kGcmTagSize` bytes to `out`; on failure they are zeros. False: wrong key, nonce or data.
[[nodiscard]] bool gcm_open(const Key& key, const GcmNonce& nonce, BytesView sealed, BytesView associated, std::uint8_t* out);

}  // namespace authx::crypto
