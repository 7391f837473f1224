#include "engines/face/occlusion.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace authx::face {
namespace {

double ramp(double value, double none, double full) { return std::clamp((value - none) / (full - none), 0.0, 1.0); }

struct Patch {
  cv::Scalar mean;  ///< Y, Cr, Cb
  double spread = 0;
  bool inside = false;
};

class Patches {
 public:
  Patches(const cv::Mat& crop, const Similarity& to_crop, const Geometry& g) : to_crop_(to_crop), mesh_(g.mesh) {
    cv::cvtColor(crop, ycc_, cv::COLOR_BGR2YCrCb);
    unit_ = std::hypot(at(33).x - at(263).x, at(33).y - at(263).y);
  }

  Point at(std::size_t vertex) const { return to_crop_(Point{mesh_[vertex].x, mesh_[vertex].y}); }

  /// A patch around a point, its sides in shares of the distance of the outer eye corners.
  Patch around(Point p, double width, double height) const {
    const double w = std::max(width * unit_, 4.0), h = std::max(height * unit_, 4.0);
    const cv::Rect wanted{static_cast<int>(std::lround(p.x - w / 2)), static_cast<int>(std::lround(p.y - h / 2)),
                          static_cast<int>(std::lround(w)), static_cast<int>(std::lround(h))};
    const cv::Rect r = wanted & cv::Rect{0, 0, ycc_.cols, ycc_.rows};
    if (r.area() * 2 < wanted.area() || r.area() < 9) return {};
    Patch patch;
    cv::Scalar spread;
    cv::meanStdDev(ycc_(r), patch.mean, spread);
    patch.spread = spread[0];
    patch.inside = true;
    return patch;
  }
  Patch around(std::size_t vertex, double side) const { return around(at(vertex), side, side); }

 private:
  cv::Mat ycc_;
  Similarity to_crop_;
  const std::vector<Point3>& mesh_;
  double unit_ = 1;
};

Point middle(Point a, Point b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

/// Colour counts more than brightness, which shadows change.
double difference(const Patch& a, const Patch& b) {
  return std::hypot(0.5 * (a.mean[0] - b.mean[0]), 2.0 * (a.mean[1] - b.mean[1]), 2.0 * (a.mean[2] - b.mean[2]));
}

}  // namespace

Occlusion measure_occlusion(const cv::Mat& crop, const Similarity& to_crop, const Geometry& geometry) {
  Occlusion out;
  if (geometry.mesh.empty() || std::abs(geometry.pose.yaw) > 40) return out;
  const Patches patches{crop, to_crop, geometry};
  const auto left_cheek = patches.around(50, 0.18), right_cheek = patches.around(280, 0.18);
  const auto left_eye = patches.around(middle(patches.at(33), patches.at(133)), 0.36, 0.24);
  const auto right_eye = patches.around(middle(patches.at(263), patches.at(362)), 0.36, 0.24);
  if (left_cheek.inside && right_cheek.inside && left_eye.inside && right_eye.inside) {
    const auto hidden = [](const Patch& eye, const Patch& cheek) {
      const double dark = ramp(eye.mean[0] / std::max(cheek.mean[0], 8.0), 0.55, 0.35);
      const double plain = ramp(eye.spread / std::max(cheek.mean[0], 8.0), 0.22, 0.12);
      return std::min(dark, plain);
    };
    out.eyes = std::min(hidden(left_eye, left_cheek), hidden(right_eye, right_cheek));
  }
  const auto bridge = patches.around(6, 0.12), forehead = patches.around(9, 0.16);
  if (!bridge.inside || !forehead.inside) return out;
  double lower = 1;
  for (const std::size_t vertex : {4, 0, 17, 205, 425, 199}) {
    const auto patch = patches.around(vertex, 0.14);
    if (!patch.inside) return out;
    lower = std::min(lower, ramp(std::min(difference(patch, bridge), difference(patch, forehead)), 25, 45));
  }
  out.lower = lower;
  return out;
}

}  // namespace authx::face
