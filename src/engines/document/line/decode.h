#pragma once

#include <vector>

#include "engines/document/line/model.h"
#include "engines/document/line/network.h"

namespace authx::document::line {

/// Doubt weighs so much more in what is neither number nor known word: where a picture leaves it open, these are read.
inline constexpr float kUnknown = 2.25F;

/// A character on the best path.
struct Letter {
  std::size_t of = 0;    ///< its class
  std::size_t from = 0;  ///< steps [from, to)
  std::size_t to = 0;
  bool known = false;    ///< of a number, a known word, or of these with marks between
  double certainty = 0;  ///< logarithm of the least probability on its steps and those of nothing before it, as Tesseract counts it
};

/// The best path through the classes: the most probable one, but for `kUnknown`, where equal neighbours are one character and nothing
/// stands between characters (connectionist temporal classification, Graves et al., 2006). At the two ends of a character its step may be
/// shared with what stands beside it: there the probabilities of both are added. `allowed` tells for each class whether it may be read;
/// empty for all.
std::vector<Letter> best_path(const Model& model, const Probabilities& probabilities, const std::vector<bool>& allowed);

}  // namespace authx::document::line
