#pragma once

#include <optional>
#include <vector>

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

/// The corners of the one card or page on a photo, in screen order (top left first), or nothing when the picture holds no
/// outline better than its own border. Classical: outlines of edges and of what differs from the border's colour compete;
/// the one whose sides lie on edges and whose shape fits a document wins.
std::optional<imaging::Quad> find_outline(const imaging::Image& image);

/// True when lines of text run from top to bottom rather than from left to right.
bool text_is_vertical(const imaging::Image& gray);

/// Boxes that hold one line of text each, best first: wide, of a moderate height.
std::vector<imaging::Box> text_strips(const imaging::Image& gray);

}  // namespace authx::document
