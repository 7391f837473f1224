#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace authx::fingerprint {

inline constexpr int kDpi = 500;                  ///< every length inside the engine is in pixels of 1/500 inch
inline constexpr std::size_t kMaxMinutiae = 255;  ///< what the exchange formats can count

/// Values are those of ISO/IEC 19794-2.
enum class MinutiaType : std::uint8_t { other = 0, ending = 1, bifurcation = 2 };

/// A place where a ridge or a valley ends. `angle` is the direction of ISO/IEC 19794-2: from the end into the ridge
/// (ending) or into the valley (bifurcation), counter-clockwise from the positive x axis, in 1/256 of a turn.
struct Minutia {
  std::int16_t x = 0, y = 0;  ///< pixels at 500 dpi, origin at the top left, y downwards
  std::uint8_t angle = 0;
  MinutiaType type = MinutiaType::other;
  std::uint8_t quality = 0;  ///< 1..100; 0: not reported

  bool operator==(const Minutia&) const = default;
};

enum class PatternClass : std::uint8_t { unknown, arch, left_loop, right_loop, whorl };
std::string_view to_string(PatternClass pattern) noexcept;

/// A singular point of the ridge flow: Poincaré index +1/2 (core) or -1/2 (delta).
struct SingularPoint {
  float x = 0, y = 0;  ///< pixels at 500 dpi
  bool core = true;
  float strength = 0;  ///< 0..1: how uniformly the flow turns around it
};

/// Reasons for a low quality. `to_string` is stable.
enum class QualityIssue { too_small, low_contrast, too_dark, too_dry, unclear_ridges, few_minutiae };
std::string_view to_string(QualityIssue issue) noexcept;
/// A sentence for the person whose finger is captured.
std::string_view advice(QualityIssue issue) noexcept;

/// Measures of ISO/IEC 29794-4 (those that NFIQ 2 computes natively), each 0..1 with 1 = best where not said otherwise,
/// and a score of our own made from them. It is not an NFIQ 2 score: that one is the output of NFIQ 2's trained forest.
struct Quality {
  int score = 0;                       ///< 0..100
  double orientation_certainty = 0;    ///< OCL: 1 - ratio of the gradient covariance's eigenvalues, mean over blocks
  double local_clarity = 0;            ///< LCS: separation of ridge and valley gray levels
  double frequency_domain = 0;         ///< FDA: share of the dominant ridge frequency in the spectrum across the ridges
  double ridge_valley_uniformity = 0;  ///< RVU: 1 - spread of the ridge to valley width ratio
  double orientation_flow = 0;         ///< OFL: smoothness of the flow from block to block
  double mean_gray = 0;                ///< MU: 0..255
  double contrast = 0;                 ///< standard deviation of gray in the finger's area, 0..128
  double area_mm2 = 0;                 ///< area in which ridges can be followed
  double coherent_area = 0;            ///< share of the finger's area with reliable ridge flow
  int minutiae = 0;
  std::vector<QualityIssue> issues;
};

/// The measures under their names, as reports and answers show them.
std::array<std::pair<std::string_view, double>, 10> measures(const Quality& quality) noexcept;

/// Signals of a presentation attack seen in one image, 0 (nothing suspicious) .. 1. Not validated on attack data:
/// evidence for a person who looks at it, never a control.
struct Cue {
  std::string name;  ///< "print_raster", "uniform_ridge_width", "flat_ridges", "no_pores", "unusual_moisture"
  double value = 0;
};

}  // namespace authx::fingerprint
