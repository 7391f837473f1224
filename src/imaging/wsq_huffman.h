#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace authx::imaging::wsq {

/// A symbol of the entropy coder and the bits that follow it.
struct Token {
  std::uint8_t symbol = 0;
  std::uint8_t extra_bits = 0;
  std::uint16_t extra = 0;
};

/// Runs of zeros and values as IAFIS-IC-0110's table 7 codes them: 1..100 a run of that length, 101 and 102 an 8-bit
/// magnitude, 103 and 104 a 16-bit one (positive, negative), 105 and 106 a run by 8 or 16 bits, 107..254 the value itself + 180.
std::vector<Token> tokens_of(const std::vector<std::int32_t>& values);

/// Canonical codes of at most 16 bits, none of them all ones (as in JPEG).
class HuffmanTable {
 public:
  /// 16 counts by length, then the symbols; bytes after them are left alone. Nothing for counts that no code has.
  static std::optional<HuffmanTable> read(BytesView bytes);
  static HuffmanTable for_tokens(std::initializer_list<const std::vector<Token>*> all);

  std::size_t stored_bytes() const { return 16 + symbols_.size(); }
  Bytes stored() const;

  struct Code {
    std::uint16_t bits = 0;
    std::uint8_t length = 0;  ///< 0: the symbol has none
  };
  Code code_of(std::uint8_t symbol) const { return codes_[symbol]; }
  /// The symbol whose code begins the `available` most significant bits of `window` (of 16), or nothing.
  std::optional<std::pair<std::uint8_t, int>> symbol_at(std::uint32_t window, int available) const;

 private:
  void derive();
  std::array<std::uint8_t, 17> count_{};  ///< by length
  std::vector<std::uint8_t> symbols_;
  std::array<Code, 256> codes_{};
  std::array<std::uint32_t, 17> first_{}, offset_{};
};

/// Appends the values of one block to `out`, at most up to `most` in all. Returns the bytes used, up to the next marker;
/// nothing when the data is damaged.
std::optional<std::size_t> decode_values(BytesView data, const HuffmanTable& table, std::size_t most, std::vector<std::int32_t>& out);

/// Bits padded with ones; a zero byte follows each byte of ones.
void encode_tokens(const std::vector<Token>& tokens, const HuffmanTable& table, Bytes& out);

}  // namespace authx::imaging::wsq
