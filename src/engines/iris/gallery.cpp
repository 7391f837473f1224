#include "engines/iris/gallery.h"

#include <algorithm>

#include "engines/iris/calibration.h"

namespace authx::iris {

Gallery::Gallery(std::vector<Template> templates) : templates_(std::move(templates)) {
  if (templates_.size() > kMaxSize) templates_.resize(kMaxSize);
}

std::vector<Found> Gallery::search(const Template& probe, double target_fmr) const {
  std::vector<Found> found;
  const Probe rotated{probe.code};
  const double threshold = threshold_at(target_fmr / static_cast<double>(std::max<std::size_t>(1, size())));
  for (std::size_t i = 0; i < templates_.size(); ++i) {
    const Template& t = templates_[i];
    if (probe.eye != Eye::unknown && t.eye != Eye::unknown && probe.eye != t.eye) continue;
    if (rotated.quick_distance(t.code) > threshold) continue;
    Match m = rotated.compare(t.code, target_fmr);
    m.fmr = std::min(1.0, m.fmr * static_cast<double>(size()));
    m.match = true;
    found.push_back({static_cast<std::uint32_t>(i), m});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return a.match.distance != b.match.distance ? a.match.distance < b.match.distance : a.index < b.index;
  });
  return found;
}

}  // namespace authx::iris
