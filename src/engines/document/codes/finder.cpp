#include "engines/document/codes/finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace authx::document {
namespace {

struct Centre {
  double x = 0;
  double y = 0;
  double module = 0;
  int rows = 1;  ///< that showed it
};

/// The width of a module when five runs fit the pattern.
std::optional<double> fits(const std::array<int, 5>& runs) {
  const double module = (runs[0] + runs[1] + runs[2] + runs[3] + runs[4]) / 7.0;
  if (module < 1) return std::nullopt;
  const double slack = std::max(1.2, module * 0.6);
  for (const std::size_t i : {0U, 1U, 3U, 4U})
    if (std::abs(runs[i] - module) > slack) return std::nullopt;
  return std::abs(runs[2] - 3 * module) > slack * 1.6 ? std::nullopt : std::optional{module};
}

/// The five runs down through a dark point, from its middle outwards.
std::optional<double> fits_down(const cv::Mat& dark, int x, int y) {
  std::array<int, 5> runs{};
  const auto walk = [&](int step, std::array<std::size_t, 3> order) {
    int at = y;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::uint8_t wanted = k % 2 == 0 ? 255 : 0;
      while (at >= 0 && at < dark.rows && dark.at<std::uint8_t>(at, x) == wanted) {
        ++runs[order[k]];
        at += step;
      }
    }
  };
  walk(-1, {2, 1, 0});
  walk(1, {2, 3, 4});
  --runs[2];  // the starting point was counted both ways
  return fits(runs);
}

/// Three of like size at right angles and about as far apart, further than the smallest code's.
bool forms_square(std::vector<Centre> centres) {
  constexpr std::size_t kMost = 60;
  // One row through a pattern is chance; its middle is three modules high, and every second row was looked at.
  std::erase_if(centres, [](const Centre& c) { return c.rows < 2; });
  std::ranges::sort(centres, std::greater{}, &Centre::rows);
  if (centres.size() > kMost) centres.resize(kMost);
  const auto alike = [](const Centre& a, const Centre& b) { return std::min(a.module, b.module) > 0.6 * std::max(a.module, b.module); };
  for (const auto& corner : centres)
    for (const auto& a : centres)
      for (const auto& b : centres) {
        if (&a == &corner || &b <= &a || &b == &corner || !alike(corner, a) || !alike(corner, b) || !alike(a, b)) continue;
        const double ax = a.x - corner.x;
        const double ay = a.y - corner.y;
        const double bx = b.x - corner.x;
        const double by = b.y - corner.y;
        const double first = std::hypot(ax, ay);
        const double second = std::hypot(bx, by);
        if (std::min(first, second) < 12 * corner.module || std::min(first, second) < 0.65 * std::max(first, second)) continue;
        if (std::abs(ax * bx + ay * by) < 0.4 * first * second) return true;
      }
  return false;
}

}  // namespace

bool shows_finder_patterns(const cv::Mat& gray, bool all_three) {
  const int window = std::max(15, std::min(gray.cols, gray.rows) / 6) | 1;
  cv::Mat mean;
  cv::blur(gray, mean, {window, window});
  // By more than a sensor's noise, which makes patterns of any kind on plain paper.
  mean -= 8;
  cv::Mat dark;
  cv::compare(gray, mean, dark, cv::CMP_LT);
  std::vector<Centre> centres;
  for (int y = 0; y < dark.rows; y += 2) {
    const std::uint8_t* row = dark.ptr(y);
    std::array<int, 5> runs{};
    std::size_t have = 0;
    int start = 0;
    for (int x = 1; x <= dark.cols; ++x) {
      if (x < dark.cols && row[x] == row[start]) continue;
      std::shift_left(runs.begin(), runs.end(), 1);
      runs[4] = x - start;
      const bool ends_dark = row[start] != 0;
      start = x;
      if (++have < 5 || !ends_dark) continue;
      const auto across = fits(runs);
      if (!across) continue;
      const double middle = x - runs[4] - runs[3] - runs[2] / 2.0;
      const auto down = fits_down(dark, static_cast<int>(middle), y);
      if (!down || *down > 1.8 * *across || *across > 1.8 * *down) continue;
      const auto known = std::ranges::find_if(centres, [&](const Centre& c) { return std::hypot(c.x - middle, c.y - y) < 4 * c.module; });
      if (known != centres.end()) {
        ++known->rows;
      } else {
        centres.push_back({middle, static_cast<double>(y), *across});
      }
    }
  }
  if (all_three) return forms_square(std::move(centres));
  // Two of like size, further apart than the smallest code's.
  for (std::size_t i = 0; i < centres.size(); ++i)
    for (std::size_t j = i + 1; j < centres.size(); ++j) {
      const auto& a = centres[i];
      const auto& b = centres[j];
      const double module = std::max(a.module, b.module);
      if (std::min(a.module, b.module) > 0.6 * module && std::hypot(a.x - b.x, a.y - b.y) > 12 * module) return true;
    }
  return false;
}

}  // namespace authx::document
