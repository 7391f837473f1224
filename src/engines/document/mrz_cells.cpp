#include "engines/document/mrz_cells.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace authx::document {
namespace {

constexpr int kCell = GlyphNet::kCell;
constexpr int kSpare = 5;        ///< rows above and below a patch, for moving up and down
constexpr double kWorst = -5.0;  ///< no single character speaks louder against a line

/// A track straightened: `pad` cells, the characters' cells, `pad` cells; capitals of kCap rows in the middle.
struct Strip {
  cv::Mat pixels;  ///< CV_32F
  int pad = 0;
};

/// `softness` is the blur in pixels of the strip beyond what reduction needs.
Strip straighten(const cv::Mat& gray, const Track& track, int pad, double softness = 0) {
  const double shrink = std::max(track.pitch() / kCell, track.height / GlyphNet::kCap);
  const int width = (track.count + 2 * pad) * kCell;
  const int height = GlyphNet::kHeight + 2 * kSpare;
  cv::Mat map_x(height, width, CV_32F);
  cv::Mat map_y(height, width, CV_32F);
  double left = 1e9;
  double top = 1e9;
  double right = -1e9;
  double bottom = -1e9;
  const double step = track.height / GlyphNet::kCap;
  for (int u = 0; u < width; ++u) {
    const double t = (u + 0.5) / kCell - pad - 0.5;
    const cv::Point2d p = track.at(t);
    const cv::Point2d d = track.direction(std::clamp<double>(t, 0, track.count - 1));
    const double length = std::max(1e-9, std::hypot(d.x, d.y));
    const cv::Point2d down{-d.y / length * step, d.x / length * step};
    for (int v = 0; v < height; ++v) {
      const double k = v - (height - 1) / 2.0;
      const double x = p.x + down.x * k;
      const double y = p.y + down.y * k;
      map_x.at<float>(v, u) = static_cast<float>(x);
      map_y.at<float>(v, u) = static_cast<float>(y);
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  Strip out;
  out.pad = pad;
  const double margin = 3 * shrink + 3;
  cv::Rect part(static_cast<int>(std::floor(left - margin)), static_cast<int>(std::floor(top - margin)),
                static_cast<int>(std::ceil(right - left + 2 * margin)), static_cast<int>(std::ceil(bottom - top + 2 * margin)));
  part &= cv::Rect(0, 0, gray.cols, gray.rows);
  if (part.width < 4 || part.height < 4) {
    out.pixels = cv::Mat::zeros(height, width, CV_32F);
    return out;
  }
  cv::Mat source = gray(part);
  const double sigma = std::hypot(shrink > 1.2 ? 0.4 * shrink : 0.0, softness * shrink);
  if (sigma > 0.2) {
    cv::Mat soft;  // not a header of the picture, which OpenCV would blur in place
    cv::GaussianBlur(source, soft, {}, sigma);
    source = soft;
  }
  map_x -= part.x;
  map_y -= part.y;
  cv::remap(source, out.pixels, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  out.pixels.convertTo(out.pixels, CV_32F);
  return out;
}

/// The patch whose cell begins at column `left`, moved down by `dy` rows.
GlyphScores classify_at(const Strip& strip, int left, int dy = 0) {
  std::array<float, GlyphNet::kInputs> patch;
  const int from = left - GlyphNet::kMargin;
  for (int y = 0; y < GlyphNet::kHeight; ++y) {
    const float* row = strip.pixels.ptr<float>(y + kSpare + dy);
    for (int x = 0; x < GlyphNet::kWidth; ++x)
      patch[static_cast<std::size_t>(y) * GlyphNet::kWidth + static_cast<std::size_t>(x)] =
          row[std::clamp(from + x, 0, strip.pixels.cols - 1)];
  }
  return GlyphNet::classify(patch);
}

float best_of(const GlyphScores& s) { return *std::max_element(s.begin(), s.begin() + GlyphNet::kGlyphs); }

/// Fillers look right in almost any cut; the letters tell a good one.
double weight_of(const GlyphScores& s) { return s[GlyphNet::kGlyphs - 1] > -0.7F ? 0.35 : 1.0; }

double mean_of(const std::vector<GlyphScores>& cells) {
  double sum = 0;
  double weights = 0;
  for (const auto& s : cells) {
    sum += weight_of(s) * std::max<double>(kWorst, best_of(s));
    weights += weight_of(s);
  }
  return weights > 0 ? sum / weights : -1e9;
}

std::vector<GlyphScores> classify_all(const Strip& strip, int count, int dx, int dy, int every = 1) {
  std::vector<GlyphScores> out;
  for (int i = 0; i < count; i += every) out.push_back(classify_at(strip, (i + strip.pad) * kCell + dx, dy));
  return out;
}

/// The track shifted down by `rows` (kCap rows are its height), its height times `grow`.
Track shifted(Track t, double rows, double grow) {
  const cv::Point2d d = t.direction(t.count / 2.0);
  const double length = std::max(1e-9, std::hypot(d.x, d.y));
  const double by = rows * t.height / GlyphNet::kCap;
  t.x[0] -= d.y / length * by;
  t.y[0] += d.x / length * by;
  t.height *= grow;
  return t;
}

}  // namespace

double Track::pitch() const {
  const cv::Point2d d = direction((count - 1) / 2.0);
  return std::hypot(d.x, d.y);
}

Track track_of(const ZoneLine& line, int count) {
  // Ink of the first and last character falls short of its cell by the side bearings.
  const double pitch = line.length() / (count - 0.28);
  const double x0 = line.x0 + 0.36 * pitch;
  return {{x0, pitch, 0}, {line.y(x0), line.slope * pitch, 0}, line.height, count};
}

Track reversed(const Track& t) {
  const double n = t.count - 1;
  const auto turn = [n](const std::array<double, 3>& c) {
    return std::array<double, 3>{c[0] + n * c[1] + n * n * c[2], -c[1] - 2 * n * c[2], c[2]};
  };
  return {turn(t.x), turn(t.y), t.height, t.count};
}

Track part_of(const Track& t, int from, int count) {
  const auto move = [from](const std::array<double, 3>& c) {
    return std::array<double, 3>{c[0] + from * (c[1] + from * c[2]), c[1] + 2 * from * c[2], c[2]};
  };
  return {move(t.x), move(t.y), t.height, count};
}

Track mapped(const Track& t, const cv::Matx23d& m) {
  Track out = t;
  for (std::size_t i = 0; i < 3; ++i) {
    out.x[i] = m(0, 0) * t.x[i] + m(0, 1) * t.y[i] + (i == 0 ? m(0, 2) : 0);
    out.y[i] = m(1, 0) * t.x[i] + m(1, 1) * t.y[i] + (i == 0 ? m(1, 2) : 0);
  }
  out.height = t.height * std::hypot(m(0, 0), m(1, 0));
  return out;
}

Track fitted(const std::vector<cv::Point2d>& points, const std::vector<double>& weights, double height) {
  const int n = static_cast<int>(points.size());
  cv::Mat a(n, 3, CV_64F);
  cv::Mat b(n, 2, CV_64F);
  for (int i = 0; i < n; ++i) {
    const double w = weights[static_cast<std::size_t>(i)];
    const double t = static_cast<double>(i) / std::max(1, n - 1);
    a.at<double>(i, 0) = w;
    a.at<double>(i, 1) = w * t;
    a.at<double>(i, 2) = w * t * t;
    b.at<double>(i, 0) = w * points[static_cast<std::size_t>(i)].x;
    b.at<double>(i, 1) = w * points[static_cast<std::size_t>(i)].y;
  }
  cv::Mat c;
  cv::solve(a, b, c, cv::DECOMP_SVD);
  const double k = 1.0 / std::max(1, n - 1);
  Track out;
  out.x = {c.at<double>(0, 0), c.at<double>(1, 0) * k, c.at<double>(2, 0) * k * k};
  out.y = {c.at<double>(0, 1), c.at<double>(1, 1) * k, c.at<double>(2, 1) * k * k};
  out.height = height;
  out.count = n;
  return out;
}

LineReading locate_characters(const cv::Mat& gray, const Track& guess, double slack) {
  constexpr int kStep = 2;
  constexpr int kPerCell = kCell / kStep;
  const int n = guess.count;
  const int pad = static_cast<int>(std::ceil(slack)) + 1;
  const Strip strip = straighten(gray, guess, pad);
  const int places = (n + 2 * pad - 1) * kPerCell + 1;
  std::vector<GlyphScores> scores;
  scores.reserve(static_cast<std::size_t>(places));
  for (int k = 0; k < places; ++k) scores.push_back(classify_at(strip, k * kStep));
  std::vector<float> value;
  std::vector<float> blank;
  for (const auto& s : scores) {
    value.push_back(std::max(static_cast<float>(kWorst), best_of(s)) * static_cast<float>(weight_of(s)));
    blank.push_back(std::max(-2.0F, s[GlyphNet::kNone]));
  }
  const auto outside = [&](int k) { return k < 0 || k >= places ? 0.0F : blank[static_cast<std::size_t>(k)]; };
  const int first_low = std::max(0, static_cast<int>(std::lround((pad - slack) * kPerCell)));
  const int first_high = static_cast<int>(std::lround((pad + slack) * kPerCell));
  // best[i][k]: the best sum of characters 0..i with character i at place k.
  constexpr float kNever = -1e9F;
  std::vector<std::vector<float>> best(static_cast<std::size_t>(n), std::vector<float>(static_cast<std::size_t>(places), kNever));
  std::vector<std::vector<std::int8_t>> back(static_cast<std::size_t>(n), std::vector<std::int8_t>(static_cast<std::size_t>(places)));
  for (int k = first_low; k <= std::min(first_high, places - 1); ++k)
    best[0][static_cast<std::size_t>(k)] = value[static_cast<std::size_t>(k)] + outside(k - kPerCell);
  for (int i = 1; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const int low = std::max(0, first_low + i * (kPerCell - 1));
    const int high = std::min(places - 1, first_high + i * (kPerCell + 1));
    for (int k = low; k <= high; ++k) {
      for (int d = -1; d <= 1; ++d) {
        const int from = k - kPerCell - d;
        if (from < 0) continue;
        const float sum =
            best[row - 1][static_cast<std::size_t>(from)] + value[static_cast<std::size_t>(k)] - 0.22F * static_cast<float>(d * d);
        if (sum > best[row][static_cast<std::size_t>(k)]) {
          best[row][static_cast<std::size_t>(k)] = sum;
          back[row][static_cast<std::size_t>(k)] = static_cast<std::int8_t>(d);
        }
      }
    }
  }
  const int last_low = std::max(0, static_cast<int>(std::lround((pad + n - 1 - slack) * kPerCell)));
  const int last_high = std::min(places - 1, static_cast<int>(std::lround((pad + n - 1 + slack) * kPerCell)));
  int end = -1;
  float top = kNever;
  for (int k = last_low; k <= last_high; ++k) {
    const float sum = best.back()[static_cast<std::size_t>(k)] + outside(k + kPerCell);
    if (sum > top) {
      top = sum;
      end = k;
    }
  }
  LineReading out;
  if (end < 0 || top < -1e8F) return out;
  std::vector<cv::Point2d> points(static_cast<std::size_t>(n));
  std::vector<double> weights(static_cast<std::size_t>(n));
  out.cells.resize(static_cast<std::size_t>(n));
  for (int i = n - 1; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    const auto& s = scores[static_cast<std::size_t>(end)];
    out.cells[at] = s;
    points[at] = guess.at((end * kStep + 0.5 * kCell) / kCell - pad - 0.5);
    weights[at] = 0.1 + std::exp(best_of(s));
    end -= kPerCell + (i > 0 ? back[at][static_cast<std::size_t>(end)] : 0);
  }
  out.mean = mean_of(out.cells);
  out.track = fitted(points, weights, guess.height);
  return out;
}

LineReading refine_characters(const cv::Mat& gray, const Track& located) {
  Track track = located;
  const int n = track.count;
  // Height first, with the whole line up or down; then each third up or down, which levels and bends the line.
  for (const int round : {0, 1}) {
    double best = -1e9;
    Track chosen = track;
    const auto grows = round == 0 ? std::vector<double>{0.72, 0.85, 1.0, 1.18} : std::vector<double>{0.93, 1.0, 1.08};
    const auto moves = round == 0 ? std::vector<int>{-4, -2, 0, 2, 4} : std::vector<int>{-1, 0, 1};
    for (const double grow : grows) {
      const Strip strip = straighten(gray, shifted(track, 0, grow), 1);
      for (const int dy : moves) {
        const double mean = mean_of(classify_all(strip, n, 0, dy, 2));
        if (mean > best) {
          best = mean;
          chosen = shifted(track, dy * grow, grow);
        }
      }
    }
    track = chosen;
    const Strip strip = straighten(gray, track, 1);
    std::vector<cv::Point2d> points;
    std::vector<double> weights;
    std::array<std::vector<GlyphScores>, 5> rows;
    for (int k = 0; k < 5; ++k) rows[static_cast<std::size_t>(k)] = classify_all(strip, n, 0, (k - 2) * (round == 0 ? 2 : 1));
    constexpr int kParts = 5;
    std::array<double, kParts> lift{};
    std::array<double, kParts> sure{};
    for (int part = 0; part < kParts; ++part) {
      const int from = n * part / kParts;
      const int to = n * (part + 1) / kParts;
      std::array<double, 5> sums{};
      for (std::size_t k = 0; k < 5; ++k) {
        for (int i = from; i < to; ++i) sums[k] += std::max<double>(kWorst, best_of(rows[k][static_cast<std::size_t>(i)]));
      }
      // The middle of the shifts, each as heavy as its likelihood.
      const double top = *std::ranges::max_element(sums);
      double total = 0;
      for (std::size_t k = 0; k < 5; ++k) {
        const double w = std::exp(std::max(-20.0, (sums[k] - top) / 2));
        total += w;
        lift[static_cast<std::size_t>(part)] += w * (static_cast<double>(k) - 2) * (round == 0 ? 2 : 1);
      }
      lift[static_cast<std::size_t>(part)] /= total;
      sure[static_cast<std::size_t>(part)] = 0.2 + std::exp(top / (to - from));
    }
    for (int i = 0; i < n; ++i) {
      const auto part = static_cast<std::size_t>(i * kParts / n);
      const cv::Point2d d = track.direction(i);
      const double length = std::max(1e-9, std::hypot(d.x, d.y));
      const double by = lift[part] * track.height / GlyphNet::kCap;
      const cv::Point2d p = track.at(i);
      points.emplace_back(p.x - d.y / length * by, p.y + d.x / length * by);
      weights.push_back(sure[part]);
    }
    track = fitted(points, weights, track.height);
    // Sideways, each part by itself.
    if (round == 0) {
      LineReading again = locate_characters(gray, track, 0.5);
      if (again.mean > -1e8) track = again.track;
    }
  }
  LineReading out;
  out.track = track;
  std::vector<std::array<double, GlyphNet::kClasses>> sums(static_cast<std::size_t>(n));
  int views = 0;
  const auto add = [&](const Strip& strip, int dx, int dy) {
    ++views;
    const auto cells = classify_all(strip, n, dx, dy);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (std::size_t k = 0; k < cells[i].size(); ++k) sums[i][k] += std::exp(static_cast<double>(cells[i][k]));
    }
  };
  const Strip plain = straighten(gray, track, 1);
  add(plain, 0, 0);
  add(plain, -1, 0);
  add(plain, 1, 0);
  add(plain, 0, -1);
  add(plain, 0, 1);
  add(straighten(gray, shifted(track, 0, 0.94), 1), 0, 0);
  add(straighten(gray, shifted(track, 0, 1.07), 1), 0, 0);
  add(straighten(gray, track, 1, 0.9), 0, 0);
  for (const auto& s : sums) {
    GlyphScores cell;
    for (std::size_t k = 0; k < cell.size(); ++k) cell[k] = static_cast<float>(std::log(s[k] / views + 1e-9));
    out.cells.push_back(cell);
  }
  out.mean = mean_of(out.cells);
  return out;
}

double glance(const cv::Mat& gray, const Track& track) { return mean_of(classify_all(straighten(gray, track, 1), track.count, 0, 0, 3)); }

}  // namespace authx::document
