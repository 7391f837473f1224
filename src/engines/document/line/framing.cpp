#include "engines/document/line/framing.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "engines/document/line/model.h"
#include "engines/document/marks.h"
#include "imaging/mat.h"

namespace authx::document::line {
namespace {

constexpr double kRoom = 0.12;       ///< above and below, in heights of the ink
constexpr double kTails = 0.25;      ///< of the height of capitals, below the line that letters stand on
constexpr double kFullRow = 0.35;    ///< of the row with the most ink: below the letters' line rows hold less
constexpr double kSharpening = 0.2;  ///< of what training's pictures got when they were made smaller
constexpr int kWidest = 4000;

cv::Mat dark_of(const imaging::Image& ink) {
  cv::Mat dark;
  cv::threshold(imaging::as_mat(ink), dark, 0, 255, cv::THRESH_BINARY_INV | cv::THRESH_OTSU);
  return dark;
}

/// Rows at the bottom of the ink that hold only tails, as those of g and p.
int tails_of(const cv::Mat& dark) {
  cv::Mat sums;
  cv::reduce(dark, sums, 1, cv::REDUCE_SUM, CV_32S);
  double most = 0;
  cv::minMaxLoc(sums, nullptr, &most);
  const int limit = sums.rows / 3;
  int tails = 0;
  while (tails < limit && sums.at<int>(sums.rows - 1 - tails) < kFullRow * most) ++tails;
  return tails == limit ? 0 : tails;
}

/// The part of the ink that is the line's letters: without ink that is none, such as a border or the rim of a reflection, where that makes
/// the line look higher, and without paper at its ends, in which the network sees signs.
cv::Rect letters_in(const cv::Mat& dark) {
  cv::Rect out{0, 0, dark.cols, dark.rows};
  std::vector<cv::Rect> letters;
  for (const auto& m : marks_of(dark).marks) {
    if (6 * m.box.height >= dark.rows && m.box.height >= 4 && 2 * m.box.width <= 5 * m.box.height) letters.push_back(m.box);
  }
  if (letters.size() < 4) return out;
  std::ranges::nth_element(letters, letters.begin() + static_cast<std::ptrdiff_t>(letters.size() / 2), {}, &cv::Rect::height);
  const int height = letters[letters.size() / 2].height;
  std::erase_if(letters, [&](const cv::Rect& l) { return 5 * l.height < 3 * height || 5 * l.height > 8 * height; });
  std::vector<int> tops;
  std::vector<int> bottoms;
  for (const auto& l : letters) tops.push_back(l.y), bottoms.push_back(l.y + l.height);
  std::ranges::sort(tops);
  std::ranges::sort(bottoms);
  const int top = tops[tops.size() / 10];
  const int bottom = bottoms[bottoms.size() - 1 - bottoms.size() / 10];
  if (5 * (bottom - top) < 4 * dark.rows) out.y = top, out.height = bottom - top;
  cv::Mat columns;
  cv::reduce(dark.rowRange(out.y, out.y + out.height), columns, 0, cv::REDUCE_MAX);
  int left = 0;
  int right = columns.cols;
  while (left < right && columns.at<std::uint8_t>(left) == 0) ++left;
  while (right > left && columns.at<std::uint8_t>(right - 1) == 0) --right;
  if (right > left) out.x = left, out.width = right - left;
  return out;
}

imaging::Image to_height(const imaging::Image& part, int width) {
  const cv::Size size{width, Model::kHeight};
  cv::Mat out;
  cv::resize(imaging::as_mat(part), out, size, 0, 0, part.height > size.height ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Mat soft;
  cv::blur(out, soft, {3, 3});
  cv::addWeighted(out, 1 + kSharpening, soft, -kSharpening, 0, out);
  return imaging::from_mat(out);
}

}  // namespace

Framed frame_line(const imaging::Image& page, const imaging::Box& box, bool upside_down, double closeness) {
  Framed out;
  imaging::Image part = imaging::crop(page, box);
  if (part.empty() || box.height < 3) return out;
  imaging::Box ink{std::max(0, box.x), std::max(0, box.y), part.width, part.height};
  if (upside_down) part = imaging::rotate_quarter(part, 2);
  cv::Mat dark = dark_of(part);
  const cv::Rect letters = letters_in(dark);
  dark = dark(letters);
  ink = {ink.x + (upside_down ? part.width - letters.x - letters.width : letters.x),
         ink.y + (upside_down ? part.height - letters.y - letters.height : letters.y), letters.width, letters.height};
  const int tails = tails_of(dark);
  const int above = std::max(1, static_cast<int>(std::lround(kRoom / closeness * ink.height)));
  const int below = above + std::max(0, static_cast<int>(std::lround(kTails * (ink.height - tails))) - tails);
  const imaging::Box wide{ink.x - above, ink.y - (upside_down ? below : above), ink.width + 2 * above, ink.height + above + below};
  part = imaging::crop(page, wide);
  out.scale = static_cast<double>(Model::kHeight) / part.height;
  const int width = static_cast<int>(std::lround(part.width * out.scale));
  if (width < Model::kPool || width > kWidest) return out;
  out.from = {std::max(0, wide.x), std::max(0, wide.y), part.width, part.height};
  if (upside_down) part = imaging::rotate_quarter(part, 2);
  out.picture = to_height(part, width);
  return out;
}

}  // namespace authx::document::line
