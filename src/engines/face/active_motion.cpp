#include "engines/face/active_motion.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace authx::face::active {
namespace {

// What is compared of a look: brows, nose and cheeks. Neither the mouth and the outline, nor the eyes: opening lids would look like a
// head that moves down.
constexpr int kLeft = 16, kRight = 88, kTop = 10, kBottom = 76;
constexpr bool in_eyes(int x, int y) {
  const int inwards = x < kLookWidth / 2 ? x : kLookWidth - 1 - x;
  return y >= 29 && y < 45 && inwards >= 17 && inwards < 47;
}
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
  constexpr auto kMiddleX = static_cast<double>(kLookMiddle.x), kMiddleY = static_cast<double>(kLookMiddle.y);
  // After the movement `p` a pixel is `gain` times what it was, plus `base`, plus its slope along the movement that is missing.
  struct Row {
    double u, v;  ///< from the middle
    std::array<double, 6> terms;
  };
  std::vector<Row> rows;
  for (int y = kTop; y < kBottom; ++y)
    for (int x = kLeft; x < kRight; ++x) {
      if (in_eyes(x, y)) continue;
      const float* p = even_.data() + y * kLookWidth + x;
      const double gx = static_cast<double>(p[1] - p[-1]) / 2, gy = static_cast<double>(p[kLookWidth] - p[-kLookWidth]) / 2;
      const double u = x - kMiddleX, v = y - kMiddleY;
      rows.push_back({u, v, {gx, gy, gy * u - gx * v, gx * u + gy * v, static_cast<double>(p[0]), 1}});
    }
  const std::size_t pixels = rows.size();
  std::array<double, 4> p{};  // right, down, turn, growth
  std::vector<double> seen(pixels), left(pixels), sizes(pixels), weight(pixels, 1);
  double gain = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double c = (1 + p[3]) * std::cos(p[2]), s = (1 + p[3]) * std::sin(p[2]);
    cv::Matx<double, 6, 6> square = cv::Matx<double, 6, 6>::eye() * 1e-6;
    cv::Matx<double, 6, 1> side = cv::Matx<double, 6, 1>::zeros();
    for (std::size_t k = 0; k < pixels; ++k) {
      const auto& [u, v, terms] = rows[k];
      seen[k] = static_cast<double>(at(after.even_, kMiddleX + p[0] + c * u - s * v, kMiddleY + p[1] + s * u + c * v));
      for (int i = 0; i < 6; ++i) {
        const double wi = weight[k] * terms[static_cast<std::size_t>(i)];
        side(i) += wi * seen[k];
        for (int j = i; j < 6; ++j) square(i, j) += wi * terms[static_cast<std::size_t>(j)];
      }
    }
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < i; ++j) square(i, j) = square(j, i);
    const auto found = square.solve(side, cv::DECOMP_CHOLESKY);
    gain = found(4);
    for (std::size_t k = 0; k < pixels; ++k) {
      double told = 0;
      for (int i = 0; i < 6; ++i) told += rows[k].terms[static_cast<std::size_t>(i)] * found(i);
      left[k] = seen[k] - told;
      sizes[k] = std::abs(left[k]);
    }
    const auto half = sizes.begin() + static_cast<std::ptrdiff_t>(pixels / 2);
    std::ranges::nth_element(sizes, half);
    const double scale = 2 * 1.4826 * *half + 1e-6;
    for (std::size_t k = 0; k < pixels; ++k) weight[k] = 1 / (1 + std::pow(left[k] / scale, 2));
    for (int i = 0; i < 4; ++i) p[static_cast<std::size_t>(i)] -= found(i) / std::max(gain, 0.3);
    if (!(std::hypot(p[0], p[1]) < kFarthest) || std::abs(p[2]) > 0.15 || std::abs(p[3]) > 0.2) return std::nullopt;
  }
  if (!(gain >= kFits)) return std::nullopt;
  return Point{kLookMiddle.x + static_cast<float>(p[0]), kLookMiddle.y + static_cast<float>(p[1])};
}

}  // namespace authx::face::active
