#include "engines/face/active_geometry.h"

#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/face/align.h"

namespace authx::face::active {
namespace {

// Of the small pictures that are found again: half their side, how far they may lie aside and up or down, and what they need around.
constexpr int kHalf = 6, kShift = 14, kSlip = 3, kReach = kHalf + kShift;

// Vertices over bone: neither lids nor lips, and not the outline, whose vertices slide along the head as it turns.
constexpr std::array kRigid{1,   4,   5,   195, 197, 6,   168, 8,   9,   151, 10,  108, 337, 67, 297, 33, 133, 362, 263, 50,
                            280, 205, 425, 117, 346, 118, 347, 101, 330, 36,  266, 48,  278, 64, 294, 98, 327, 199, 175, 152};

cv::Point2d flat(std::span<const Point3> mesh, int v) {
  const auto& p = mesh[static_cast<std::size_t>(v)];
  return {static_cast<double>(p.x), static_cast<double>(p.y)};
}

/// Moves the points' middle to the origin and their mean distance from it to 1 (for the DLT's conditioning).
cv::Matx33d conditioning(const std::vector<cv::Point2d>& points) {
  cv::Point2d mean;
  for (const auto& p : points) mean += p;
  mean /= static_cast<double>(points.size());
  double reach = 0;
  for (const auto& p : points) reach += cv::norm(p - mean);
  const double s = static_cast<double>(points.size()) / std::max(reach, 1e-9);
  return {s, 0, -s * mean.x, 0, s, -s * mean.y, 0, 0, 1};
}

cv::Point2d map(const cv::Matx33d& h, cv::Point2d p) {
  const cv::Vec3d v = h * cv::Vec3d{p.x, p.y, 1};
  return {v[0] / v[2], v[1] / v[2]};
}

/// Root mean square of what the best homography from `a` to `b` leaves (normalised direct linear transform).
double planar_residual(const std::vector<cv::Point2d>& a, const std::vector<cv::Point2d>& b) {
  const auto from = conditioning(a), to = conditioning(b);
  cv::Mat rows(static_cast<int>(2 * a.size()), 9, CV_64F);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto p = map(from, a[i]), q = map(to, b[i]);
    auto* r = rows.ptr<double>(static_cast<int>(2 * i));
    auto* s = rows.ptr<double>(static_cast<int>(2 * i + 1));
    const std::array<double, 9> x{-p.x, -p.y, -1, 0, 0, 0, q.x * p.x, q.x * p.y, q.x};
    const std::array<double, 9> y{0, 0, 0, -p.x, -p.y, -1, q.y * p.x, q.y * p.y, q.y};
    std::ranges::copy(x, r);
    std::ranges::copy(y, s);
  }
  cv::Mat solution;
  cv::SVD::solveZ(rows, solution);
  const cv::Matx33d h = to.inv() * cv::Matx33d{solution.ptr<double>()} * from;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto d = map(h, a[i]) - b[i];
    sum += d.dot(d);
  }
  return std::sqrt(sum / static_cast<double>(a.size()));
}

/// The same of the best affine projection of points in space.
double solid_residual(std::span<const Point3> space, const std::vector<cv::Point2d>& b) {
  const auto n = static_cast<int>(b.size());
  cv::Mat rows(n, 4, CV_64F), seen(n, 2, CV_64F), camera;
  for (int i = 0; i < n; ++i) {
    const auto& p = space[static_cast<std::size_t>(kRigid[static_cast<std::size_t>(i)])];
    const std::array<double, 4> x{static_cast<double>(p.x), static_cast<double>(p.y), static_cast<double>(p.z), 1};
    std::ranges::copy(x, rows.ptr<double>(i));
    seen.at<double>(i, 0) = b[static_cast<std::size_t>(i)].x, seen.at<double>(i, 1) = b[static_cast<std::size_t>(i)].y;
  }
  cv::solve(rows, seen, camera, cv::DECOMP_SVD);
  return cv::norm(rows * camera, seen, cv::NORM_L2) / std::sqrt(static_cast<double>(n));
}

