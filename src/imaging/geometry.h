#pragma once

#include <array>
#include <optional>
#include <span>

#include "imaging/image.h"

namespace authx::imaging {

struct Point {
  double x = 0;
  double y = 0;
};

/// Corners in reading order of the upright object: top left, top right, bottom right, bottom left.
using Quad = std::array<Point, 4>;

/// Pixels, half open: columns [x, x+width), rows [y, y+height).
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool empty() const noexcept { return width <= 0 || height <= 0; }
};

/// A plane projective map, row-major 3x3.
using Homography = std::array<double, 9>;

Quad quad_of(const Box& box);
Box bounds_of(const Quad& quad);                          ///< smallest box that holds the quad; not clipped
double area_of(const Quad& quad);                         ///< shoelace; positive when the corners run clockwise on screen
Homography homography(const Quad& from, const Quad& to);  ///< identity when a quad is degenerate
Homography inverse(const Homography& h);
Point apply(const Homography& h, Point p);
Quad apply(const Homography& h, const Quad& q);

/// Rectifies what `quad` encloses into an upright image of width x height pixels (both at least 1).
Image warp(const Image& image, const Quad& quad, int width, int height);

/// Turns clockwise by 90 degrees `turns` times; any integer.
Image rotate_quarter(const Image& image, int turns);

/// Area averaging when shrinking, cubic when enlarging. Sizes at least 1.
Image resize(const Image& image, int width, int height);

/// The part of the image inside `box`, clipped to the image; empty when nothing is left.
Image crop(const Image& image, const Box& box);

Image to_gray(const Image& image);
Image to_bgr(const Image& image);

/// Paints the inside of each quad black, so that nothing of what stood there is left.
void black_out(Image& image, std::span<const Quad> quads);

}  // namespace authx::imaging
