#pragma once

#include <array>
#include <opencv2/core/mat.hpp>
#include <opencv2/core/matx.hpp>
#include <optional>
#include <vector>

#include "engines/document/glyph_net.h"
#include "engines/document/mrz_lines.h"

namespace authx::document {

using GlyphScores = std::array<float, GlyphNet::kClasses>;  ///< log-probabilities as `GlyphNet::classify` gives them

/// Where the characters of one line stand: character t (0, 1, ..., also fractions) has its middle at the polynomials x(t), y(t) of
/// degree two, which follow perspective and a bent page. Reading order gives the upright direction.
struct Track {
  std::array<double, 3> x{};
  std::array<double, 3> y{};
  double height = 0;  ///< of the capitals
  int count = 0;      ///< characters

  cv::Point2d at(double t) const { return {x[0] + t * (x[1] + t * x[2]), y[0] + t * (y[1] + t * y[2])}; }
  cv::Point2d direction(double t) const { return {x[1] + 2 * t * x[2], y[1] + 2 * t * y[2]}; }
  double pitch() const;
};

/// The track of `count` characters between the ends of a line of text.
Track track_of(const ZoneLine& line, int count);
Track reversed(const Track& track);                        ///< the same line read upside down
Track part_of(const Track& track, int from, int count);    ///< its characters from `from` on
Track mapped(const Track& track, const cv::Matx23d& map);  ///< `map` is a similarity
/// Through `points`, point i being the middle of character i; points of small weight count less.
Track fitted(const std::vector<cv::Point2d>& points, const std::vector<double>& weights, double height);

/// A line's characters with their log-probabilities.
struct LineReading {
  Track track;
  std::vector<GlyphScores> cells;
  double mean = -1e9;  ///< mean log-probability of the best characters, fillers counting less; -1e9 when nothing was read
};

/// Looks along `guess` for its `count` characters: dynamic programming over places whose distances may differ by an eighth. `slack`
/// in characters is how far the ends may lie from the guess. One look, coarse in height.
LineReading locate_characters(const cv::Mat& gray, const Track& guess, double slack);

/// Moves a located track up, down and to another height where that makes characters clearer, then scores each character as the mean
/// over small shifts, heights and two softnesses, so that what depends on the cut comes out unsure.
LineReading refine_characters(const cv::Mat& gray, const Track& located);

/// A quick look at every third character of a track: mean log-probability of the best characters.
double glance(const cv::Mat& gray, const Track& track);

}  // namespace authx::document
