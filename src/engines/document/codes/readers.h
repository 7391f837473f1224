#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "engines/document/codes/code.h"

namespace authx::document {

inline constexpr std::size_t kMostCodes = 8;  ///< of one picture

/// One reading of a gray picture each, no preparation; quads are on it. The libraries' headers exclude each other.
std::vector<Code> read_zxing(const cv::Mat& gray, const CodeOptions& options);
std::vector<Code> read_zbar(const cv::Mat& gray);  ///< QR codes only

}  // namespace authx::document
