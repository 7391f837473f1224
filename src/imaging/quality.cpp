#include "imaging/quality.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"

namespace authx::imaging {

Quality measure(const Image& image) {
  Quality q;
  if (image.empty()) return q;
  const cv::Mat full = as_mat(image);
  cv::Mat small;
  const double scale = std::min(1.0, 1000.0 / std::max(image.width, image.height));
  cv::resize(full, small, {std::max(1, cvRound(image.width * scale)), std::max(1, cvRound(image.height * scale))}, 0, 0, cv::INTER_AREA);
  cv::Mat gray = small;
  if (small.channels() == 3) cv::cvtColor(small, gray, cv::COLOR_BGR2GRAY);

  q.brightness = cv::mean(gray)[0];
  int histogram[256] = {};
  for (int y = 0; y < gray.rows; ++y) {
    for (int x = 0; x < gray.cols; ++x) ++histogram[gray.at<std::uint8_t>(y, x)];
  }
  const double total = static_cast<double>(gray.total());
  int low = 0;
  int high = 255;
  double sum = 0;
  while (low < 255 && (sum += histogram[low]) < 0.05 * total) ++low;
  sum = 0;
  while (high > 0 && (sum += histogram[high]) < 0.05 * total) --high;
  q.contrast = std::max(0, high - low);
  double dark = 0;
  for (int v = 0; v < 30; ++v) dark += histogram[v];
  q.dark_share = dark / total;

  // Only where there are edges: a sharp card on a plain desk must not be called blurred for the desk's sake.
  cv::Mat laplacian;
  cv::Mat gradient_x;
  cv::Mat gradient_y;
  cv::Laplacian(gray, laplacian, CV_16S);
  cv::Sobel(gray, gradient_x, CV_16S, 1, 0);
  cv::Sobel(gray, gradient_y, CV_16S, 0, 1);
  double squares = 0;
  double count = 0;
  for (int y = 0; y < gray.rows; ++y) {
    const auto* l = laplacian.ptr<short>(y);
    const auto* gx = gradient_x.ptr<short>(y);
    const auto* gy = gradient_y.ptr<short>(y);
    for (int x = 0; x < gray.cols; ++x) {
      if (std::abs(gx[x]) + std::abs(gy[x]) < 60) continue;
      squares += static_cast<double>(l[x]) * l[x];
      ++count;
    }
  }
  q.sharpness = count < 50 ? 0 : std::sqrt(squares / count);

  cv::Mat saturated = gray >= 250;
  // White paper is also bright; glare is a compact blob that stands out from a duller surrounding.
  cv::Mat around;
  cv::blur(gray, around, {101, 101});
  cv::Mat dull = around < 215;
  cv::erode(saturated, saturated, cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7}));
  q.glare_share = cv::countNonZero(saturated & dull) / total;

  if (small.channels() == 1) {
    q.gray = true;
  } else {
    cv::Mat hsv;
    cv::cvtColor(small, hsv, cv::COLOR_BGR2HSV);
    int colored = 0;
    for (int y = 0; y < hsv.rows; ++y) {
      for (int x = 0; x < hsv.cols; ++x) {
        const auto p = hsv.at<cv::Vec3b>(y, x);
        colored += p[1] > 40 && p[2] > 40 ? 1 : 0;
      }
    }
    q.gray = colored < 0.005 * total;
  }

  const auto ramp = [](double v, double zero, double one) { return std::clamp((v - zero) / (one - zero), 0.0, 1.0); };
  q.score = std::min({ramp(q.sharpness, 5, 25), ramp(q.contrast, 20, 80), ramp(q.brightness, 30, 80), 1 - ramp(q.brightness, 235, 255),
                      1 - ramp(q.glare_share, 0.02, 0.15)});
  return q;
}

}  // namespace authx::imaging
