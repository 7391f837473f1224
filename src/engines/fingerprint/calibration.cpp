#include "engines/fingerprint/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace authx::fingerprint {
namespace {

struct Point {
  double score, log10_fmr;
};
// 49,920 comparisons of different fingers each (FVC2002 DB1_B to DB4_B, within and across sets); the last entry of the
// first table is the highest score seen, which makes the extrapolation cautious.
constexpr std::array<Point, 7> kComplete{{{0, 0}, {0.24, -0.3}, {0.37, -1}, {0.58, -2}, {0.81, -3}, {1.08, -4}, {1.43, -4.7}}};
constexpr std::array<Point, 6> kMinutiaeOnly{{{0, 0}, {0.177, -0.3}, {0.255, -1}, {0.38, -2}, {0.534, -3}, {0.734, -4}}};
constexpr double kLeast = -9;

std::span<const Point> table(bool minutiae_only) {
  return minutiae_only ? std::span<const Point>{kMinutiaeOnly} : std::span<const Point>{kComplete};
}

}  // namespace

double fmr_at(double score, bool minutiae_only) noexcept {
  const auto tail = table(minutiae_only);
  if (!(score > tail.front().score)) return 1;
  std::size_t i = 1;
  while (i + 1 < tail.size() && score > tail[i].score) ++i;
  const Point &a = tail[i - 1], &b = tail[i];
  const double log10 = a.log10_fmr + (score - a.score) * (b.log10_fmr - a.log10_fmr) / (b.score - a.score);
  return std::pow(10, std::max(log10, kLeast));
}

double threshold_at(double fmr, bool minutiae_only) noexcept {
  const auto tail = table(minutiae_only);
  const double log10 = std::clamp(std::log10(std::max(fmr, 1e-9)), kLeast, 0.0);
  std::size_t i = 1;
  while (i + 1 < tail.size() && log10 < tail[i].log10_fmr) ++i;
  const Point &a = tail[i - 1], &b = tail[i];
  return a.score + (log10 - a.log10_fmr) * (b.score - a.score) / (b.log10_fmr - a.log10_fmr);
}

}  // namespace authx::fingerprint
