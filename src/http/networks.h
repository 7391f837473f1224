#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace authx::http {

/// Addresses and ranges of addresses: `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. An IPv4 address in IPv6's form (`::ffff:a.b.c.d`) is that
/// IPv4 address.
class Networks {
 public:
  /// `Errc::validation` on `networks` for what is neither, and for bits beyond a range's prefix.
  static Result<Networks> parse(const std::vector<std::string>& texts);

  bool contains(std::string_view address) const;  ///< false for what is no address

 private:
  struct Range {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 as ::ffff:a.b.c.d
    unsigned prefix = 128;
  };
  std::vector<Range> ranges_;
};

}  // namespace authx::http
