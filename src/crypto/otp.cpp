#include "crypto/otp.h"

#include <openssl/hmac.h>

#include <array>
#include <cstdio>

#include "crypto/evp.h"
#include "crypto/hash.h"

namespace authx::crypto {

std::string hotp(BytesView secret, std::uint64_t counter, int digits) {
  std::array<std::uint8_t, 8> message{};
  for (std::size_t i = 0; i < 8; ++i) message[i] = static_cast<std::uint8_t>(counter >> (56 - 8 * i));
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  evp::require(::HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), message.data(), message.size(), mac.data(), &size) !=
               nullptr);
  const std::size_t at = mac[size - 1] & 0x0FU;
  const std::uint32_t number =
      (std::uint32_t{mac[at]} & 0x7FU) << 24 | std::uint32_t{mac[at + 1]} << 16 | std::uint32_t{mac[at + 2]} << 8 | mac[at + 3];
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  std::string text = std::to_string(number % modulus);
  return std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text;
}

std::int64_t totp_step(Time now) { return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count() / kTotpPeriod; }

std::optional<std::int64_t> totp_match(BytesView secret, std::string_view code, Time now) {
  const auto step = totp_step(now);
  std::optional<std::int64_t> found;
  for (const auto candidate : {step - 1, step, step + 1})
    if (constant_time_equal(as_bytes(hotp(secret, static_cast<std::uint64_t>(candidate), kTotpDigits)), as_bytes(code))) found = candidate;
  return found;
}

std::string base32_encode(BytesView bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const auto byte : bytes) {
    buffer = buffer << 8 | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet[buffer >> bits & 31U];
    }
    buffer &= (1U << bits) - 1U;
  }
  if (bits > 0) out += alphabet[buffer << (5 - bits) & 31U];
  return out;
}

}  // namespace authx::crypto
