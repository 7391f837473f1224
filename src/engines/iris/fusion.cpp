#include "engines/iris/fusion.h"

#include <algorithm>
#include <cmath>

#include "engines/iris/calibration.h"

namespace authx::iris {

Match match_images(std::span<const Template> probes, std::span<const Template> others, double target_fmr) {
  Match best;
  best.distance = 1;
  std::size_t pairs = 0;
  for (const Template& p : probes) {
    const Probe probe{p.code};
    for (const Template& o : others) {
      if (p.eye != Eye::unknown && o.eye != Eye::unknown && p.eye != o.eye) continue;
      ++pairs;
      const Match m = probe.compare(o.code, target_fmr);
      if (m.distance < best.distance) best = m;
    }
  }
  if (pairs == 0) return {};
  best.fmr = std::min(1.0, best.fmr * static_cast<double>(pairs));
  best.match = best.fmr <= target_fmr;
  return best;
}

double fuse_rates(std::span<const double> fmr) {
  // P(product of n uniform variables <= x) = x * sum over k < n of (-ln x)^k / k!
  double log_product = 0;
  for (const double p : fmr) log_product += std::log(std::clamp(p, 1e-30, 1.0));
  double term = 1, sum = fmr.empty() ? 1 : 0;
  for (std::size_t k = 0; k < fmr.size(); ++k) {
    sum += term;
    term *= -log_product / static_cast<double>(k + 1);
  }
  return std::min(1.0, std::exp(log_product) * sum);
}

}  // namespace authx::iris
