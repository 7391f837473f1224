#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace authx::fingerprint {

/// One comparison of a labelled set.
struct Trial {
  double score = 0;
  std::uint32_t finger_a = 0, finger_b = 0;
  std::uint32_t impression_a = 0, impression_b = 0;
  bool genuine() const noexcept { return finger_a == finger_b; }
  /// FVC's impostor pairs: first impressions only.
  bool first_impressions() const noexcept { return impression_a == impression_b && impression_a == 1; }
};

/// Error rates, 0..1, after FVC (Maio et al., IEEE PAMI 24(3), 2002).
struct Rates {
  double eer = 1;
  double fmr100 = 1;    ///< false non-matches at a false-match rate of 1/100
  double fmr1000 = 1;   ///< ... of 1/1000
  double zero_fmr = 1;  ///< ... at the least threshold without a false match
};

/// Needs trials of both kinds; else all rates are 1. Each trial counts `weight` times when given (same order).
Rates rates_of(std::span<const Trial> trials, std::span<const double> weights = {});

struct Interval {
  double low = 0, high = 1;
};

/// 90 % interval of the equal error rate by drawing fingers with replacement (seeded: the same each time).
Interval eer_interval(std::span<const Trial> trials, int draws = 200);

/// How far references under two keys can be linked by these scores: the global measure of Gomez-Barrero, Galbally,
/// Rathgeb and Busch (IEEE TIFS 13(6), 2018), 0: not at all, 1: always; mated and other pairs taken as equally likely.
/// Scores are counted in bins of equally many mated ones, so few mated scores make it too large by chance.
double linkability(std::vector<double> mated, std::vector<double> others, int bins = 20);

}  // namespace authx::fingerprint
