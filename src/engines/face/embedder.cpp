#include "engines/face/embedder.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "engines/face/mesh.h"

namespace authx::face {
namespace {

void normalise(std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  const auto factor = static_cast<float>(1 / std::sqrt(std::max(sum, 1e-20)));
  for (float& v : values) v *= factor;
}

/// Reads a finished run's vector at unit length and adds it.
Result<> add(inference::Run& run, std::vector<float>& sum) {
  AX_CHECK(run.finish());
  const auto raw = run.output(0).data;
  std::vector<float> values(raw.begin(), raw.end());
  normalise(values);
  sum.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
  return {};
}

}  // namespace

Result<Embedder> Embedder::create(std::shared_ptr<const inference::Model> model) {
  Embedder e;
  const std::string_view id = model->info().id;
  if (id.starts_with("dlib")) {
    e.kind_ = Kind::dlib;
  } else if (id.starts_with("mobilefacenet")) {
    e.kind_ = Kind::mobilefacenet;
  } else if (id.starts_with("w600k")) {
    e.kind_ = Kind::insightface;
  } else {
    return Error{Errc::capability_unavailable, fmt::format("embedding {} is of no known kind", id)};
  }
  e.model_ = std::move(model);
  return e;
}

Similarity Embedder::alignment(const DetectedFace& face, const Geometry& geometry) const {
  const bool sure = !geometry.mesh.empty() && geometry.face_presence >= 0.5f;
  std::optional<Similarity> fit;
  if (sure && kind_ == Kind::dlib) {
    const auto points = dlib_points_of(geometry);
    fit = fit_similarity(points, dlib_points_template());
  } else if (sure && kind_ == Kind::mobilefacenet) {
    fit = fit_similarity(five_points_of(geometry), arcface_template());
  } else {
    fit = fit_similarity(face.points, kind_ == Kind::dlib ? dlib_template() : arcface_template());
  }
  return fit.value_or(Similarity{});
}

Result<inference::Run> Embedder::start(const cv::Mat& crop) const {
  Normalisation n;
  switch (kind_) {
    case Kind::dlib: n.mean = {122.782f, 117.001f, 104.298f}, n.scale = {1 / 256.0f, 1 / 256.0f, 1 / 256.0f}; break;
    case Kind::mobilefacenet:
      n.mean = {0.485f * 255, 0.456f * 255, 0.406f * 255}, n.scale = {1 / (0.229f * 255), 1 / (0.224f * 255), 1 / (0.225f * 255)};
      break;
    case Kind::insightface:
      if (!model_->info().normalises) n.mean = {127.5f, 127.5f, 127.5f}, n.scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f};
      break;
  }
  AX_TRY(auto run, model_->start({1, 3, crop_size(), crop_size()}));
  write_planar(crop, run.input(), n);
  AX_CHECK(run.begin());
  return run;
}

Result<Embedder::Pending> Embedder::begin(const cv::Mat& crop, bool mirrored) const {
  Pending p;
  p.model_id_ = model_->info().id;
  AX_TRY(p.plain_, start(crop));
  if (mirrored) {
    cv::Mat other;
    cv::flip(crop, other, 1);
    AX_TRY(p.mirrored_, start(other));
  }
  return p;
}

Result<Embedding> Embedder::Pending::finish() {
  Embedding e{model_id_, {}};
  AX_CHECK(add(*plain_, e.values));
  if (mirrored_) AX_CHECK(add(*mirrored_, e.values));
  normalise(e.values);
  if (!std::ranges::all_of(e.values, [](float v) { return std::isfinite(v); })) return Error{Errc::internal, "embedding is not finite"};
  return e;
}

}  // namespace authx::face
