#include "engines/face/face_engine.h"

#include <cmath>
#include <future>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "engines/face/align.h"
#include "engines/face/appraise.h"
#include "engines/face/calibration.h"
#include "engines/face/decode.h"
#include "engines/face/mesh.h"
#include "imaging/image.h"
#include "imaging/mat.h"

namespace authx::face {
namespace {

using inference::Model;
using inference::TensorView;

enum class DetectorKind { blazeface, yunet, scrfd };
enum class EmbedderKind { dlib, mobilefacenet, insightface };

std::string_view name_of(std::string_view id) { return id.substr(0, id.find('@')); }

Error late() { return Error{Errc::request_timeout, "face analysis ran out of time"}; }

/// The letterboxed input of one detector pass: where the picture lies on the canvas.
struct Canvas {
  int width = 0, height = 0;
  double scale = 1;  ///< canvas pixels per image pixel
  int offset_x = 0, offset_y = 0;
};

int up_to(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// Long side `side`, the other one of a few sizes, so that a handful of compiled networks serve all pictures.
Canvas canvas_for(cv::Size image, int side, bool square) {
  Canvas c;
  const int longest = std::max(image.width, image.height), shortest = std::min(image.width, image.height);
  c.scale = static_cast<double>(side) / longest;
  int other = side;
  if (!square) {
    const int needed = static_cast<int>(std::ceil(shortest * c.scale));
    const int step = side / 5;  // 64 at 320, 128 at 640: multiples of 32
    other = std::clamp(up_to(needed, step), 3 * step, side);
  }
  (image.width >= image.height ? c.width : c.height) = side;
  (image.width >= image.height ? c.height : c.width) = other;
  return c;
}

void fill_canvas(const cv::Mat& bgr, const Canvas& c, std::span<float> out, const Normalisation& n) {
  const cv::Size size{std::clamp(static_cast<int>(std::lround(bgr.cols * c.scale)), 1, c.width - c.offset_x),
                      std::clamp(static_cast<int>(std::lround(bgr.rows * c.scale)), 1, c.height - c.offset_y)};
  cv::Mat padded = cv::Mat::zeros(c.height, c.width, CV_8UC3);
  cv::resize(bgr, padded(cv::Rect{{c.offset_x, c.offset_y}, size}), size, 0, 0, c.scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  write_planar(padded, out, n);
}

void to_image(std::vector<DetectedFace>& faces, const Canvas& c, cv::Point2f origin) {
  const auto s = static_cast<float>(1 / c.scale);
  const auto move = [&](Point p) {
    return Point{(p.x - static_cast<float>(c.offset_x)) * s + origin.x, (p.y - static_cast<float>(c.offset_y)) * s + origin.y};
  };
  for (auto& f : faces) {
    const Point corner = move({f.box.x, f.box.y});
    f.box = {corner.x, corner.y, f.box.width * s, f.box.height * s};
    for (auto& p : f.points) p = move(p);
  }
}

/// A point of the picture that was turned `turns` quarters clockwise, back in the picture as it was given (w x h).
Point turn_back(Point p, int turns, float w, float h) {
  switch (turns) {
    case 1: return {p.y, h - 1 - p.x};
    case 2: return {w - 1 - p.x, h - 1 - p.y};
    case 3: return {w - 1 - p.y, p.x};
    default: return p;
  }
}

DetectedFace turn_back(DetectedFace f, int turns, cv::Size given) {
  const auto w = static_cast<float>(given.width), h = static_cast<float>(given.height);
  const Point a = turn_back(Point{f.box.x, f.box.y}, turns, w, h);
  const Point b = turn_back(Point{f.box.x + f.box.width, f.box.y + f.box.height}, turns, w, h);
  f.box = {std::min(a.x, b.x), std::min(a.y, b.y), std::abs(a.x - b.x), std::abs(a.y - b.y)};
  for (auto& p : f.points) p = turn_back(p, turns, w, h);
  return f;
}

cv::Mat turned(const cv::Mat& image, int turns) {
  if (turns == 0) return image;
  cv::Mat out;
  cv::rotate(image, out, turns == 1 ? cv::ROTATE_90_CLOCKWISE : turns == 2 ? cv::ROTATE_180 : cv::ROTATE_90_COUNTERCLOCKWISE);
  return out;
}

cv::Mat bgr_of(const imaging::Image& image) {
  const cv::Mat view = imaging::as_mat(image);
  if (view.channels() == 3) return view;
  cv::Mat bgr;
  cv::cvtColor(view, bgr, cv::COLOR_GRAY2BGR);
  return bgr;
}

void normalise(std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  const auto factor = static_cast<float>(1 / std::sqrt(std::max(sum, 1e-20)));
  for (float& v : values) v *= factor;
}

/// Rough pose from five points for packs without a mesh: the nose's place between the eyes and above the mouth.
Pose pose_of(const FivePoints& p) {
  constexpr float kDegrees = static_cast<float>(180 / std::numbers::pi);
  const float dx = p[1].x - p[0].x, dy = p[1].y - p[0].y, eyes = std::max(std::hypot(dx, dy), 1e-3f);
  const Point eye_middle{(p[0].x + p[1].x) / 2, (p[0].y + p[1].y) / 2}, mouth{(p[3].x + p[4].x) / 2, (p[3].y + p[4].y) / 2};
  const auto across = [&](Point q) { return ((q.x - eye_middle.x) * dx + (q.y - eye_middle.y) * dy) / eyes; };
  const auto down = [&](Point q) { return ((q.y - eye_middle.y) * dx - (q.x - eye_middle.x) * dy) / eyes; };
  const float depth = 0.55f;  // the nose tip stands about this much of the eye distance before the eyes
  const float share = down(p[2]) / std::max(down(mouth), 1e-3f);
  return {.yaw = std::asin(std::clamp((across(p[2]) - across(mouth) / 2) / (depth * eyes), -1.0f, 1.0f)) * kDegrees,
          .pitch = std::clamp((0.58f - share) * 110, -60.0f, 60.0f),
          .roll = std::atan2(dy, dx) * kDegrees};
}

}  // namespace

struct FaceEngine::Impl {
  EngineOptions options;
  std::string pack, notice;
  std::shared_ptr<const Model> detector, mesh, embedder, liveness, liveness_wide;
  DetectorKind detector_kind = DetectorKind::blazeface;
  EmbedderKind embedder_kind = EmbedderKind::dlib;

  float threshold() const {
    if (options.detection_threshold) return *options.detection_threshold;
    return detector_kind == DetectorKind::yunet ? 0.6f : 0.5f;
  }

  Result<std::vector<DetectedFace>> detect_once(const cv::Mat& bgr, const Canvas& canvas, cv::Point2f origin = {}) const {
    const auto run = [&](inference::Shape shape, const Normalisation& n) -> Result<inference::Run> {
      AX_TRY(auto r, detector->start(shape));
      fill_canvas(bgr, canvas, r.input(), n);
      AX_CHECK(r.execute());
      return r;
    };
    const inference::Shape shape{1, 3, canvas.height, canvas.width};
    Normalisation n;
    switch (detector_kind) {
      case DetectorKind::yunet: n.rgb = false; break;
      case DetectorKind::scrfd: n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 128.0f, 1 / 128.0f, 1 / 128.0f}; break;
      case DetectorKind::blazeface: n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}; break;
    }
    AX_TRY(auto r, run(shape, n));
    std::vector<TensorView> outputs;
    for (std::size_t i = 0; i < r.outputs(); ++i) outputs.push_back(r.output(i));
    std::vector<DetectedFace> faces;
    switch (detector_kind) {
      case DetectorKind::yunet: faces = suppress(decode_yunet(outputs, canvas.width, canvas.height, threshold()), 0.3f, false); break;
      case DetectorKind::scrfd: faces = suppress(decode_scrfd(outputs, canvas.width, canvas.height, threshold()), 0.4f, false); break;
      case DetectorKind::blazeface: faces = suppress(decode_blazeface(outputs, threshold()), 0.3f, true); break;
    }
    to_image(faces, canvas, origin);
    return faces;
  }

