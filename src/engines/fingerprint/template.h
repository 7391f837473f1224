#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/fingerprint/types.h"

namespace authx::fingerprint {

/// Ridge directions on a coarse grid over the image: 0..253 in units of pi/254 (image coordinates, y downwards), or
/// `kNoFlow` outside of the clear area. Empty in templates made from exchange formats.
struct FlowGrid {
  static constexpr int kCell = 8;  ///< pixels at 500 dpi
  static constexpr std::uint8_t kNoFlow = 255;
  int columns = 0, rows = 0;
  std::vector<std::uint8_t> cells;

  bool empty() const noexcept { return cells.empty(); }
  std::uint8_t at(float x, float y) const noexcept {
    const int cx = static_cast<int>(x) / kCell, cy = static_cast<int>(y) / kCell;
    return x < 0 || y < 0 || cx >= columns || cy >= rows ? kNoFlow : cells[static_cast<std::size_t>(cy * columns + cx)];
  }
  bool operator==(const FlowGrid&) const = default;
};

/// The enhanced ridge pattern at 250 dpi, one bit a pixel, set on ridges; four pixels to a cell of the flow grid, which
/// also says where the pattern is meaningful. Empty in templates made from exchange formats.
struct RidgeBits {
  static constexpr int kStep = 2;  ///< pixels at 500 dpi to a bit
  int columns = 0, rows = 0;
  std::vector<std::uint64_t> words;  ///< rows of (columns + 63) / 64 words, least significant bit first

  std::size_t stride() const noexcept { return static_cast<std::size_t>(columns + 63) / 64; }
  bool empty() const noexcept { return words.empty(); }
  bool at(int x, int y) const noexcept {
    return x >= 0 && y >= 0 && x < columns && y < rows &&
           (words[static_cast<std::size_t>(y) * stride() + static_cast<std::size_t>(x) / 64] >> (x % 64) & 1) != 0;
  }
  bool operator==(const RidgeBits&) const = default;
};

/// The surroundings of one minutia as bits, in its own frame, so that they need no alignment: 52 cells of an 8 x 8
/// grid within 70 pixels. Six words are a minutia cylinder (Cappelli, Ferrara, Maltoni, IEEE PAMI 32(12), 2010, in the
/// bit form of BTAS 2010), one per sector of direction; four are the ridge flow at the cells (Tico and Kuosmanen, IEEE
/// PAMI 25(8), 2003) as a Johnson code of eight sectors, whose Hamming distance is the angular distance.
struct Descriptor {
  static constexpr int kCylinderWords = 6, kFlowWords = 4;
  std::array<std::uint64_t, kCylinderWords> cylinder{};
  std::array<std::uint64_t, kFlowWords> flow{};
  std::uint64_t valid = 0;       ///< cells inside of the finger's area
  std::uint64_t flow_valid = 0;  ///< cells where the flow is known

  bool operator==(const Descriptor&) const = default;
};

/// A finger's impression, ready to be compared: minutiae, ridge flow, and what the matcher computes from them once.
struct Template {
  static constexpr std::size_t kMaxUsed = 96;  ///< minutiae that the matcher uses, the best ones

  std::uint16_t width = 0, height = 0;  ///< pixels at 500 dpi
  std::uint8_t quality = 0;             ///< 0..100
  PatternClass pattern = PatternClass::unknown;
  std::vector<Minutia> minutiae;  ///< best first
  FlowGrid flow;
  RidgeBits ridges;
  std::vector<Descriptor> descriptors;  ///< of the first min(minutiae, kMaxUsed) minutiae

  bool operator==(const Template&) const = default;
};

/// Fills in `descriptors`; to be called after minutiae or flow were set.
void describe(Template& t);

/// The engine's own format: compact, versioned, with the descriptors. Not an exchange format.
Bytes serialize(const Template& t);
/// Errors: validation for anything that `serialize` would not have written.
Result<Template> deserialize(BytesView bytes);

}  // namespace authx::fingerprint
