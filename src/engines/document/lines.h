#pragma once

#include <vector>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// A stretch of print on one line, without gaps wider than about two letters.
struct TextLine {
  imaging::Box box;      ///< tight around the ink
  double letters = 0;    ///< how many separate marks it holds
  double even = 0;       ///< 0..1: share of the marks that are of one height, as digits and capitals are
  double headline = 0;   ///< 0..1: how far a horizontal stroke joins its words, as in Devanagari, Bengali and Gurmukhi
  double starts = 0;     ///< the same of its first word
  bool settled = false;  ///< was read surely this way up, and is no number of twelve or sixteen digits
};

/// Finds dark print on a lighter, upright page without reading it: ink by local contrast, marks of a letter's size, joined to
/// lines by their own height. Codes and portraits are left out by their density and size. In reading order. About 5 ms for a
/// page of 1000 pixels.
std::vector<TextLine> text_lines(const imaging::Image& gray);

}  // namespace authx::document
