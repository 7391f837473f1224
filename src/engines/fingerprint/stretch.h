#pragma once

#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// A linear map about the middle of an impression: x' = xx x + xy y, y' = yx x + yy y. Its determinant must not be 0.
struct Stretch {
  float xx = 1, xy = 0, yx = 0, yy = 1;
};

/// The finger that another one would be when mirrored or stretched: minutiae and flow are moved and turned, the ridge
/// pattern is left out. For galleries of made-up strangers.
Template stretched(const Template& t, const Stretch& s);

/// Nine strangers for each finger: its mirror image, and both stretched in different ways.
std::vector<Template> strangers(const Template& t);

}  // namespace authx::fingerprint
