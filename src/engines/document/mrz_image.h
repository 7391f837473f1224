#pragma once

#include <optional>

#include "base/deadline.h"
#include "engines/document/mrz.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

struct MrzFromImage {
  Mrz mrz;
  double confidence = 0;   ///< 0..1, the least sure character's share
  bool corrected = false;  ///< check digits chose a character other than the most likely one
  int quarter_turns = 0;   ///< clockwise turns that put the zone upright
  imaging::Quad zone{};    ///< on the given image, in the zone's own reading order
};

/// Finds and reads a machine-readable zone anywhere on the picture, at any quarter turn and moderate tilt. Lines are located by
/// their even, filler-rich texture, rectified, cut into equal cells; each cell is compared with renderings of OCR-B, limited to
/// what its place allows, and check digits decide between near equals. Nothing when there is none.
std::optional<MrzFromImage> read_mrz(const imaging::Image& image, Date today, const Deadline& deadline);

}  // namespace authx::document
