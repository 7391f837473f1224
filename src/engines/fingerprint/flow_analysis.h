#pragma once

#include <vector>

#include "engines/fingerprint/ridge_map.h"
#include "engines/fingerprint/types.h"

namespace authx::fingerprint {

/// Cores and deltas by the Poincaré index of the smoothed flow (Kawagoe and Tojo, Pattern Recognition 17(3), 1984).
std::vector<SingularPoint> find_singular_points(const RidgeMap& map);

/// Henry class from the singular points and from the side to which a loop's legs lean. `unknown` when the impression
/// is too small to tell. Left and right as in the image.
PatternClass classify(const RidgeMap& map, const std::vector<SingularPoint>& points);

}  // namespace authx::fingerprint
