#pragma once

#include <memory>
#include <optional>

#include <opencv2/core/mat.hpp>

#include "base/result.h"
#include "engines/face/align.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// Aligns a face and embeds it with dlib's ResNet, a MobileFaceNet or InsightFace's w600k, told apart by the model's
/// id. Thread-safe.
class Embedder {
 public:
  /// Errors: capability_unavailable (a model of no known kind).
  static Result<Embedder> create(std::shared_ptr<const inference::Model> model);

  /// From the picture to the model's crop. dlib: the 36 points that dlib itself aligns by, from the mesh; MobileFaceNet:
  /// five points from the mesh (steadier than the detector's: docs/accuracy.md); InsightFace: the detector's five, as
  /// in its training. Without a mesh that believes in the face, the detector's five points.
  Similarity alignment(const DetectedFace& face, const Geometry& geometry) const;
  int crop_size() const noexcept { return kind_ == Kind::dlib ? 150 : 112; }

  /// An embedding that is being computed.
  class Pending {
   public:
    /// Waits for it. Call once. Errors: internal.
    Result<Embedding> finish();

   private:
    friend class Embedder;
    std::string model_id_;
    std::optional<inference::Run> plain_, mirrored_;
  };
  /// Starts to embed an aligned crop. With `mirrored`, the result is the direction of the sum of the picture's and its
  /// mirror image's unit vectors: steadier, at twice the cost. Both kinds may be compared with each other.
  Result<Pending> begin(const cv::Mat& crop, bool mirrored) const;

  const inference::Model& model() const noexcept { return *model_; }

 private:
  enum class Kind { dlib, mobilefacenet, insightface };
  Result<inference::Run> start(const cv::Mat& crop) const;

  std::shared_ptr<const inference::Model> model_;
  Kind kind_ = Kind::dlib;
};

}  // namespace authx::face
