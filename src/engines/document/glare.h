#pragma once

#include <optional>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// The largest reflection on a flat page that has burnt out print over at least a fiftieth of it: a saturated patch whose brightness falls
/// off softly around it, as that of a white panel does not. None on paper that is white itself, and none when half the page is burnt
/// out, which is the light's fault. About 2 ms for a page of 640 pixels.
std::optional<imaging::Box> large_reflection(const imaging::Image& page);

}  // namespace authx::document
