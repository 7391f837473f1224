#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace authx {

/// Reads fields of an untrusted record, their bytes in the given order. Having run out, it gives zeros and empty blocks and remembers it,
/// so that a parser checks once after a group of fields.
template <std::endian Order>
class BasicByteReader {
 public:
  explicit BasicByteReader(BytesView bytes) noexcept : bytes_(bytes) {}

  /// At most 8 bytes.
  std::uint64_t number(std::size_t bytes) noexcept {
    std::uint64_t v = 0;
    if constexpr (Order == std::endian::big) {
      for (const std::uint8_t b : block(bytes)) v = v << 8 | b;
    } else {
      unsigned shift = 0;
      for (const std::uint8_t b : block(bytes)) v |= std::uint64_t{b} << shift, shift += 8;
    }
    return v;
  }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number(4)); }
  BytesView block(std::size_t bytes) noexcept {
    if (left() < bytes) {
      ran_out_ = true, at_ = bytes_.size();
      return {};
    }
    at_ += bytes;
    return bytes_.subspan(at_ - bytes, bytes);
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() noexcept {
    std::array<std::uint8_t, N> out{};
    for (auto& b : out) b = u8();
    return out;
  }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  std::size_t at() const noexcept { return at_; }
  bool ran_out() const noexcept { return ran_out_; }

 private:
  BytesView bytes_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

using ByteReader = BasicByteReader<std::endian::big>;
using LittleEndianReader = BasicByteReader<std::endian::little>;

}  // namespace authx
