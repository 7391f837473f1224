#pragma once

#include <opencv2/core/mat.hpp>

#include "imaging/image.h"

namespace authx::imaging {

/// A view that shares the image's pixels and must not outlive it. The const form is for reading only.
cv::Mat as_mat(Image& image);
cv::Mat as_mat(const Image& image);

/// Copies an 8-bit matrix of 1, 3 (BGR) or 4 (BGRA, laid on white) channels.
Image from_mat(const cv::Mat& mat);

}  // namespace authx::imaging