struct NoseShift {
  double midline = 0, cheeks = 0;
};
/// Where the nose tip lies against its neighbours, along the line through the eyes, in eye distances.
NoseShift nose_against(std::span<const Point3> mesh) {
  const auto left = flat(mesh, 33), right = flat(mesh, 263);
  // Along the image of the face's own level axis, which a turn shortens but does not tilt.
  cv::Point2d axis = right - left;
  axis /= std::max(cv::norm(axis), 1e-9);
  const double unit = std::max(eye_distance(mesh), 1e-9);
  const auto along = [&](int v) { return flat(mesh, v).dot(axis) / unit; };
  const double nose = (along(1) + along(4)) / 2;
  const double midline = (along(10) + along(151) + along(168) + along(152) + along(199)) / 5;
  const double cheeks = (along(50) + along(280) + along(205) + along(425)) / 4;
  return {nose - midline, nose - cheeks};
}

}  // namespace

std::optional<LookLay> look_lay(std::span<const Point3> mesh) noexcept {
  if (mesh.size() < 468) return std::nullopt;
  const cv::Point2d left = flat(mesh, 33), right = flat(mesh, 263), mouth = (flat(mesh, 13) + flat(mesh, 14)) / 2;
  const cv::Point2d middle = (left + right) / 2;
  const double eyes = cv::norm(right - left);
  const cv::Point2d across = (right - left) / std::max(eyes, 1e-6), down{-across.y, across.x};
  const double drop = (mouth - middle).dot(down);
  if (!(eyes >= 8) || !(drop >= 4)) return std::nullopt;
  return LookLay{middle.x, middle.y, across.x, across.y, kLookEyes / eyes, kLookDrop / drop};
}

Point LookLay::to_frame(Point in_look) const noexcept {
  const double u = (static_cast<double>(in_look.x) - kLookWidth / 2.0) / sx, v = (static_cast<double>(in_look.y) - kLookTop) / sy;
  return {static_cast<float>(x + u * ax - v * ay), static_cast<float>(y + u * ay + v * ax)};
}

Point LookLay::to_look(Point in_frame) const noexcept {
  const double dx = static_cast<double>(in_frame.x) - x, dy = static_cast<double>(in_frame.y) - y;
  return {static_cast<float>(kLookWidth / 2.0 + (dx * ax + dy * ay) * sx), static_cast<float>(kLookTop + (dy * ax - dx * ay) * sy)};
}

Relief::Relief(const Look& straight, std::span<const Point3> mesh) : straight_(straight) {
  const auto lay = look_lay(mesh);
  if (!lay) return;
  std::vector<cv::Point3d> points;  // in the look's pixels; depth in eye distances
  for (const auto& p : mesh) {
    const auto q = lay->to_look({p.x, p.y});
    points.emplace_back(static_cast<double>(q.x), static_cast<double>(q.y), static_cast<double>(p.z) * lay->sx / kLookEyes);
  }
  const cv::Mat look(kLookHeight, kLookWidth, CV_8UC1, straight_.data());
  constexpr int kStep = 6, kAcross = 36;
  for (int y = 18; y < kLookHeight - 12; y += kStep)
    for (int x = kLookWidth / 2 - kAcross; x <= kLookWidth / 2 + kAcross; x += kStep) {
      if (x < kReach || x >= kLookWidth - kReach) continue;
      double depth = 0, weight = 0;
      for (const auto& p : points) {
        const double w = std::exp(-(std::pow(p.x - x, 2) + std::pow(p.y - y, 2)) / 32);
        depth += w * p.z, weight += w;
      }
      if (weight < 0.3) continue;  // beside the face
      cv::Scalar mean, deviation;
      cv::meanStdDev(look({x - kHalf, y - kHalf, 2 * kHalf + 1, 2 * kHalf + 1}), mean, deviation);
      if (deviation[0] >= 6) patches_.push_back({x, y, -depth / weight});
    }
}

