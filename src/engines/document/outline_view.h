#pragma once

#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <optional>

#include "engines/document/outline_lines.h"

namespace authx::document::outline {

/// A camera of usual field of view, its focal length assumed: what straight sides on its picture are in space.
class View {
 public:
  explicit View(cv::Size size) : size_(size), focal_(1.15 * std::max(size.width, size.height)) {}

  /// In units of the focal length, about the picture's middle.
  cv::Vec3d ray(cv::Point2d p) const { return {(p.x - size_.width / 2.0) / focal_, (p.y - size_.height / 2.0) / focal_, 1}; }
  /// The plane through the line and the camera.
  cv::Vec3d plane(const Line& l) const {
    const cv::Point2d foot(l.rho * l.cos, l.rho * l.sin);
    return ray(foot).cross(ray(foot + cv::Point2d(-l.sin, l.cos) * 100));
  }
  cv::Point2d on_picture(const cv::Vec3d& v) const {
    return {v[0] / v[2] * focal_ + size_.width / 2.0, v[1] / v[2] * focal_ + size_.height / 2.0};
  }

  /// a and c are opposite sides of a rectangle and b is at right angles to them: where the line through `p` on a, parallel to b in space,
  /// meets c.
  std::optional<cv::Point2d> other_end(const Line& a, const Line& c, const Line& b, cv::Point2d p) const {
    const cv::Vec3d line_c = plane(c);
    const cv::Vec3d vanish = plane(b).cross(plane(a).cross(line_c));
    if (cv::norm(vanish) < 1e-12) return std::nullopt;
    const cv::Vec3d q = ray(p).cross(vanish).cross(line_c);
    if (std::abs(q[2]) < 1e-9) return std::nullopt;
    return on_picture(q);
  }

  /// First side by second of a rectangle (Zhang and He, 2007, with the focal length assumed).
  double ratio(const std::array<cv::Point2d, 4>& p) const {
    std::array<cv::Vec3d, 4> m;
    for (std::size_t i = 0; i < 4; ++i) m[i] = ray(p[i]);
    const double k2 = m[0].cross(m[2]).dot(m[3]) / m[1].cross(m[2]).dot(m[3]);
    const double k3 = m[0].cross(m[2]).dot(m[1]) / m[3].cross(m[2]).dot(m[1]);
    const double w = cv::norm(m[1] * k2 - m[0]);
    const double h = cv::norm(m[3] * k3 - m[0]);
    return w > 1e-9 && h > 1e-9 ? w / h : 99;
  }

  /// The longer of the two by the shorter.
  double true_aspect(const std::array<cv::Point2d, 4>& p) const {
    const double r = ratio(p);
    return r >= 1 ? r : 1 / r;
  }

 private:
  cv::Size size_;
  double focal_;
};

}  // namespace authx::document::outline
