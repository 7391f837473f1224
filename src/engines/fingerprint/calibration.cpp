#include "engines/fingerprint/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace authx::fingerprint {
namespace {

struct Point {
  double score, log10_fmr;
};
constexpr std::array<Point, 2> kTail{{{0.0, 0.0}, {3.0, -4.0}}};
constexpr double kLeast = -9;

}  // namespace

double fmr_at(double score) noexcept {
  if (!(score > kTail.front().score)) return 1;
  std::size_t i = 1;
  while (i + 1 < kTail.size() && score > kTail[i].score) ++i;
  const Point &a = kTail[i - 1], &b = kTail[i];
  const double log10 = a.log10_fmr + (score - a.score) * (b.log10_fmr - a.log10_fmr) / (b.score - a.score);
  return std::pow(10, std::max(log10, kLeast));
}

double threshold_at(double fmr) noexcept {
  const double log10 = std::clamp(std::log10(std::max(fmr, 1e-9)), kLeast, 0.0);
  std::size_t i = 1;
  while (i + 1 < kTail.size() && log10 < kTail[i].log10_fmr) ++i;
  const Point &a = kTail[i - 1], &b = kTail[i];
  return a.score + (log10 - a.log10_fmr) * (b.score - a.score) / (b.log10_fmr - a.log10_fmr);
}

}  // namespace authx::fingerprint