  Canvas canvas(cv::Size size, int side) const {
    if (detector_kind == DetectorKind::blazeface) {
      Canvas c = canvas_for(size, 256, true);
      c.offset_x = (256 - static_cast<int>(std::lround(size.width * c.scale))) / 2;
      c.offset_y = (256 - static_cast<int>(std::lround(size.height * c.scale))) / 2;
      return c;
    }
    return canvas_for(size, side, false);
  }

  /// The picture small in the middle of a wide border: finds faces that fill the frame.
  Canvas padded(cv::Size size) const {
    const int side = detector_kind == DetectorKind::blazeface ? 256 : 320;
    Canvas c = canvas_for(size, side, true);
    c.scale *= 0.5;
    c.offset_x = (side - static_cast<int>(std::lround(size.width * c.scale))) / 2;
    c.offset_y = (side - static_cast<int>(std::lround(size.height * c.scale))) / 2;
    return c;
  }

  /// The fine pass: 640, or overlapping quarters for a detector of one size.
  Result<std::vector<DetectedFace>> detect_fine(const cv::Mat& bgr) const {
    if (detector_kind != DetectorKind::blazeface) return detect_once(bgr, canvas(bgr.size(), 640));
    std::vector<DetectedFace> all;
    const int w = std::max(1, bgr.cols * 5 / 8), h = std::max(1, bgr.rows * 5 / 8);
    for (const cv::Point corner :
         {cv::Point{0, 0}, cv::Point{bgr.cols - w, 0}, cv::Point{0, bgr.rows - h}, cv::Point{bgr.cols - w, bgr.rows - h}}) {
      const cv::Mat part = bgr(cv::Rect{corner, cv::Size{w, h}});
      AX_TRY(auto found, detect_once(part, canvas(part.size(), 256), corner));
      all.insert(all.end(), found.begin(), found.end());
    }
    return suppress(std::move(all), 0.3f, false);
  }

