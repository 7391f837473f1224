#include "engines/document/authenticity/strokes.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {
namespace {

constexpr double kInked = 0.08;  ///< a stretch with less is a gap between words

double low(const cv::Mat& part, double share) {
  std::vector<double> levels;
  levels.reserve(part.total());
  for (int y = 0; y < part.rows; ++y) {
    for (int x = 0; x < part.cols; ++x) levels.push_back(part.at<std::uint8_t>(y, x));
  }
  return quantile(std::move(levels), share);
}

void look_at_paper(const cv::Mat& residual, const cv::Mat& bare, Letter& l) {
  std::vector<double> found;
  for (int y = 0; y < bare.rows; ++y) {
    for (int x = 0; x < bare.cols; ++x) {
      if (bare.at<std::uint8_t>(y, x) != 0) found.push_back(std::abs(residual.at<short>(y, x)));
    }
  }
  l.paper = static_cast<int>(found.size());
  if (found.empty()) return;
  const double most = quantile(found, 0.9);
  double squares = 0;
  for (const double f : found) squares += std::min(f, most) * std::min(f, most);
  l.noise = std::sqrt(squares / static_cast<double>(found.size()));
  l.still = static_cast<double>(std::ranges::count(found, 0.0)) / static_cast<double>(found.size());
}

}  // namespace

std::vector<Strokes> strokes_of(Scene& scene) {
  std::vector<Strokes> out;
  const cv::Mat& gray = scene.gray();
  for (const auto& v : scene.values()) {
    const int margin = std::max(3, v.box.height / 5);
    const cv::Rect area =
        cv::Rect(v.box.x, v.box.y - margin, v.box.width, v.box.height + 2 * margin) & cv::Rect(1, 1, gray.cols - 2, gray.rows - 2);
    if (area.width < 2 * v.box.height || area.height <= 2 * margin) continue;
    const cv::Mat part = gray(area);
    const double paper = low(part, 0.85);
    const double contrast = paper - low(part.rowRange(margin, part.rows - margin), 0.03);
    if (contrast < kLeastContrast) continue;
    const cv::Mat ink = part < paper - 0.3 * contrast;
    cv::Mat bare;
    cv::dilate(ink, bare, cv::Mat::ones(5, 5, CV_8U));
    bare = bare == 0;
    cv::Mat gx;
    cv::Mat gy;
    cv::Sobel(part, gx, CV_16S, 1, 0);
    cv::Sobel(part, gy, CV_16S, 0, 1);
    Strokes s;
    s.value = &v;
    const int width = std::max(16, 3 * v.box.height / 4);
    std::vector<double> slopes;
    for (int x = 0; x + width <= part.cols; x += std::max(4, width / 3)) {
      Letter l;
      l.box = {area.x + x, area.y, width, area.height};
      const cv::Range at(x, x + width);
      std::vector<double> steep;
      steep.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(part.rows));
      for (int y = 0; y < part.rows; ++y) {
        for (int i = x; i < x + width; ++i) steep.push_back(std::hypot(gx.at<short>(y, i), gy.at<short>(y, i)));
      }
      l.slope = quantile(std::move(steep), 0.95) / 8 / contrast;
      l.ink = cv::countNonZero(ink.colRange(at)) / static_cast<double>(width * part.rows);
      look_at_paper(scene.residual()(l.box), bare.colRange(at), l);
      if (l.ink > kInked) slopes.push_back(l.slope);
      s.letters.push_back(l);
    }
    // Stretches without ink say nothing of edges.
    for (auto& l : s.letters) l.slope = l.ink > kInked ? l.slope : 0;
    if (slopes.size() >= 3) s.slope = quantile(slopes, 0.6);
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace authx::document::authenticity
