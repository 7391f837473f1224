#include "engines/document/line/dictionary.h"

#include <bit>

#include "base/byte_reader.h"

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
  LittleEndianReader in{file};
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
    const std::uint64_t edge = in.number(8);
    if (edge >> (out.letter_bits_ + kFlagBits) >= count) return Error::invalid("dictionary", "leads out of itself");
    out.edges_.push_back(edge);
  }
  return out;
}

std::optional<Dictionary::Step> Dictionary::after(std::uint32_t node, int character) const noexcept {
  if (character < 0) return std::nullopt;
  const std::uint64_t letters = (std::uint64_t{1} << letter_bits_) - 1;
  std::optional<Step> out;
  for (std::size_t e = node; e < edges_.size(); ++e) {
    const std::uint64_t edge = edges_[e];
    const std::uint64_t flags = edge >> letter_bits_;
    if ((edge & letters) == static_cast<std::uint64_t>(character) && (flags & kBackward) == 0) {
      const auto next = static_cast<std::uint32_t>(edge >> (letter_bits_ + kFlagBits));
      // A letter may have two edges: one where words end, one where they go on.
      if (!out) out = Step{};
      out->ends = out->ends || (flags & kEnd) != 0;
      if (next != kRoot) out->node = next;
    }
    if ((flags & kLast) != 0) break;
  }
  return out;
}

bool Dictionary::holds(std::span<const int> characters) const noexcept {
  Step at{kRoot, false};
  for (const int c : characters) {
    const auto next = after(at.node, c);
    if (!next) return false;
    at = *next;
  }
  return at.ends;
}

}  // namespace authx::document::line
