#pragma once

#include <opencv2/core/mat.hpp>

namespace authx::fingerprint {

inline constexpr int kGaborHalf = 9;  ///< the kernel spans 2 * kGaborHalf + 1 pixels

/// Filters `src` (padded by kGaborHalf on each side, so (h + 2 half) x (w + 2 half)) with an even Gabor kernel tuned
/// to the angle and the period of each kBlock x kBlock block; blocks outside `mask` stay zero. `narrow` marks blocks
/// of high curvature, whose kernels are shorter along the ridge.
cv::Mat1f gabor_filter(const cv::Mat1f& src, const cv::Mat1f& angle, const cv::Mat1f& period, const cv::Mat1b& mask,
                       const cv::Mat1b& narrow);

}  // namespace authx::fingerprint
