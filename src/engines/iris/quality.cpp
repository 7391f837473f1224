#include "engines/iris/quality.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace authx::iris {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

double ramp(double v, double from, double to) { return std::clamp((v - from) / (to - from), 0.0, 1.0); }

double median(std::vector<float>& v) {
  if (v.empty()) return 0;
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

/// Gray levels on rings: `part` of the way from the pupil's to the limbus' border, at the sides where lids seldom are.
double ring_level(const EyeImage& eye, const Segmentation& s, float from, float to) {
  std::vector<float> levels;
  for (int k = 0; k < 360; k += 3) {
    const float a = static_cast<float>(k) * kPi / 180;
    if (std::abs(std::sin(a)) > 0.6f) continue;
    const float px = s.pupil.x + s.pupil.at(a) * std::cos(a), py = s.pupil.y + s.pupil.at(a) * std::sin(a);
    const float lx = s.limbus.x + s.limbus.at(a) * std::cos(a), ly = s.limbus.y + s.limbus.at(a) * std::sin(a);
    for (int i = 0; i < 4; ++i) {
      const float t = from + (to - from) * static_cast<float>(i) / 3;
      const int x = cvRound(px + t * (lx - px)), y = cvRound(py + t * (ly - py));
      if (x >= 0 && y >= 0 && x < eye.gray.cols && y < eye.gray.rows && eye.specular(y, x) == 0) levels.push_back(eye.gray(y, x));
    }
  }
  return median(levels);
}

double pupil_level(const EyeImage& eye, const Segmentation& s) {
  std::vector<float> levels;
  for (int k = 0; k < 360; k += 6) {
    const float a = static_cast<float>(k) * kPi / 180;
    for (const float t : {0.2f, 0.5f, 0.8f}) {
      const int x = cvRound(s.pupil.x + t * s.pupil.at(a) * std::cos(a)), y = cvRound(s.pupil.y + t * s.pupil.at(a) * std::sin(a));
      if (x >= 0 && y >= 0 && x < eye.gray.cols && y < eye.gray.rows && eye.specular(y, x) == 0) levels.push_back(eye.gray(y, x));
    }
  }
  return median(levels);
}

/// 100 for a circle, less by the share of the radius that its Fourier coefficients beyond the mean make up.
double circularity(const Contour& c) {
  double power = 0;
  for (int h = 1; h <= 12; ++h) {
    double re = 0, im = 0;
    for (int k = 0; k < Contour::kAngles; ++k) {
      const double a = 2 * std::numbers::pi * h * k / Contour::kAngles, r = c.radius[static_cast<std::size_t>(k)];
      re += r * std::cos(a), im += r * std::sin(a);
    }
    power += 2 * (re * re + im * im) / (Contour::kAngles * Contour::kAngles);
  }
  return 100 * std::max(0.0, 1 - 4 * std::sqrt(power) / std::max(1.0f, c.mean_radius()));
}

cv::Rect frame_of(const EyeImage& eye, const Segmentation& s) {
  const int r = cvRound(s.limbus.mean_radius());
  return cv::Rect{cvRound(s.limbus.x) - r, cvRound(s.limbus.y) - r, 2 * r + 1, 2 * r + 1} & cv::Rect{{0, 0}, eye.gray.size()};
}

/// Share of high spatial frequencies: response of a Laplacian of a Gaussian in the usable iris, saturating.
double sharpness(const EyeImage& eye, const Segmentation& s) {
  const cv::Rect frame = frame_of(eye, s);
  cv::Mat1f image, smooth, response;
  eye.filled(frame).convertTo(image, CV_32F);
  cv::GaussianBlur(image, smooth, {}, 1.4);
  cv::Laplacian(smooth, response, CV_32F, 3);
  cv::Mat1b inside;
  cv::erode(s.mask(frame), inside, cv::getStructuringElement(cv::MORPH_RECT, {9, 9}));
  if (cv::countNonZero(inside) < 50) return 0;
  const double power = cv::mean(response.mul(response), inside)[0];
  return 100 * power / (power + 12);
}

}  // namespace

