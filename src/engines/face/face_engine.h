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
  /// Engines that share a cache share their models. Unset: an own copy.
  std::shared_ptr<inference::ModelCache> cache;
};

struct AnalyseOptions {
  bool liveness = true;
  bool cues = true;  ///< recapture cues beside the trained liveness model
  bool embedding = true;
  /// Embed the mirrored face too: for what is stored and compared often. It costs a second run.
  bool mirrored = true;
  /// Judge background and compression too.
  bool surroundings = true;
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
  std::optional<Embedding> embedding;    ///< of the chosen face
  std::optional<Attributes> attributes;  ///< only with packs that guess them
};

/// For a one-to-one comparison at once with something that was enrolled: no mirrored run, no cues that nobody reads.
inline constexpr AnalyseOptions kProbe{.cues = false, .mirrored = false, .surroundings = false};

/// Detects, describes and compares faces with the models of one pack. Immutable after `create`, safe from
/// any number of threads; each call takes 10–80 ms of CPU, so call it on the CPU pool. The embedding runs beside quality
/// and liveness where the backend has threads of its own.
/// Alignment: least-squares similarity (Umeyama 1991) to the embedding model's template.
class FaceEngine {
 public:
  /// Loads and checks every model of the pack, and its calibration.json where there is one. Errors: those of
  /// inference::Model::load; capability_unavailable when detector or embedding is missing from the pack; validation
  /// (calibration.json).
  static Result<std::shared_ptr<const FaceEngine>> create(const inference::Pack& pack, EngineOptions options = {});
  ~FaceEngine();

  /// All faces, best first. Errors: request_timeout (deadline), internal.
  Result<std::vector<DetectedFace>> detect(const imaging::Image& image, const Deadline& deadline = {}) const;

  /// Detection, geometry, quality, liveness and embedding of the main face of a live capture.
  Result<Analysis> analyse(const imaging::Image& image, const AnalyseOptions& options = {}, const Deadline& deadline = {}) const;

  /// The portrait printed on a document: small, gray or turned by quarter turns as it may be; the largest
  /// certain face, liveness not judged. Its quality limits are those of prints.
  Result<Analysis> portrait(const imaging::Image& document, const Deadline& deadline = {}) const;

  /// By the model's calibration table for the use: its threshold, likelihood ratio, false-match rate at this similarity.
  /// A `calibration.json` in the pack's folder goes before the built-in table and serves every use.
  /// Errors: validation when the embeddings come from different models, or from one this engine has no calibration for.
  Result<Comparison> compare(const Embedding& a, const Embedding& b, Use use = Use::document_to_live) const;
  /// The same with a false-match rate of the caller's choice.
  Result<Comparison> compare(const Embedding& a, const Embedding& b, Use use, double target_fmr) const;
  /// What a similarity of this model says, for one that was computed elsewhere. Errors: validation (no calibration).
  Result<Comparison> read_similarity(const std::string& model_id, double similarity, Use use, double target_fmr) const;

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