  void order(std::vector<DetectedFace>& faces, cv::Size size) const {
    const float cx = static_cast<float>(size.width) / 2, cy = static_cast<float>(size.height) / 2, reach = std::hypot(cx, cy);
    const auto rank = [&](const DetectedFace& f) {
      const float away = std::hypot(f.box.x + f.box.width / 2 - cx, f.box.y + f.box.height / 2 - cy) / std::max(reach, 1.0f);
      return f.score * std::sqrt(std::max(f.box.area(), 0.0f)) * (1 - 0.5f * std::min(away, 1.0f));
    };
    std::ranges::sort(faces, [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
    if (faces.size() > options.max_faces) faces.resize(options.max_faces);
  }

  /// Coarse first, then fine, then padded: stops where faces are found.
  Result<std::vector<DetectedFace>> detect_main(const cv::Mat& bgr, const Deadline& deadline) const {
    AX_TRY(auto faces, detect_once(bgr, canvas(bgr.size(), 320)));
    if (faces.empty() && !deadline.passed()) {
      AX_TRY(faces, detect_fine(bgr));
    }
    if (faces.empty() && !deadline.passed()) {
      AX_TRY(faces, detect_once(bgr, padded(bgr.size())));
    }
    order(faces, bgr.size());
    if (deadline.passed()) return late();
    return faces;
  }

  Result<std::vector<DetectedFace>> detect_all(const cv::Mat& bgr, const Deadline& deadline) const {
    AX_TRY(auto faces, detect_once(bgr, canvas(bgr.size(), 320)));
    if (deadline.passed()) return late();
    AX_TRY(const auto fine, detect_fine(bgr));
    faces.insert(faces.end(), fine.begin(), fine.end());
    if (faces.empty()) {
      AX_TRY(faces, detect_once(bgr, padded(bgr.size())));
    }
    faces = suppress(std::move(faces), 0.3f, false);
    order(faces, bgr.size());
    if (deadline.passed()) return late();
    return faces;
  }

  Similarity alignment(const DetectedFace& face, const Geometry& geometry) const {
    const bool rough = detector_kind == DetectorKind::blazeface && !geometry.mesh.empty();
    const FivePoints points = rough ? five_points_of(geometry) : face.points;
    const FivePoints& goal = embedder_kind == EmbedderKind::dlib ? dlib_template() : arcface_template();
    return fit_similarity(points, goal).value_or(Similarity{});
  }
  int crop_size() const { return embedder_kind == EmbedderKind::dlib ? 150 : 112; }

  Result<Embedding> embed(const cv::Mat& crop) const {
    Normalisation n;
    switch (embedder_kind) {
      case EmbedderKind::dlib: n.mean = {122.782f, 117.001f, 104.298f}, n.scale = {1 / 256.0f, 1 / 256.0f, 1 / 256.0f}; break;
      case EmbedderKind::mobilefacenet:
        n.mean = {0.485f * 255, 0.456f * 255, 0.406f * 255}, n.scale = {1 / (0.229f * 255), 1 / (0.224f * 255), 1 / (0.225f * 255)};
        break;
      case EmbedderKind::insightface: n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}; break;
    }
    // The sum of the picture's and its mirror image's unit vectors: steadier than either.
    Embedding e{embedder->info().id, {}};
    AX_TRY(auto run, embedder->start(inference::Shape{1, 3, crop_size(), crop_size()}));
    cv::Mat mirrored;
    cv::flip(crop, mirrored, 1);
    for (const cv::Mat& side : {crop, mirrored}) {
      write_planar(side, run.input(), n);
      AX_CHECK(run.execute());
      const auto raw = run.output(0).data;
      std::vector<float> values(raw.begin(), raw.end());
      normalise(values);
      if (e.values.empty()) e.values.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) e.values[i] += values[i];
    }
    normalise(e.values);
    if (!std::ranges::all_of(e.values, [](float v) { return std::isfinite(v); })) return Error{Errc::internal, "embedding is not finite"};
    return e;
  }

