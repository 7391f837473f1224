// A gray copy under coloured light is still gray: one tint explains all of it.

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"
#include "imaging/mat.h"

namespace authx::document::authenticity {

void check_colour(Scene& scene, std::vector<Finding>& out);

namespace {

/// Spread (5th to 95th percentile and both outer hundredths) of blue-yellow and red-green, in levels, after the part that is
/// linear in brightness and place is taken away: the light's tint and its change over the page.
double colour_spread(const cv::Mat& bgr) {
  constexpr int kUnknowns = 4;
  double best = 0;
  for (const bool red : {true, false}) {
    cv::Mat a(kUnknowns, kUnknowns, CV_64F, cv::Scalar(0));
    cv::Mat b(kUnknowns, 1, CV_64F, cv::Scalar(0));
    const auto sample = [&](int y, int x, std::array<double, kUnknowns>& u) {
      const auto& p = bgr.at<cv::Vec3b>(y, x);
      const double light = (p[0] + p[1] + p[2]) / 3.0;
      u = {1, light, static_cast<double>(x) / bgr.cols, static_cast<double>(y) / bgr.rows};
      return red ? p[2] - p[1] : p[0] - (p[1] + p[2]) / 2.0;
    };
    std::array<double, kUnknowns> u{};
    for (int y = 0; y < bgr.rows; ++y) {
      for (int x = 0; x < bgr.cols; ++x) {
        const double v = sample(y, x, u);
        for (int i = 0; i < kUnknowns; ++i) {
          for (int k = 0; k < kUnknowns; ++k) a.at<double>(i, k) += u[static_cast<std::size_t>(i)] * u[static_cast<std::size_t>(k)];
          b.at<double>(i) += u[static_cast<std::size_t>(i)] * v;
        }
      }
    }
    cv::Mat w;
    cv::solve(a, b, w, cv::DECOMP_SVD);
    std::vector<double> left;
    left.reserve(bgr.total());
    for (int y = 0; y < bgr.rows; ++y) {
      for (int x = 0; x < bgr.cols; ++x) {
        double v = sample(y, x, u);
        for (int i = 0; i < kUnknowns; ++i) v -= w.at<double>(i) * u[static_cast<std::size_t>(i)];
        left.push_back(v);
      }
    }
    best = std::max(best, quantile(left, 0.99) - quantile(left, 0.01));
  }
  return best;
}

}  // namespace

void check_colour(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "in_colour";
  const auto& page = scene.in.page->rectified;
  const std::string bad = "The document is shown without colour, as on a photocopy";
  const std::string limits = "A colour copy passes; a document printed in black only fails";
  if (scene.in.image->channels == 1 || page.channels == 1) {
    out.push_back(trace(id, 2, {}, bad, limits));
    return;
  }
  // Small: averages the sensor's own colour noise.
  cv::Mat small;
  const double scale = 160.0 / std::max(page.width, page.height);
  cv::resize(imaging::as_mat(page), small, {std::max(8, cvRound(page.width * scale)), std::max(8, cvRound(page.height * scale))}, 0, 0,
             cv::INTER_AREA);
  const double spread = colour_spread(small);
  out.push_back(trace(id, kLeastColour / std::max(0.1, spread), "The document shows its colours", bad, limits));
}

}  // namespace authx::document::authenticity
