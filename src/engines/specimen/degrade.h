#pragma once

#include "engines/specimen/people.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::specimen {

struct Captured {
  imaging::Image image;
  imaging::Quad outline{};  ///< the card's corners on the image, in the card's own order
};

/// Turns a flat card into what a camera would deliver. Level 0: a scan with a narrow margin. 1: a good photo on a plain table,
/// small tilt. 2: a fair photo on a patterned table, more tilt, some blur, shade and noise. 3: clutter, any quarter turn,
/// strong tilt, glare, blur, noise, low JPEG quality. 4: the scenes of `scene.h`. Without `compressed` the levels above 0 leave out
/// the camera's JPEG.
Captured capture(const imaging::Image& card, int level, Dice& dice, bool compressed = true);

}  // namespace authx::specimen
