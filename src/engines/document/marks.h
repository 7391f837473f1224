#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

namespace authx::document {

/// Pixels side by side on one row: [from, to).
struct InkRun {
  int y = 0;
  int from = 0;
  int to = 0;
};

/// Pixels that touch, at a corner suffices.
struct InkMark {
  cv::Rect box;
  int area = 0;
  std::size_t first = 0;  ///< of its runs
  std::size_t runs = 0;
};

/// Connected marks by their runs. Several times as fast as a picture of labels where most of a page is paper.
struct InkMarks {
  std::vector<InkRun> runs;  ///< of one mark after another, each from top to bottom
  std::vector<InkMark> marks;

  std::span<const InkRun> runs_of(const InkMark& m) const { return std::span{runs}.subspan(m.first, m.runs); }
};

/// The marks of all pixels of a gray picture (8 bits) below `level`, which is 1..255.
InkMarks marks_below(const cv::Mat& gray, int level);
/// The marks of all pixels of a mask (8 bits) that are not zero.
InkMarks marks_of(const cv::Mat& mask);

}  // namespace authx::document
