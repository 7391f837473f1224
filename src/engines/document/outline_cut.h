#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "engines/document/outline.h"
#include "engines/document/outline_lines.h"

/// Documents that the picture's border cuts: one to four sides in a row that begin and end at the border.
namespace authx::document::outline {

/// What speaks for a cut document and against it.
enum CutTrait : std::size_t {
  kCovered,       ///< share of the sides on edges, mean
  kLeastCovered,  ///< and of the side with the least
  kCorners,       ///< edges as the sides come to their corners
  kRunOut,        ///< edges as the outer sides come to the border, of the one with less
  kEnds,          ///< and over the last pixels before it
  kPast,          ///< edges that run on past the corners
  kSteps,         ///< the sides' inner strips are unlike what lies outside, mean
  kLeastStep,     ///< and of the side with the least
  kSidesAlike,    ///< the sides' inner strips look the same
  kBorderAlike,   ///< and like the strip inside the picture's border
  kBorderGround,  ///< the part of that strip which looks most like what lies outside the sides
  kUnlikeGround,  ///< how much that part differs from it, in units of its own unevenness
  kFineStep,      ///< the steps in such units, of the side with the least
  kBorderStep,    ///< which is unlike the border's strip beside the document
  kInk,           ///< fine detail is spread over the inside
  kInkOutside,    ///< and over the outside
  kInkAtBorder,   ///< and along the cut
  kShare,         ///< of the picture, square root
  kComplete,      ///< what is to be seen has the shape of a whole document
  kTooLong,       ///< it is longer than any document
  kCorner,        ///< four sides: they have a document's shape
  kSquare,        ///< its corners are about right angles on the picture
  kCutTraits
};
using CutTraits = std::array<double, kCutTraits>;

/// How the sides lie: one, two that meet, two opposite ones, three, four.
enum class CutShape : std::size_t { side, corner, band, three, four };
inline constexpr std::size_t kCutShapes = 5;

struct Cut {
  CutShape shape{};
  std::vector<cv::Point2d> visible;  ///< the part on the picture, clockwise or the other way
  std::vector<const Line*> sides;
  CutTraits traits{};
  double odds = 0;  ///< natural logarithm
};

/// Edges of the picture that is searched.
struct Edges {
  cv::Size size;
  cv::Mat color;        ///< BGR
  cv::Mat points_near;  ///< running count of edge points over rows and columns
  const std::vector<Line>* lines = nullptr;
};

/// The best of each shape.
std::vector<Cut> find_cuts(const Edges& edges);

/// The best of all, when it is likelier than `whole`, the best outline of a whole document on the same picture, or than none.
std::optional<Cut> likeliest_cut(const Edges& edges, const Outline* whole);

}  // namespace authx::document::outline

namespace authx::document {

/// All that `find_cuts` finds on a picture, in its own pixels and without `sides`: for fitting the weights (tools/cuts/train.py).
std::vector<outline::Cut> cut_candidates(const imaging::Image& image);

}  // namespace authx::document
