#pragma once

#include <span>
#include <vector>

#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// Detector outputs to faces in pixels of the network's input, in no order and not yet suppressed.
/// A tensor of an unexpected size gives no faces.

/// YuNet: planar maps cls, obj, bbox, kps, each at strides 8, 16, 32. Score √(cls·obj); centre (cell + δ)·stride.
std::vector<DetectedFace> decode_yunet(std::span<const inference::TensorView> outputs, int width, int height, float threshold);

/// SCRFD with two anchors a cell: scores, distances to the four sides, offsets of the points, each at strides
/// 8, 16, 32, in any order. Rows [N, k] as InsightFace exports them, or planar maps [1, 2k, H, W].
std::vector<DetectedFace> decode_scrfd(std::span<const inference::TensorView> outputs, int width, int height, float threshold);

/// MediaPipe's BlazeFace (full range, 256): 512 anchors at stride 16 and 384 at stride 32; eyes, nose, mouth centre
/// and ears. The mouth's corners are placed around its centre, so they only serve to find the face's pose.
std::vector<DetectedFace> decode_blazeface(std::span<const inference::TensorView> outputs, float threshold);

float intersection_over_union(const Box& a, const Box& b) noexcept;

/// Greedy suppression, best first. With `average`, a kept face becomes the score-weighted mean of those that it
/// suppresses, which steadies the points of detectors with coarse anchors.
std::vector<DetectedFace> suppress(std::vector<DetectedFace> faces, float iou, bool average);

}  // namespace authx::face
