#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace authx::iris {

/// The light that an eye was taken in. Under visible light the pupil of a brown eye hardly differs from its iris.
enum class Light : std::uint8_t { near_infrared, visible };
std::string_view to_string(Light light) noexcept;

/// The person's own right or left; values are those of ISO/IEC 19794-6.
enum class Eye : std::uint8_t { unknown = 0, right = 1, left = 2 };
std::string_view to_string(Eye eye) noexcept;

/// A closed boundary in polar form: the distance from (x, y), in pixels of the image, at angle 2*pi*k/kAngles, measured
/// from the positive x axis towards the positive (downward) y axis.
struct Contour {
  static constexpr int kAngles = 128;
  float x = 0, y = 0;
  std::array<float, kAngles> radius{};

  float mean_radius() const noexcept;
  /// Linear between the stored angles; `angle` in radians, any turn.
  float at(float angle) const noexcept;
};

/// Why an image cannot be enrolled, or has a low quality. `to_string` is stable.
enum class Issue : std::uint8_t {
  no_eye,            ///< nothing looks like a pupil inside of an iris
  unclear_pupil,     ///< the pupil's border is not distinct
  unclear_limbus,    ///< the border between iris and sclera is not distinct
  occluded,          ///< lids, lashes or reflections hide too much
  too_small,         ///< too few pixels across the iris
  low_contrast,      ///< the iris hardly differs from the pupil or from the sclera
  blurred,           ///< out of focus or moved
  extreme_pupil,     ///< dilated or constricted beyond what compares well
  off_centre,        ///< too near to the image's border
  irregular_pupil,   ///< the pupil's border is far from a circle
  poor_gray_levels,  ///< too few gray levels in use
};
std::string_view to_string(Issue issue) noexcept;
/// A sentence for the person whose eye is captured.
std::string_view advice(Issue issue) noexcept;

/// Measures of ISO/IEC 29794-6, in that standard's units and order of clause 6, and a unified score. Usable area,
/// contrasts and ratios follow the standard's definitions; circularity, sharpness, margin and the score are our own.
struct Quality {
  int score = 0;                        ///< 0..100
  double usable_iris_area = 0;          ///< per cent of the iris that no lid, lash or reflection hides
  double iris_sclera_contrast = 0;      ///< 0..100
  double iris_pupil_contrast = 0;       ///< 0..100
  double pupil_circularity = 0;         ///< 0..100, 100: a circle
  double gray_level_utilisation = 0;    ///< entropy of the iris' gray levels, bits
  double iris_radius = 0;               ///< pixels of the given image
  double pupil_iris_ratio = 0;          ///< per cent
  double iris_pupil_concentricity = 0;  ///< 0..100, 100: same centre
  double margin_adequacy = 0;           ///< 0..100
  double sharpness = 0;                 ///< 0..100
  std::vector<Issue> issues;
};

/// The measures under their names, as reports and answers show them.
std::array<std::pair<std::string_view, double>, 10> measures(const Quality& quality) noexcept;

/// Signals of a presentation attack seen in one image, 0 (nothing suspicious) .. 1. Not validated on attack data:
/// evidence for a person who looks at it, never a control.
struct Cue {
  std::string name;  ///< "print_raster", "no_specular", "implausible_pupil", "lens_pattern"
  double value = 0;
};

}  // namespace authx::iris