Quality appraise(const EyeImage& eye, const Segmentation& s) {
  Quality q;
  const double radius = s.limbus.mean_radius(), pupil = s.pupil.mean_radius();
  const double annulus = std::numbers::pi * (radius * radius - pupil * pupil);
  q.usable_iris_area = std::min(100.0, 100 * cv::countNonZero(s.mask) / std::max(1.0, annulus));
  const double iris = ring_level(eye, s, 0.3f, 0.8f), sclera = ring_level(eye, s, 1.15f, 1.35f), dark = pupil_level(eye, s);
  if (sclera > iris && iris > dark) q.iris_sclera_contrast = 100 * (sclera - iris) / (sclera + iris - 2 * dark);
  const double weber = std::max(0.0, iris - dark) / (20 + dark);
  q.iris_pupil_contrast = 100 * weber / (0.75 + weber);
  q.pupil_circularity = circularity(s.pupil);
  std::array<double, 256> histogram{};
  double n = 0;
  for (int y = 0; y < eye.gray.rows; ++y) {
    for (int x = 0; x < eye.gray.cols; ++x) ++histogram[eye.gray(y, x)], ++n;
  }
  for (const double h : histogram) q.gray_level_utilisation -= h > 0 ? h / n * std::log2(h / n) : 0;
  q.iris_radius = radius / eye.scale;
  q.pupil_iris_ratio = 100 * pupil / radius;
  q.iris_pupil_concentricity = 100 * std::max(0.0, 1 - std::hypot(s.pupil.x - s.limbus.x, s.pupil.y - s.limbus.y) / radius);
  const double sides = std::min<double>(s.limbus.x, static_cast<double>(eye.gray.cols) - s.limbus.x) / radius - 1;
  const double ends = std::min<double>(s.limbus.y, static_cast<double>(eye.gray.rows) - s.limbus.y) / radius - 1;
  q.margin_adequacy = 100 * std::min(ramp(sides, 0, 0.6), ramp(ends, 0, 0.2));
  q.sharpness = sharpness(eye, s);

  // How much iris there is bounds the result; the rest says how far it can be trusted.
  const double content = ramp(q.usable_iris_area, 10, 70) * ramp(q.iris_radius, 20, 60);
  const double trust = (ramp(q.iris_pupil_contrast, 15, 45) + ramp(q.iris_sclera_contrast, 3, 15) + ramp(q.pupil_circularity, 40, 85) +
                        ramp(q.sharpness, 10, 60) + ramp(s.confidence, 0.4, 0.9)) /
                       5;
  q.score = static_cast<int>(std::lround(100 * std::sqrt(content) * trust));

  if (q.usable_iris_area < 50) q.issues.push_back(Issue::occluded);
  if (q.iris_radius < 50) q.issues.push_back(Issue::too_small);
  if (q.iris_pupil_contrast < 20 || q.iris_sclera_contrast < 4) q.issues.push_back(Issue::low_contrast);
  if (q.sharpness < 15) q.issues.push_back(Issue::blurred);
  if (q.pupil_iris_ratio < 20 || q.pupil_iris_ratio > 70) q.issues.push_back(Issue::extreme_pupil);
  if (q.margin_adequacy < 20) q.issues.push_back(Issue::off_centre);
  if (q.pupil_circularity < 50) q.issues.push_back(Issue::irregular_pupil);
  if (q.gray_level_utilisation < 5) q.issues.push_back(Issue::poor_gray_levels);
  return q;
}

std::vector<Cue> presentation_cues(const EyeImage& eye, const Segmentation& s, const Sheet& sheet) {
  // A printer's raster is an isolated line in the spectrum, at periods finer than an iris' texture.
  double raster = 0;
  constexpr int kSide = 128;
  const cv::Rect frame = cv::Rect{cvRound(s.limbus.x) - kSide / 2, cvRound(s.limbus.y) - kSide / 2, kSide, kSide};
  if ((frame & cv::Rect{{0, 0}, eye.gray.size()}) == frame) {
    cv::Mat1f patch, smooth, spectrum;
    eye.filled(frame).convertTo(patch, CV_32F);
    cv::GaussianBlur(patch, smooth, {}, 2);
    patch -= smooth;
    cv::Mat1f window;
    cv::createHanningWindow(window, patch.size(), CV_32F);
    patch = patch.mul(window);
    cv::Mat2f complex;
    cv::dft(patch, complex, cv::DFT_COMPLEX_OUTPUT);
    std::vector<float> ring;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x <= kSide / 2; ++x) {
        const int fy = y > kSide / 2 ? y - kSide : y, square = fy * fy + x * x;
        if (square >= 30 * 30 && square <= 62 * 62) ring.push_back(std::hypot(complex(y, x)[0], complex(y, x)[1]));
      }
    }
    const double usual = median(ring);
    raster = ramp(*std::ranges::max_element(ring) / std::max(usual, 1e-3), 15, 50);
  }

  // Lamps are mirrored in the cornea; paper mirrors none.
  const int reach = cvRound(s.limbus.mean_radius() * 1.1f);
  const cv::Rect around =
      cv::Rect{cvRound(s.limbus.x) - reach, cvRound(s.limbus.y) - reach, 2 * reach + 1, 2 * reach + 1} & cv::Rect{{0, 0}, eye.gray.size()};
  const double specular = around.empty() ? 0 : cv::countNonZero(eye.specular(around));

  // A pupil is the darkest thing around, nearly round and without texture of its own.
  const double iris = ring_level(eye, s, 0.3f, 0.8f), dark = pupil_level(eye, s);
  const double flat = eye.light == Light::visible ? 0 : 1 - ramp((iris - dark) / (20 + dark), 0.1, 0.4);
  const double pupil = std::max(flat, 1 - ramp(circularity(s.pupil), 10, 40));

  // Printed lenses carry a coarse pattern of strong contrast in the outer iris and leave the inner one as it is.
  const auto contrast = [&](int from, int to) {
    std::vector<float> steps;
    for (int r = from; r < to; ++r) {
      for (int c = 0; c + 4 < Sheet::kColumns; ++c) {
        if (sheet.usable(r, c) > 0.9f && sheet.usable(r, c + 4) > 0.9f) steps.push_back(std::abs(sheet.gray(r, c + 4) - sheet.gray(r, c)));
      }
    }
    return steps.size() < 500 ? 0.0 : median(steps);
  };
  const double inner = contrast(4, 20), outer = contrast(28, 58);
  const double lens = inner > 0 ? ramp(outer / std::max(inner, 1.0), 2.5, 6) * ramp(outer, 6, 14) : 0;
  return {{"print_raster", raster}, {"no_specular", specular < 4 ? 1.0 : 0.0}, {"implausible_pupil", pupil}, {"lens_pattern", lens}};
}

}  // namespace authx::iris
