#include "engines/iris/fusion.h"

#include <algorithm>

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

}  // namespace authx::iris
