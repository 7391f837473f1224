#pragma once

#include <optional>

#include "base/deadline.h"
#include "engines/document/mrz.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

struct MrzFromImage {
  /// `mrz.valid()` holds only when every check digit is right and no character is in doubt; `mrz.doubts` names those that are.
  Mrz mrz;
  double confidence = 0;   ///< 0..1: probability of the least sure character
  bool corrected = false;  ///< check digits chose a character other than the most likely one
  int quarter_turns = 0;   ///< clockwise turns that put the zone upright, nearest
  imaging::Quad zone{};    ///< on the given image, in the zone's own reading order
};

/// Finds and reads a machine-readable zone anywhere on the picture, at any angle and moderate perspective. Lines of print are found on
/// a view turned along the text; characters along a line by dynamic programming over the scores of `GlyphNet`; the lines of a zone
/// share their columns, so one that is found tells where the others are; `decode_mrz` makes text of the scores. Nothing when there is
/// no zone. Blocking, CPU-bound, thread-safe; gives up between lines when `deadline` passes.
std::optional<MrzFromImage> read_mrz(const imaging::Image& image, Date today, const Deadline& deadline);

}  // namespace authx::document
