#pragma once

#include <opencv2/core/mat.hpp>

#include <vector>

#include "engines/fingerprint/ridge_map.h"
#include "engines/fingerprint/types.h"

namespace authx::fingerprint {

/// One-pixel-wide, 8-connected lines of the non-zero pixels of `binary` (Zhang and Suen, CACM 27(3), 1984, then
/// removal of the corner pixels that it leaves). Pixels are 0 or 1; the outermost pixels are taken as 0.
void thin(cv::Mat1b& binary);

/// A line end found on a skeleton, before selection.
struct LineEnd {
  float x = 0, y = 0;
  float angle = 0;  ///< into the line, image coordinates (y downwards), radians
  bool ridge = true;
  float certainty = 0;  ///< 0..1
};

/// Ends of ridges and, as bifurcations, ends of valleys: two skeletons that judge the same image from both sides.
/// Spurs, short fragments, ends that face each other over a gap, and ends at the border of the mask are left out.
std::vector<LineEnd> find_line_ends(const RidgeMap& map);

}  // namespace authx::fingerprint
