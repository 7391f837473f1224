#pragma once

#include <opencv2/core/mat.hpp>

#include "engines/face/align.h"
#include "engines/face/types.h"

namespace authx::face {

/// What hides the face, 0 (nothing) .. 1 (certainly), by comparing patches of skin that the mesh points out.
struct Occlusion {
  double eyes = 0;   ///< both eye regions are far darker than the cheeks and without an eye's texture: sunglasses
  double lower = 0;  ///< nose tip, mouth and chin alike differ from forehead and nose bridge: a mask. A beard leaves the nose
};

/// `crop` is the aligned face, `to_crop` its place in the picture. Needs the 468-vertex mesh; without it nothing is said.
Occlusion measure_occlusion(const cv::Mat& crop, const Similarity& to_crop, const Geometry& geometry);

}  // namespace authx::face
