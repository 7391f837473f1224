#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engines/face/active.h"
#include "engines/face/types.h"

namespace authx::face::active {

/// How the vertices of a turned face lie against those of the same face seen straight.
///
/// A plane seen from two places maps by a homography (Hartley and Zisserman, Multiple View Geometry, 2nd ed., 13.1); a solid
/// head does not: what is nearer moves further. So the residual of the best homography is small for a picture however it is held,
/// and the residual of the best affine projection of the straight view's depth is small for a head.
struct Turn {
  double planar_residual = 0;  ///< root mean square, in eye distances
  double solid_residual = 0;
  /// Shift of the nose tip, beyond that of the plane, per sine of the turn, in eye distances; against forehead, nose root and
  /// chin, which lie on one upright line with it, and against the cheeks, which lie beside it. A bent picture has depth along
  /// one axis only: on an upright cylinder the first is nought, on a lying one the second.
  double against_midline = 0, against_cheeks = 0;
};

/// `straight` and `turned` are MediaPipe meshes; `yaw` is the turn between them in degrees, not near nought. Empty when the
/// points are degenerate.
std::optional<Turn> compare_turn(std::span<const Point3> straight, std::span<const Point3> turned, double yaw);

// Where a Look holds the face: outer eye corners this far apart, their middle at this height, the mouth this much lower.
inline constexpr double kLookEyes = 64, kLookTop = 36, kLookDrop = 46;

/// How far the nose moved against the mouth between two looks, to the right, in eye distances, found by matching small
/// pictures of each (normalised correlation). On a plane and on an upright cylinder both move alike. Empty when one of them is
/// not found again.
std::optional<double> nose_shift(const Look& straight, const Look& turned);

/// Distance of the outer eye corners in space: a length that turning does not shorten.
double eye_distance(std::span<const Point3> mesh);
/// Mean distance of the vertices from their middle, in pixels.
double spread(std::span<const Point3> mesh);
/// Between the mouth's corners, in eye distances.
double mouth_width(std::span<const Point3> mesh);
Point middle(std::span<const Point3> mesh);

/// Mean of meshes after laying each on the first by the best similarity in the plane.
std::vector<Point3> mean_mesh(std::span<const std::span<const Point3>> meshes);

}  // namespace authx::face::active
