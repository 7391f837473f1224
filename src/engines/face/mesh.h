#pragma once

#include <array>

#include <opencv2/core/mat.hpp>

#include "base/result.h"
#include "engines/face/align.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// MediaPipe's face mesh around a detected face. Where the first pass shows that the crop was poor (turned by more than
/// 5°, off centre, too wide or too narrow for the face) or the head is turned away, a second one reads the mesh in the crop that the first
/// defines, as a tracker would. Fills everything of `Geometry`. Errors: internal.
Result<Geometry> fit_mesh(const inference::Model& model, const cv::Mat& bgr, const DetectedFace& face);

/// Eye centres, nose tip and mouth corners, each the mean of the mesh vertices around it. Needs a mesh.
FivePoints five_points_of(const Geometry& geometry);

/// The 36 of the 68 points that dlib aligns by: nose, eyes, upper lip and inner mouth, neither jaw, brows nor the lower
/// lip's edge (dlib, image_transforms/interpolation.h). Needs landmarks.
std::array<Point, 36> dlib_points_of(const Geometry& geometry);
/// Their places in dlib's mean face, in pixels of its 150 x 150 chip with a padding of a quarter.
const std::array<Point, 36>& dlib_points_template() noexcept;

/// Pose, eye and mouth openness from 68 points in iBUG order, x and y in pixels, z in pixels towards the back.
void describe_by_landmarks(Geometry& geometry);

}  // namespace authx::face
