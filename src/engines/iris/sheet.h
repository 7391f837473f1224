#pragma once

#include <opencv2/core.hpp>

#include "engines/iris/segment.h"

namespace authx::iris {

/// The iris unrolled (Daugman's rubber sheet): column = angle (as in `Contour`), row = from pupil (0) to limbus, each
/// point on the straight line between the two borders' points at that angle. The margins next to either border are left
/// out, where a border that is a pixel off would dominate.
struct Sheet {
  static constexpr int kRows = 64, kColumns = 512;
  cv::Mat1f gray;
  cv::Mat1f usable;  ///< 0..1
};

Sheet unroll(const EyeImage& eye, const Segmentation& s);

}  // namespace authx::iris
