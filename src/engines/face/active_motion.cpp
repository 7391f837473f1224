#include "engines/face/active_motion.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace authx::face::active {
namespace {

// What is compared of a look: brows, eyes, nose and cheeks, without the mouth and the outline.
constexpr int kLeft = 16, kRight = 88, kTop = 10, kBottom = 76;
constexpr int kRounds = 4;
constexpr double kFits = 0.4;     ///< least likeness of both looks when laid on each other
constexpr double kFarthest = 12;  ///< pixels; of a head that is turned far the mesh is off by so much

/// Bilinear; `x` and `y` lie inside.
float at(const std::vector<float>& picture, double x, double y) {
  const double px = std::clamp(x, 0.0, kLookWidth - 1.001), py = std::clamp(y, 0.0, kLookHeight - 1.001);
  const auto ix = static_cast<std::size_t>(px), iy = static_cast<std::size_t>(py);
  const auto fx = static_cast<float>(px - static_cast<double>(ix)), fy = static_cast<float>(py - static_cast<double>(iy));
  const float* p = picture.data() + iy * kLookWidth + ix;
  return (1 - fy) * ((1 - fx) * p[0] + fx * p[1]) + fy * ((1 - fx) * p[kLookWidth] + fx * p[kLookWidth + 1]);
}

}  // namespace

LookMotion::LookMotion(const Look& look) : even_(look.size()) {
  const cv::Mat given(kLookHeight, kLookWidth, CV_8UC1, const_cast<std::uint8_t*>(look.data()));
  cv::Mat plain, fine, coarse, contrast;
  given.convertTo(plain, CV_32F);
  cv::GaussianBlur(plain, fine, {}, 1, 1, cv::BORDER_REFLECT);
  cv::GaussianBlur(plain, coarse, {}, 7, 7, cv::BORDER_REFLECT);
  const cv::Mat band = fine - coarse;
  cv::GaussianBlur(band.mul(band), contrast, {}, 9, 9, cv::BORDER_REFLECT);
  cv::sqrt(contrast, contrast);
  cv::Mat even(kLookHeight, kLookWidth, CV_32F, even_.data());
  cv::divide(band, contrast + 2, even);
}

std::optional<Point> LookMotion::found_in(const LookMotion& after) const {
  if (even_.empty() || after.even_.empty()) return std::nullopt;
  constexpr std::size_t kPixels = static_cast<std::size_t>(kRight - kLeft) * (kBottom - kTop);
  constexpr auto kMiddleX = static_cast<double>(kLookMiddle.x), kMiddleY = static_cast<double>(kLookMiddle.y);
  // After the movement `p` a pixel is `gain` times what it was, plus `base`, plus its slope along the movement that is missing.
  using Row = std::array<double, 6>;
  std::vector<Row> rows;
  rows.reserve(kPixels);
  for (int y = kTop; y < kBottom; ++y)
    for (int x = kLeft; x < kRight; ++x) {
      const float* p = even_.data() + y * kLookWidth + x;
      const double gx = static_cast<double>(p[1] - p[-1]) / 2, gy = static_cast<double>(p[kLookWidth] - p[-kLookWidth]) / 2;
      const double u = x - kMiddleX, v = y - kMiddleY;
      rows.push_back({gx, gy, gy * u - gx * v, gx * u + gy * v, static_cast<double>(p[0]), 1});
    }
  std::array<double, 4> p{};  // right, down, turn, growth
  std::vector<double> seen(kPixels), left(kPixels), sizes(kPixels), weight(kPixels, 1);
  double gain = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double c = (1 + p[3]) * std::cos(p[2]), s = (1 + p[3]) * std::sin(p[2]);
    cv::Matx<double, 6, 6> square = cv::Matx<double, 6, 6>::eye() * 1e-6;
    cv::Matx<double, 6, 1> side = cv::Matx<double, 6, 1>::zeros();
    std::size_t k = 0;
    for (int y = kTop; y < kBottom; ++y)
      for (int x = kLeft; x < kRight; ++x, ++k) {
        const double u = x - kMiddleX, v = y - kMiddleY;
        seen[k] = static_cast<double>(at(after.even_, kMiddleX + p[0] + c * u - s * v, kMiddleY + p[1] + s * u + c * v));
        for (int i = 0; i < 6; ++i) {
          const double wi = weight[k] * rows[k][static_cast<std::size_t>(i)];
          side(i) += wi * seen[k];
          for (int j = i; j < 6; ++j) square(i, j) += wi * rows[k][static_cast<std::size_t>(j)];
        }
      }
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < i; ++j) square(i, j) = square(j, i);
    const auto found = square.solve(side, cv::DECOMP_CHOLESKY);
    gain = found(4);
    for (k = 0; k < kPixels; ++k) {
      double told = 0;
      for (int i = 0; i < 6; ++i) told += rows[k][static_cast<std::size_t>(i)] * found(i);
      left[k] = seen[k] - told;
      sizes[k] = std::abs(left[k]);
    }
    const auto half = sizes.begin() + kPixels / 2;
    std::ranges::nth_element(sizes, half);
    const double scale = 2 * 1.4826 * *half + 1e-6;
    for (k = 0; k < kPixels; ++k) weight[k] = 1 / (1 + std::pow(left[k] / scale, 2));
    for (int i = 0; i < 4; ++i) p[static_cast<std::size_t>(i)] -= found(i) / std::max(gain, 0.3);
    if (!(std::hypot(p[0], p[1]) < kFarthest) || std::abs(p[2]) > 0.15 || std::abs(p[3]) > 0.2) return std::nullopt;
  }
  if (!(gain >= kFits)) return std::nullopt;
  return Point{kLookMiddle.x + static_cast<float>(p[0]), kLookMiddle.y + static_cast<float>(p[1])};
}

}  // namespace authx::face::active
