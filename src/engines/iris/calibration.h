#pragma once

namespace authx::iris {

/// The false-match rate of a normalised distance by Daugman's binomial model: one rotation's distance of strangers is
/// that of N tosses of a fair coin, the least of all rotations that of K independent ones. N and K were fitted to the
/// comparisons of different eyes of one development set (MMU1); below that set's own resolution (1e-4) the rate is the
/// model's, not a count.
double fmr_at(double distance) noexcept;

/// The distance at which a comparison's false-match rate is `fmr`: matches have at most this distance.
double threshold_at(double fmr) noexcept;

}  // namespace authx::iris