void Relief::add(const Look& turned, double yaw) {
  if (std::abs(yaw) < 9 || std::abs(yaw) > 32) return;
  const cv::Mat a(kLookHeight, kLookWidth, CV_8UC1, straight_.data());
  const cv::Mat b(kLookHeight, kLookWidth, CV_8UC1, const_cast<std::uint8_t*>(turned.data()));
  std::vector<std::array<double, 6>> places;
  std::vector<double> nearness, moved, sharpness;
  for (const auto& p : patches_) {
    const cv::Rect window{p.x - kHalf - kShift, p.y - kHalf - kSlip, 2 * (kHalf + kShift) + 1, 2 * (kHalf + kSlip) + 1};
    if ((window & cv::Rect{0, 0, kLookWidth, kLookHeight}) != window) continue;
    cv::Mat found;
    cv::matchTemplate(b(window), a({p.x - kHalf, p.y - kHalf, 2 * kHalf + 1, 2 * kHalf + 1}), found, cv::TM_CCOEFF_NORMED);
    double best = 0;
    cv::Point at;
    cv::minMaxLoc(found, nullptr, &best, nullptr, &at);
    if (!(best >= 0.6) || at.x == 0 || at.x == found.cols - 1) continue;
    const double l = static_cast<double>(found.at<float>(at.y, at.x - 1)), r = static_cast<double>(found.at<float>(at.y, at.x + 1));
    const double curve = l - 2 * best + r;
    moved.push_back((at.x - kShift + (curve < 0 ? std::clamp(0.5 * (l - r) / curve, -0.5, 0.5) : 0.0)) / kLookEyes);
    const double u = (p.x - kLookWidth / 2.0) / kLookEyes, v = (p.y - kLookTop - kLookDrop / 2) / kLookEyes;
    places.push_back({1, u, v, u * u, u * v, v * v});
    nearness.push_back(p.nearness);
    sharpness.push_back(-curve);
  }
  const auto n = static_cast<int>(moved.size());
  if (n < 16) return;
  auto sorted = sharpness;
  std::ranges::nth_element(sorted, sorted.begin() + n / 2);
  const double usual = std::max(sorted[static_cast<std::size_t>(n / 2)], 1e-6);
  std::vector<double> trust, weight;
  for (const double s : sharpness) trust.push_back(std::clamp(s / usual, 0.1, 1.5));
  weight = trust;
  cv::Mat left;  // of nearness and movement, what no polynomial explains
  for (int round = 0; round < 6; ++round) {
    cv::Mat polynomial(n, 6, CV_64F), seen(n, 2, CV_64F), coefficients;
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double w = std::sqrt(weight[k]);
      for (int c = 0; c < 6; ++c) polynomial.at<double>(i, c) = w * places[k][static_cast<std::size_t>(c)];
      seen.at<double>(i, 0) = w * nearness[k], seen.at<double>(i, 1) = w * moved[k];
    }
    if (!cv::solve(polynomial, seen, coefficients, cv::DECOMP_QR)) return;
    left = seen - polynomial * coefficients;
    const cv::Mat depth = left.col(0), motion = left.col(1);
    const double squares = depth.dot(depth);
    if (!(squares > 1e-9)) return;
    const double slope = depth.dot(motion) / squares;
    std::vector<double> rest, sizes;
    for (int i = 0; i < n; ++i) {
      rest.push_back((motion.at<double>(i) - slope * depth.at<double>(i)) / std::sqrt(weight[static_cast<std::size_t>(i)]));
      sizes.push_back(std::abs(rest.back()));
    }
    const auto half = sizes.begin() + n / 2;
    std::ranges::nth_element(sizes, half);
    const double scale = 2 * (1.4826 * *half + 0.004);
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = trust[i] / (1 + std::pow(rest[i] / scale, 2));
  }
  const double t = std::tan(yaw * std::numbers::pi / 180);
  constexpr double kFade = 4;  // degrees
  const double relied = std::exp(-std::pow(std::max(0.0, std::abs(yaw) - kRelied) / kFade, 2));
  along_ += relied * t * left.col(0).dot(left.col(1));
  length_ += relied * t * t * left.col(0).dot(left.col(0));
  ++counted_;
}

