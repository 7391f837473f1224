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

/// How a look lies on the frame whose mesh it was laid on.
struct LookLay {
  double x = 0, y = 0;    ///< of the middle between the outer eye corners, in the frame
  double ax = 1, ay = 0;  ///< along the eyes, of length 1; downwards is a quarter turn clockwise of it
  double sx = 1, sy = 1;  ///< look pixels a frame pixel, along the eyes and down

  Point to_frame(Point in_look) const noexcept;
  Point to_look(Point in_frame) const noexcept;
};
/// Nothing when the mesh is degenerate or too small.
std::optional<LookLay> look_lay(std::span<const Point3> mesh) noexcept;

/// Whether a turning face's pixels move by the depth that a face has, and not by the mesh's word, which imagines depth in a picture
/// that is bent.
///
/// Small pictures of the straight look, a grid of them, are found again in the turned one (normalised correlation). How far each
/// moved along the line of the eyes is explained by a second-degree polynomial of its place, which takes up whatever a plane or a
/// picture bent along any axis does, and by what of the mesh's depth is no such polynomial: nose, eye sockets, lips, chin. The
/// factor of the latter, per tangent of the turn, is about 1 for a head and about 0 for a picture. Weighted least squares
/// (Cauchy's weights, and how sharply a small picture is found), the polynomials apart for each look and the factor common to all.
/// The further the head is turned, the less alike are the looks, and what is nearest, which moves furthest, is lost first: turns
/// beyond kRelied degrees count less and less.
class Relief {
 public:
  Relief(const Look& straight, std::span<const Point3> mesh);
  static constexpr double kRelied = 16;

  /// `yaw`: of the turn, degrees. Looks in which too little is found again, or hardly turned, do not count.
  void add(const Look& turned, double yaw);
  /// Nothing when fewer than two looks counted.
  std::optional<double> factor() const;

 private:
  struct Patch {
    int x = 0, y = 0;     ///< its middle in the look
    double nearness = 0;  ///< of the mesh there, in eye distances
  };
  Look straight_;
  std::vector<Patch> patches_;
  double along_ = 0, length_ = 0;
  int counted_ = 0;
};

/// Distance of the outer eye corners in space: a length that turning does not shorten.
double eye_distance(std::span<const Point3> mesh);
/// Mean distance of the vertices from their middle, in pixels.
double spread(std::span<const Point3> mesh);
/// Between the mouth's corners, in eye distances.
double mouth_width(std::span<const Point3> mesh);
Point middle(std::span<const Point3> mesh);
/// The same of what neither lids nor lips move.
Point rigid_middle(std::span<const Point3> mesh);

/// Mean of meshes after laying each on the first by the best similarity in the plane.
std::vector<Point3> mean_mesh(std::span<const std::span<const Point3>> meshes);

}  // namespace authx::face::active
