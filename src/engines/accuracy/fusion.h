#pragma once

#include <span>

namespace authx::accuracy {

/// Independent comparisons of two persons, as several fingers, both eyes, or an iris beside a face, each by its false-match
/// rate: the rate of all together by Fisher's method. 1 for none; values outside of 0..1 are clamped. What is missing is left out.
double fuse_rates(std::span<const double> fmr);

}  // namespace authx::accuracy
