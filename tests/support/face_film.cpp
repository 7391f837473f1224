#include "support/face_film.h"

#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <utility>

#include "imaging/geometry.h"
#include "imaging/mat.h"

namespace authx::film {
namespace {

using face::active::Action;

constexpr double kRadians = std::numbers::pi / 180;
constexpr double kDistance = 8;  ///< of the camera, in eye distances (63 mm)
constexpr double kPivot = 0.9;   ///< of the turn, behind the middle of the face

// The rims of the upper and the lower lid from one corner to the other, image-left first.
constexpr int kRim = 9;
constexpr std::array<std::array<int, kRim>, 2> kUpperLids{
    {{33, 246, 161, 160, 159, 158, 157, 173, 133}, {362, 398, 384, 385, 386, 387, 388, 466, 263}}};
constexpr std::array<std::array<int, kRim>, 2> kLowerLids{
    {{33, 7, 163, 144, 145, 153, 154, 155, 133}, {362, 382, 381, 380, 374, 373, 390, 249, 263}}};
// Around the eyes and the lips: what an attacker cuts out of a print.
constexpr std::array kEyesAndMouth{33,  246, 161, 160, 159, 158, 157, 173, 133, 7,   163, 144, 145, 153, 154, 155, 362, 398,
                                   384, 385, 386, 387, 388, 466, 263, 382, 381, 380, 374, 373, 390, 249, 61,  146, 91,  181,
                                   84,  17,  314, 405, 321, 375, 291, 185, 40,  39,  37,  0,   267, 269, 270, 409, 78,  95,
                                   88,  178, 87,  14,  317, 402, 318, 324, 308, 191, 80,  81,  82,  13,  312, 311, 310, 415};

/// Draws the lids over the eyes of `photo` in `onto`, `closed` 0..1: the skin above the eye is drawn down to the lid's edge, which
/// carries the lashes, and what lies under it is covered and not squeezed.
void draw_lids(const cv::Mat& photo, const std::vector<face::Point3>& mesh, double closed, cv::Mat& onto) {
  for (std::size_t e = 0; e < 2; ++e) {
    const auto at = [&](int v) { return cv::Point2d{mesh[static_cast<std::size_t>(v)].x, mesh[static_cast<std::size_t>(v)].y}; };
    const cv::Point2d from = at(kUpperLids[e].front()), to = at(kUpperLids[e].back());
    const double wide = cv::norm(to - from);
    if (wide < 4) continue;
    const cv::Point2d across = (to - from) / wide, down{-across.y, across.x};
    // Heights of the rims below the line through the corners, at kRim places along it.
    const auto height = [&](const std::array<int, kRim>& rim, double u) {
      for (std::size_t i = 1; i < rim.size(); ++i) {
        const double a = (at(rim[i - 1]) - from).dot(across), b = (at(rim[i]) - from).dot(across);
        if (u > b && i + 1 < rim.size()) continue;
        const double k = b > a ? std::clamp((u - a) / (b - a), 0.0, 1.0) : 0;
        return (1 - k) * (at(rim[i - 1]) - from).dot(down) + k * (at(rim[i]) - from).dot(down);
      }
      return 0.0;
    };
    const cv::Point2d middle = (from + to) / 2;
    const int reach = cvCeil(wide * 0.75);
    const cv::Rect area = cv::Rect{cvRound(middle.x) - reach, cvRound(middle.y) - reach, 2 * reach + 1, 2 * reach + 1} &
                          cv::Rect{0, 0, photo.cols, photo.rows};
    if (area.empty()) continue;
    cv::Mat map(area.size(), CV_32FC2), shade(area.size(), CV_32FC1, cv::Scalar{1});
    const double above = 0.30 * wide, lashes = 0.045 * wide;
    for (int y = 0; y < area.height; ++y)
      for (int x = 0; x < area.width; ++x) {
        const cv::Point2d p{static_cast<double>(area.x + x), static_cast<double>(area.y + y)};
        const double u = (p - from).dot(across), v = (p - from).dot(down);
        cv::Point2d source = p;
        if (u > -0.04 * wide && u < 1.04 * wide) {
          const double upper = height(kUpperLids[e], u) - lashes, lower = height(kLowerLids[e], u) + 0.6 * lashes, top = upper - above;
          const double edge = upper + closed * (lower - upper);
          // The photograph's own lashes are left out: the skin from `top` to just above them covers the eye.
          if (v > top && v < edge)
            source = p + down * (top + (v - top) * (upper - std::min(1.0, 5 * closed) * lashes - top) / std::max(edge - top, 1e-6) - v);
          const double away = (v - edge) / (0.7 * lashes);
          const double corner = std::clamp(std::min(u, wide - u) / (0.15 * wide), 0.0, 1.0);
          shade.at<float>(y, x) = static_cast<float>(1 - 0.6 * std::min(1.0, 3 * closed) * corner * std::exp(-away * away));
        }
        map.at<cv::Vec2f>(y, x) = {static_cast<float>(source.x), static_cast<float>(source.y)};
      }
    cv::Mat drawn;
    cv::remap(photo, drawn, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    for (int y = 0; y < area.height; ++y)
      for (int x = 0; x < area.width; ++x) onto.at<cv::Vec3b>(area.y + y, area.x + x) = drawn.at<cv::Vec3b>(y, x) * shade.at<float>(y, x);
  }
}

double ramp(double t) {
  t = std::clamp(t, 0.0, 1.0);
  return 0.5 - 0.5 * std::cos(std::numbers::pi * t);
}

/// Up, hold, down.
double pulse(double t, double rise, double hold) {
  if (t < rise) return ramp(t / rise);
  if (t < rise + hold) return 1;
  return 1 - ramp((t - rise - hold) / rise);
}

}  // namespace

Result<Person> make_person(const face::FaceEngine& engine, imaging::Image photo) {
  photo = imaging::to_bgr(photo);
  if (const double shrink = 1600.0 / std::max(photo.width, photo.height); shrink < 1)
    photo = imaging::resize(photo, static_cast<int>(photo.width * shrink), static_cast<int>(photo.height * shrink));
  AX_TRY(auto a, engine.analyse(photo, {.liveness = false, .embedding = false}));
  if (!a.chosen || a.geometry.mesh.size() < 468) return Error::invalid("photo", "shows no face");
  const auto& g = a.geometry;
  const auto& m = g.mesh;
  const auto mid = [&](std::size_t a1, std::size_t b1) { return face::Point{(m[a1].x + m[b1].x) / 2, (m[a1].y + m[b1].y) / 2}; };
  const auto left = mid(33, 133), right = mid(263, 362);
  Person p;
  p.inter_eye = std::hypot(left.x - right.x, left.y - right.y);
  if (p.inter_eye < 34) return Error::invalid("photo", "the face is too small");
  if (std::abs(g.pose.yaw) > 13 || std::abs(g.pose.roll) > 12 || std::abs(g.pose.pitch) > 22)
    return Error::invalid("photo", "the face is turned");
  if (g.eye_openness < 0.18) return Error::invalid("photo", "the eyes are closed");
  if (g.mouth_openness > 0.5) return Error::invalid("photo", "the mouth is wide open");
  p.photo = std::move(photo);
  p.mesh = m;
  return p;
}

Habits habits_of(std::uint32_t seed) {
  std::mt19937 random{seed * 2654435761U + 17};
  const auto between = [&](double a, double b) { return std::uniform_real_distribution<>{a, b}(random); };
  Habits h;
  h.reaction = between(0.25, 0.75);
  h.pace = between(0.28, 0.65);
  h.hold = between(0.3, 0.6);
  h.yaw = between(22, 36);
  h.pitch = between(12, 20);
  h.nearness = between(1.3, 1.5);
  h.smile = between(0.85, 1.15);
  h.unrest = between(0.5, 1.4);
  h.seed = seed;
  return h;
}

Script obey(const face::active::Plan& plan, const Habits& h) {
  std::mt19937 random{h.seed * 40503U + 3};
  std::array<std::array<double, 4>, 5> wave{};
  for (auto& w : wave)
    w = {std::uniform_real_distribution<>{0.5, 1.1}(random), std::uniform_real_distribution<>{0, 6.3}(random),
         std::uniform_real_distribution<>{1.3, 2.3}(random), std::uniform_real_distribution<>{0, 6.3}(random)};
  return [plan, h, wave](double t) {
    Pose p;
    const auto sway = [&](std::size_t i) {
      return h.unrest * (std::sin(wave[i][0] * t + wave[i][1]) + 0.4 * std::sin(wave[i][2] * 2 * t + wave[i][3]));
    };
    p.yaw = 1.2 * sway(0), p.pitch = 1.0 * sway(1), p.roll = 0.8 * sway(2);
    p.x = 0.03 * sway(3), p.y = 0.02 * sway(4);
    for (const auto& s : plan.steps) {
      const double at = static_cast<double>(s.at.count()) / 1000, end = at + static_cast<double>(s.duration.count()) / 1000;
      if (s.action == Action::light) {
        if (t >= at && t < end) p.light = {s.colour.red / 255.0, s.colour.green / 255.0, s.colour.blue / 255.0};
        continue;
      }
      const double since = t - at - h.reaction;
      if (since < 0 || t > end + 1) continue;
      const double k = pulse(since, h.pace, h.hold);
      switch (s.action) {
        case Action::turn_left: p.yaw += h.yaw * k; break;
        case Action::turn_right: p.yaw -= h.yaw * k; break;
        case Action::nod: p.pitch -= h.pitch * k; break;
        case Action::blink: p.closed = std::max(p.closed, pulse(since, 0.12, h.hold + 0.35)); break;
        case Action::smile: p.smile = h.smile * pulse(since, h.pace, h.hold + 0.2); break;
        case Action::approach: p.nearness = 1 + (h.nearness - 1) * k; break;
        case Action::light: break;
      }
    }
    return p;
  };
}

Renderer::Renderer(const Person& person, Body body, Camera camera)
    : person_(person),
      body_(body),
      camera_(camera),
      unit_(person.inter_eye),
      noise_state_(camera.seed * 0x9E3779B97F4A7C15ULL + 1),
      skin_(person.photo) {
  const auto& m = person.mesh;
  double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9, eye_z = (static_cast<double>(m[168].z) + m[33].z + m[263].z) / 3;
  for (const auto& v : m) {
    x0 = std::min(x0, static_cast<double>(v.x)), x1 = std::max(x1, static_cast<double>(v.x));
    y0 = std::min(y0, static_cast<double>(v.y)), y1 = std::max(y1, static_cast<double>(v.y));
  }
  middle_ = {static_cast<float>((x0 + x1) / 2), static_cast<float>((y0 + y1) / 2)};
  const auto depth = [&](double x, double y, double z) {
    const double dx = (x - middle_.x) / unit_, dy = (y - middle_.y) / unit_;
    switch (body) {
      case Body::head: return z - eye_z;
      case Body::flat:
      case Body::cut_out: return 0.0;
      case Body::bent_upright: return unit_ * dx * dx / (2 * 1.1);
      case Body::bent_lying: return unit_ * dy * dy / (2 * 1.6);
    }
    return 0.0;
  };
  for (const auto& v : m) rest_.push_back({v.x - middle_.x, v.y - middle_.y, depth(v.x, v.y, static_cast<double>(v.z))});
  if (body == Body::cut_out)
    for (const int v : kEyesAndMouth) rest_[static_cast<std::size_t>(v)].z += 0.2 * unit_;
  // The head's rim: the mesh's outline, wider and further back, as hair and ears are.
  std::vector<cv::Point2f> all, hull;
  for (const auto& v : m) all.emplace_back(v.x - middle_.x, v.y - middle_.y);
  std::vector<int> outline;
  cv::convexHull(all, outline);
  double rim_z = 0;
  for (const int i : outline) rim_z += rest_[static_cast<std::size_t>(i)].z / static_cast<double>(outline.size());
  const double reach_x = camera.width / camera.inter_eye * unit_ * 0.5, reach_y = camera.height / camera.inter_eye * unit_ * 0.5;
  for (const double wider : {1.18, 1.42})
    for (const int i : outline) {
      const auto& v = rest_[static_cast<std::size_t>(i)];
      const double x = v.x * wider, y = v.y * wider;
      rest_.push_back({x, y, body == Body::head ? rim_z + unit_ * (wider - 1) * 1.6 : depth(x + middle_.x, y + middle_.y, 0)});
    }
  if (body != Body::head) {
    // A picture moves as a whole, with its own background, before the room's wall.
    for (int i = 0; i <= 8; ++i)
      for (int j = 0; j <= 8; ++j) {
        const double x = (i / 4.0 - 1) * unit_ * 2.3, y = (j / 4.0 - 1) * unit_ * 2.6;
        if (std::abs(x) < unit_ * 1.6 && std::abs(y) < unit_ * 2.0) continue;
        rest_.push_back({x, y, depth(x + middle_.x, y + middle_.y, 0)});
      }
    moving_ = rest_.size();
  } else {
    moving_ = rest_.size();
    for (int i = 0; i < 40; ++i) {
      const double a = i * 2 * std::numbers::pi / 40;
      rest_.push_back({std::cos(a) * unit_ * 2.6, std::sin(a) * unit_ * 2.9, unit_ * 2});
    }
    for (int i = 0; i <= 6; ++i)
      for (int j = 0; j <= 6; ++j)
        if (i % 6 == 0 || j % 6 == 0)
          rest_.push_back({(i / 3.0 - 1) * std::max(reach_x, unit_ * 3.2), (j / 3.0 - 1) * std::max(reach_y, unit_ * 3.4), unit_ * 2});
  }
  cv::Rect2f area{static_cast<float>(-reach_x * 2 - unit_ * 8), static_cast<float>(-reach_y * 2 - unit_ * 8),
                  static_cast<float>(reach_x * 4 + unit_ * 16), static_cast<float>(reach_y * 4 + unit_ * 16)};
  cv::Subdiv2D mesh_2d{cv::Rect{cvRound(area.x), cvRound(area.y), cvRound(area.width), cvRound(area.height)}};
  std::map<std::pair<float, float>, int> number;
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    const cv::Point2f p{static_cast<float>(rest_[i].x), static_cast<float>(rest_[i].y)};
    if (number.emplace(std::pair{p.x, p.y}, static_cast<int>(i)).second) mesh_2d.insert(p);
  }
  std::vector<cv::Vec6f> found;
  mesh_2d.getTriangleList(found);
  for (const auto& t : found) {
    std::array<int, 3> corners{};
    bool inner = true;
    for (int k = 0; k < 3; ++k) {
      const auto it = number.find({t[2 * k], t[2 * k + 1]});
      inner = inner && it != number.end();
      if (inner) corners[static_cast<std::size_t>(k)] = it->second;
    }
    if (inner) triangles_.push_back(corners);
  }
}

imaging::Image Renderer::frame(const Pose& pose) {
  // The face's own movements, on the photograph.
  auto shaped = rest_;
  if (std::abs(pose.closed - drawn_closed_) > 0.02) {
    auto onto = imaging::as_mat(skin_);
    draw_lids(imaging::as_mat(person_.photo), person_.mesh, pose.closed, onto);
    drawn_closed_ = pose.closed;
  }
  if (pose.smile > 0) {
    for (const auto& [corner, side] : {std::pair{61, -1.0}, std::pair{291, 1.0}}) {
      const auto& c = rest_[static_cast<std::size_t>(corner)];
      for (std::size_t i = 0; i < 468; ++i) {
        const double r = std::hypot(rest_[i].x - c.x, rest_[i].y - c.y) / (0.34 * unit_);
        const double k = std::exp(-r * r) * pose.smile * unit_;
        shaped[i].x += side * 0.115 * k, shaped[i].y -= 0.06 * k;
      }
    }
  }
  // The pose. Image axes: x right, y down, z away. Yaw > 0 turns the nose to the right, pitch > 0 up.
  const double cy = std::cos(pose.yaw * kRadians), sy = std::sin(pose.yaw * kRadians), cp = std::cos(pose.pitch * kRadians),
               sp = std::sin(pose.pitch * kRadians), cr = std::cos(pose.roll * kRadians), sr = std::sin(pose.roll * kRadians);
  const double pivot = body_ == Body::head ? kPivot * unit_ : 0, camera = kDistance * unit_ / pose.nearness;
  const double zoom = camera_.inter_eye / unit_ * kDistance * unit_;
  std::vector<cv::Point3d> seen(shaped.size());
  for (std::size_t i = 0; i < shaped.size(); ++i) {
    double x = shaped[i].x, y = shaped[i].y, z = shaped[i].z, distance = kDistance * unit_;
    if (i < moving_) {
      z -= pivot;
      const double x1 = x * cy - z * sy, z1 = x * sy + z * cy;
      const double y2 = y * cp + z1 * sp, z2 = -y * sp + z1 * cp;
      x = x1 * cr - y2 * sr + pose.x * unit_, y = x1 * sr + y2 * cr + pose.y * unit_, z = z2 + pivot;
      distance = camera;
    }
    const double f = zoom / std::max(distance + z, unit_ * 0.5);
    seen[i] = {camera_.width / 2.0 + x * f, camera_.height / 2.0 + y * f, distance + z};
  }
  // Painter's order, each triangle filled with the photograph's coordinates.
  std::vector<std::size_t> order(triangles_.size());
  std::vector<double> far(triangles_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    for (const int c : triangles_[i]) far[i] += seen[static_cast<std::size_t>(c)].z;
  }
  std::ranges::sort(order, [&](auto a, auto b) { return far[a] > far[b]; });
  cv::Mat map(camera_.height, camera_.width, CV_32FC2, cv::Scalar::all(-10)),
      facing(camera_.height, camera_.width, CV_32FC1, cv::Scalar{0.12});
  for (const auto index : order) {
    const auto& t = triangles_[index];
    std::array<cv::Point3d, 3> p;
    std::array<cv::Point2d, 3> source;
    bool all_moving = true;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto v = static_cast<std::size_t>(t[k]);
      p[k] = seen[v];
      source[k] = {rest_[v].x + middle_.x, rest_[v].y + middle_.y};
      all_moving = all_moving && v < moving_;
    }
    const double det = (p[1].y - p[2].y) * (p[0].x - p[2].x) + (p[2].x - p[1].x) * (p[0].y - p[2].y);
    if (std::abs(det) < 1e-6) continue;
    const cv::Point3d normal = (p[1] - p[0]).cross(p[2] - p[0]);
    const double lit = all_moving ? std::clamp(std::abs(normal.z) / std::max(cv::norm(normal), 1e-9), 0.2, 1.0) : 0.12;
    const int top = std::max(0, static_cast<int>(std::floor(std::min({p[0].y, p[1].y, p[2].y}))));
    const int bottom = std::min(camera_.height - 1, static_cast<int>(std::ceil(std::max({p[0].y, p[1].y, p[2].y}))));
    const int left = std::max(0, static_cast<int>(std::floor(std::min({p[0].x, p[1].x, p[2].x}))));
    const int right = std::min(camera_.width - 1, static_cast<int>(std::ceil(std::max({p[0].x, p[1].x, p[2].x}))));
    for (int y = top; y <= bottom; ++y) {
      auto* to = map.ptr<cv::Vec2f>(y);
      auto* light = facing.ptr<float>(y);
      for (int x = left; x <= right; ++x) {
        const double a = ((p[1].y - p[2].y) * (x - p[2].x) + (p[2].x - p[1].x) * (y - p[2].y)) / det;
        const double b = ((p[2].y - p[0].y) * (x - p[2].x) + (p[0].x - p[2].x) * (y - p[2].y)) / det;
        const double c = 1 - a - b;
        if (a < -1e-4 || b < -1e-4 || c < -1e-4) continue;
        to[x] = {static_cast<float>(a * source[0].x + b * source[1].x + c * source[2].x),
                 static_cast<float>(a * source[0].y + b * source[1].y + c * source[2].y)};
        light[x] = static_cast<float>(lit);
      }
    }
  }
  cv::Mat picture;
  const cv::Mat photo = imaging::as_mat(skin_);
  cv::remap(photo, picture, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  if (body_ != Body::head) {
    cv::Mat outside;
    cv::inRange(map, cv::Scalar::all(-10.5), cv::Scalar::all(-9.5), outside);
    picture.setTo(cv::Scalar{150, 158, 160}, outside);
  }
  const bool shone = camera_.answers_light && pose.light != std::array<double, 3>{};
  // What a screen adds, by how much a surface faces it.
  std::array<std::array<double, 256>, 3> gains{};
  if (shone) {
    constexpr int kCoarse = 4;
    cv::Mat coarse;
    cv::resize(facing, coarse, {}, 1.0 / kCoarse, 1.0 / kCoarse, cv::INTER_AREA);
    cv::GaussianBlur(coarse, coarse, {}, camera_.inter_eye * 0.12 / kCoarse);
    cv::resize(coarse, facing, facing.size(), 0, 0, cv::INTER_LINEAR);
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t i = 0; i < gains[c].size(); ++i)
        gains[c][i] = camera_.exposure * std::pow(1 + camera_.screen_gain * static_cast<double>(i) / 255 * pose.light[2 - c], 1 / 2.2);
  }
  cv::Mat out(picture.size(), CV_8UC3);
  const auto next = [&] {
    noise_state_ ^= noise_state_ << 13, noise_state_ ^= noise_state_ >> 7, noise_state_ ^= noise_state_ << 17;
    return noise_state_;
  };
  // Gaussian enough: the sums of the bytes of random numbers; rows begin anywhere among them.
  static const std::vector<float> kNoise = [] {
    std::mt19937_64 random{7};
    std::vector<float> all(1U << 18U);
    for (auto& n : all) {
      const auto bits = random();
      int sum = 0;
      for (int i = 0; i < 8; ++i) sum += static_cast<int>(bits >> (8 * i) & 0xFF);
      n = static_cast<float>((sum - 1020) / 209.0);
    }
    return all;
  }();
  for (int y = 0; y < out.rows; ++y) {
    const auto* from = picture.ptr<cv::Vec3b>(y);
    const auto* lit = facing.ptr<float>(y);
    auto* to = out.ptr<cv::Vec3b>(y);
    const float* noise = kNoise.data() + next() % (kNoise.size() - static_cast<std::size_t>(out.cols));
    for (int x = 0; x < out.cols; ++x) {
      const double shared = camera_.noise * static_cast<double>(noise[x]);
      for (int c = 0; c < 3; ++c) {
        const double gain = shone ? gains[static_cast<std::size_t>(c)][static_cast<std::size_t>(std::clamp(lit[x], 0.0f, 1.0f) * 255.0f)]
                                  : camera_.exposure;
        to[x][c] = cv::saturate_cast<std::uint8_t>(from[x][c] * gain + shared);
      }
    }
  }
  return imaging::from_mat(out);
}

