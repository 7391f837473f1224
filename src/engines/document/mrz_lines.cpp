#include "engines/document/mrz_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace authx::document {
namespace {

constexpr int kReach = 40;  ///< rows looked at on either side of a line

cv::Mat reduced(const cv::Mat& picture, int side, double& scale) {
  scale = static_cast<double>(side) / std::max(picture.cols, picture.rows);
  cv::Mat out;
  const cv::Size size{std::max(8, static_cast<int>(std::lround(picture.cols * scale))),
                      std::max(8, static_cast<int>(std::lround(picture.rows * scale)))};
  cv::resize(picture, out, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  return out;
}

/// Dark, stroke-like marks as white on black.
cv::Mat strokes(const cv::Mat& gray, cv::Size within) {
  cv::Mat hat;
  cv::morphologyEx(gray, hat, cv::MORPH_BLACKHAT, cv::getStructuringElement(cv::MORPH_RECT, within));
  return hat;
}

/// The line through one connected mark of `labels`, or a line of length 0 when it is none.
ZoneLine line_of(const cv::Mat& hat, const cv::Mat& labels, int label, cv::Rect box) {
  ZoneLine line;
  // The ink's middle per column block gives the line; its spread across the line gives the height of the capitals.
  std::vector<cv::Point2f> middles;
  for (int x = box.x; x < box.x + box.width; x += 6) {
    double weight = 0;
    double moment = 0;
    const int end = std::min(x + 18, box.x + box.width);
    for (int y = box.y; y < box.y + box.height; ++y) {
      const int* of = labels.ptr<int>(y);
      const std::uint8_t* ink = hat.ptr<std::uint8_t>(y);
      for (int xx = x; xx < end; ++xx) {
        if (of[xx] != label) continue;
        weight += ink[xx];
        moment += static_cast<double>(ink[xx]) * y;
      }
    }
    if (weight > 60) middles.emplace_back(static_cast<float>(x + 9), static_cast<float>(moment / weight));
  }
  if (middles.size() < 10) return {};
  cv::Vec4f fit;
  cv::fitLine(middles, fit, cv::DIST_HUBER, 0, 0.01, 0.01);
  if (std::abs(fit[0]) < 0.9F) return {};
  line.slope = fit[1] / fit[0];
  line.at = fit[3] - line.slope * fit[2];
  std::array<double, 2 * kReach + 1> profile{};
  for (int x = box.x; x < box.x + box.width; ++x) {
    for (int k = -kReach; k <= kReach; ++k) {
      const int y = static_cast<int>(std::lround(line.y(x) + k));
      if (y >= 0 && y < hat.rows) *(profile.begin() + kReach + k) += hat.at<std::uint8_t>(y, x);
    }
  }
  const double peak = *std::max_element(profile.begin() + kReach - 6, profile.begin() + kReach + 7);
  // A lively background has ink everywhere: what counts is above it.
  std::array<double, 2 * kReach + 1> sorted_profile = profile;
  std::ranges::sort(sorted_profile);
  const double ground = sorted_profile[sorted_profile.size() / 5];
  const double edge = ground + 0.28 * (peak - ground);
  int up = kReach;
  int down = kReach;
  while (up > 0 && profile[static_cast<std::size_t>(up - 1)] > edge) --up;
  while (down < 2 * kReach && *(profile.begin() + down + 1) > edge) ++down;
  line.height = down - up + 1;
  line.at += (up + down) / 2.0 - kReach;
  if (line.height < 5 || line.height > 60) return {};
  // Ends: first and last columns with strong ink inside the band.
  std::vector<int> inks;
  for (int x = box.x; x < box.x + box.width; ++x) {
    int best = 0;
    for (int k = static_cast<int>(-line.height / 2); k <= line.height / 2; ++k) {
      const int y = static_cast<int>(std::lround(line.y(x) + k));
      if (y >= 0 && y < hat.rows) best = std::max<int>(best, hat.at<std::uint8_t>(y, x));
    }
    inks.push_back(best);
  }
  std::vector<int> sorted = inks;
  const auto quartile = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 3 / 4);
  std::ranges::nth_element(sorted, quartile);
  const double strong = 0.45 * *quartile;
  std::size_t first = 0;
  std::size_t last = inks.size() - 1;
  while (first < last && inks[first] < strong) ++first;
  while (last > first && inks[last] < strong) --last;
  line.x0 = box.x + static_cast<double>(first);
  line.x1 = box.x + static_cast<double>(last) + 1;
  return line;
}

}  // namespace

