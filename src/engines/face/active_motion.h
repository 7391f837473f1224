#pragma once

#include <optional>

#include "engines/face/active.h"
#include "engines/face/active_geometry.h"

namespace authx::face::active {

/// How a face moved from one frame to the next, by its pixels: the mesh alone trembles by several times what a head moves in a
/// tenth of a second.
///
/// The looks of both frames lie on their meshes, so what is left between them is the meshes' error. It is found by fitting shift,
/// turn and size of one look on the other (Lucas and Kanade, 1981; Baker and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004),
/// on pictures from which the light was taken (band-passed, evened to one contrast everywhere), with Cauchy's weights against
/// lids and lips.
class LookMotion {
 public:
  LookMotion() = default;
  explicit LookMotion(const Look& look);

  /// Where in `after` the point lies that lies at the middle of this look (kLookMiddle), in the looks' pixels. Nothing when the
  /// looks do not fit on each other.
  std::optional<Point> found_in(const LookMotion& after) const;

 private:
  std::vector<float> even_;  ///< row by row
};

/// The point of a look that is followed: between the eyes and the mouth.
inline constexpr Point kLookMiddle{kLookWidth / 2.0f, 44};

}  // namespace authx::face::active