  /// Share of "live" that MiniFASNet gives to the face with `context` times its box around it.
  static Result<double> live_share(const Model& model, const cv::Mat& bgr, const Box& box, double context) {
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

  Result<Liveness> judge_liveness(const cv::Mat& bgr, const DetectedFace& face) const {
    Liveness l;
    l.method = "image-cues";
    l.cues = recapture_cues(bgr, face);
    if (!liveness || !liveness_wide) return l;
    AX_TRY(const double near, live_share(*liveness, bgr, face.box, 2.7));
    AX_TRY(const double wide, live_share(*liveness_wide, bgr, face.box, 4.0));
    l.available = true;
    l.method = "minifasnet-pair";
    // The raw mean is far too sure of itself: on development photos half of the attacks passed at 0.5 (AUC 0.82).
    // Halving the log-odds and capping them at 20:1 keeps the order and claims no more than was seen.
    const double raw = std::clamp((near + wide) / 2, 1e-4, 1 - 1e-4);
    const double odds = std::clamp(0.5 * std::log(raw / (1 - raw)), -3.0, 3.0);
    l.score = 1 / (1 + std::exp(-odds));
    return l;
  }

  Result<Analysis> analyse(const cv::Mat& given, const AnalyseOptions& how, const QualityLimits& limits, bool print,
                           const Deadline& deadline) const {
    Analysis a;
    cv::Mat bgr = given;
    std::vector<DetectedFace> faces;
    // Detectors fire on upside-down faces too, with points in the wrong places; the mesh model does not take those
    // for faces. So every turn is tried and the most face-like wins.
    double best = -1;
    for (int turns = 0; turns < (how.any_orientation ? 4 : 1); ++turns) {
      const cv::Mat candidate = turned(given, turns);
      AX_TRY(auto found, detect_main(candidate, deadline));
      if (!how.any_orientation) {
        faces = std::move(found);
        break;
      }
      if (found.empty()) continue;
      double rank = found.front().score;
      if (mesh) {
        AX_TRY(const Geometry g, fit_mesh(*mesh, candidate, found.front()));
        // Beyond a quarter turn of the mesh itself this is not the upright picture.
        rank *= g.face_presence * (std::abs(g.pose.roll) > 50 ? 0.5 : 1.0);
      }
      if (rank <= best) continue;
      best = rank;
      faces = std::move(found);
      bgr = candidate;
      a.quarter_turns = turns;
    }
    const auto as_given = [&](const DetectedFace& f) { return turn_back(f, a.quarter_turns, given.size()); };
    for (const auto& f : faces) a.faces.push_back(as_given(f));
    if (faces.empty()) {
      a.quality.issues.push_back(QualityIssue::no_face);
      return a;
    }
    a.chosen = 0;
    DetectedFace face = faces.front();
    if (mesh) {
      AX_TRY(a.geometry, fit_mesh(*mesh, bgr, face));
      if (!a.geometry.mesh.empty() && detector_kind == DetectorKind::blazeface) {
        face.points = five_points_of(a.geometry);
        a.faces.front() = as_given(face);
      }
    }
    if (a.geometry.mesh.empty()) a.geometry.pose = pose_of(face.points);
    if (deadline.passed()) return late();
    const cv::Mat crop = warp_crop(bgr, alignment(face, a.geometry), crop_size());
    cv::Mat gray;
    cv::cvtColor(crop, gray, cv::COLOR_BGR2GRAY);
    a.quality = appraise(gray, bgr.size(), face, a.geometry, limits);
    // Another face counts when it could be meant: at least a third of the chosen one's size.
    const auto rivals = std::ranges::count_if(faces, [&](const auto& f) { return f.box.area() * 9 > face.box.area() && f.score > 0.7f; });
    if (rivals > 1 && !print) {
      a.quality.issues.push_back(QualityIssue::several_faces);
      a.quality.acceptable = false;
    }
    if (how.liveness) {
      AX_TRY(a.liveness, judge_liveness(bgr, face));
    }
    if (deadline.passed()) return late();
    if (how.embedding) {
      AX_TRY(a.embedding, embed(crop));
    }
    if (a.quarter_turns != 0) {
      const auto w = static_cast<float>(given.cols), h = static_cast<float>(given.rows);
      for (auto& v : a.geometry.mesh) {
        const Point p = turn_back(Point{v.x, v.y}, a.quarter_turns, w, h);
        v.x = p.x, v.y = p.y;
      }
    }
    return a;
  }
};

namespace {

/// OpenCV throws on misuse and when memory is out; neither may leave the engine.
template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const cv::Exception& e) {
    return Error{Errc::internal, fmt::format("OpenCV: {}", e.what())};
  } catch (const std::bad_alloc&) {
    return Error{Errc::overloaded, "out of memory in face analysis"};
  }
}

}  // namespace

