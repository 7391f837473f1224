#pragma once

#include "imaging/image.h"

namespace authx::imaging {

/// Capture quality of a picture of text, each measured on a copy whose long side is at most 1000 pixels.
struct Quality {
  double sharpness = 0;    ///< standard deviation of the Laplacian where there are edges; below about 12 text is blurred
  double brightness = 0;   ///< mean luminance, 0..255
  double contrast = 0;     ///< 5th to 95th percentile of luminance, 0..255
  double glare_share = 0;  ///< 0..1: area of saturated, structureless patches brighter than their surroundings
  double dark_share = 0;   ///< 0..1: area darker than 30
  bool gray = false;       ///< no colour: a photocopy or a gray scan
  double score = 0;        ///< 0..1, the least of the parts
};

Quality measure(const Image& image);

}  // namespace authx::imaging
