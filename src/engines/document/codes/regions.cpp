#include "engines/document/codes/regions.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kCells = 96;       ///< of the long side: a code is at least six cells wide
constexpr double kEdge = 28;     ///< gray levels between neighbours that make an edge
constexpr double kDense = 0.13;  ///< share of edge pixels in a cell of a code; text has less on average over its line spacing

}  // namespace

std::vector<CodeRegion> code_regions(const imaging::Image& gray) {
  const cv::Mat in = imaging::as_mat(gray);
  const int cell = std::max(8, std::max(gray.width, gray.height) / kCells);
  const int columns = gray.width / cell;
  const int rows = gray.height / cell;
  if (columns < 4 || rows < 4) return {};
  cv::Mat across(rows, columns, CV_32F, cv::Scalar(0));
  cv::Mat down(rows, columns, CV_32F, cv::Scalar(0));
  // Every second row and column of a large picture says as much.
  const int step = cell >= 24 ? 2 : 1;
  const float unit = 1.0F / (static_cast<float>((cell / step)) * static_cast<float>(cell / step));
  for (int r = 0; r < rows; ++r) {
    for (int y = r * cell; y + 2 < (r + 1) * cell && y + 2 < gray.height; y += step) {
      const std::uint8_t* p = gray.row(y);
      const std::uint8_t* q = gray.row(y + 2);
      for (int c = 0; c < columns; ++c) {
        int a = 0;
        int d = 0;
        for (int x = c * cell; x < (c + 1) * cell && x + 2 < gray.width; x += step) {
          a += std::abs(p[x + 2] - p[x]) > kEdge ? 1 : 0;
          d += std::abs(q[x] - p[x]) > kEdge ? 1 : 0;
        }
        across.at<float>(r, c) += static_cast<float>(a) * unit;
        down.at<float>(r, c) += static_cast<float>(d) * unit;
      }
    }
  }
  std::vector<CodeRegion> out;
  std::vector<double> weight;
  const auto search = [&](const cv::Mat& texture, bool square) {
    cv::Mat smooth;
    cv::blur(texture, smooth, {3, 3});
    cv::Mat mask;
    cv::compare(smooth, kDense, mask, cv::CMP_GT);
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {3, 3}));
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {3, 3}));
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centres;
    const int n = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8);
    for (int i = 1; i < n; ++i) {
      const int w = stats.at<int>(i, cv::CC_STAT_WIDTH);
      const int h = stats.at<int>(i, cv::CC_STAT_HEIGHT);
      const int area = stats.at<int>(i, cv::CC_STAT_AREA);
      if (w < 5 || h < 4 || area < (w * h) * 2 / 5) continue;
      const double aspect = static_cast<double>(std::max(w, h)) / std::min(w, h);
      if (square ? aspect > 1.8 : aspect < 1.8 || aspect > 9) continue;
      const int pad = 2 * cell;
      imaging::Box b{stats.at<int>(i, cv::CC_STAT_LEFT) * cell - pad, stats.at<int>(i, cv::CC_STAT_TOP) * cell - pad, w * cell + 2 * pad,
                     h * cell + 2 * pad};
      const int x0 = std::max(0, b.x);
      const int y0 = std::max(0, b.y);
      b = {x0, y0, std::min(gray.width, b.x + b.width) - x0, std::min(gray.height, b.y + b.height) - y0};
      out.push_back({b, square});
      weight.push_back(static_cast<double>(area) * cv::mean(smooth, labels == i)[0]);
    }
  };
  cv::Mat both;
  cv::min(across, down, both);
  search(both, true);
  cv::Mat either;
  cv::max(across, down, either);
  search(either, false);
  std::vector<std::size_t> order(out.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return weight[a] > weight[b]; });
  std::vector<CodeRegion> best;
  for (const auto i : order) {
    if (best.size() < 4) best.push_back(out[i]);
  }
  return best;
}

}  // namespace authx::document
