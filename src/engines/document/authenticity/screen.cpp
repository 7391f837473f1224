// A display photographed: its lattice of pixels, or the moiré it makes with the camera's, stands in the spectrum as narrow
// peaks off the axes over the whole picture. (The idea: Garcia and de Queiroz, "Face-spoofing 2D-detection based on moiré
// pattern analysis", 2015.)

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <vector>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_screen(Scene& scene, std::vector<Finding>& out);

namespace {

constexpr int kTile = 256;
constexpr int kHalf = kTile / 2;

/// Logarithm of the power, mean over the tiles: what stands in all of them stays, what one pattern makes is thinned. Row: vertical
/// frequency -128..127, column: horizontal 0..128, cycles in 256 pixels.
cv::Mat mean_spectrum(const cv::Mat& gray, const std::vector<cv::Point>& tiles) {
  static const std::array<float, kTile> window = [] {
    std::array<float, kTile> w{};
    for (std::size_t i = 0; i < w.size(); ++i)
      w[i] = static_cast<float>(0.5 - 0.5 * std::cos(2 * CV_PI * (static_cast<double>(i) + 0.5) / kTile));
    return w;
  }();
  cv::Mat mean(kTile, kHalf + 1, CV_32F, cv::Scalar(0));
  cv::Mat tile(kTile, kTile, CV_32F);
  cv::Mat spectrum;
  for (const auto& at : tiles) {
    const cv::Mat part = gray(cv::Rect(at.x, at.y, kTile, kTile));
    const auto level = static_cast<float>(cv::mean(part)[0]);
    for (int y = 0; y < kTile; ++y) {
      const auto* p = part.ptr<std::uint8_t>(y);
      auto* t = tile.ptr<float>(y);
      for (int x = 0; x < kTile; ++x)
        t[x] = (static_cast<float>(p[x]) - level) * window[static_cast<std::size_t>(x)] * window[static_cast<std::size_t>(y)];
    }
    cv::dft(tile, spectrum, cv::DFT_COMPLEX_OUTPUT);
    for (int y = 0; y < kTile; ++y) {
      const auto* s = spectrum.ptr<cv::Vec2f>(y);
      auto* m = mean.ptr<float>((y + kHalf) % kTile);
      for (int x = 0; x <= kHalf; ++x) m[x] += std::log(s[x][0] * s[x][0] + s[x][1] * s[x][1] + 400.F);
    }
  }
  mean /= static_cast<double>(tiles.size());
  return mean;
}

/// Multiples of 1/8 cycles a pixel belong to JPEG's blocks.
bool of_blocks(int f) {
  const int off = ((f % 32) + 32) % 32;
  return off <= 1 || off >= 31;
}

/// The highest peak over the median of its surroundings.
double highest_peak(const cv::Mat& mean) {
  constexpr int kAxis = 5;
  constexpr int kReach = 6;
  double best = 0;
  std::vector<float> ring;
  for (int row = kReach; row < kTile - kReach; ++row) {
    const int fy = row - kHalf;
    if (std::abs(fy) < kAxis) continue;
    const auto* m = mean.ptr<float>(row);
    for (int fx = kAxis; fx <= kHalf - kReach; ++fx) {
      if (fx * fx + fy * fy < 22 * 22 || (of_blocks(fx) && of_blocks(fy))) continue;
      const float here = m[fx];
      const float floor = (mean.ptr<float>(row - 4)[fx] + mean.ptr<float>(row + 4)[fx] + m[std::max(0, fx - 4)] + m[fx + 4]) / 4;
      if (here - floor < best || here < m[fx - 1] || here < m[fx + 1] || here < mean.ptr<float>(row - 1)[fx] ||
          here < mean.ptr<float>(row + 1)[fx])
        continue;
      ring.clear();
      for (int dy = -kReach; dy <= kReach; ++dy) {
        const auto* near = mean.ptr<float>(row + dy);
        for (int dx = -kReach; dx <= kReach; ++dx) {
          if (std::max(std::abs(dx), std::abs(dy)) > 3 && fx + dx >= 0) ring.push_back(near[fx + dx]);
        }
      }
      std::ranges::nth_element(ring, ring.begin() + static_cast<std::ptrdiff_t>(ring.size() / 2));
      best = std::max(best, static_cast<double>(here - ring[ring.size() / 2]));
    }
  }
  return best;
}

}  // namespace

void check_screen(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "no_screen_pattern";
  const cv::Mat& gray = scene.gray();
  if (std::min(gray.rows, gray.cols) < kSmallestPicture) {
    out.push_back(unchecked(id, CheckKind::authenticity, "The picture is too small to show a display's pattern"));
    return;
  }
  // Within the document: what lies around it may have a weave of its own.
  cv::Rect area = scene.document();
  if (area.width < kTile || area.height < kTile) area = cv::Rect(0, 0, gray.cols, gray.rows);
  std::vector<cv::Point> tiles;
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) tiles.emplace_back(area.x + (area.width - kTile) * i / 2, area.y + (area.height - kTile) * k / 2);
  }
  const double peak = highest_peak(mean_spectrum(gray, tiles));
  out.push_back(trace(id, peak / kGridPeak, "No display's lattice shows in the picture",
                      "A regular lattice lies over the whole picture, as when a display is photographed",
                      "Fine displays from afar, and strong compression, leave no lattice; fabric and print screens can make one"));
}

}  // namespace authx::document::authenticity
