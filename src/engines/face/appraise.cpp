#include "engines/face/appraise.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "engines/face/occlusion.h"

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

/// Spread of brightness beside and above the head, the shoulders left out.
double background_of(const cv::Mat& bgr, const Box& face) {
  const int w = static_cast<int>(face.width), h = static_cast<int>(face.height), x = static_cast<int>(face.x), y = static_cast<int>(face.y);
  const cv::Rect picture{0, 0, bgr.cols, bgr.rows};
  double busiest = 0;
  for (const cv::Rect wanted : {cv::Rect{x - w, y - h / 2, w / 2, h}, cv::Rect{x + w + w / 2, y - h / 2, w / 2, h}}) {
    const cv::Rect r = wanted & picture;
    if (r.width < 8 || r.height < 8) continue;
    cv::Mat small, gray;
    cv::resize(bgr(r), small, {24, 48}, 0, 0, cv::INTER_NEAREST);
    cv::cvtColor(small, gray, cv::COLOR_BGR2GRAY);
    cv::Scalar mean, spread;
    cv::meanStdDev(gray, mean, spread);
    busiest = std::max(busiest, spread[0]);
  }
  return 1 - ramp(busiest, 12, 60);
}

/// Steps across the borders of JPEG's 8 x 8 blocks against steps within them, on the face at full resolution. Says
/// nothing of pictures that were scaled after compression.
double compression_of(const cv::Mat& bgr, const Box& face) {
  cv::Rect r = cv::Rect{static_cast<int>(face.x), static_cast<int>(face.y), static_cast<int>(face.width), static_cast<int>(face.height)} &
               cv::Rect{0, 0, bgr.cols, bgr.rows};
  r.width = std::min(r.width, 256), r.height = std::min(r.height, 256);
  if (r.width < 40 || r.height < 40) return 1;
  cv::Mat gray;
  cv::cvtColor(bgr(r), gray, cv::COLOR_BGR2GRAY);
  std::array<double, 8> steps{};
  std::array<int, 8> counts{};
  for (int y = 0; y < gray.rows; y += 2) {
    const std::uint8_t* row = gray.ptr(y);
    for (int x = 1; x < gray.cols; ++x) {
      const auto phase = static_cast<std::size_t>((r.x + x) % 8);
      steps[phase] += std::abs(row[x] - row[x - 1]);
      ++counts[phase];
    }
  }
  double inner = 0;
  for (std::size_t p = 1; p < 8; ++p) inner += steps[p] / counts[p] / 7;
  return 1 - ramp(steps[0] / counts[0] / std::max(inner, 0.5), 1.25, 2.5);
}

}  // namespace

Quality appraise(const Portrayal& portrayal, const QualityLimits& limits, bool surroundings) {
  const auto& [picture, crop, to_crop, face, geometry] = portrayal;
  Quality q;
  q.inter_eye_px = std::hypot(face.points[1].x - face.points[0].x, face.points[1].y - face.points[0].y);
  cv::Mat gray;
  cv::cvtColor(crop, gray, cv::COLOR_BGR2GRAY);
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
  const Occlusion hidden = measure_occlusion(crop, to_crop, geometry);
  q.openness = 1 - std::max(hidden.eyes, hidden.lower);
  if (!geometry.mesh.empty()) {
    q.expression = std::min(1 - ramp(geometry.mouth_openness, 0.15, 0.7), hidden.eyes > 0.5 ? 1.0 : ramp(geometry.eye_openness, 0.08, 0.2));
  }
  if (surroundings) {
    q.background = background_of(picture, face.box);
    q.compression = compression_of(picture, face.box);
  }
  const auto floor = [](double v) { return std::max(v, 0.01); };
  q.score = std::exp((2 * std::log(floor(q.sharpness)) + std::log(floor(q.exposure)) + std::log(floor(q.contrast)) +
                      0.5 * std::log(floor(q.evenness)) + 1.5 * std::log(floor(q.resolution)) + 2 * std::log(floor(q.frontality)) +
                      2 * std::log(floor(q.openness)) + 0.25 * std::log(floor(q.expression))) /
                     10.25);

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
        b.x < -margin || b.y < -margin || b.x + b.width > static_cast<float>(picture.cols) + margin ||
            b.y + b.height > static_cast<float>(picture.rows) + margin,
        false);
  raise(QualityIssue::blurred, q.sharpness < limits.min_sharpness, true);
  raise(QualityIssue::too_dark, mean[0] < 40, true);
  raise(QualityIssue::too_bright, mean[0] > 225, true);
  raise(QualityIssue::low_contrast, spread[0] < 14, true);
  raise(QualityIssue::uneven_light, q.evenness < 0.1, false);
  raise(QualityIssue::turned_away, yaw > limits.max_yaw || pitch > limits.max_pitch, true);
  raise(QualityIssue::tilted, roll > limits.max_roll, false);
  raise(QualityIssue::eyes_closed, limits.judge_eyes && !geometry.mesh.empty() && geometry.eye_openness < 0.14f, false);
  raise(QualityIssue::mouth_open, limits.judge_eyes && !geometry.mesh.empty() && geometry.mouth_openness > 0.55f, false);
  raise(QualityIssue::sunglasses, hidden.eyes > 0.7, true);
  raise(QualityIssue::mask, hidden.lower > 0.7, true);
  raise(QualityIssue::compressed, q.compression < 0.2, false);
  q.acceptable = usable_for_matching;
  return q;
}

}  // namespace authx::face
