#pragma once

#include <opencv2/core/mat.hpp>

namespace authx::document {

/// Whether a gray region shows at least two of a QR code's three finder patterns: runs of 1:1:3:1:1 across and down through one
/// point (ISO/IEC 18004, section 6.3.3). Text has few such points, so that a long search for a code is spared there. A whole picture
/// has many by chance: with `all_three` they must stand as a square's corners do.
bool shows_finder_patterns(const cv::Mat& gray, bool all_three = false);

}  // namespace authx::document
