#include "engines/iris/calibration.h"

#include <algorithm>
#include <cmath>

namespace authx::iris {
namespace {

constexpr double kFreedom = 430;   // independent bits of a code of typical length
constexpr double kRotations = 18;  // independent ones among the 33

/// One rotation of strangers, in the normal approximation of the binomial distribution.
double one_rotation(double distance) { return 0.5 * std::erfc((0.5 - distance) * 2 * std::sqrt(kFreedom) / std::sqrt(2.0)); }

}  // namespace

double fmr_at(double distance) noexcept {
  const double p = one_rotation(std::clamp(distance, 0.0, 0.5));
  return p >= 1 ? 1 : -std::expm1(kRotations * std::log1p(-p));
}

double threshold_at(double fmr) noexcept {
  double low = 0, high = 0.5;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (fmr_at(middle) <= fmr ? low : high) = middle;
  }
  return low;
}

}  // namespace authx::iris
