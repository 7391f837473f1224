#pragma once

#include <span>
#include <string_view>

#include "engines/face/types.h"

namespace authx::face {

/// How similarities of one embedding model are to be read. Made by `authx lab face` from development pairs
/// (docs/accuracy.md): `tail` holds (similarity, log10 FMR) with both monotone; between entries log10 FMR is linear,
/// beyond the last it goes on with the last slope, at most two decades further. Probability: logistic regression
/// of same against different persons at even prior odds.
struct Calibration {
  struct TailPoint {
    double similarity;
    double log10_fmr;
  };
  std::span<const TailPoint> tail;
  double logistic_slope;
  double logistic_midpoint;  ///< similarity of probability one half

  double fmr(double similarity) const noexcept;          ///< 0..1, falls as similarity grows
  double threshold(double target_fmr) const noexcept;    ///< smallest similarity whose FMR is at most the target
  double probability(double similarity) const noexcept;  ///< 0..1
};

/// By the model id's name part ("mobilefacenet@b4236d01" → "mobilefacenet"); null when there is none.
const Calibration* calibration_of(std::string_view model_id) noexcept;

ConfidenceLevel confidence_of(double fmr) noexcept;

}  // namespace authx::face
