#include "engines/face/appraise.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace authx::face {
namespace {

double ramp(double value, double none, double full) { return std::clamp((value - none) / (full - none), 0.0, 1.0); }

/// Variance of the Laplacian against that of the picture: blur lowers the first and hardly the second.
double sharpness_of(const cv::Mat& gray, double inter_eye_px) {
  cv::Mat laplacian;
  cv::Laplacian(gray, laplacian, CV_32F, 3);
  cv::Scalar mean, edge, spread;
  cv::meanStdDev(laplacian, mean, edge);
  cv::meanStdDev(gray, mean, spread);
  const double relative = edge[0] / std::max(spread[0], 1.0);
  // Sharp portraits give 1.2 to 2.5, the same enlarged sixfold 0.8 (development photos).
  // A face enlarged to fill the crop holds no more detail than its pixels.
  const double enlarged = std::min(1.0, inter_eye_px / 35.0);
  return ramp(relative, 0.3, 1.8) * std::max(enlarged, 0.3);
}

}  // namespace

Quality appraise(const cv::Mat& gray, cv::Size image, const DetectedFace& face, const Geometry& geometry, const QualityLimits& limits) {
  Quality q;
  q.inter_eye_px = std::hypot(face.points[1].x - face.points[0].x, face.points[1].y - face.points[0].y);
  const cv::Mat inner = gray(cv::Rect{gray.cols / 6, gray.rows / 6, gray.cols * 2 / 3, gray.rows * 2 / 3});
  cv::Scalar mean, spread;
  cv::meanStdDev(inner, mean, spread);
  const double left = cv::mean(inner.colRange(0, inner.cols / 2))[0], right = cv::mean(inner.colRange(inner.cols / 2, inner.cols))[0];
  cv::Mat clipped;
  cv::inRange(inner, cv::Scalar{8}, cv::Scalar{247}, clipped);
  const double usable = cv::countNonZero(clipped) / static_cast<double>(inner.total());
  const float yaw = std::abs(geometry.pose.yaw), pitch = std::abs(geometry.pose.pitch), roll = std::abs(geometry.pose.roll);

  q.sharpness = sharpness_of(inner, q.inter_eye_px);
  q.exposure = std::min(ramp(mean[0], 25, 90), ramp(255 - mean[0], 15, 60)) * ramp(usable, 0.4, 0.9);
  q.contrast = ramp(spread[0], 8, 35);
  q.evenness = ramp(std::min(left, right) / std::max({left, right, 1.0}), 0.25, 0.75);
  q.resolution = ramp(q.inter_eye_px, 10, 60);
  q.frontality = std::min(1 - ramp(yaw, 10, 60), 1 - ramp(pitch, 12, 55));
  const auto floor = [](double v) { return std::max(v, 0.01); };
  q.score = std::exp((2 * std::log(floor(q.sharpness)) + std::log(floor(q.exposure)) + std::log(floor(q.contrast)) +
                      0.5 * std::log(floor(q.evenness)) + 1.5 * std::log(floor(q.resolution)) + 2 * std::log(floor(q.frontality))) /
                     8);

  bool usable_for_matching = true;
  const auto raise = [&](QualityIssue issue, bool when, bool unsafe) {
    if (!when) return;
    q.issues.push_back(issue);
    if (unsafe) usable_for_matching = false;
  };
  const Box& b = face.box;
  const float margin = 0.1f * std::min(b.width, b.height);
  raise(QualityIssue::too_small, q.inter_eye_px < limits.min_inter_eye_px, true);
  raise(QualityIssue::cut_off,
        b.x < -margin || b.y < -margin || b.x + b.width > static_cast<float>(image.width) + margin ||
            b.y + b.height > static_cast<float>(image.height) + margin,
        false);
  raise(QualityIssue::blurred, q.sharpness < limits.min_sharpness, true);
  raise(QualityIssue::too_dark, mean[0] < 40, true);
  raise(QualityIssue::too_bright, mean[0] > 225, true);
  raise(QualityIssue::low_contrast, spread[0] < 14, true);
  raise(QualityIssue::uneven_light, q.evenness < 0.1, false);
  raise(QualityIssue::turned_away, yaw > limits.max_yaw || pitch > limits.max_pitch, true);
  raise(QualityIssue::tilted, roll > limits.max_roll, false);
  raise(QualityIssue::eyes_closed, limits.judge_eyes && !geometry.mesh.empty() && geometry.eye_openness < 0.14f, false);
  q.acceptable = usable_for_matching;
  return q;
}

std::vector<Liveness::Cue> recapture_cues(const cv::Mat& bgr, const DetectedFace& face) {
  std::vector<Liveness::Cue> cues;
  const cv::Rect box{static_cast<int>(face.box.x), static_cast<int>(face.box.y), static_cast<int>(face.box.width),
                     static_cast<int>(face.box.height)};
  const cv::Rect inside = box & cv::Rect{0, 0, bgr.cols, bgr.rows};
  if (inside.width < 64 || inside.height < 64) return cues;
  cv::Mat gray;
  cv::cvtColor(bgr(inside), gray, cv::COLOR_BGR2GRAY);
  // The centre at full resolution: shrinking would remove the raster that is looked for.
  // A multiple of 32 keeps the transform's factors small.
  const int side = std::min({gray.cols, gray.rows, 256}) / 32 * 32;
  cv::Mat window, spectrum;
  gray(cv::Rect{(gray.cols - side) / 2, (gray.rows - side) / 2, side, side}).convertTo(window, CV_32F);
  thread_local cv::Mat hann;
  if (hann.rows != side) cv::createHanningWindow(hann, window.size(), CV_32F);
  window = (window - cv::mean(window)).mul(hann);
  cv::dft(window, spectrum, cv::DFT_COMPLEX_OUTPUT);
  std::array<cv::Mat, 2> parts;
  cv::split(spectrum, parts.data());
  cv::Mat power;
  cv::magnitude(parts[0], parts[1], power);
  // Natural faces fall off smoothly with frequency: compare each bin with the median of its ring.
  double strongest = 0;
  std::vector<std::vector<float>> rings(static_cast<std::size_t>(side) / 2);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const int dx = std::min(x, side - x);
      const int dy = std::min(y, side - y);
      const int squared = dx * dx + dy * dy;
      if (squared * 25 < side * side || squared * 4 >= side * side) continue;
      const double radius = std::sqrt(static_cast<double>(squared));
      rings[static_cast<std::size_t>(radius)].push_back(power.at<float>(y, x));
    }
  }
  for (auto& ring : rings) {
    if (ring.size() < 16) continue;
    const auto middle = ring.begin() + static_cast<std::ptrdiff_t>(ring.size() / 2);
    std::nth_element(ring.begin(), middle, ring.end());
    const double median = std::max(*middle, 1.0f);
    strongest = std::max(strongest, *std::max_element(ring.begin(), ring.end()) / median);
  }
  cues.push_back({"recapture_frequency", ramp(strongest, 8, 30)});
  cv::Mat hsv;
  cv::cvtColor(bgr(inside), hsv, cv::COLOR_BGR2HSV);
  cues.push_back({"low_saturation", 1 - ramp(cv::mean(hsv)[1], 8, 35)});
  const double share = face.box.width / static_cast<double>(bgr.cols);
  cues.push_back({"face_scale", std::max(1 - ramp(share, 0.05, 0.15), ramp(share, 0.85, 1.1))});
  return cues;
}

}  // namespace authx::face