std::optional<double> Relief::factor() const {
  if (counted_ < 2 || !(length_ > 0)) return std::nullopt;
  return along_ / length_;
}

double eye_distance(std::span<const Point3> mesh) {
  const auto &l = mesh[33], &r = mesh[263];
  return std::hypot(l.x - r.x, l.y - r.y, l.z - r.z);
}

double mouth_width(std::span<const Point3> mesh) {
  const auto &l = mesh[61], &r = mesh[291];
  return static_cast<double>(std::hypot(l.x - r.x, l.y - r.y, l.z - r.z)) / std::max(eye_distance(mesh), 1e-9);
}

Point middle(std::span<const Point3> mesh) {
  Point sum;
  for (const auto& p : mesh) sum.x += p.x, sum.y += p.y;
  const auto n = static_cast<float>(std::max<std::size_t>(mesh.size(), 1));
  return {sum.x / n, sum.y / n};
}

Point rigid_middle(std::span<const Point3> mesh) {
  Point sum;
  for (const int v : kRigid) sum.x += mesh[static_cast<std::size_t>(v)].x, sum.y += mesh[static_cast<std::size_t>(v)].y;
  constexpr auto kCount = static_cast<float>(kRigid.size());
  return {sum.x / kCount, sum.y / kCount};
}

double spread(std::span<const Point3> mesh) {
  double x = 0, y = 0, z = 0, sum = 0;
  for (const auto& p : mesh) x += static_cast<double>(p.x), y += static_cast<double>(p.y), z += static_cast<double>(p.z);
  const double n = std::max<double>(static_cast<double>(mesh.size()), 1);
  for (const auto& p : mesh)
    sum += std::hypot(static_cast<double>(p.x) - x / n, static_cast<double>(p.y) - y / n, static_cast<double>(p.z) - z / n);
  return sum / n;
}

std::vector<Point3> mean_mesh(std::span<const std::span<const Point3>> meshes) {
  if (meshes.empty()) return {};
  const auto points = [](std::span<const Point3> mesh) {
    std::vector<Point> out;
    for (const auto& p : mesh) out.push_back({p.x, p.y});
    return out;
  };
  const auto goal = points(meshes.front());
  std::vector<Point3> sum(goal.size());
  float used = 0;
  for (const auto& mesh : meshes) {
    const auto own = points(mesh);
    const auto lay = own.size() == goal.size() ? fit_similarity(own, goal) : std::nullopt;
    if (!lay) continue;
    ++used;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto p = (*lay)(own[i]);
      sum[i].x += p.x, sum[i].y += p.y, sum[i].z += mesh[i].z * static_cast<float>(lay->scale());
    }
  }
  if (used == 0) return {};
  for (auto& p : sum) p = {p.x / used, p.y / used, p.z / used};
  return sum;
}

std::optional<Turn> compare_turn(std::span<const Point3> straight, std::span<const Point3> turned, double yaw) {
  if (straight.size() < 468 || turned.size() < 468) return std::nullopt;
  const double unit = eye_distance(turned), angle = yaw * std::numbers::pi / 180;
  if (!(unit > 1) || !(eye_distance(straight) > 1) || !(std::abs(angle) > 0.05)) return std::nullopt;
  std::vector<cv::Point2d> a, b;
  for (const int v : kRigid) a.push_back(flat(straight, v)), b.push_back(flat(turned, v));
  Turn out;
  out.planar_residual = planar_residual(a, b) / unit;
  out.solid_residual = solid_residual(straight, b) / unit;
  const auto before = nose_against(straight), after = nose_against(turned);
  out.against_midline = (after.midline - before.midline * std::cos(angle)) / std::sin(angle);
  out.against_cheeks = (after.cheeks - before.cheeks * std::cos(angle)) / std::sin(angle);
  if (!std::isfinite(out.planar_residual) || !std::isfinite(out.solid_residual) || !std::isfinite(out.against_midline) ||
      !std::isfinite(out.against_cheeks))
    return std::nullopt;
  return out;
}

}  // namespace authx::face::active
