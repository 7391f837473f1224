#pragma once

#include <span>

#include "engines/fingerprint/matcher.h"

namespace authx::fingerprint {

/// Several impressions on either side of one finger: the best pair decides, and its false-match rate is multiplied by
/// the number of pairs (Bonferroni), which holds whatever the dependence between them.
/// Blocking only for the matches. Empty sides give no match.
Match match_impressions(std::span<const Template> probes, std::span<const Template> gallery, double target_fmr = kDefaultFmr);

}  // namespace authx::fingerprint
