#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace authx::document::line {

/// Reads little-endian fields of an untrusted file. Having run out, it gives zeros and empty blocks and remembers it, so that a parser
/// checks once after a group of fields.
class LittleEndian {
 public:
  explicit LittleEndian(BytesView bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() noexcept { return number(8); }
  std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
  double f64() noexcept { return std::bit_cast<double>(u64()); }
  BytesView block(std::size_t bytes) noexcept {
    if (left() < bytes) {
      ran_out_ = true, at_ = bytes_.size();
      return {};
    }
    at_ += bytes;
    return bytes_.subspan(at_ - bytes, bytes);
  }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  bool ran_out() const noexcept { return ran_out_; }

 private:
  std::uint64_t number(std::size_t bytes) noexcept {
    std::uint64_t v = 0;
    unsigned shift = 0;
    for (const std::uint8_t b : block(bytes)) v |= std::uint64_t{b} << shift, shift += 8;
    return v;
  }

  BytesView bytes_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

}  // namespace authx::document::line
