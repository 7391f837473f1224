#include "engines/fingerprint/types.h"

namespace authx::fingerprint {

std::string_view to_string(PatternClass pattern) noexcept {
  switch (pattern) {
    case PatternClass::arch: return "arch";
    case PatternClass::left_loop: return "left_loop";
    case PatternClass::right_loop: return "right_loop";
    case PatternClass::whorl: return "whorl";
    case PatternClass::unknown: break;
  }
  return "unknown";
}

std::string_view to_string(QualityIssue issue) noexcept {
  switch (issue) {
    case QualityIssue::too_small: return "too_small";
    case QualityIssue::low_contrast: return "low_contrast";
    case QualityIssue::too_dark: return "too_dark";
    case QualityIssue::too_dry: return "too_dry";
    case QualityIssue::unclear_ridges: return "unclear_ridges";
    case QualityIssue::few_minutiae: break;
  }
  return "few_minutiae";
}

std::string_view advice(QualityIssue issue) noexcept {
  switch (issue) {
    case QualityIssue::too_small: return "Lay more of the fingertip on the sensor.";
    case QualityIssue::low_contrast: return "Clean the sensor and press a little harder.";
    case QualityIssue::too_dark: return "Press more lightly and dry the finger.";
    case QualityIssue::too_dry: return "Moisten the finger and press a little harder.";
    case QualityIssue::unclear_ridges: return "Clean the finger and hold it still.";
    case QualityIssue::few_minutiae: break;
  }
  return "Lay the middle of the fingertip on the sensor.";
}

std::array<std::pair<std::string_view, double>, 10> measures(const Quality& q) noexcept {
  return {{{"orientation_certainty", q.orientation_certainty},
           {"local_clarity", q.local_clarity},
           {"frequency_domain", q.frequency_domain},
           {"ridge_valley_uniformity", q.ridge_valley_uniformity},
           {"orientation_flow", q.orientation_flow},
           {"mean_gray", q.mean_gray},
           {"contrast", q.contrast},
           {"area_mm2", q.area_mm2},
           {"coherent_area", q.coherent_area},
           {"minutiae", static_cast<double>(q.minutiae)}}};
}

}  // namespace authx::fingerprint
