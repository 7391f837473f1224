#include "engines/face/calibration.h"

#include <cmath>

#include "base/json.h"

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

double Calibration::likelihood_ratio(double similarity) const noexcept {
  // At even prior odds the posterior odds are the likelihood ratio.
  return std::clamp(std::exp(logistic_slope * (similarity - logistic_midpoint)), 1e-6, 1e6);
}

const Calibration* calibration_of(std::string_view model_id, Medium medium) noexcept {
  const std::string_view name = model_id.substr(0, model_id.find('@'));
  for (const auto& known : known_calibrations()) {
    if (known.model == name && known.medium == medium) return &known.calibration;
  }
  return nullptr;
}

Result<Calibration> parse_calibration(std::string_view text, std::string_view model_id) {
  const auto refuse = [](std::string why) { return Error::invalid("calibration.json", std::move(why)); };
  const auto document = parse_json(text);
  if (!document) return refuse("is not JSON");
  const auto model = get_text(*document, "model");
  const json::value* tail = find(*document, "tail");
  const json::value* logistic = find(*document, "logistic");
  if (get_number(*document, "format") != 1.0 || !model || !tail || !tail->is_array() || !logistic) {
    return refuse("is no calibration of format 1");
  }
  if (*model != model_id.substr(0, model_id.find('@'))) return refuse("belongs to model " + *model);
  const auto slope = get_number(*logistic, "slope"), midpoint = get_number(*logistic, "midpoint");
  if (!slope || !midpoint || !std::isfinite(*slope) || !(*slope > 0) || !(std::abs(*midpoint) <= 1))
    return refuse("has no usable logistic fit");
  Calibration c{{}, *slope, *midpoint};
  for (const auto& point : tail->get_array()) {
    if (!point.is_array() || point.get_array().size() != 2 || !point.get_array()[0].is_number() || !point.get_array()[1].is_number()) {
      return refuse("has a malformed tail");
    }
    const Calibration::TailPoint t{point.get_array()[0].to_number<double>(), point.get_array()[1].to_number<double>()};
    if (!(std::abs(t.similarity) <= 1) || !(t.log10_fmr <= 0) || !(t.log10_fmr >= -12)) return refuse("has a malformed tail");
    if (!c.tail.empty() && (t.similarity <= c.tail.back().similarity || t.log10_fmr >= c.tail.back().log10_fmr)) {
      return refuse("has a tail that does not fall");
    }
    c.tail.push_back(t);
  }
  if (c.tail.size() < 2) return refuse("has fewer than two points");
  return c;
}

ConfidenceLevel confidence_of(double fmr) noexcept {
  if (fmr <= 1e-5) return ConfidenceLevel::high;
  if (fmr <= 1e-4) return ConfidenceLevel::medium;
  return fmr <= 1e-3 ? ConfidenceLevel::low : ConfidenceLevel::none;
}

}  // namespace authx::face
