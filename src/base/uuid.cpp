#include "base/uuid.h"

#include <array>

#include "base/random.h"

namespace authx {
namespace {

constexpr auto kHexValue = [] {
  std::array<std::int16_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < 10; ++i) table['0' + i] = static_cast<std::int16_t>(i);
  for (std::size_t i = 0; i < 6; ++i) table['a' + i] = table['A' + i] = static_cast<std::int16_t>(10 + i);
  return table;
}();

}  // namespace

Uuid Uuid::generate(Time now) {
  Uuid id;
  random_bytes(id.bytes);
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  const char* at = text.data();
  std::int32_t valid = 0;  // negative once a letter was none of 0-9, a-f, A-F
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (*at++ != '-') return std::nullopt;
    }
    const std::int32_t high = kHexValue[static_cast<std::uint8_t>(*at++)];
    const std::int32_t low = kHexValue[static_cast<std::uint8_t>(*at++)];
    valid |= high | low;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (valid < 0) return std::nullopt;
  return id;
}

void Uuid::write(char* to) const noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = digits[bytes[i] >> 4];
    *to++ = digits[bytes[i] & 15];
  }
}

std::string Uuid::str() const {
  std::string out(36, '\0');
  write(out.data());
  return out;
}

}  // namespace authx
