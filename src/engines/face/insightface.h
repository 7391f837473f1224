#pragma once

#include <optional>
#include <span>
#include <vector>

#include <opencv2/core/mat.hpp>

#include "base/result.h"
#include "engines/face/align.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// InsightFace's models around a detected face, as its python package runs them: an upright square crop, `context` times
/// the box's longer side, RGB, (x − 127.5)/128 unless the graph normalises itself.
Similarity box_crop(const Box& box, int size, double context = 1.5);

/// Rows of a landmark output to points of the picture: 2 values a point ((p + 1)·size/2) or 3 (z: p·size/2, scaled as x
/// and y). Takes the last `count` rows. Empty when the output is too short.
std::vector<Point3> decode_landmarks(std::span<const float> output, std::size_t count, std::size_t values, int size,
                                     const Similarity& to_crop);

/// 2d106det: 106 points. Errors: internal.
Result<std::vector<Point3>> fit_106(const inference::Model& model, const cv::Mat& bgr, const Box& box);
/// 1k3d68: 68 points in iBUG order with depth. Errors: internal.
Result<std::vector<Point3>> fit_68(const inference::Model& model, const cv::Mat& bgr, const Box& box);

/// genderage: two gender logits and age ÷ 100. Empty when the output is of another size or not finite.
std::optional<Attributes> decode_attributes(std::span<const float> output);
Result<std::optional<Attributes>> fit_attributes(const inference::Model& model, const cv::Mat& bgr, const Box& box);

}  // namespace authx::face
