#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engines/document/authenticity/authenticity.h"
#include "imaging/jpeg_blocks.h"

namespace authx::document::authenticity {

/// A printed value or the portrait on the picture as given.
struct Region {
  std::string field;
  cv::Rect box;  ///< inside the picture
  imaging::Quad place{};
};

struct Strokes;

/// The page under examination with what several checks need, made when first asked for.
class Scene {
 public:
  explicit Scene(const AuthenticityInput& input);
  ~Scene();
  const AuthenticityInput& in;

  const cv::Mat& gray();                    ///< luminance of the picture as given, 8 bits
  const cv::Mat& residual();                ///< its second difference both ways (Immerkær, 1996), 16 bits; noise of sigma s has 6 s
  const std::vector<Region>& values();      ///< printed values large enough to look at
  const std::vector<Region>& lines();       ///< other print: a value that was overwritten may be read as none
  const std::vector<Strokes>& strokes();    ///< of those values
  const std::optional<Region>& portrait();  ///< given, or where the type prints it
  const cv::Rect& document();               ///< what bounds the page's outline
  const std::optional<imaging::JpegBlocks>& jpeg();  ///< none when the file is absent or no JPEG

 private:
  std::optional<Region> region(std::string field, const imaging::Box& on_page) const;
  std::optional<cv::Mat> gray_, residual_;
  std::optional<std::vector<Region>> values_, lines_;
  std::unique_ptr<std::vector<Strokes>> strokes_;
  std::optional<std::optional<Region>> portrait_;
  std::optional<cv::Rect> document_;
  std::optional<std::optional<imaging::JpegBlocks>> jpeg_;
};

using Check = void (*)(Scene& scene, std::vector<Finding>& out);

/// Each check with whether it looks at the whole reading (once a document) or at one picture.
struct Registered {
  Check run;
  bool whole_reading;
};
std::span<const Registered> all_checks();

/// A measured trace. `excess` is the measure over its threshold: 1 and more fails. The score is 1 without any trace and 0.5 at the
/// threshold.
Finding trace(std::string id, double excess, std::string clean, std::string suspicious, std::string limits, Weight weight = Weight::review);
Finding judged(std::string id, CheckKind kind, bool good, std::string yes, std::string no, Weight weight);
Finding unchecked(std::string id, CheckKind kind, std::string reason, Weight weight = Weight::review);

/// The value at a share (0..1) of the sorted values; 0 when there are none.
double quantile(std::vector<double> values, double share);

/// Standard deviation of the noise in each 8x8 cell of `box`, from the residual.
std::vector<double> cell_noise(Scene& scene, const cv::Rect& box);

}  // namespace authx::document::authenticity
