#include "http/networks.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace authx::http {
namespace {

std::optional<std::array<std::uint8_t, 16>> bytes_of(std::string_view text, bool* was_v4 = nullptr) {
  if (text.size() > 64) return std::nullopt;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(std::string{text}, ec);
  if (ec || (address.is_v6() && address.to_v6().scope_id() != 0)) return std::nullopt;
  if (was_v4 != nullptr) *was_v4 = address.is_v4();
  if (address.is_v6()) return address.to_v6().to_bytes();
  std::array<std::uint8_t, 16> out{};
  out[10] = out[11] = 0xFF;
  const auto v4 = address.to_v4().to_bytes();
  std::ranges::copy(v4, out.begin() + 12);
  return out;
}

bool bit(const std::array<std::uint8_t, 16>& bytes, unsigned i) { return (bytes[i / 8] >> (7 - i % 8) & 1) != 0; }

}  // namespace

Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks out;
  for (const auto& text : texts) {
    const auto slash = text.find('/');
    bool v4 = false;
    const auto bytes = bytes_of(std::string_view{text}.substr(0, slash), &v4);
    if (!bytes) return Error::invalid("networks", "must be addresses or ranges such as 10.0.0.0/8");
    Range range;
    range.bytes = *bytes;
    if (slash != std::string::npos) {
      const auto digits = std::string_view{text}.substr(slash + 1);
      unsigned prefix = 0;
      const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
      if (ec != std::errc{} || end != digits.data() + digits.size() || prefix > (v4 ? 32U : 128U))
        return Error::invalid("networks", "must have prefixes of at most 32 (IPv4) or 128 (IPv6) bits");
      range.prefix = prefix + (v4 ? 96U : 0U);
      for (unsigned i = range.prefix; i < 128; ++i)
        if (bit(range.bytes, i)) return Error::invalid("networks", "must be ranges without bits beyond their prefix");
    }
    out.ranges_.push_back(range);
  }
  return out;
}

bool Networks::contains(std::string_view address) const {
  if (ranges_.empty()) return false;
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  return std::ranges::any_of(ranges_, [&](const Range& range) {
    for (unsigned i = 0; i < range.prefix; ++i)
      if (bit(*bytes, i) != bit(range.bytes, i)) return false;
    return true;
  });
}

}  // namespace authx::http
