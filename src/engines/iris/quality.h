#pragma once

#include <vector>

#include "engines/iris/segment.h"
#include "engines/iris/sheet.h"
#include "engines/iris/types.h"

namespace authx::iris {

/// Measures of ISO/IEC 29794-6 on a segmented eye, and a score from them.
Quality appraise(const EyeImage& eye, const Segmentation& s);

/// Signals of a presentation attack in one image; see `Cue`.
std::vector<Cue> presentation_cues(const EyeImage& eye, const Segmentation& s, const Sheet& sheet);

}  // namespace authx::iris