FaceEngine::FaceEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FaceEngine::~FaceEngine() = default;

Result<std::shared_ptr<const FaceEngine>> FaceEngine::create(const inference::Pack& pack, EngineOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->pack = pack.name;
  impl->notice = pack.notice;
  // Compiling takes some 100 ms a model; the models don't depend on one another.
  const auto load = [&](std::string_view role) -> Result<std::shared_ptr<const Model>> {
    const auto* info = pack.find(role);
    if (info == nullptr) return std::shared_ptr<const Model>{};
    return Model::load(*info, options.load);
  };
  const std::array<std::pair<std::string_view, std::shared_ptr<const Model>*>, 5> wanted{{{"detector", &impl->detector},
                                                                                          {"embedding", &impl->embedder},
                                                                                          {"mesh", &impl->mesh},
                                                                                          {"liveness", &impl->liveness},
                                                                                          {"liveness-wide", &impl->liveness_wide}}};
  std::vector<std::future<Result<std::shared_ptr<const Model>>>> loading;
  for (const auto& entry : wanted) loading.push_back(std::async(std::launch::async, load, entry.first));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    AX_TRY(*wanted[i].second, loading[i].get());
  }
  if (!impl->detector || !impl->embedder) {
    return Error{Errc::capability_unavailable, fmt::format("model pack {} in {} lacks a detector or an embedding", pack.name, pack.folder)};
  }
  const std::string_view detector = name_of(impl->detector->info().id), embedder = name_of(impl->embedder->info().id);
  if (detector == "blazeface") {
    impl->detector_kind = DetectorKind::blazeface;
  } else if (detector.starts_with("yunet")) {
    impl->detector_kind = DetectorKind::yunet;
  } else if (detector.starts_with("scrfd")) {
    impl->detector_kind = DetectorKind::scrfd;
  } else {
    return Error{Errc::capability_unavailable, fmt::format("detector {} is of no known kind", detector)};
  }
  if (embedder.starts_with("dlib")) {
    impl->embedder_kind = EmbedderKind::dlib;
  } else if (embedder.starts_with("mobilefacenet")) {
    impl->embedder_kind = EmbedderKind::mobilefacenet;
  } else if (embedder.starts_with("w600k")) {
    impl->embedder_kind = EmbedderKind::insightface;
  } else {
    return Error{Errc::capability_unavailable, fmt::format("embedding {} is of no known kind", embedder)};
  }
  return std::shared_ptr<const FaceEngine>(new FaceEngine(std::move(impl)));
}

