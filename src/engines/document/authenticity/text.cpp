// Letters set over a photograph are sharper than the letters that the camera saw.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_text(Scene& scene, std::vector<Finding>& out);

namespace {

struct Edges {
  const Region* value = nullptr;
  double slope = 0;    ///< of the steepest edges, in shares of the contrast a pixel
  double outlier = 0;  ///< the same of the sharpest letter over the median letter
};

std::vector<double> slopes_in(const cv::Mat& part) {
  cv::Mat gx;
  cv::Mat gy;
  cv::Sobel(part, gx, CV_16S, 1, 0);
  cv::Sobel(part, gy, CV_16S, 0, 1);
  std::vector<double> slopes;
  slopes.reserve(part.total());
  for (int y = 0; y < part.rows; ++y) {
    for (int x = 0; x < part.cols; ++x) slopes.push_back(std::hypot(gx.at<short>(y, x), gy.at<short>(y, x)) / 8);
  }
  return slopes;
}

Edges measure(const cv::Mat& gray, const Region& v) {
  const cv::Mat part = gray(v.box);
  std::vector<double> levels;
  levels.reserve(part.total());
  for (int y = 0; y < part.rows; ++y) {
    for (int x = 0; x < part.cols; ++x) levels.push_back(part.at<std::uint8_t>(y, x));
  }
  Edges e;
  e.value = &v;
  const double contrast = quantile(levels, 0.9) - quantile(levels, 0.03);
  if (contrast < kLeastContrast) return e;
  e.slope = quantile(slopes_in(part), 0.97) / contrast;
  // Windows about as wide as a letter; those between words have no edges and do not count.
  const int width = v.box.height;
  std::vector<double> letters;
  for (int x = v.box.x; x + width <= v.box.x + v.box.width; x += std::max(1, width / 2)) {
    const double steep = quantile(slopes_in(gray(cv::Rect(x, v.box.y, width, v.box.height))), 0.95) / contrast;
    if (steep > 0.3 * e.slope) letters.push_back(steep);
  }
  if (letters.size() >= 5) e.outlier = *std::ranges::max_element(letters) / quantile(letters, 0.5);
  return e;
}

}  // namespace

void check_text(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "text_uniform";
  std::vector<Edges> all;
  for (const auto& v : scene.values()) {
    if (const auto e = measure(scene.gray(), v); e.slope > 0) all.push_back(e);
  }
  if (all.size() < 3) {
    out.push_back(unchecked(id, CheckKind::authenticity, "Fewer than three printed values can be compared"));
    return;
  }
  double worst = 0;
  const Region* where = nullptr;
  for (const auto& e : all) {
    std::vector<double> others;
    for (const auto& o : all) {
      if (&o != &e) others.push_back(o.slope);
    }
    const double excess = std::max(e.slope / quantile(others, 0.5) / kSharpestValue, e.outlier / kSharpestLetter);
    if (excess > worst) {
      worst = excess;
      where = e.value;
    }
  }
  auto f = trace(id, worst, "All values are equally sharp",
                 "Letters of one value are sharper than the others, as when they are set over a photograph",
                 "Letters that were blurred to match pass, and a sharp picture hides sharp letters");
  if (f.outcome == Outcome::failed) f.place = where->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
