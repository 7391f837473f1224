#pragma once

#include <opencv2/core/mat.hpp>

#include "engines/face/align.h"
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

/// What quality is measured on.
struct Portrayal {
  const cv::Mat& picture;  ///< the whole one, BGR
  const cv::Mat& crop;     ///< the aligned face, BGR
  Similarity to_crop;      ///< picture to crop
  const DetectedFace& face;
  const Geometry& geometry;
};

/// Components after ISO/IEC 29794-5. With `surroundings`, background and compression too, which look beyond the crop.
Quality appraise(const Portrayal& portrayal, const QualityLimits& limits, bool surroundings = true);

}  // namespace authx::face
