#pragma once

#include <opencv2/core/mat.hpp>

#include "engines/face/types.h"

namespace authx::face {

/// Limits under which an issue is raised; prints are smaller and softer than live captures.
struct QualityLimits {
  float min_inter_eye_px = 30;
  float min_sharpness = 0.12f;
  float max_yaw = 35;
  float max_pitch = 30;
  float max_roll = 30;
  bool judge_eyes = true;
};
inline constexpr QualityLimits kLiveLimits{};
inline constexpr QualityLimits kPrintLimits{14, 0.04f, 45, 40, 200, false};

/// Components after ISO/IEC 29794-5 on `gray_crop`, the aligned face. `image` is the whole picture's size.
Quality appraise(const cv::Mat& gray_crop, cv::Size image, const DetectedFace& face, const Geometry& geometry, const QualityLimits& limits);

/// Cues of a recaptured picture that need no training: isolated peaks in the spectrum (moiré of a screen's or a
/// print's raster), little colour, and a face that fills more or less of the frame than a self-portrait does.
std::vector<Liveness::Cue> recapture_cues(const cv::Mat& bgr, const DetectedFace& face);

}  // namespace authx::face
