#include "engines/face/face_engine.h"

#include <cmath>
#include <future>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "engines/face/align.h"
#include "engines/face/appraise.h"
#include "engines/face/calibration.h"
#include "engines/face/detector.h"
#include "engines/face/embedder.h"
#include "engines/face/insightface.h"
#include "engines/face/mesh.h"
#include "engines/face/passive.h"
#include "imaging/image.h"
#include "imaging/mat.h"

namespace authx::face {
namespace {

using inference::Model;

Error late() { return Error{Errc::request_timeout, "face analysis ran out of time"}; }

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
  std::string pack, notice;
  std::optional<Detector> detector;
  std::optional<Embedder> embedder;
  std::shared_ptr<const Model> mesh, liveness, liveness_wide, landmarks_2d, landmarks_3d, attributes;
  std::optional<Calibration> calibration;  ///< the pack's own

  const Calibration* calibration_for(const std::string& model_id, Use use) const {
    if (calibration && model_id == embedder->model().info().id) return &*calibration;
    return calibration_of(model_id, use == Use::document_to_live ? Medium::print : Medium::live);
  }

  Result<Liveness> judge_liveness(const cv::Mat& bgr, const DetectedFace& face, bool cues) const {
    Liveness l;
    l.method = "image-cues";
    if (cues) l.cues = recapture_cues(bgr, face.box);
    if (!liveness || !liveness_wide) return l;
    l.available = true;
    l.method = "minifasnet-pair";
    AX_TRY(l.score, passive_score(*liveness, *liveness_wide, bgr, face.box));
    return l;
  }

