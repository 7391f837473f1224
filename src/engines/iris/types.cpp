#include "engines/iris/types.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace authx::iris {

std::string_view to_string(Light light) noexcept { return light == Light::visible ? "visible" : "near_infrared"; }

std::string_view to_string(Eye eye) noexcept {
  switch (eye) {
    case Eye::right: return "right";
    case Eye::left: return "left";
    case Eye::unknown: break;
  }
  return "unknown";
}

float Contour::mean_radius() const noexcept { return std::accumulate(radius.begin(), radius.end(), 0.0f) / kAngles; }

float Contour::at(float angle) const noexcept {
  const float turns = angle / (2 * std::numbers::pi_v<float>);
  const float k = (turns - std::floor(turns)) * kAngles, whole = std::floor(k), t = k - whole;
  const auto i = static_cast<std::size_t>(whole) % kAngles;
  return radius[i] * (1 - t) + radius[(i + 1) % kAngles] * t;
}

std::string_view to_string(Issue issue) noexcept {
  switch (issue) {
    case Issue::no_eye: return "no_eye";
    case Issue::unclear_pupil: return "unclear_pupil";
    case Issue::unclear_limbus: return "unclear_limbus";
    case Issue::occluded: return "occluded";
    case Issue::too_small: return "too_small";
    case Issue::low_contrast: return "low_contrast";
    case Issue::blurred: return "blurred";
    case Issue::extreme_pupil: return "extreme_pupil";
    case Issue::off_centre: return "off_centre";
    case Issue::irregular_pupil: return "irregular_pupil";
    case Issue::poor_gray_levels: break;
  }
  return "poor_gray_levels";
}

std::string_view advice(Issue issue) noexcept {
  switch (issue) {
    case Issue::no_eye: return "Look straight into the camera with the eye in the middle of the picture.";
    case Issue::unclear_pupil:
    case Issue::unclear_limbus: return "Take off glasses and keep reflections away from the eye.";
    case Issue::occluded: return "Open the eye wide.";
    case Issue::too_small: return "Come closer to the camera.";
    case Issue::low_contrast: return "Light the eye evenly.";
    case Issue::blurred: return "Hold still at the camera's distance of focus.";
    case Issue::extreme_pupil: return "Use neither very dim nor very bright surroundings.";
    case Issue::off_centre: return "Bring the eye into the middle of the picture.";
    case Issue::irregular_pupil: return "Look straight into the camera.";
    case Issue::poor_gray_levels: break;
  }
  return "Change the exposure: the picture is too dark or too bright.";
}

std::array<std::pair<std::string_view, double>, 10> measures(const Quality& q) noexcept {
  return {{{"usable_iris_area", q.usable_iris_area},
           {"iris_sclera_contrast", q.iris_sclera_contrast},
           {"iris_pupil_contrast", q.iris_pupil_contrast},
           {"pupil_circularity", q.pupil_circularity},
           {"gray_level_utilisation", q.gray_level_utilisation},
           {"iris_radius", q.iris_radius},
           {"pupil_iris_ratio", q.pupil_iris_ratio},
           {"iris_pupil_concentricity", q.iris_pupil_concentricity},
           {"margin_adequacy", q.margin_adequacy},
           {"sharpness", q.sharpness}}};
}

}  // namespace authx::iris
