#pragma once

namespace authx::fingerprint {

/// Share of comparisons of different fingers that reach `score`, by a table measured on development sets; beyond the
/// observed scores the line of the last entries is followed, not below 1e-9.
double fmr_at(double score) noexcept;

/// The least score whose false-match rate is at most `fmr` (1e-9 .. 1).
double threshold_at(double fmr) noexcept;

}  // namespace authx::fingerprint
