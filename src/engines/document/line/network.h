#pragma once

#include <span>
#include <vector>

#include "engines/document/line/model.h"
#include "imaging/image.h"

namespace authx::document::line {

/// Of each class at each step from left to right; a step is `Model::kPool` columns of the picture.
struct Probabilities {
  std::size_t steps = 0;
  std::size_t classes = 0;
  std::size_t stride = 0;  ///< classes with padding
  std::vector<float> values;

  std::span<const float> at(std::size_t step) const { return std::span{values}.subspan(step * stride, classes); }
};

/// Runs the network on a gray picture of one line, `Model::kHeight` rows and at least `Model::kPool` columns. Its black and white are
/// taken from the extremes along its middle row. About 1 ms for 600 columns with AVX-512.
Probabilities run(const Model& model, const imaging::Image& picture, const Kernels& kernels);

}  // namespace authx::document::line
