#pragma once

#include <span>

namespace authx::accuracy {

/// How far protected templates of one person under two keys can be told from those of two persons by their score: the global measure
/// D_sys of Gomez-Barrero, Galbally, Rathgeb and Busch, "General Framework to Evaluate Unlinkability in Biometric Template Protection
/// Systems" (IEEE TIFS 13(6), 2018), with equal priors. 0: not at all; 1: always. Densities are histograms of `bins` bins of equal width
/// over both sets; few scores make the measure too high. Both sets must be there.
double linkability(std::span<const double> mated, std::span<const double> non_mated, std::size_t bins = 40);

}  // namespace authx::accuracy
