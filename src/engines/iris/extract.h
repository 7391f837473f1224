#pragma once

#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engines/iris/template.h"
#include "engines/iris/types.h"
#include "imaging/image.h"

namespace authx::iris {

struct Extraction {
  Template iris;
  Quality quality;
  Contour pupil, limbus;  ///< pixels of the given image
  double confidence = 0;  ///< of the segmentation, 0..1
  std::vector<Cue> cues;
};

/// Reads one eye: near-infrared gray, or colour under visible light (then the red channel is used). The iris should be at
/// least 40 pixels across its radius; larger images are reduced to 640 pixels on the long side.
/// Pure and thread-safe; about 20 ms. Errors: validation on field "image" whose reason is an `Issue`'s name (the eye cannot
/// be enrolled), request_timeout when `deadline` passes.
Result<Extraction> extract(const imaging::Image& image, Eye eye = Eye::unknown, const Deadline& deadline = {});

}  // namespace authx::iris
