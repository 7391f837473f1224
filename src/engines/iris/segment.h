#pragma once

#include <opencv2/core.hpp>

#include <optional>

#include "base/result.h"
#include "engines/iris/types.h"
#include "imaging/image.h"

namespace authx::iris {

/// The picture as the engine works on it: one channel (red under visible light, where melanin absorbs least), at most
/// `kMaxSide` pixels on the long side, and the same with mirror reflections of lamps filled in.
struct EyeImage {
  static constexpr int kMaxSide = 640, kMinSide = 64;
  cv::Mat1b gray, filled;
  cv::Mat1b specular;  ///< 255 on reflections
  float scale = 1;     ///< working pixels to a pixel of the given image
  Light light = Light::near_infrared;
};

/// Errors: validation for an image with a side below `kMinSide`.
Result<EyeImage> prepare(const imaging::Image& image);

/// Borders in pixels of the working image.
struct Segmentation {
  Contour pupil, limbus;
  float pupil_edge = 0;   ///< 0..1: how distinct the pupil's border is all around
  float limbus_edge = 0;  ///< 0..1: the same of the limbus at its sides
  double confidence = 0;  ///< 0..1
  /// 255: iris that can be used, 0: everything else. Set by `mask_occlusions`.
  cv::Mat1b mask;
  float upper_lid = 0, lower_lid = 0;  ///< share of the iris' disc above and below the lids' borders
};

/// Finds pupil and limbus. Coarse: centres by radial votes of gradients that point outwards (Loy and Zelinsky, IEEE
/// PAMI 25(8), 2003), each tried by an integro-differential operator (Daugman, IEEE PAMI 15(11), 1993) for a pupil inside
/// of a limbus with its own centre. Fine: the least-cost closed path in polar coordinates (Viterbi; Sutra, Garcia-Salicetti
/// and Dorizzi, ICB 2012), made smooth by a robustly fitted Fourier series, so that neither border need be a circle.
/// Error: validation on field "image", the reason being an `Issue`'s name.
Result<Segmentation> find_borders(const EyeImage& eye);

/// Lids by a least-cost path that separates the iris' gray levels from what covers it, then lashes and reflections pixel
/// by pixel. Fills in `mask` and the lids' shares.
void mask_occlusions(const EyeImage& eye, Segmentation& s);

}  // namespace authx::iris
