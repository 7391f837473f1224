#include "engines/face/types.h"

namespace authx::face {

std::string_view to_string(QualityIssue issue) noexcept {
  switch (issue) {
    case QualityIssue::no_face: return "no_face";
    case QualityIssue::several_faces: return "several_faces";
    case QualityIssue::too_small: return "too_small";
    case QualityIssue::cut_off: return "cut_off";
    case QualityIssue::blurred: return "blurred";
    case QualityIssue::too_dark: return "too_dark";
    case QualityIssue::too_bright: return "too_bright";
    case QualityIssue::low_contrast: return "low_contrast";
    case QualityIssue::uneven_light: return "uneven_light";
    case QualityIssue::turned_away: return "turned_away";
    case QualityIssue::tilted: return "tilted";
    case QualityIssue::eyes_closed: return "eyes_closed";
    case QualityIssue::mouth_open: return "mouth_open";
    case QualityIssue::sunglasses: return "sunglasses";
    case QualityIssue::mask: return "mask";
    case QualityIssue::compressed: return "compressed";
  }
  return "unknown";
}

std::string_view advice(QualityIssue issue) noexcept {
  switch (issue) {
    case QualityIssue::no_face: return "No face was found. Position your face in the frame.";
    case QualityIssue::several_faces: return "More than one face is visible. Make sure that you are alone in the picture.";
    case QualityIssue::too_small: return "The face is too small. Come closer to the camera.";
    case QualityIssue::cut_off: return "Part of the face is outside the picture. Move to the middle.";
    case QualityIssue::blurred: return "The picture is blurred. Hold the camera still and clean its lens.";
    case QualityIssue::too_dark: return "The picture is too dark. Turn towards a light.";
    case QualityIssue::too_bright: return "The picture is too bright. Avoid direct light.";
    case QualityIssue::low_contrast: return "The face stands out too little. Look for better light.";
    case QualityIssue::uneven_light: return "One side of the face is in shadow. Face the light.";
    case QualityIssue::turned_away: return "Look straight into the camera.";
    case QualityIssue::tilted: return "Hold your head upright.";
    case QualityIssue::eyes_closed: return "Keep your eyes open.";
    case QualityIssue::mouth_open: return "Close your mouth.";
    case QualityIssue::sunglasses: return "Take off your sunglasses.";
    case QualityIssue::mask: return "Take off your mask: nose and mouth must be visible.";
    case QualityIssue::compressed: return "The picture is strongly compressed. Use the camera's own picture.";
  }
  return "";
}

std::string_view to_string(Use use) noexcept {
  switch (use) {
    case Use::document_to_live: return "document_to_live";
    case Use::live_to_live: return "live_to_live";
    case Use::search: break;
  }
  return "search";
}

double target_fmr(Use use) noexcept { return use == Use::search ? 1e-6 : 1e-4; }

std::string_view to_string(ConfidenceLevel level) noexcept {
  switch (level) {
    case ConfidenceLevel::high: return "high";
    case ConfidenceLevel::medium: return "medium";
    case ConfidenceLevel::low: return "low";
    case ConfidenceLevel::none: break;
  }
  return "none";
}

}  // namespace authx::face
