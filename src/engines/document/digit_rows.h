#pragma once

#include <optional>
#include <vector>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// A straight row of twelve or sixteen marks that stand as the digits of an Aadhaar number or a VID do: of one height, at one pitch, in
/// fours or in one run. Whether they are digits, nobody has looked.
struct DigitRow {
  imaging::Quad place{};  ///< tight around the ink, on the picture; the row runs from corner 0 to corner 1, or upside down the other way
  double height = 0;      ///< of the ink, in pixels of the picture
  int digits = 12;        ///< 12 or 16; 8 for two groups of four, whose place then holds a third before and behind
  bool grouped = false;   ///< in fours
  double even = 0;        ///< 0..1: how alike heights and distances are
};

/// Finds such rows in any direction, without reading and without knowing where documents lie: dark marks at several strengths of ink,
/// chained by size and distance. What lies in `closer` is searched enlarged, too: small digits touch. Best first. About 25 ms for a
/// picture of 1280 x 960 pixels.
std::vector<DigitRow> digit_rows(const imaging::Image& gray, const std::optional<imaging::Box>& closer = {});

}  // namespace authx::document