Result<std::vector<DetectedFace>> FaceEngine::detect(const imaging::Image& image, const Deadline& deadline) const {
  if (image.empty()) return Error::invalid("image", "is empty");
  return guarded([&]() -> Result<std::vector<DetectedFace>> { return impl_->detect_all(bgr_of(image), deadline); });
}

Result<Analysis> FaceEngine::analyse(const imaging::Image& image, const AnalyseOptions& options, const Deadline& deadline) const {
  if (image.empty()) return Error::invalid("image", "is empty");
  return guarded([&]() -> Result<Analysis> { return impl_->analyse(bgr_of(image), options, kLiveLimits, false, deadline); });
}

Result<Analysis> FaceEngine::portrait(const imaging::Image& document, const Deadline& deadline) const {
  if (document.empty()) return Error::invalid("image", "is empty");
  const AnalyseOptions options{.liveness = false, .embedding = true, .any_orientation = true};
  return guarded([&]() -> Result<Analysis> { return impl_->analyse(bgr_of(document), options, kPrintLimits, true, deadline); });
}

Result<Comparison> FaceEngine::compare(const Embedding& a, const Embedding& b, double target_fmr) const {
  if (a.model_id != b.model_id || a.values.size() != b.values.size() || a.values.empty()) {
    return Error::invalid("embedding", "comes from another model; embeddings of different models cannot be compared");
  }
  const Calibration* calibration = calibration_of(a.model_id);
  if (calibration == nullptr) return Error::invalid("embedding", "comes from a model without calibration");
  double dot = 0, na = 0, nb = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    dot += static_cast<double>(a.values[i]) * b.values[i];
    na += static_cast<double>(a.values[i]) * a.values[i];
    nb += static_cast<double>(b.values[i]) * b.values[i];
  }
  if (!std::isfinite(dot) || !(na > 0) || !(nb > 0)) return Error::invalid("embedding", "is not a vector of finite length");
  Comparison c;
  c.similarity = std::clamp(dot / std::sqrt(na * nb), -1.0, 1.0);
  c.fmr = calibration->fmr(c.similarity);
  c.probability = calibration->probability(c.similarity);
  c.threshold = calibration->threshold(target_fmr);
  c.match = c.similarity >= c.threshold;
  c.confidence = confidence_of(c.fmr);
  return c;
}

const std::string& FaceEngine::pack_name() const noexcept { return impl_->pack; }
const std::string& FaceEngine::notice() const noexcept { return impl_->notice; }
const std::string& FaceEngine::embedding_model_id() const noexcept { return impl_->embedder->info().id; }
inference::Backend FaceEngine::backend() const noexcept { return impl_->detector->backend(); }

std::vector<inference::ModelInfo> FaceEngine::models() const {
  std::vector<inference::ModelInfo> out;
  for (const auto& model : {impl_->detector, impl_->mesh, impl_->embedder, impl_->liveness, impl_->liveness_wide}) {
    if (model) out.push_back(model->info());
  }
  return out;
}

}  // namespace authx::face
