#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "engines/document/authenticity/check.h"

namespace authx::document::authenticity {

/// A stretch of a printed value about as wide as a letter.
struct Letter {
  cv::Rect box;      ///< on the picture
  double slope = 0;  ///< of its steepest edges, in shares of the value's contrast a pixel
  double ink = 0;    ///< share of the stretch that is ink
  int paper = 0;     ///< pixels of bare paper
  double still = 0;  ///< share of the paper without any noise
  double noise = 0;  ///< of the paper: six times its standard deviation, without the loudest tenth
};

/// One value seen in stretches that overlap by two thirds.
struct Strokes {
  const Region* value = nullptr;
  std::vector<Letter> letters;
  double slope = 0;  ///< what its letters commonly have; 0 when fewer than three hold ink
};

/// The values whose print stands out from its paper.
std::vector<Strokes> strokes_of(Scene& scene);

}  // namespace authx::document::authenticity
