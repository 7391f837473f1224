#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace authx {

/// RFC 9562 UUID. New ids are version 7: ordered by time, so that indexes stay local and a cursor
/// over ids is a cursor over time.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static Uuid generate(Time now);                                    ///< version 7
  static std::optional<Uuid> parse(std::string_view text) noexcept;  ///< 8-4-4-4-12 hex, either case
  std::string str() const;
  void write(char* to) const noexcept;  ///< the 36 characters of `str`
  bool is_nil() const noexcept { return *this == Uuid{}; }

  auto operator<=>(const Uuid&) const = default;
};

}  // namespace authx

template <>
struct std::hash<authx::Uuid> {
  std::size_t operator()(const authx::Uuid& id) const noexcept {
    std::uint64_t h = 0;
    for (std::size_t i = 8; i < 16; ++i) h = (h << 8) | id.bytes[i];  // the random half
    return static_cast<std::size_t>(h);
  }
};
