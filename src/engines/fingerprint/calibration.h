#pragma once

namespace authx::fingerprint {

/// Share of comparisons of different fingers that reach `score`, by tables measured on development sets; beyond the
/// observed scores the line of the last entries is followed, not below 1e-9. `minutiae_only`: one of the templates came
/// from an exchange format, without ridge flow and pattern; its scores are distributed differently.
double fmr_at(double score, bool minutiae_only = false) noexcept;

/// The least score whose false-match rate is at most `fmr` (1e-9 .. 1).
double threshold_at(double fmr, bool minutiae_only = false) noexcept;

}  // namespace authx::fingerprint
