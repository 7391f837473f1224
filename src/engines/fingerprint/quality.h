#pragma once

#include <vector>

#include "engines/fingerprint/ridge_map.h"
#include "engines/fingerprint/types.h"

namespace authx::fingerprint {

/// Native measures of ISO/IEC 29794-4 on the mapped image, and a score from them.
Quality appraise(const RidgeMap& map, int minutiae);

/// Signals of a presentation attack in one image; see `Cue`.
std::vector<Cue> presentation_cues(const RidgeMap& map);

}  // namespace authx::fingerprint
