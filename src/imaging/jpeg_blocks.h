#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "imaging/geometry.h"

namespace authx::imaging {

/// The luminance of a JPEG file as it was quantised, before any pixel was made of it: what traces of editing are read from.
/// Coefficients stand in zigzag order (ITU-T T.81, figure A.6), the first `kKept` of each 8x8 block, block rows from the top.
struct JpegBlocks {
  static constexpr int kKept = 10;
  struct Block {
    std::array<std::int16_t, kKept> quantised{};  ///< [0] is the block's level, as a multiple of step[0]
    bool flat = false;                            ///< nothing but the level: all 63 others are zero
  };
  int columns = 0;
  int rows = 0;
  std::array<std::uint16_t, kKept> step{};  ///< the quantiser's steps of the kept coefficients
  int orientation = 1;                      ///< EXIF 1..8: how the stored picture is turned for display
  int width = 0;                            ///< pixels as stored
  int height = 0;
  std::vector<Block> blocks;

  const Block& at(int column, int row) const {
    return blocks[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
  }
  /// A box of the picture as shown, on the picture as stored. Nothing for mirrored orientations.
  std::optional<Box> stored(const Box& shown) const;
  /// The reverse.
  std::optional<Box> shown(const Box& stored) const;
};

/// Reads them from a JPEG that `decode` accepts. Blocking; about as long as decoding, without the pixels.
/// Nothing when the file is no JPEG, is damaged, or has more than `max_pixels`.
std::optional<JpegBlocks> read_jpeg_blocks(BytesView file, std::int64_t max_pixels = 16'000'000);

}  // namespace authx::imaging
