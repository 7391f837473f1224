#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <opencv2/core/mat.hpp>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/face/types.h"
#include "inference/model.h"

namespace authx::face {

/// Finds faces with BlazeFace, YuNet or SCRFD, told apart by the model's id. Thread-safe.
class Detector {
 public:
  /// Faces below `threshold` are not reported; unset: the model's own working point.
  /// Errors: capability_unavailable (a model of no known kind).
  static Result<Detector> create(std::shared_ptr<const inference::Model> model, std::optional<float> threshold, std::size_t max_faces);

  /// For a picture of one person: coarse (long side 320), then fine (640), then small within a wide border, and stops
  /// where a face is found. Best first: large, central and certain. Errors: request_timeout, internal.
  Result<std::vector<DetectedFace>> find_main(const cv::Mat& bgr, const Deadline& deadline) const;
  /// All faces: coarse and fine.
  Result<std::vector<DetectedFace>> find_all(const cv::Mat& bgr, const Deadline& deadline) const;

  /// The points only tell the face's pose; they are too coarse to align by.
  bool rough_points() const noexcept { return kind_ == Kind::blazeface; }
  const inference::Model& model() const noexcept { return *model_; }

 private:
  enum class Kind { blazeface, yunet, scrfd };
  struct Canvas;

  Canvas canvas(cv::Size size, int side) const;
  Canvas padded(cv::Size size) const;
  Result<std::vector<DetectedFace>> run(const cv::Mat& bgr, const Canvas& canvas, cv::Point2f origin) const;
  Result<std::vector<DetectedFace>> fine(const cv::Mat& bgr) const;
  void order(std::vector<DetectedFace>& faces, cv::Size size) const;

  std::shared_ptr<const inference::Model> model_;
  Kind kind_ = Kind::blazeface;
  float threshold_ = 0.5f;
  std::size_t max_faces_ = 32;
};

}  // namespace authx::face
