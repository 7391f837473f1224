#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engines/iris/path.h"
#include "engines/iris/segment.h"

namespace authx::iris {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

std::vector<cv::Point> outline(const Contour& c, float scale) {
  std::vector<cv::Point> out(Contour::kAngles);
  for (std::size_t k = 0; k < out.size(); ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles;
    // 4 fractional bits
    out[k] = {cvRound(16 * (c.x + scale * c.radius[k] * std::cos(a))), cvRound(16 * (c.y + scale * c.radius[k] * std::sin(a)))};
  }
  return out;
}

float quantile(std::vector<float>& v, double q) {
  if (v.empty()) return 0;
  const auto at = v.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(v.size() - 1));
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

/// Gray levels of the iris as a plane (illumination is seldom even), seen where lids seldom are: left, right and below.
struct Model {
  float x = 0, y = 0;  ///< where `level` is
  float level = 0, across = 0, down = 0;
  float spread = 1;
  float at(int px, int py) const { return level + across * (static_cast<float>(px) - x) + down * (static_cast<float>(py) - y); }
};

Model model_of(const cv::Mat1f& image, const cv::Mat1b& specular, const Segmentation& s) {
  struct Point {
    float x, y, value;
  };
  std::vector<Point> points;
  for (int k = 0; k < Contour::kAngles; ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, up = -std::sin(a);
    if (up > 0.35f || up < -0.8f) continue;
    const float px = s.pupil.x + s.pupil.at(a) * std::cos(a), py = s.pupil.y + s.pupil.at(a) * std::sin(a);
    const float lx = s.limbus.x + s.limbus.at(a) * std::cos(a), ly = s.limbus.y + s.limbus.at(a) * std::sin(a);
    for (int i = 0; i < 12; ++i) {
      const float t = 0.15f + 0.7f * static_cast<float>(i) / 11;
      const int x = cvRound(px + t * (lx - px)), y = cvRound(py + t * (ly - py));
      if (x < 0 || y < 0 || x >= image.cols || y >= image.rows || specular(y, x) != 0) continue;
      points.push_back({static_cast<float>(x) - s.limbus.x, static_cast<float>(y) - s.limbus.y, image(y, x)});
    }
  }
  Model m{s.limbus.x, s.limbus.y};
  std::vector<float> values;
  for (const Point& p : points) values.push_back(p.value);
  m.level = quantile(values, 0.5);
  const auto residual = [&m](const Point& p) { return p.value - (m.level + m.across * p.x + m.down * p.y); };
  const auto spread = [&] {
    values.clear();
    for (const Point& p : points) values.push_back(std::abs(residual(p)));
    return std::max(1.4826f * quantile(values, 0.5), 4.0f);
  };
  const double radius = s.limbus.mean_radius(), stiffness = 0.05 * static_cast<double>(points.size()) + 1e-6;
  m.spread = spread();
  for (int round = 0; round < 4; ++round) {
    cv::Matx33d normal = cv::Matx33d::diag({1e-6, stiffness, stiffness});
    cv::Vec3d right{0, 0, 0};
    for (const Point& p : points) {
      const double r = residual(p) / (1.5 * m.spread), w = 1 / (1 + r * r);
      const cv::Vec3d b{1, p.x / radius, p.y / radius};
      normal += w * (b * b.t());
      right += w * p.value * b;
    }
    const cv::Vec3d q = normal.inv() * right;
    m.level = static_cast<float>(q[0]), m.across = static_cast<float>(q[1] / radius), m.down = static_cast<float>(q[2] / radius);
    m.spread = spread();
  }
  m.spread = std::clamp(m.spread, 8.0f, 25.0f);
  return m;
}

/// Standard deviation of gray around each pixel, of iris pixels alone: borders are no texture.
cv::Mat1f texture_of(const cv::Mat1f& image, const cv::Mat1b& iris, const Model& model, float radius) {
  const double sigma = std::max(1.0, 0.06 * radius);
  const int margin = std::max(1, cvRound(0.05 * radius));
  cv::Mat1b inside;
  cv::erode(iris, inside, cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * margin + 1, 2 * margin + 1}));
  cv::Mat1f weight, total, deviation(image.size()), mean, square, out;
  inside.convertTo(weight, CV_32F, 1.0 / 255);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) deviation(y, x) = (image(y, x) - model.at(x, y)) * weight(y, x);
  }
  cv::GaussianBlur(weight, total, {}, sigma);
  cv::GaussianBlur(deviation, mean, {}, sigma);
  cv::GaussianBlur(deviation.mul(deviation), square, {}, sigma);
  total += 1e-3f;
  mean /= total, square /= total;
  cv::Mat1f variance = cv::max(square - mean.mul(mean), 0.0f);
  cv::sqrt(variance, out);
  out.setTo(0, total < 0.1f);
  return out;
}

}  // namespace

