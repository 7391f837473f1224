#pragma once

#include <optional>
#include <vector>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// A four-sided thing that may be a card or a page.
struct Outline {
  imaging::Quad quad{};  ///< on the given image, in screen order (top left first)
  double score = 0;      ///< 0..1
  double aspect = 0;     ///< long side by short side, perspective undone
  double skew = 0;       ///< 0..1: how much opposite sides differ in length and corners from right angles
  bool cut_off = false;  ///< a side is the picture's own border
  double step = 1;       ///< 0..1: how unlike what lies outside is what lies inside, along the side where they differ least
};

enum class Border { left, top, right, bottom };

/// A document that runs out of the picture.
struct CutDocument {
  std::vector<imaging::Point> visible;  ///< the part on the picture: a convex polygon
  std::vector<Border> runs_out;         ///< where
  double odds = 0;                      ///< natural logarithm of how much likelier it is than anything else
};

struct Sighting {
  std::vector<Outline> outlines;   ///< as `find_outlines` gives them
  std::optional<CutDocument> cut;  ///< when it is likelier than that the first outline, or none, is right
};

/// The best outlines of cards and pages on a photo, best first, none below the score at which they are as often wrong as right.
/// Lines come from a Hough transform that lets each edge point vote along its own gradient (O'Gorman and Clowes, 1976); four of
/// them make a candidate when edges cover its sides and end at its corners, and the shape fits a document (ISO/IEC 7810).
/// Fingers over an edge, clutter and papers around do no harm as long as most of each side shows; where a hand hides one side, it is
/// supposed from the other three. About 10 ms.
std::vector<Outline> find_outlines(const imaging::Image& image, std::size_t most = 4);

/// The same and whether a document is in sight that the picture's border cuts off: one to four sides in a row that run out of the picture
/// with paper between them unlike the ground, as long as what is to be seen has not the shape of a whole document. Some 4 ms more.
Sighting look_for_documents(const imaging::Image& image, std::size_t most = 4);

/// The best of them.
std::optional<imaging::Quad> find_outline(const imaging::Image& image);

/// True when lines of text run from top to bottom rather than from left to right.
bool text_is_vertical(const imaging::Image& gray);

/// Boxes that hold one line of text each, best first: wide, of a moderate height.
std::vector<imaging::Box> text_strips(const imaging::Image& gray);

}  // namespace authx::document
