#include "engines/face/mesh.h"

#include <cmath>
#include <numbers>

namespace authx::face {
namespace {

constexpr int kSize = 192;
constexpr std::size_t kVertices = 468;

// Vertex numbers of MediaPipe's canonical face model; left and right as seen in the image.
constexpr std::array kLeftEyeRing{33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7};
constexpr std::array kRightEyeRing{263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249};
constexpr std::array kNoseTip{1, 4, 5, 45, 275};
constexpr std::array kLeftMouth{61, 76, 62, 78};
constexpr std::array kRightMouth{291, 306, 292, 308};

template <std::size_t N>
Point mean_of(const std::vector<Point3>& mesh, const std::array<int, N>& vertices) {
  Point sum;
  for (const int v : vertices) {
    sum.x += mesh[static_cast<std::size_t>(v)].x;
    sum.y += mesh[static_cast<std::size_t>(v)].y;
  }
  return {sum.x / N, sum.y / N};
}

/// Upright square of `side` pixels around `centre`, turned by `angle`, to the network's input.
Similarity region(Point centre, double angle, double side) {
  const double scale = kSize / side;
  Similarity s{scale * std::cos(angle), -scale * std::sin(angle), 0, 0};
  s.tx = kSize / 2.0 - (s.a * centre.x - s.b * centre.y);
  s.ty = kSize / 2.0 - (s.b * centre.x + s.a * centre.y);
  return s;
}

double angle_between(Point left, Point right) { return std::atan2(right.y - left.y, right.x - left.x); }

const Point3& at(const Geometry& g, std::size_t v) { return g.mesh[v]; }
double gap(const Geometry& g, std::size_t a, std::size_t b) {
  const auto &p = at(g, a), &q = at(g, b);
  return std::hypot(p.x - q.x, p.y - q.y);
}

void describe(Geometry& g) {
  constexpr double kDegrees = 180 / std::numbers::pi;
  // The face's own axes: through the outer eye corners, and from the forehead to the chin.
  const auto &l = at(g, 33), &r = at(g, 263), &top = at(g, 10), &chin = at(g, 152);
  g.pose.roll = static_cast<float>(std::atan2(r.y - l.y, r.x - l.x) * kDegrees);
  g.pose.yaw = static_cast<float>(std::atan2(r.z - l.z, std::hypot(r.x - l.x, r.y - l.y)) * kDegrees);
  g.pose.pitch = static_cast<float>(std::atan2(top.z - chin.z, std::hypot(chin.x - top.x, chin.y - top.y)) * kDegrees);
  // Eye aspect ratio: mean lid distance over eye width (Soukupová and Čech, CVWW 2016).
  const double left = (gap(g, 160, 144) + gap(g, 158, 153)) / (2 * std::max(gap(g, 33, 133), 1e-3));
  const double right = (gap(g, 387, 373) + gap(g, 385, 380)) / (2 * std::max(gap(g, 263, 362), 1e-3));
  g.eye_openness = static_cast<float>((left + right) / 2);
  g.mouth_openness = static_cast<float>(gap(g, 13, 14) / std::max(gap(g, 61, 291), 1e-3));
}

}  // namespace

Result<Geometry> fit_mesh(const inference::Model& model, const cv::Mat& bgr, const DetectedFace& face, int passes) {
  Geometry g;
  Point centre{face.box.x + face.box.width / 2, face.box.y + face.box.height / 2};
  double angle = angle_between(face.points[0], face.points[1]);
  double side = 1.5 * std::max(face.box.width, face.box.height);
  for (int pass = 0; pass < passes; ++pass) {
    if (!std::isfinite(side) || !(side > 4)) break;
    const Similarity to_crop = region(centre, angle, side);
    const Similarity back = to_crop.inverse();
    AX_TRY(auto run, model.start());
    write_planar(warp_crop(bgr, to_crop, kSize), run.input(), {true, {0, 0, 0}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}});
    AX_CHECK(run.execute());
    const auto raw = run.output(0).data;
    if (raw.size() < 3 * kVertices || run.outputs() < 2) return Error{Errc::internal, "face mesh: unexpected output"};
    g.face_presence = run.output(1).data[0];
    g.mesh.resize(kVertices);
    float x0 = kSize, y0 = kSize, x1 = 0, y1 = 0;
    for (std::size_t v = 0; v < kVertices; ++v) {
      const Point crop{raw[3 * v], raw[3 * v + 1]};
      const Point p = back(crop);
      g.mesh[v] = {p.x, p.y, static_cast<float>(raw[3 * v + 2] * back.scale())};
      x0 = std::min(x0, crop.x), y0 = std::min(y0, crop.y), x1 = std::max(x1, crop.x), y1 = std::max(y1, crop.y);
    }
    centre = back(Point{(x0 + x1) / 2, (y0 + y1) / 2});
    angle = angle_between(mean_of(g.mesh, kLeftEyeRing), mean_of(g.mesh, kRightEyeRing));
    side = 1.5 * std::max(x1 - x0, y1 - y0) * back.scale();
  }
  if (!g.mesh.empty()) describe(g);
  return g;
}

FivePoints five_points_of(const Geometry& g) {
  return {mean_of(g.mesh, kLeftEyeRing), mean_of(g.mesh, kRightEyeRing), mean_of(g.mesh, kNoseTip), mean_of(g.mesh, kLeftMouth),
          mean_of(g.mesh, kRightMouth)};
}

}  // namespace authx::face
