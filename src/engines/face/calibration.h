#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
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
  std::vector<TailPoint> tail;
  double logistic_slope;
  double logistic_midpoint;  ///< similarity of probability one half

  double fmr(double similarity) const noexcept;               ///< 0..1, falls as similarity grows
  double threshold(double target_fmr) const noexcept;         ///< smallest similarity whose FMR is at most the target
  double probability(double similarity) const noexcept;       ///< 0..1
  double likelihood_ratio(double similarity) const noexcept;  ///< 1e-6..1e6
};

/// Live captures and prints (small, gray, re-compressed) have tables of their own: bad pictures of different people look
/// more alike than good ones.
enum class Medium { live, print };

/// By the model id's name part ("mobilefacenet@b4236d01" → "mobilefacenet"); null when there is none.
const Calibration* calibration_of(std::string_view model_id, Medium medium = Medium::live) noexcept;

/// Reads what `authx lab face --calibrate FILE` wrote: {"format":1,"model":"w600k-r50","tail":[[similarity,log10 FMR],…],
/// "logistic":{"slope","midpoint"}}. Errors: validation (not of this form, not monotone, or for another model).
Result<Calibration> parse_calibration(std::string_view text, std::string_view model_id);

ConfidenceLevel confidence_of(double fmr) noexcept;

}  // namespace authx::face
