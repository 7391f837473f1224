#pragma once

#include <span>

#include "engines/iris/matcher.h"

namespace authx::iris {

/// Several images of one eye on either side: the best pair decides, and its false-match rate is multiplied by the number
/// of pairs (Bonferroni). Pairs of a known left and a known right eye are left out. Empty sides give no match.
Match match_images(std::span<const Template> probes, std::span<const Template> others, double target_fmr = kDefaultFmr);

}  // namespace authx::iris
