#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/face/types.h"
#include "inference/pack.h"

namespace authx::imaging {
struct Image;
}

namespace authx::face {

struct EngineOptions {
  inference::LoadOptions load;
  /// Faces below are not reported. Unset: the detector's own working point.
  std::optional<float> detection_threshold;
  std::size_t max_faces = 32;
};

struct AnalyseOptions {
  bool liveness = true;
  bool embedding = true;
  /// Look for upside-down and sideways faces too when none is found upright (document images).
  bool any_orientation = false;
};

/// What one image says. No face, or several, is an answer (in `quality.issues`), not an error.
struct Analysis {
  std::vector<DetectedFace> faces;    ///< best first: large, central and certain before small
  std::optional<std::size_t> chosen;  ///< index in `faces` of the face that was analysed
  int quarter_turns = 0;              ///< clockwise turns that make the image upright; boxes are in the given image
  Geometry geometry;
  Quality quality;
  Liveness liveness;
  std::optional<Embedding> embedding;  ///< of the chosen face
};

/// The share of false matches that a use can bear.
inline constexpr double kDocumentToLiveFmr = 1e-4;
inline constexpr double kLiveToLiveFmr = 1e-4;

/// Detects, describes and compares faces with the models of one pack. Immutable after `create`, safe from
/// any number of threads; each call runs on the caller's thread for 20–80 ms, so call it on the CPU pool.
/// Alignment: least-squares similarity (Umeyama 1991) to the embedding model's template.
class FaceEngine {
 public:
  /// Loads and checks every model of the pack. Errors: those of inference::Model::load; capability_unavailable
  /// when detector or embedding is missing from the pack.
  static Result<std::shared_ptr<const FaceEngine>> create(const inference::Pack& pack, EngineOptions options = {});
  ~FaceEngine();

  /// All faces, best first. Errors: request_timeout (deadline), internal.
  Result<std::vector<DetectedFace>> detect(const imaging::Image& image, const Deadline& deadline = {}) const;

  /// Detection, geometry, quality, liveness and embedding of the main face of a live capture.
  Result<Analysis> analyse(const imaging::Image& image, const AnalyseOptions& options = {}, const Deadline& deadline = {}) const;

  /// The portrait printed on a document: small, gray or turned by quarter turns as it may be; the largest
  /// certain face, liveness not judged. Its quality limits are those of prints.
  Result<Analysis> portrait(const imaging::Image& document, const Deadline& deadline = {}) const;

  /// Threshold for a target false-match rate by the model's calibration table.
  /// Errors: validation when the embeddings come from different models, or from one this engine has no calibration for.
  Result<Comparison> compare(const Embedding& a, const Embedding& b, double target_fmr = kDocumentToLiveFmr) const;

  const std::string& pack_name() const noexcept;
  const std::string& notice() const noexcept;  ///< licence limits that a user must see; empty when none
  const std::string& embedding_model_id() const noexcept;
  std::vector<inference::ModelInfo> models() const;  ///< what was loaded, with id, hash and licence
  inference::Backend backend() const noexcept;

 private:
  struct Impl;
  explicit FaceEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace authx::face
