#pragma once

#include <opencv2/core/mat.hpp>
#include <opencv2/core/matx.hpp>
#include <vector>

namespace authx::document {

/// A picture brought to a working size and turned so that text runs along its rows, one way up or the other.
struct LevelView {
  cv::Mat gray;            ///< CV_8U
  cv::Matx23d to_picture;  ///< pixel centres of the view to those of the picture
};

/// `degrees` clockwise is how far lines of text run down to the right on the picture; `side` the longer side of the view before it turns.
LevelView level_view(const cv::Mat& picture, double degrees, int side);

/// Directions of text in [-45, 135) degrees, likeliest first, at least 4 degrees apart, at most `count`. Projections of ink across
/// a line of print alternate most when taken along it (Postl, 1986).
std::vector<double> text_directions(const cv::Mat& picture, int count);

/// A line of even print on a view: y = at + slope * x for the middle of its capitals.
struct ZoneLine {
  double x0 = 0;
  double x1 = 0;
  double at = 0;
  double slope = 0;
  double height = 0;  ///< of the capitals
  double y(double x) const { return at + slope * x; }
  double middle() const { return y((x0 + x1) / 2); }
  double length() const { return x1 - x0; }
};

/// Lines many times longer than high, from the top down.
std::vector<ZoneLine> zone_lines(const cv::Mat& gray);

}  // namespace authx::document
