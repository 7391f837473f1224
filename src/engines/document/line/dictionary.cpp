#include "engines/document/line/dictionary.h"

#include <bit>

#include "engines/document/line/little_endian.h"

namespace authx::document::line {
namespace {

constexpr std::uint16_t kMagic = 42;
// Flags of an edge, above its letter; the node that it leads to stands above them.
constexpr std::uint64_t kLast = 1;
constexpr std::uint64_t kBackward = 2;
constexpr std::uint64_t kEnd = 4;
constexpr unsigned kFlagBits = 3;

}  // namespace

Result<Dictionary> Dictionary::parse(BytesView file) {
  LittleEndian in{file};
  const auto magic = in.u16();
  const auto letters = in.u32();
  const auto count = in.u32();
  if (in.ran_out() || magic != kMagic || letters == 0 || letters > 0x10FFFF || count == 0 || in.left() != std::size_t{count} * 8)
    return Error::invalid("dictionary", "is no graph of words");
  Dictionary out;
  // As many bits as hold the count of letters and one more value.
  out.letter_bits_ = static_cast<unsigned>(std::bit_width(letters));
  out.edges_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t edge = in.u64();
    if (edge >> (out.letter_bits_ + kFlagBits) >= count) return Error::invalid("dictionary", "leads out of itself");
    out.edges_.push_back(edge);
  }
  return out;
}

bool Dictionary::holds(std::span<const int> characters) const noexcept {
  if (characters.empty() || edges_.empty()) return false;
  const std::uint64_t letters = (std::uint64_t{1} << letter_bits_) - 1;
  std::size_t node = 0;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const bool last_letter = i + 1 == characters.size();
    const auto wanted = static_cast<std::uint64_t>(characters[i]);
    bool found = false;
    for (std::size_t e = node; e < edges_.size(); ++e) {
      const std::uint64_t edge = edges_[e];
      const std::uint64_t flags = edge >> letter_bits_;
      if ((edge & letters) == wanted && (flags & kBackward) == 0 && (!last_letter || (flags & kEnd) != 0)) {
        node = edge >> (letter_bits_ + kFlagBits);
        found = true;
        break;
      }
      if ((flags & kLast) != 0) break;
    }
    if (!found) return false;
    if (node == 0 && !last_letter) return false;
  }
  return true;
}

}  // namespace authx::document::line
