#include "engines/fingerprint/fusion.h"

#include <algorithm>
#include <cmath>

namespace authx::fingerprint {

Match match_impressions(std::span<const Template> probes, std::span<const Template> gallery, double target_fmr) {
  Match best;
  for (const Template& p : probes) {
    for (const Template& g : gallery) {
      const Match m = match(p, g, target_fmr);
      if (m.score > best.score) best = m;
    }
  }
  best.fmr = std::min(1.0, best.fmr * static_cast<double>(std::max<std::size_t>(1, probes.size() * gallery.size())));
  best.match = best.fmr <= target_fmr;
  return best;
}

double fuse_fingers(std::span<const double> fmr) {
  // P(product of n uniform variables <= x) = x * sum over k < n of (-ln x)^k / k!
  double log_product = 0;
  for (const double p : fmr) log_product += std::log(std::clamp(p, 1e-12, 1.0));
  double term = 1, sum = fmr.empty() ? 1 : 0;
  for (std::size_t k = 0; k < fmr.size(); ++k) {
    sum += term;
    term *= -log_product / static_cast<double>(k + 1);
  }
  return std::min(1.0, std::exp(log_product) * sum);
}

}  // namespace authx::fingerprint
