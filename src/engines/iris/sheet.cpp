#include "engines/iris/sheet.h"

#include <opencv2/imgproc.hpp>

#include <cmath>
#include <numbers>

namespace authx::iris {

Sheet unroll(const EyeImage& eye, const Segmentation& s) {
  constexpr float kInner = 0.04f, kOuter = 0.94f;
  cv::Mat1f map_x(Sheet::kRows, Sheet::kColumns), map_y(map_x.size());
  for (int c = 0; c < Sheet::kColumns; ++c) {
    const float a = 2 * std::numbers::pi_v<float> * static_cast<float>(c) / Sheet::kColumns, ca = std::cos(a), sa = std::sin(a);
    const float pr = s.pupil.at(a), lr = s.limbus.at(a);
    const float px = s.pupil.x + pr * ca, py = s.pupil.y + pr * sa, lx = s.limbus.x + lr * ca, ly = s.limbus.y + lr * sa;
    for (int r = 0; r < Sheet::kRows; ++r) {
      const float t = kInner + (kOuter - kInner) * (static_cast<float>(r) + 0.5f) / Sheet::kRows;
      map_x(r, c) = px + t * (lx - px), map_y(r, c) = py + t * (ly - py);
    }
  }
  Sheet out;
  cv::Mat1f image, mask;
  eye.filled.convertTo(image, CV_32F);
  s.mask.convertTo(mask, CV_32F, 1.0 / 255);
  cv::remap(image, out.gray, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::remap(mask, out.usable, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar(0));
  return out;
}

}  // namespace authx::iris
