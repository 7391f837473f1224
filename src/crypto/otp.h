#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace authx::crypto {

inline constexpr std::int64_t kTotpPeriod = 30;  ///< seconds of one step
inline constexpr int kTotpDigits = 6;

/// HOTP with HMAC-SHA-1 (RFC 4226, section 5.3). `digits` 6 to 8.
std::string hotp(BytesView secret, std::uint64_t counter, int digits);

/// The time step of RFC 6238 (T0 = 0, X = 30 s).
std::int64_t totp_step(Time now);

/// The step, of the present one and its two neighbours, whose code is `code`; nothing when none is. Compares in constant time.
std::optional<std::int64_t> totp_match(BytesView secret, std::string_view code, Time now);

std::string base32_encode(BytesView bytes);  ///< RFC 4648 section 6, without padding, as authenticator programs want it

}  // namespace authx::crypto
