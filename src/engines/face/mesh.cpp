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

/// The vertex at each of the 68 points of iBUG 300-W: jaw, brows, nose, eyes, lips; image-left first.
constexpr std::array<std::size_t, 68> kIbug{162, 234, 93,  58,  172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
                                            71,  63,  105, 66,  107, 336, 296, 334, 293, 301, 168, 197, 5,   4,   75,  97,  2,
                                            326, 305, 33,  160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61,  39,  37,
                                            0,   267, 269, 291, 405, 314, 17,  84,  181, 78,  82,  13,  312, 308, 317, 14,  87};

constexpr bool aligns(std::size_t ibug) { return ibug >= 27 && !(ibug >= 55 && ibug <= 59); }

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

Result<Geometry> fit_mesh(const inference::Model& model, const cv::Mat& bgr, const DetectedFace& face) {
  Geometry g;
  Point centre{face.box.x + face.box.width / 2, face.box.y + face.box.height / 2};
  double angle = angle_between(face.points[0], face.points[1]);
  double extent = std::max(face.box.width, face.box.height);
  for (int pass = 0; pass < 2; ++pass) {
    if (!std::isfinite(extent) || !(extent > 3)) break;
    const Similarity to_crop = region(centre, angle, 1.5 * extent);
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
    const Point found = back(Point{(x0 + x1) / 2, (y0 + y1) / 2});
    const double found_angle = angle_between(mean_of(g.mesh, kLeftEyeRing), mean_of(g.mesh, kRightEyeRing));
    const double found_extent = std::max(x1 - x0, y1 - y0) * back.scale();
    const double turn = std::abs(std::remainder(found_angle - angle, 2 * std::numbers::pi));
    const double offset = std::hypot(found.x - centre.x, found.y - centre.y) / std::max(found_extent, 1.0);
    const double growth = extent / std::max(found_extent, 1e-3);
    const auto &l = g.mesh[33], &r = g.mesh[263];
    const double yaw = std::atan2(std::abs(r.z - l.z), std::hypot(r.x - l.x, r.y - l.y));
    constexpr double kDegree = std::numbers::pi / 180;
    const bool good = turn < 5 * kDegree && yaw < 25 * kDegree && offset < 0.08 && growth > 0.8 && growth < 1.2 && g.face_presence > 0.5f;
    if (good) break;
    centre = found;
    angle = found_angle;
    extent = found_extent;
  }
  if (g.mesh.empty()) return g;
  for (const std::size_t v : kIbug) g.landmarks.push_back(g.mesh[v]);
  describe(g);
  return g;
}

void describe_by_landmarks(Geometry& g) {
  constexpr double kDegrees = 180 / std::numbers::pi;
  const auto& p = g.landmarks;
  const auto between = [&](std::size_t a, std::size_t b) { return std::hypot(p[a].x - p[b].x, p[a].y - p[b].y); };
  const auto &l = p[36], &r = p[45], &top = p[27], &chin = p[8];
  g.pose.roll = static_cast<float>(std::atan2(r.y - l.y, r.x - l.x) * kDegrees);
  g.pose.yaw = static_cast<float>(std::atan2(r.z - l.z, std::hypot(r.x - l.x, r.y - l.y)) * kDegrees);
  g.pose.pitch = static_cast<float>(std::atan2(top.z - chin.z, std::hypot(chin.x - top.x, chin.y - top.y)) * kDegrees);
  const auto eye = [&](std::size_t o) {
    return (between(o + 1, o + 5) + between(o + 2, o + 4)) / (2 * std::max(between(o, o + 3), 1e-3f));
  };
  g.eye_openness = (eye(36) + eye(42)) / 2;
  g.mouth_openness = between(62, 66) / std::max(between(48, 54), 1e-3f);
}

std::array<Point, 36> dlib_points_of(const Geometry& g) {
  std::array<Point, 36> out;
  std::size_t n = 0;
  for (std::size_t i = 0; i < 68; ++i) {
    if (aligns(i)) out[n++] = {g.landmarks[i].x, g.landmarks[i].y};
  }
  return out;
}

const std::array<Point, 36>& dlib_points_template() noexcept {
  // dlib's mean face in the unit square, points 27 to 54 and 60 to 67.
  static constexpr std::array<Point, 36> unit{
      {{0.490127f, 0.203352f}, {0.490127f, 0.307009f}, {0.490127f, 0.409805f}, {0.490127f, 0.515625f}, {0.366880f, 0.587326f},
       {0.426036f, 0.609345f}, {0.490127f, 0.628106f}, {0.554217f, 0.609345f}, {0.613373f, 0.587326f}, {0.121737f, 0.216423f},
       {0.187122f, 0.178758f}, {0.265825f, 0.179852f}, {0.334606f, 0.231733f}, {0.260918f, 0.245099f}, {0.182743f, 0.244077f},
       {0.645647f, 0.231733f}, {0.714428f, 0.179852f}, {0.793132f, 0.178758f}, {0.858516f, 0.216423f}, {0.797510f, 0.244077f},
       {0.719335f, 0.245099f}, {0.254149f, 0.780233f}, {0.340985f, 0.745405f}, {0.428858f, 0.727388f}, {0.490127f, 0.742578f},
       {0.551395f, 0.727388f}, {0.639268f, 0.745405f}, {0.726104f, 0.780233f}, {0.290379f, 0.784792f}, {0.428096f, 0.778746f},
       {0.490127f, 0.785343f}, {0.552157f, 0.778746f}, {0.689874f, 0.784792f}, {0.553364f, 0.824182f}, {0.490127f, 0.831803f},
       {0.426890f, 0.824182f}}};
  static const std::array<Point, 36> chip = [] {
    std::array<Point, 36> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = {(unit[i].x + 0.25f) * 100, (unit[i].y + 0.25f) * 100};
    return out;
  }();
  return chip;
}

FivePoints five_points_of(const Geometry& g) {
  return {mean_of(g.mesh, kLeftEyeRing), mean_of(g.mesh, kRightEyeRing), mean_of(g.mesh, kNoseTip), mean_of(g.mesh, kLeftMouth),
          mean_of(g.mesh, kRightMouth)};
}

}  // namespace authx::face
