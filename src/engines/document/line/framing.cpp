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

struct Rows {
  int from = 0;
  int to = 0;
};

/// The rows of the letters where ink that is none, such as a border or the rim of a reflection, makes the line look higher.
Rows rows_of_letters(const cv::Mat& dark) {
  const Rows all{0, dark.rows};
  std::vector<cv::Rect> letters;
  for (const auto& m : marks_of(dark).marks) {
    if (4 * m.box.height >= dark.rows && m.box.height >= 4 && 2 * m.box.width <= 5 * m.box.height) letters.push_back(m.box);
  }
  if (letters.size() < 4) return all;
  std::ranges::nth_element(letters, letters.begin() + static_cast<std::ptrdiff_t>(letters.size() / 2), {}, &cv::Rect::height);
  const int height = letters[letters.size() / 2].height;
  std::erase_if(letters, [&](const cv::Rect& l) { return 5 * l.height < 3 * height || 5 * l.height > 8 * height; });
  std::vector<int> tops;
  std::vector<int> bottoms;
  for (const auto& l : letters) tops.push_back(l.y), bottoms.push_back(l.y + l.height);
  std::ranges::sort(tops);
  std::ranges::sort(bottoms);
  const Rows rows{tops[tops.size() / 10], bottoms[bottoms.size() - 1 - bottoms.size() / 10]};
  return 5 * (rows.to - rows.from) < 4 * dark.rows ? rows : all;
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
  const Rows rows = rows_of_letters(dark);
  dark = dark.rowRange(rows.from, rows.to);
  ink.y += upside_down ? part.height - rows.to : rows.from;
  ink.height = rows.to - rows.from;
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
