#pragma once

#include <vector>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// Where a two-dimensional code may be: patches with many strong edges in both directions (`square`) or mostly across
/// (`stacked`, as PDF417 has), largest first, at most four. Boxes are on `gray` and leave room for the quiet zone.
struct CodeRegion {
  imaging::Box box;
  bool square = true;
};
std::vector<CodeRegion> code_regions(const imaging::Image& gray);

}  // namespace authx::document
