#pragma once

#include <opencv2/core/mat.hpp>

#include "base/result.h"
#include "engines/face/align.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// MediaPipe's face mesh around a detected face. Two passes: the first finds the face's extent and tilt from the
/// detector's rough points, the second reads the mesh in the crop that the first defines, as a tracker would.
/// Errors: internal.
Result<Geometry> fit_mesh(const inference::Model& model, const cv::Mat& bgr, const DetectedFace& face, int passes = 2);

/// Eye centres, nose tip and mouth corners, each the mean of the mesh vertices around it.
FivePoints five_points_of(const Geometry& geometry);

}  // namespace authx::face
