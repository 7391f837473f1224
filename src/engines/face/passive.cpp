#include "engines/face/passive.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "engines/face/align.h"

namespace authx::face {
namespace {

double ramp(double value, double none, double full) { return std::clamp((value - none) / (full - none), 0.0, 1.0); }

/// Share of "live" that MiniFASNet gives to the face with `context` times its box around it.
Result<double> live_share(const inference::Model& model, const cv::Mat& bgr, const Box& box, double context) {
  const double scale = std::min({(bgr.cols - 1.0) / box.width, (bgr.rows - 1.0) / box.height, context});
  const double w = box.width * scale, h = box.height * scale;
  const double x = std::clamp(box.x + box.width / 2 - w / 2, 0.0, std::max(0.0, bgr.cols - 1 - w));
  const double y = std::clamp(box.y + box.height / 2 - h / 2, 0.0, std::max(0.0, bgr.rows - 1 - h));
  const cv::Rect region = cv::Rect{static_cast<int>(x), static_cast<int>(y), static_cast<int>(w) + 1, static_cast<int>(h) + 1} &
                          cv::Rect{0, 0, bgr.cols, bgr.rows};
  if (region.width < 2 || region.height < 2) return Error{Errc::internal, "face box outside the picture"};
  cv::Mat crop;
  cv::resize(bgr(region), crop, {80, 80}, 0, 0, cv::INTER_LINEAR);
  AX_TRY(auto run, model.start());
  write_planar(crop, run.input(), {.rgb = false, .mean = {0, 0, 0}, .scale = {1, 1, 1}});
  AX_CHECK(run.execute());
  const auto p = run.output(0).data;
  if (p.size() != 3) return Error{Errc::internal, "liveness: unexpected output"};
  return static_cast<double>(p[1]);
}

}  // namespace

Result<double> passive_score(const inference::Model& near, const inference::Model& wide, const cv::Mat& bgr, const Box& face) {
  AX_TRY(const double a, live_share(near, bgr, face, 2.7));
  AX_TRY(const double b, live_share(wide, bgr, face, 4.0));
  const double raw = std::clamp((a + b) / 2, 1e-4, 1 - 1e-4);
  const double odds = std::clamp(0.5 * std::log(raw / (1 - raw)), -3.0, 3.0);
  return 1 / (1 + std::exp(-odds));
}

std::vector<Liveness::Cue> recapture_cues(const cv::Mat& bgr, const Box& face) {
  std::vector<Liveness::Cue> cues;
  const cv::Rect box{static_cast<int>(face.x), static_cast<int>(face.y), static_cast<int>(face.width), static_cast<int>(face.height)};
  const cv::Rect inside = box & cv::Rect{0, 0, bgr.cols, bgr.rows};
  if (inside.width < 64 || inside.height < 64) return cues;
  // The centre at full resolution: shrinking would remove the raster that is looked for.
  // A multiple of 32 keeps the transform's factors small.
  const int side = std::min({inside.width, inside.height, 256}) / 32 * 32;
  cv::Mat gray, window, spectrum;
  cv::cvtColor(bgr(cv::Rect{inside.x + (inside.width - side) / 2, inside.y + (inside.height - side) / 2, side, side}), gray,
               cv::COLOR_BGR2GRAY);
  gray.convertTo(window, CV_32F);
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
  cv::Mat sample, hsv;
  cv::resize(bgr(inside), sample, {64, 64}, 0, 0, cv::INTER_NEAREST);
  cv::cvtColor(sample, hsv, cv::COLOR_BGR2HSV);
  cues.push_back({"low_saturation", 1 - ramp(cv::mean(hsv)[1], 8, 35)});
  const double share = face.width / static_cast<double>(bgr.cols);
  cues.push_back({"face_scale", std::max(1 - ramp(share, 0.05, 0.15), ramp(share, 0.85, 1.1))});
  return cues;
}

}  // namespace authx::face
