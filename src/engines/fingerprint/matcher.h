#pragma once

#include <array>

#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// What two impressions have in common, each measure made so that more is better. The score is made from these.
struct Evidence {
  float local = 0;       ///< mean relaxed similarity of the best pairs (LSS-R), 0..1
  float matched = 0;     ///< minutiae that coincide after alignment
  float share = 0;       ///< matched minutiae squared over those of either side in the overlap, 0..1
  float similarity = 0;  ///< mean similarity of the surroundings of coinciding minutiae, 0..1
  float flow = 0;        ///< agreement of ridge directions in the overlap, -1..1; 0 when unknown
  float overlap = 0;     ///< area in which both impressions are clear, in units of 100 mm2
  float residual = 0;    ///< mean distance of coinciding minutiae, pixels
  float ridges = 0;      ///< agreement of the ridge patterns under a smooth displacement, -1..1; 0 when unknown
  float patches = 0;     ///< places at which the patterns were compared
  float support = 0;     ///< compatible pairs behind the alignment
};

struct Match {
  double score = 0;    ///< 0: nothing in common; no upper bound. To be read through `fmr`
  double fmr = 1;      ///< share of comparisons of different fingers that score at least this much, by the calibration table
  bool match = false;  ///< fmr <= the wanted rate
  int matched_minutiae = 0;
  double rotation = 0;    ///< radians, probe to gallery, counter-clockwise
  double dx = 0, dy = 0;  ///< pixels at 500 dpi, of the probe's origin after rotation
  Evidence evidence;
};

inline constexpr double kDefaultFmr = 1e-4;

/// Compares two impressions. Tolerates any rotation, displacement, partial overlap and smooth skin distortion:
/// similarity of minutia surroundings, relaxation by mutual compatibility (LSS-R, as in Cappelli et al. 2010), then for
/// the best few alignments the consensus of all minutiae, with a displacement field for the distortion, and of the flow, and
/// where that leaves doubt the correlation of the ridge patterns themselves.
/// Pure, allocates nothing; the two orders of the arguments give nearly the same score. Templates must have been described.
Match match(const Template& probe, const Template& gallery, double target_fmr = kDefaultFmr);

}  // namespace authx::fingerprint
