#pragma once

#include <opencv2/core/mat.hpp>

#include <array>
#include <optional>
#include <span>

#include "engines/face/types.h"

namespace authx::face {

/// x' = a·x − b·y + tx, y' = b·x + a·y + ty: rotation, uniform scale and translation.
struct Similarity {
  double a = 1, b = 0, tx = 0, ty = 0;

  Point operator()(Point p) const noexcept {
    return {static_cast<float>(a * p.x - b * p.y + tx), static_cast<float>(b * p.x + a * p.y + ty)};
  }
  double scale() const noexcept;
  double rotation() const noexcept;  ///< radians, clockwise on screen
  Similarity inverse() const noexcept;
};

/// The least-squares similarity from `from` to `to`: in the plane, Umeyama's solution (IEEE PAMI 13(4), 1991)
/// without reflection has this closed form. Empty when the points coincide or aren't finite.
std::optional<Similarity> fit_similarity(std::span<const Point> from, std::span<const Point> to);

/// Five points of InsightFace's 112 x 112 crop and of dlib's 150 x 150 chip, image-left eye first.
const FivePoints& arcface_template() noexcept;
const FivePoints& dlib_template() noexcept;

/// `image` at a smaller size: averaged over whole k x k blocks for the largest k that leaves at least `size`, then
/// interpolated. Hardly more aliasing than area interpolation at a fraction of its cost. Enlarges by interpolation.
cv::Mat shrink(const cv::Mat& image, cv::Size size);

/// The size x size crop that `to_crop` maps the image to; shrinks by area first, so that large photos don't alias.
cv::Mat warp_crop(const cv::Mat& bgr, const Similarity& to_crop, int size);

/// Writes an 8-bit BGR image as planar floats: (x − mean[c]) · scale[c], c in the order that is written.
struct Normalisation {
  bool rgb = true;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1, 1, 1};
};
void write_planar(const cv::Mat& bgr, std::span<float> out, const Normalisation& n);

}  // namespace authx::face
