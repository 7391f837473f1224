#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace authx::document::line {

/// The words of a language as a graph: Tesseract's "squashed DAWG". A node is where its edges begin; the last of a node's edges is marked.
class Dictionary {
 public:
  /// Errors: `Errc::validation` for anything but a graph that stays within itself.
  static Result<Dictionary> parse(BytesView file);

  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;
  struct Step {
    std::uint32_t node = kNowhere;  ///< where words go on
    bool ends = false;              ///< a word may end here
  };
  /// Where a character, by its number in the file's character set, leads from a node; nothing where no word goes on so.
  std::optional<Step> after(std::uint32_t node, int character) const noexcept;

  /// Whether the characters are a word.
  bool holds(std::span<const int> characters) const noexcept;

 private:
  std::vector<std::uint64_t> edges_;
  unsigned letter_bits_ = 0;
};

}  // namespace authx::document::line
