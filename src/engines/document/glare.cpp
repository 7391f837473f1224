#include "engines/document/glare.h"

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr double kLeastShare = 0.02;
constexpr double kMostShare = 0.5;
constexpr int kBurnt = 254;
constexpr int kWhite = 251;     ///< paper this bright hides every reflection
constexpr double kFallOff = 3;  ///< gray levels that the paper loses from the patch's rim to some way off

/// Rings around the patch, from and to this far from its rim.
constexpr std::array<std::pair<float, float>, 3> kRings{{{2, 5}, {9, 14}, {20, 28}}};

/// The paper's brightness in each ring: print is darker, so a high quantile; none when a ring has hardly any pixels.
std::optional<std::array<int, 3>> paper_around(const cv::Mat& gray, const cv::Mat& patch, const cv::Rect& box) {
  const cv::Rect wide = cv::Rect(box.x - 30, box.y - 30, box.width + 60, box.height + 60) & cv::Rect(0, 0, gray.cols, gray.rows);
  cv::Mat outside;
  cv::distanceTransform(patch(wide) == 0, outside, cv::DIST_L2, 3);
  std::array<std::array<int, 256>, 3> histogram{};
  std::array<int, 3> counts{};
  for (int y = 0; y < wide.height; ++y) {
    const auto* g = gray.ptr<std::uint8_t>(wide.y + y) + wide.x;
    const auto* d = outside.ptr<float>(y);
    for (int x = 0; x < wide.width; ++x) {
      for (std::size_t k = 0; k < kRings.size(); ++k) {
        if (d[x] < kRings[k].first || d[x] > kRings[k].second) continue;
        ++histogram[k][g[x]];
        ++counts[k];
      }
    }
  }
  std::array<int, 3> out{};
  for (std::size_t k = 0; k < kRings.size(); ++k) {
    if (counts[k] < 40) return std::nullopt;
    int sum = 0;
    while (out[k] < 255 && (sum += histogram[k][static_cast<std::size_t>(out[k])]) < 0.6 * counts[k]) ++out[k];
  }
  return out;
}

}  // namespace

std::optional<imaging::Box> large_reflection(const imaging::Image& page) {
  const imaging::Image image = imaging::to_gray(page);
  const cv::Mat gray = imaging::as_mat(image);
  cv::Mat burnt = gray >= kBurnt;
  // Print that shines through leaves holes; single bright pixels are noise.
  cv::morphologyEx(burnt, burnt, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7}));
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int n = cv::connectedComponentsWithStats(burnt, labels, stats, centers, 8, CV_32S);
  const double area = static_cast<double>(gray.rows) * gray.cols;
  std::optional<imaging::Box> best;
  int largest = 0;
  for (int i = 1; i < n; ++i) {
    const int size = stats.at<int>(i, cv::CC_STAT_AREA);
    if (size < kLeastShare * area || size > kMostShare * area || size <= largest) continue;
    const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP), stats.at<int>(i, cv::CC_STAT_WIDTH),
                       stats.at<int>(i, cv::CC_STAT_HEIGHT));
    const auto paper = paper_around(gray, labels == i, box);
    if (!paper) continue;
    const auto [near, middle, far] = *paper;
    if (far > kWhite || near - far < kFallOff || near < middle || middle < far) continue;
    largest = size;
    best = imaging::Box{box.x, box.y, box.width, box.height};
  }
  return best;
}

}  // namespace authx::document