LevelView level_view(const cv::Mat& picture, double degrees, int side) {
  LevelView out;
  double scale = 1;
  const cv::Mat small = reduced(picture, side, scale);
  const cv::Matx23d to_picture(1 / scale, 0, 0.5 / scale - 0.5, 0, 1 / scale, 0.5 / scale - 0.5);
  if (std::abs(degrees) < 0.01) {
    out.gray = small;
    out.to_picture = to_picture;
    return out;
  }
  const double radians = degrees * std::numbers::pi / 180;
  const double c = std::cos(radians);
  const double s = std::sin(radians);
  const int width = static_cast<int>(std::ceil(std::abs(c) * small.cols + std::abs(s) * small.rows));
  const int height = static_cast<int>(std::ceil(std::abs(s) * small.cols + std::abs(c) * small.rows));
  // From the view to the reduced picture: turn about the middles.
  const double cx = (small.cols - 1) / 2.0;
  const double cy = (small.rows - 1) / 2.0;
  const double vx = (width - 1) / 2.0;
  const double vy = (height - 1) / 2.0;
  const cv::Matx23d turn(c, -s, cx - c * vx + s * vy, s, c, cy - s * vx - c * vy);
  cv::warpAffine(small, out.gray, turn, {width, height}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  const double k = 1 / scale;
  out.to_picture = cv::Matx23d(k * turn(0, 0), k * turn(0, 1), k * turn(0, 2) + to_picture(0, 2), k * turn(1, 0), k * turn(1, 1),
                               k * turn(1, 2) + to_picture(1, 2));
  return out;
}

std::vector<double> text_directions(const cv::Mat& picture, int count) {
  double scale = 1;
  const cv::Mat small = reduced(picture, 560, scale);
  const cv::Mat hat = strokes(small, {9, 9});
  cv::Mat around;
  cv::blur(hat, around, {41, 41});
  struct Mark {
    float x;
    float y;
    float ink;
  };
  std::vector<Mark> marks;
  for (int y = 2; y < hat.rows - 2; ++y) {
    for (int x = 2; x < hat.cols - 2; ++x) {
      const int ink = hat.at<std::uint8_t>(y, x);
      // Equal weight for faint and heavy print.
      if (ink > 10 && ink > around.at<std::uint8_t>(y, x) * 1.6)
        marks.push_back({static_cast<float>(x - hat.cols / 2.0), static_cast<float>(y - hat.rows / 2.0), 1});
    }
  }
  if (marks.size() > 16000) {
    const std::size_t step = marks.size() / 16000 + 1;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < marks.size(); i += step) marks[kept++] = marks[i];
    marks.resize(kept);
  }
  constexpr double kStep = 1.5;
  constexpr int kAngles = 120;
  const double radius = std::hypot(hat.cols, hat.rows) / 2 + 2;
  std::vector<double> energy(kAngles);
  std::vector<float> bins(static_cast<std::size_t>(2 * radius) + 2);
  const auto measure = [&](double degrees) {
    const auto c = static_cast<float>(std::cos(degrees * std::numbers::pi / 180));
    const auto s = static_cast<float>(std::sin(degrees * std::numbers::pi / 180));
    std::ranges::fill(bins, 0.0F);
    for (const Mark& m : marks) bins[static_cast<std::size_t>(m.y * c - m.x * s + static_cast<float>(radius))] += m.ink;
    double e = 0;
    for (std::size_t i = 2; i < bins.size(); ++i) {
      const double d = bins[i] - bins[i - 2];
      e += d * d;
    }
    return e;
  };
  for (int a = 0; a < kAngles; ++a) energy[static_cast<std::size_t>(a)] = measure(-45 + kStep * a);
  std::vector<std::pair<double, double>> peaks;
  for (int a = 0; a < kAngles; ++a) {
    const auto at = [&](int i) { return energy[static_cast<std::size_t>((i + kAngles) % kAngles)]; };
    if (at(a) < at(a - 1) || at(a) < at(a + 1)) continue;
    double best = -45 + kStep * a;
    double top = at(a);
    for (const double d : {-1.0, -0.5, 0.5, 1.0}) {
      const double e = measure(-45 + kStep * a + d);
      if (e > top) {
        top = e;
        best = -45 + kStep * a + d;
      }
    }
    peaks.emplace_back(top, best);
  }
  std::ranges::sort(peaks, std::greater{});
  std::vector<double> out;
  for (const auto& [e, degrees] : peaks) {
    if (static_cast<int>(out.size()) == count) break;
    if (std::ranges::none_of(out, [&](double d) { return std::abs(d - degrees) < 4; })) out.push_back(degrees);
  }
  return out;
}

std::vector<ZoneLine> zone_lines(const cv::Mat& gray) {
  const cv::Mat hat = strokes(gray, {25, 17});
  std::vector<ZoneLine> lines;
  for (const int bridge : {27, 41}) {
    const cv::Mat kernel = cv::getStructuringElement(cv::MORPH_RECT, {bridge, 3});
    cv::Mat joined;
    cv::morphologyEx(hat, joined, cv::MORPH_CLOSE, kernel);
    // What is dark on most of a document is its print: a local mean keeps faint lines beside heavy ones. The second rule is for
    // print on a lively background.
    cv::Mat mean;
    cv::blur(joined, mean, {151, 61});
    cv::Mat wide;
    cv::blur(joined, wide, {151, 121});
    for (const cv::Mat& mask_source : {cv::Mat(joined > mean * 1.25 + 8), cv::Mat(joined > wide * 1.15 + 3)}) {
      cv::Mat mask;
      cv::morphologyEx(mask_source, mask, cv::MORPH_OPEN, kernel);
      cv::Mat labels;
      cv::Mat stats;
      cv::Mat centers;
      const int n = cv::connectedComponentsWithStats(mask, labels, stats, centers, 8);
      for (int i = 1; i < n; ++i) {
        const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP), stats.at<int>(i, cv::CC_STAT_WIDTH),
                           stats.at<int>(i, cv::CC_STAT_HEIGHT));
        if (box.width < gray.cols * 0.18 || box.height < 5 || box.height > box.width / 4) continue;
        const ZoneLine line = line_of(hat, labels, i, box);
        if (line.length() < 10 * line.height || line.length() < 0.15 * gray.cols) continue;
        const bool known = std::ranges::any_of(lines, [&](const ZoneLine& l) {
          return std::abs(l.middle() - line.middle()) < 0.4 * line.height && std::abs(l.x0 - line.x0) < line.height &&
                 std::abs(l.x1 - line.x1) < line.height;
        });
        if (!known) lines.push_back(line);
      }
    }
  }
  std::ranges::sort(lines, {}, &ZoneLine::middle);
  return lines;
}

}  // namespace authx::document
