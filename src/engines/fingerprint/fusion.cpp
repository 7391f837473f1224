#include "engines/fingerprint/fusion.h"

#include <algorithm>

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

}  // namespace authx::fingerprint