const std::vector<std::string_view>& attacks() {
  static const std::vector<std::string_view> all{
      "still_photo",   "flat_photo",   "tilted_photo", "bent_photo",    "cut_out",      "mask",          "flat_puppet",
      "bent_puppet",   "bent_lying",   "replay",       "screen_replay", "spliced",      "spliced_moved", "spliced_lit",
      "wrong_order",   "swapped",      "cut",          "static_frames", "static_moved", "duplicated",    "looped",
      "shifted_early", "shifted_late", "all_the_time", "wrong_light",   "no_light"};
  return all;
}

bool applies(std::string_view kind, const face::active::Plan& plan) {
  const bool lights = std::ranges::find(plan.steps, Action::light, &face::active::Step::action) != plan.steps.end();
  return lights || (kind != "wrong_light" && kind != "no_light" && kind != "spliced_lit");
}

namespace {

Camera camera_of(std::uint32_t seed, const Person& person) {
  std::mt19937 random{seed * 7919U + 5};
  const auto between = [&](double a, double b) { return std::uniform_real_distribution<>{a, b}(random); };
  Camera c;
  // Who is small on the photograph stands further away, so that no detail is made up.
  c.inter_eye = std::min(between(58, 88), 1.3 * static_cast<double>(person.inter_eye));
  c.noise = between(1.5, 4.5);
  c.exposure = between(0.75, 1.1);
  c.screen_gain = between(0.16, 0.45);
  c.seed = seed;
  return c;
}

face::active::Plan another_plan(std::uint32_t seed, bool lights) {
  std::mt19937 random{seed ^ 0xABCDEFU};
  std::array<std::uint8_t, face::active::kPlanEntropy> entropy{};
  for (auto& b : entropy) b = static_cast<std::uint8_t>(random());
  return face::active::make_plan(entropy, {.lights = lights});
}

bool same_tasks(const face::active::Plan& a, const face::active::Plan& b) {
  return std::ranges::equal(a.steps, b.steps, [](const auto& x, const auto& y) { return x.action == y.action; });
}

/// A screen before the camera: its own pixels, which beat with the camera's, its glow, and the hand that holds it.
cv::Mat screened(const cv::Mat& shown, double t) {
  cv::Mat out;
  const double scale = 0.93 + 0.015 * std::sin(1.1 * t);
  const cv::Matx23d held{scale,
                         0.012 * std::sin(0.7 * t),
                         shown.cols * (1 - scale) / 2 + 3 * std::sin(0.9 * t),
                         -0.012 * std::sin(0.7 * t),
                         scale,
                         shown.rows * (1 - scale) / 2 + 2 * std::cos(0.8 * t)};
  cv::warpAffine(shown, out, held, shown.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, {35, 32, 30});
  for (int y = 0; y < out.rows; ++y)
    for (int x = 0; x < out.cols; ++x) {
      const double beat = 1 + 0.035 * std::sin(x * 0.37 + 0.2 * y + t) * std::sin(y * 0.41 - 2 * t);
      for (int c = 0; c < 3; ++c) {
        auto& value = out.at<cv::Vec3b>(y, x)[c];
        value = cv::saturate_cast<std::uint8_t>(12 + 0.94 * value * beat);
      }
    }
  return out;
}

/// The same scene of another day: the camera stands a little elsewhere and exposes otherwise.
cv::Mat another_day(const cv::Mat& frame, std::uint32_t day) {
  std::mt19937 random{day};
  const auto between = [&](double a, double b) { return std::uniform_real_distribution<>{a, b}(random); };
  const double zoom = between(1.0, 1.04), gain = between(0.94, 1.06);
  const cv::Matx23d moved{zoom, 0,    frame.cols * ((1 - zoom) / 2 + between(-0.015, 0.015)),
                          0,    zoom, frame.rows * ((1 - zoom) / 2 + between(-0.015, 0.015))};
  cv::Mat out;
  cv::warpAffine(frame, out, moved, frame.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  out.convertTo(out, -1, gain);
  return out;
}

/// One frame, laid where the pose would have it by moving, turning and enlarging it in the plane, under fresh noise.
cv::Mat moved_still(const cv::Mat& frame, const Pose& pose, double inter_eye, std::mt19937& random) {
  const double s = pose.nearness, narrow = std::cos(pose.yaw * kRadians), low = std::cos(pose.pitch * kRadians);
  const cv::Matx23d move{
      s * narrow, 0,       frame.cols / 2.0 * (1 - s * narrow) + inter_eye * (pose.x + 0.9 * std::sin(pose.yaw * kRadians)),
      0,          s * low, frame.rows / 2.0 * (1 - s * low) + inter_eye * (pose.y - 0.9 * std::sin(pose.pitch * kRadians))};
  cv::Mat out, noise(frame.size(), CV_16SC3);
  cv::warpAffine(frame, out, move, frame.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::RNG dice{random()};
  dice.fill(noise, cv::RNG::NORMAL, 0, 2);
  cv::add(out, noise, out, cv::noArray(), CV_8UC3);
  return out;
}

/// The same tasks and times, the tasks turned on by one place.
face::active::Plan reordered(face::active::Plan plan) {
  std::vector<Action> tasks;
  for (const auto& s : plan.steps)
    if (s.action != Action::light) tasks.push_back(s.action);
  std::ranges::rotate(tasks, tasks.begin() + 1);
  std::size_t i = 0;
  for (auto& s : plan.steps)
    if (s.action != Action::light) s.action = tasks[i++];
  return plan;
}

}  // namespace

imaging::Image still(const Person& person, std::uint32_t seed) {
  Renderer renderer{person, Body::head, camera_of(seed, person)};
  return renderer.frame({});
}

void film(std::string_view kind, const face::active::Plan& plan, const Person& person, const Person& other, std::uint32_t seed, int fps,
          const OnFilmFrame& on_frame) {
  auto camera = camera_of(seed, person);
  const auto habits = habits_of(seed);
  auto answered = plan;
  const bool lights = std::ranges::find(plan.steps, Action::light, &face::active::Step::action) != plan.steps.end();
  if (kind == "replay" || kind == "screen_replay")
    for (std::uint32_t i = 1; i < 50; ++i) {
      answered = another_plan(seed + i * 101, lights);
      if (!same_tasks(answered, plan)) break;
    }
  if (kind == "wrong_order") answered = reordered(plan);
  if (kind == "wrong_light") {
    const auto foreign = another_plan(seed + 77, true);
    auto colour = std::ranges::find(foreign.steps, Action::light, &face::active::Step::action);
    // The room's light of another session, at the right times.
    for (auto& s : answered.steps)
      if (s.action == Action::light) {
        auto next = (colour++)->colour;
        if (next.red == s.colour.red && next.green == s.colour.green && next.blue == s.colour.blue)
          std::swap(next.red, next.green), std::swap(next.green, next.blue);
        s.colour = next;
      }
  }
  if (kind == "no_light" || kind == "replay" || kind == "screen_replay" || kind == "spliced" || kind == "spliced_moved")
    camera.answers_light = false;
  const auto body = kind == "still_photo" || kind == "flat_photo" || kind == "tilted_photo" || kind == "flat_puppet" ? Body::flat
                    : kind == "cut_out"                                                                              ? Body::cut_out
                    : kind == "bent_photo" || kind == "bent_puppet" || kind == "mask"                                ? Body::bent_upright
                    : kind == "bent_lying"                                                                           ? Body::bent_lying
                                                                                                                     : Body::head;
  const auto script = obey(answered, habits);
  const Person& first = kind == "swapped" ? other : person;
  Renderer renderer{first, body, camera}, second{other, body, camera};
  const double shift = kind == "shifted_early" ? 1.5 : kind == "shifted_late" ? -1.5 : 0;
  const double length = static_cast<double>(plan.length.count()) / 1000 + 0.3;
  std::mt19937 random{seed};
  const auto first_task = std::ranges::find_if(plan.steps, [](const auto& s) { return s.action != Action::light; });
  std::vector<imaging::Image> kept;
  for (int i = 0; i / static_cast<double>(fps) < length; ++i) {
    const double nominal = i / static_cast<double>(fps);
    const double jitter = i == 0 ? 0 : std::uniform_real_distribution<>{-0.004, 0.004}(random);
    double t = nominal + shift;
    auto pose = script(std::max(t, 0.0));
    if (kind == "still_photo") pose = {.yaw = 0.4 * std::sin(t), .x = 0.01 * std::sin(2 * t), .light = pose.light};
    // Each task's stretch comes from a recording of its own: the head stands and sways otherwise in each. With the right lights
    // each colour's does, too.
    std::uint32_t part = 0;
    if (kind.starts_with("spliced")) {
      for (const auto& s : plan.steps)
        if ((s.action != Action::light || kind == "spliced_lit") && static_cast<double>(s.at.count()) / 1000 <= nominal) ++part;
      auto habit = habits;
      habit.seed = seed + part * 31;
      pose = obey(answered, habit)(t);
    }
    if (kind == "tilted_photo") pose.pitch += 12 + 4 * std::sin(0.9 * t), pose.roll += 5 * std::sin(0.6 * t);
    if (kind == "flat_photo" || kind == "tilted_photo" || kind == "bent_photo") pose.closed = pose.smile = 0;
    if (kind == "mask") pose.smile = 0;
    if (body != Body::head) pose.yaw *= 1.35, pose.pitch *= 1.3;  // a picture must be turned further to look as turned
    if (kind == "all_the_time")
      pose = {.yaw = 26 * std::sin(2.2 * t),
              .pitch = 14 * std::sin(3.1 * t),
              .nearness = 1.15 + 0.2 * std::sin(1.7 * t),
              .closed = std::sin(4 * t) > 0.3 ? 1.0 : 0.0,
              .smile = std::sin(2.7 * t) > 0 ? 1.0 : 0.0,
              .light = pose.light};
    const auto at = static_cast<std::int64_t>((nominal + jitter) * 1e6);
    if (kind == "static_frames") {
      if (kept.empty()) kept.push_back(renderer.frame({}));
      on_frame(kept.front(), at);
      continue;
    }
    if (kind == "static_moved") {
      if (kept.empty()) kept.push_back(renderer.frame({}));
      on_frame(imaging::from_mat(moved_still(imaging::as_mat(std::as_const(kept.front())), pose, camera.inter_eye, random)), at);
      continue;
    }
    if (kind == "duplicated" && !kept.empty() && i % std::max(2, fps * 2 / 5) != 0) {
      on_frame(kept.back(), at);
      continue;
    }
    auto picture = kind == "cut" && nominal > length / 2 ? second.frame(pose) : renderer.frame(pose);
    if (kind == "screen_replay") picture = imaging::from_mat(screened(imaging::as_mat(std::as_const(picture)), nominal));
    if (kind == "spliced_moved") picture = imaging::from_mat(another_day(imaging::as_mat(std::as_const(picture)), seed + part * 31));
    if (kind == "duplicated") kept.assign(1, picture);
    if (kind == "looped") {
      const double start = static_cast<double>(first_task->at.count()) / 1000, span = 2.2;
      if (nominal >= start + span) {
        const auto back = static_cast<std::size_t>(start * fps) +
                          static_cast<std::size_t>(i - static_cast<int>((start + span) * fps)) % static_cast<std::size_t>(span * fps);
        picture = kept[std::min(back, kept.size() - 1)];
      } else {
        kept.push_back(picture);
      }
    }
    on_frame(picture, at);
  }
}

}  // namespace authx::film
