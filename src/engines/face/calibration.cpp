#include "engines/face/calibration.h"

#include <cmath>

namespace authx::face {
namespace {

using Tail = Calibration::TailPoint;

#include "engines/face/calibration_tables.inc"

}  // namespace

double Calibration::fmr(double similarity) const noexcept {
  if (!(similarity > tail.front().similarity)) return std::pow(10, tail.front().log10_fmr);
  std::size_t i = 1;
  while (i + 1 < tail.size() && similarity > tail[i].similarity) ++i;
  const auto &a = tail[i - 1], &b = tail[i];
  const double log10 = a.log10_fmr + (similarity - a.similarity) * (b.log10_fmr - a.log10_fmr) / (b.similarity - a.similarity);
  return std::pow(10, std::max(log10, tail.back().log10_fmr - 2));
}

double Calibration::threshold(double target_fmr) const noexcept {
  const double wanted = std::max(std::log10(std::max(target_fmr, 1e-12)), tail.back().log10_fmr - 2);
  if (wanted >= tail.front().log10_fmr) return tail.front().similarity;
  std::size_t i = 1;
  while (i + 1 < tail.size() && tail[i].log10_fmr > wanted) ++i;
  const auto &a = tail[i - 1], &b = tail[i];
  return a.similarity + (wanted - a.log10_fmr) * (b.similarity - a.similarity) / (b.log10_fmr - a.log10_fmr);
}

double Calibration::probability(double similarity) const noexcept {
  return 1 / (1 + std::exp(-logistic_slope * (similarity - logistic_midpoint)));
}

const Calibration* calibration_of(std::string_view model_id) noexcept {
  const std::string_view name = model_id.substr(0, model_id.find('@'));
  for (const auto& known : kCalibrations) {
    if (known.model == name) return &known.calibration;
  }
  return nullptr;
}

ConfidenceLevel confidence_of(double fmr) noexcept {
  if (fmr <= 1e-5) return ConfidenceLevel::high;
  if (fmr <= 1e-4) return ConfidenceLevel::medium;
  return fmr <= 1e-3 ? ConfidenceLevel::low : ConfidenceLevel::none;
}

}  // namespace authx::face
