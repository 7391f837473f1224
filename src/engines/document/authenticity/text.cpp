// Letters set over a photograph are sharper and darker than the letters that the camera saw.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_text(Scene& scene, std::vector<Finding>& out);

namespace {

struct Ink {
  const Region* value = nullptr;
  double slope = 0;  ///< steepest edges, in shares of the contrast a pixel
  double level = 0;  ///< of the darkest ink
  double paper = 0;
};

Ink measure(const cv::Mat& gray, const Region& v) {
  const cv::Mat part = gray(v.box);
  cv::Mat gx;
  cv::Mat gy;
  cv::Sobel(part, gx, CV_16S, 1, 0);
  cv::Sobel(part, gy, CV_16S, 0, 1);
  std::vector<double> slopes;
  std::vector<double> levels;
  slopes.reserve(part.total());
  levels.reserve(part.total());
  for (int y = 0; y < part.rows; ++y) {
    for (int x = 0; x < part.cols; ++x) {
      slopes.push_back(std::hypot(gx.at<short>(y, x), gy.at<short>(y, x)) / 8);
      levels.push_back(part.at<std::uint8_t>(y, x));
    }
  }
  Ink ink;
  ink.value = &v;
  ink.level = quantile(levels, 0.03);
  ink.paper = quantile(levels, 0.9);
  const double contrast = ink.paper - ink.level;
  ink.slope = contrast < 40 ? 0 : quantile(slopes, 0.97) / contrast;
  return ink;
}

}  // namespace

void check_text(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "text_uniform";
  std::vector<Ink> inks;
  for (const auto& v : scene.values()) {
    if (auto ink = measure(scene.gray(), v); ink.slope > 0) inks.push_back(ink);
  }
  if (inks.size() < 3) {
    out.push_back(unchecked(id, CheckKind::authenticity, "Fewer than three printed values can be compared"));
    return;
  }
  double worst = 0;
  const Region* where = nullptr;
  for (const auto& ink : inks) {
    std::vector<double> slopes;
    std::vector<double> levels;
    for (const auto& other : inks) {
      if (&other == &ink) continue;
      slopes.push_back(other.slope);
      levels.push_back(other.level);
    }
    const double excess = std::max(ink.slope / quantile(slopes, 0.5) / kSharpest, (quantile(levels, 0.5) - ink.level) / kDarkest);
    if (excess > worst) {
      worst = excess;
      where = ink.value;
    }
  }
  auto f = trace(id, worst, "All values are printed alike", "One value's letters are sharper or darker than the others'",
                 "Letters that were blurred to match pass; cards that print values in several inks may not");
  if (f.outcome == Outcome::failed) f.place = where->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