  Result<Geometry> geometry_of(const cv::Mat& bgr, const DetectedFace& face) const {
    Geometry g;
    if (mesh) {
      AX_TRY(g, fit_mesh(*mesh, bgr, face));
    }
    if (landmarks_2d) {
      AX_TRY(g.landmarks_106, fit_106(*landmarks_2d, bgr, face.box));
    }
    if (landmarks_3d) {
      AX_TRY(g.landmarks, fit_68(*landmarks_3d, bgr, face.box));
      if (g.mesh.empty()) describe_by_landmarks(g);
    }
    if (g.mesh.empty() && g.landmarks.empty()) g.pose = pose_of(face.points);
    return g;
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
      AX_TRY(auto found, detector->find_main(candidate, deadline));
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
    AX_TRY(a.geometry, geometry_of(bgr, face));
    if (!a.geometry.mesh.empty() && detector->rough_points()) {
      face.points = five_points_of(a.geometry);
      a.faces.front() = as_given(face);
    }
    if (deadline.passed()) return late();
    const Similarity to_crop = embedder->alignment(face, a.geometry);
    const cv::Mat crop = warp_crop(bgr, to_crop, embedder->crop_size());
    std::optional<Embedder::Pending> embedding;
    if (how.embedding) {
      AX_TRY(embedding, embedder->begin(crop, how.mirrored));
    }
    a.quality = appraise({bgr, crop, to_crop, face, a.geometry}, limits, how.surroundings);
    // Another face counts when it could be meant: at least a third of the chosen one's size.
    const auto rivals = std::ranges::count_if(faces, [&](const auto& f) { return f.box.area() * 9 > face.box.area() && f.score > 0.7f; });
    if (rivals > 1 && !print) {
      a.quality.issues.push_back(QualityIssue::several_faces);
      a.quality.acceptable = false;
    }
    if (how.liveness) {
      AX_TRY(a.liveness, judge_liveness(bgr, face, how.cues));
    }
    if (attributes) {
      AX_TRY(a.attributes, fit_attributes(*attributes, bgr, face.box));
    }
    if (embedding) {
      AX_TRY(a.embedding, embedding->finish());
    }
    if (deadline.passed()) return late();
    if (a.quarter_turns != 0) {
      const auto w = static_cast<float>(given.cols), h = static_cast<float>(given.rows);
      for (auto* points : {&a.geometry.mesh, &a.geometry.landmarks, &a.geometry.landmarks_106}) {
        for (auto& v : *points) {
          const Point p = turn_back(Point{v.x, v.y}, a.quarter_turns, w, h);
          v.x = p.x, v.y = p.y;
        }
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
  impl->pack = pack.name;
  impl->notice = pack.notice;
  // Compiling takes some 100 ms a model; the models don't depend on one another.
  const auto load = [&](std::string_view role) -> Result<std::shared_ptr<const Model>> {
    const auto* info = pack.find(role);
    if (info == nullptr) return std::shared_ptr<const Model>{};
    return options.cache ? options.cache->load(*info, options.load) : Model::load(*info, options.load);
  };
  std::shared_ptr<const Model> detector, embedder;
  const std::array<std::pair<std::string_view, std::shared_ptr<const Model>*>, 8> wanted{{{"detector", &detector},
                                                                                          {"embedding", &embedder},
                                                                                          {"mesh", &impl->mesh},
                                                                                          {"liveness", &impl->liveness},
                                                                                          {"liveness-wide", &impl->liveness_wide},
                                                                                          {"landmarks-2d", &impl->landmarks_2d},
                                                                                          {"landmarks-3d", &impl->landmarks_3d},
                                                                                          {"attributes", &impl->attributes}}};
  std::vector<std::future<Result<std::shared_ptr<const Model>>>> loading;
  for (const auto& entry : wanted) loading.push_back(std::async(std::launch::async, load, entry.first));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    AX_TRY(*wanted[i].second, loading[i].get());
  }
  if (!detector || !embedder) {
    return Error{Errc::capability_unavailable, fmt::format("model pack {} in {} lacks a detector or an embedding", pack.name, pack.folder)};
  }
  AX_TRY(impl->detector, Detector::create(std::move(detector), options.detection_threshold, options.max_faces));
  AX_TRY(impl->embedder, Embedder::create(std::move(embedder)));
  if (!pack.calibration.empty()) {
    AX_TRY(impl->calibration, parse_calibration(pack.calibration, impl->embedder->model().info().id));
  }
  return std::shared_ptr<const FaceEngine>(new FaceEngine(std::move(impl)));
}

Result<std::vector<DetectedFace>> FaceEngine::detect(const imaging::Image& image, const Deadline& deadline) const {
  if (image.empty()) return Error::invalid("image", "is empty");
  return guarded([&]() -> Result<std::vector<DetectedFace>> { return impl_->detector->find_all(bgr_of(image), deadline); });
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

Result<Comparison> FaceEngine::compare(const Embedding& a, const Embedding& b, Use use) const {
  return compare(a, b, use, face::target_fmr(use));
}

Result<Comparison> FaceEngine::compare(const Embedding& a, const Embedding& b, Use use, double target_fmr) const {
  if (a.model_id != b.model_id || a.values.size() != b.values.size() || a.values.empty()) {
    return Error::invalid("embedding", "comes from another model; embeddings of different models cannot be compared");
  }
  double dot = 0, na = 0, nb = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    dot += static_cast<double>(a.values[i]) * b.values[i];
    na += static_cast<double>(a.values[i]) * a.values[i];
    nb += static_cast<double>(b.values[i]) * b.values[i];
  }
  if (!std::isfinite(dot) || !(na > 0) || !(nb > 0)) return Error::invalid("embedding", "is not a vector of finite length");
  return read_similarity(a.model_id, std::clamp(dot / std::sqrt(na * nb), -1.0, 1.0), use, target_fmr);
}

Result<Comparison> FaceEngine::read_similarity(const std::string& model_id, double similarity, Use use, double target_fmr) const {
  const Calibration* calibration = impl_->calibration_for(model_id, use);
  if (calibration == nullptr) {
    return Error::invalid("embedding", fmt::format("comes from {}, which has no calibration: put the file that "
                                                   "`authx lab face --calibrate` writes into the model folder as calibration.json",
                                                   model_id));
  }
  Comparison c;
  c.similarity = similarity;
  c.fmr = calibration->fmr(c.similarity);
  c.probability = calibration->probability(c.similarity);
  c.likelihood_ratio = calibration->likelihood_ratio(c.similarity);
  c.threshold = calibration->threshold(target_fmr);
  c.match = c.similarity >= c.threshold;
  c.confidence = confidence_of(c.fmr);
  return c;
}

const std::string& FaceEngine::pack_name() const noexcept { return impl_->pack; }
const std::string& FaceEngine::notice() const noexcept { return impl_->notice; }
const std::string& FaceEngine::embedding_model_id() const noexcept { return impl_->embedder->model().info().id; }
inference::Backend FaceEngine::backend() const noexcept { return impl_->detector->model().backend(); }

std::vector<inference::ModelInfo> FaceEngine::models() const {
  std::vector<inference::ModelInfo> out;
  out.push_back(impl_->detector->model().info());
  out.push_back(impl_->embedder->model().info());
  for (const auto& model :
       {impl_->mesh, impl_->liveness, impl_->liveness_wide, impl_->landmarks_2d, impl_->landmarks_3d, impl_->attributes}) {
    if (model) out.push_back(model->info());
  }
  return out;
}

}  // namespace authx::face
