#include "engines/document/line/framing.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/line/model.h"
#include "imaging/mat.h"

namespace authx::document::line {
namespace {

constexpr double kRoom = 0.12;       ///< above and below, in heights of the ink
constexpr double kTails = 0.25;      ///< of the height of capitals, below the line that letters stand on
constexpr double kFullRow = 0.35;    ///< of the row with the most ink: below the letters' line rows hold less
constexpr double kSharpening = 0.2;  ///< of what training's pictures got when they were made smaller
constexpr int kWidest = 4000;

/// Rows at the bottom of the ink that hold only tails, as those of g and p.
int tails_of(const imaging::Image& ink) {
  cv::Mat dark;
  cv::threshold(imaging::as_mat(ink), dark, 0, 1, cv::THRESH_BINARY_INV | cv::THRESH_OTSU);
  cv::Mat sums;
  cv::reduce(dark, sums, 1, cv::REDUCE_SUM, CV_32S);
  double most = 0;
  cv::minMaxLoc(sums, nullptr, &most);
  const int limit = sums.rows / 3;
  int tails = 0;
  while (tails < limit && sums.at<int>(sums.rows - 1 - tails) < kFullRow * most) ++tails;
  return tails == limit ? 0 : tails;
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

Framed frame_line(const imaging::Image& page, const imaging::Box& ink, bool upside_down, double closeness) {
  Framed out;
  imaging::Image part = imaging::crop(page, ink);
  if (part.empty() || ink.height < 3) return out;
  if (upside_down) part = imaging::rotate_quarter(part, 2);
  const int tails = tails_of(part);
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
