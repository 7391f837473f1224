#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "network.h"

namespace authx::ocrb {

/// Draws training patches: a character between its neighbours as print, camera, compression and an inexact cut would show it.
class Sampler {
 public:
  Sampler();

  /// `label` is a place in `GlyphNet::kAlphabet` or `GlyphNet::kNone`.
  void draw(int label, specimen::Dice& dice, Patch& out) const;

 private:
  /// One typeface at one stroke weight: glyphs in the middle of a cell, ink 255 on 0.
  struct Face {
    std::vector<cv::Mat> glyphs;
    std::vector<cv::Mat> others;  ///< what is no capital, digit or filler
  };
  const Face& pick(specimen::Dice& dice) const;

  std::vector<Face> ocr_b_;
  std::vector<Face> mono_;
};

}  // namespace authx::ocrb