void mask_occlusions(const EyeImage& eye, Segmentation& s) {
  s.mask = cv::Mat1b(eye.gray.size(), 0);
  s.upper_lid = s.lower_lid = 1;
  // Everything happens within a frame around the iris.
  const float radius = s.limbus.mean_radius();
  const int reach = cvCeil(1.25f * radius);
  const cv::Rect frame =
      cv::Rect{cvRound(s.limbus.x) - reach, cvRound(s.limbus.y) - reach, 2 * reach + 1, 2 * reach + 1} & cv::Rect{{0, 0}, eye.gray.size()};
  if (frame.width < 16 || frame.height < 16) return;
  Segmentation local;
  local.pupil = s.pupil, local.limbus = s.limbus;
  for (Contour* c : {&local.pupil, &local.limbus}) c->x -= static_cast<float>(frame.x), c->y -= static_cast<float>(frame.y);
  const cv::Size size = frame.size();
  const cv::Mat1b specular = eye.specular(frame);
  cv::Mat1b disc(size, 0), pupil(size, 0);
  cv::fillPoly(disc, std::vector{outline(local.limbus, 0.987f)}, cv::Scalar(255), cv::LINE_8, 4);
  cv::fillPoly(pupil, std::vector{outline(local.pupil, 1)}, cv::Scalar(255), cv::LINE_8, 4);
  cv::Mat1f image, even;
  eye.filled(frame).convertTo(image, CV_32F);
  cv::GaussianBlur(image, even, {}, std::max(0.7, 0.015 * radius));
  const Model iris = model_of(even, specular, local);
  const cv::Mat1f texture = texture_of(image, disc & ~pupil & ~specular, iris, radius);

  const int middle = std::clamp(cvRound(local.limbus.y), 1, size.height - 2);
  std::vector<float> below_middle;
  for (int y = middle; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (disc(y, x) != 0 && pupil(y, x) == 0 && texture(y, x) > 0) below_middle.push_back(texture(y, x));
    }
  }
  const float usual = std::max(quantile(below_middle, 0.5), 2.0f);
  // Support for being iris: 1 at the model's gray level, 0 at four spreads from it. Above, lashes show as rough texture.
  const auto support = [&](int x, int y, bool upper) {
    if (pupil(y, x) != 0) return 0.0f;
    const float z = (even(y, x) - iris.at(x, y)) / (4 * iris.spread);
    const float rough = upper ? std::max(0.0f, texture(y, x) / usual - 2.5f) : 0.0f;
    return std::max(1 - z * z - rough, -1.5f);
  };
  // At each column the iris ends at a row: the one with the most support between it and the middle.
  const auto lid = [&](int from, int to, bool upper) {
    const int levels = to - from + 1;
    std::vector<float> gain(static_cast<std::size_t>(size.width * levels));
    for (int x = 0; x < size.width; ++x) {
      float sum = 0;
      for (int i = 0; i < levels; ++i) {
        const int l = upper ? levels - 1 - i : i;
        if (disc(from + l, x) != 0) sum += support(x, from + l, upper);
        gain[static_cast<std::size_t>(x * levels + l)] = sum / radius * 4;
      }
    }
    auto rows = best_path(gain, size.width, levels, 2, 0.06f, false);
    for (int& row : rows) row += from;
    return rows;
  };
  const auto above = lid(0, std::min(middle + static_cast<int>(0.35f * radius), size.height - 1), true);
  const auto below = lid(std::max(middle - static_cast<int>(0.1f * radius), 0), size.height - 1, false);
  const float shadow = 0.06f * radius;  // beneath the upper lid's edge
  double whole = 0, hidden_above = 0, hidden_below = 0;
  cv::Mat1b mask = s.mask(frame);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (disc(y, x) == 0) continue;
      ++whole;
      if (static_cast<float>(y) < static_cast<float>(above[static_cast<std::size_t>(x)]) + shadow)
        ++hidden_above;
      else if (y > below[static_cast<std::size_t>(x)])
        ++hidden_below;
      else if (pupil(y, x) == 0 && specular(y, x) == 0)
        mask(y, x) = 255;
    }
  }
  if (whole > 0) s.upper_lid = static_cast<float>(hidden_above / whole), s.lower_lid = static_cast<float>(hidden_below / whole);

  // Single lashes are darker than the iris; reflections and skin are brighter.
  cv::Mat1f raw;
  eye.gray(frame).convertTo(raw, CV_32F);
  cv::GaussianBlur(raw, raw, {}, 0.6);
  // Above, also where they are thin and only darker than what is around them.
  const int thin = cvRound(0.09f * radius) | 1;
  cv::Mat1f closed;
  cv::morphologyEx(raw, closed, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {2 * thin + 1, 1}));
  for (int y = 0; y < middle; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (pupil(y, x) == 0 && closed(y, x) - raw(y, x) > 1.75f * iris.spread) mask(y, x) = 0;
    }
  }
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const float z = (raw(y, x) - iris.at(x, y)) / iris.spread;
      if (z < -5 || z > 3.5f) mask(y, x) = 0;
    }
  }
}

}  // namespace authx::iris
