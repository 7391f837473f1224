#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/marks.h"
#include "engines/document/outline.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

/// Ink as white on black at about 600 pixels, and the factor back to the input.
cv::Mat ink_of(const imaging::Image& gray, double& factor) {
  const cv::Mat full = imaging::as_mat(gray);
  factor = std::max(1.0, std::max(gray.width, gray.height) / 700.0);
  cv::Mat small;
  cv::resize(full, small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  cv::Mat hat;
  cv::morphologyEx(small, hat, cv::MORPH_BLACKHAT, cv::getStructuringElement(cv::MORPH_RECT, {13, 13}));
  cv::Mat ink;
  cv::threshold(hat, ink, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
  return ink;
}

}  // namespace

bool text_is_vertical(const imaging::Image& gray) {
  double factor = 1;
  const cv::Mat ink = ink_of(gray, factor);
  const auto weight = [&](cv::Size bridge, bool wide) {
    cv::Mat joined;
    cv::morphologyEx(ink, joined, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, bridge));
    const InkMarks marks = marks_of(joined);
    double sum = 0;
    for (const auto& mark : marks.marks) {
      const int w = mark.box.width;
      const int h = mark.box.height;
      const int across = wide ? h : w;
      const int along = wide ? w : h;
      if (across >= 5 && across <= 40 && along >= 3 * across) sum += along;
    }
    return sum;
  };
  return weight({1, 9}, false) > 1.3 * weight({9, 1}, true);
}

std::vector<imaging::Box> text_strips(const imaging::Image& gray) {
  double factor = 1;
  const cv::Mat ink = ink_of(gray, factor);
  cv::Mat joined;
  cv::morphologyEx(ink, joined, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {13, 1}));
  struct Strip {
    imaging::Box box;
    double score;
  };
  std::vector<Strip> strips;
  const InkMarks marks = marks_of(joined);
  for (const auto& mark : marks.marks) {
    const auto& [x, y, w, h] = mark.box;
    const double filled = static_cast<double>(mark.area) / (w * h);
    if (h < 8 || h > 44 || w < 4 * h || filled < 0.25) continue;
    const int pad = h / 3 + 2;
    const imaging::Box box{static_cast<int>((x - pad) * factor), static_cast<int>((y - pad) * factor),
                           static_cast<int>((w + 2 * pad) * factor), static_cast<int>((h + 2 * pad) * factor)};
    strips.push_back({box, filled * std::min(w, 260) * std::min(h, 24)});
  }
  std::ranges::sort(strips, std::greater{}, &Strip::score);
  std::vector<imaging::Box> out;
  for (const auto& s : strips) out.push_back(s.box);
  return out;
}

}  // namespace authx::document
