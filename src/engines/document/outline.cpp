#include "engines/document/outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/outline_cut.h"
#include "engines/document/outline_lines.h"
#include "engines/document/outline_view.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

using namespace outline;

constexpr int kSide = 440;              ///< of the picture that is searched
constexpr std::size_t kFewLines = 70;   ///< the strongest, which are enough for most pictures
constexpr std::size_t kLines = 120;     ///< more are text and texture
constexpr std::size_t kPoints = 18000;  ///< the strongest; more are texture

/// What speaks for a candidate and against it, each 0..1.
enum Trait : std::size_t {
  kMean,    ///< share of the sides that lies on edges
  kWorst,   ///< of the side with the least
  kArrive,  ///< edges as the sides come to the corners
  kFit,     ///< shape of an ID-1 card or an ID-3 page
  kEnds,    ///< edges that run on past the corners
  kBoth,    ///< two sides that run on past a third
  kSize,
  kSkew,
  kCutOff,
  kClosed,          ///< the fourth side was supposed from the other three
  kOuter,           ///< number of those above, which need no look at the inside
  kAlike = kOuter,  ///< the sides' inner strips look the same
  kStep,            ///< and unlike what lies outside
  kPrinted,         ///< fine detail is spread over the inside
  kTraits
};
using Traits = std::array<double, kTraits>;

/// Fitted on generated scenes for the margin of the right candidate over the best wrong one (seeds 1..50 of five kinds at level 4 of
/// `specimen generate`). Those of size and print were raised, and `kTrusted` chosen, on seeds 300000..300059: plain things
/// and portraits had been taken for the card.
constexpr Traits kWeights{0.60, 0.43, 1.04, 1.10, -0.93, -0.20, 0.80, -0.30, -0.70, -0.15, 0.35, 0.83, 0.80};
/// The score of a candidate that has everything good and nothing bad.
constexpr double full_score() {
  double sum = 0;
  for (const double w : kWeights) sum += w > 0 ? w : 0;
  return sum;
}
constexpr std::size_t kLookedInto = 150;  ///< candidates whose inside is looked at
constexpr double kEnough = 3.3;           ///< before a look inside: four sides that leave little to wish for
constexpr double kHopeless = 1.1;         ///< behind the best, before a look inside: no inside makes up for it
constexpr double kBeyondDoubt = 0.9;      ///< of the full score; of 600 cut documents three had an outline of that kind
constexpr double kCutOfScan = 3;          ///< odds from which on a picture of a document's shape shows a cut one
constexpr double kTrusted = 0.68;         ///< of the full score; below it outlines are as often wrong as right

struct Candidate : Outline {
  Traits traits{};

  double weighed(std::size_t from, std::size_t to) const {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += kWeights[i] * traits[i];
    return sum;
  }
};

class Search {
 public:
  explicit Search(const cv::Mat& bgr) : size_(bgr.size()), view_(bgr.size()), votes_(bgr.size()) {
    cv::Mat soft;
    cv::GaussianBlur(bgr, soft, {5, 5}, 1.1);
    color_ = soft;
    find_edges(soft);
    add_borders();
    for (const auto& p : points_) votes_.add(p, 1);
  }

  std::vector<Outline> run() {
    find_lines(kFewLines);
    combine(false);
    // Nothing that has almost everything: also among weaker lines, and with sides that are hidden.
    if (best_outer_ < kEnough) {
      found_.clear();
      best_outer_ = 0;
      find_lines(kLines);
      combine(true);
    }
    if (found_.size() > kLookedInto) {
      std::ranges::nth_element(found_, found_.begin() + kLookedInto, std::greater{}, &Candidate::score);
      found_.resize(kLookedInto);
    }
    for (auto& f : found_) look_inside(f);
    std::ranges::sort(found_, std::greater{}, &Candidate::score);
    std::vector<Outline> out;
    for (const auto& f : found_) {
      const bool same = std::ranges::any_of(out, [&](const Outline& o) { return near(o.quad, f.quad); });
      if (!same) out.push_back(f);
      if (out.size() >= 12) break;
    }
    return out;
  }

  /// What the search has seen.
  Edges edges() const { return {size_, color_, points_near_, &lines_}; }

 private:
  void look_inside(Candidate& o) const {
    std::array<cv::Point2d, 4> p;
    for (std::size_t i = 0; i < 4; ++i) p[i] = {o.quad[i].x, o.quad[i].y};
    o.step = paper(p, o.traits);
    o.traits[kPrinted] = printed(p);
    o.score = std::clamp((o.score + o.weighed(kOuter, kTraits)) / full_score(), 0.0, 1.0);
  }

  bool near(const imaging::Quad& a, const imaging::Quad& b) const {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += std::hypot(a[i].x - b[i].x, a[i].y - b[i].y);
    return sum / 4 < 0.02 * std::max(size_.width, size_.height);
  }

  /// Thinned edges of the channel that changes most, each with the direction of its change.
  void find_edges(const cv::Mat& bgr) {
    const int w = bgr.cols;
    const int h = bgr.rows;
    cv::Mat magnitude(h, w, CV_32F, cv::Scalar(0));
    cv::Mat gx(h, w, CV_32F, cv::Scalar(0));
    cv::Mat gy(h, w, CV_32F, cv::Scalar(0));
    const auto n = 3 * static_cast<std::size_t>(w);
    std::vector<int> dx(n, 0);
    std::vector<int> dy(n, 0);
    std::vector<int> strength(n, 0);
    for (int y = 1; y + 1 < h; ++y) {
      const auto* up = bgr.ptr<std::uint8_t>(y - 1);
      const auto* here = bgr.ptr<std::uint8_t>(y);
      const auto* down = bgr.ptr<std::uint8_t>(y + 1);
      for (std::size_t i = 3; i + 3 < n; ++i) {
        dx[i] = (up[i + 3] - up[i - 3]) + 2 * (here[i + 3] - here[i - 3]) + (down[i + 3] - down[i - 3]);
        dy[i] = (down[i - 3] - up[i - 3]) + 2 * (down[i] - up[i]) + (down[i + 3] - up[i + 3]);
        strength[i] = dx[i] * dx[i] + dy[i] * dy[i];
      }
      auto* m = magnitude.ptr<float>(y);
      auto* ox = gx.ptr<float>(y);
      auto* oy = gy.ptr<float>(y);
      for (int x = 1; x + 1 < w; ++x) {
        auto best = 3 * static_cast<std::size_t>(x);
        if (strength[best + 1] > strength[best]) ++best;
        if (const auto red = 3 * static_cast<std::size_t>(x) + 2; strength[red] > strength[best]) best = red;
        m[x] = static_cast<float>(strength[best]);
        ox[x] = static_cast<float>(dx[best]);
        oy[x] = static_cast<float>(dy[best]);
      }
    }
    constexpr float kLeast = 9.0F * 9.0F;  // about one gray level a pixel
    for (int y = 2; y + 2 < h; ++y) {
      const auto* m = magnitude.ptr<float>(y);
      const auto* px = gx.ptr<float>(y);
      const auto* py = gy.ptr<float>(y);
      for (int x = 2; x + 2 < w; ++x) {
        if (m[x] < kLeast) continue;
        const float ax = std::abs(px[x]);
        const float ay = std::abs(py[x]);
        int sx = 0;
        int sy = 0;
        if (ax > 2.414F * ay) {
          sx = 1;
        } else if (ay > 2.414F * ax) {
          sy = 1;
        } else {
          sx = 1;
          sy = px[x] * py[x] > 0 ? 1 : -1;
        }
        const float before = magnitude.at<float>(y - sy, x - sx);
        const float after = magnitude.at<float>(y + sy, x + sx);
        if (m[x] < before || m[x] <= after) continue;
        EdgePoint p;
        // Parabola through the three magnitudes: below a pixel.
        const float a = std::sqrt(before);
        const float b = std::sqrt(m[x]);
        const float c = std::sqrt(after);
        const float bend = a - 2 * b + c;
        const float shift = bend < -1e-3F ? std::clamp(0.5F * (a - c) / bend, -0.5F, 0.5F) : 0.0F;
        p.x = static_cast<float>(x) + shift * static_cast<float>(sx);
        p.y = static_cast<float>(y) + shift * static_cast<float>(sy);
        const float angle = cv::fastAtan2(py[x], px[x]);  // 0..360, within a third of a degree
        p.angle = angle >= 360 ? 0 : angle >= 180 ? angle - 180 : angle;
        p.strength = b;
        // A card stands out; wood has grain everywhere.
        p.weight = static_cast<short>(std::clamp(std::sqrt(b) / 4.0F, 1.0F, 5.0F) * 2);
        points_.push_back(p);
      }
    }
    keep_coherent();
  }

  /// Points whose neighbours change in the same direction: texture and noise have none.
  void keep_coherent() {
    cv::Mat angles(size_, CV_16S, cv::Scalar(-1));
    for (const auto& p : points_) angles.at<short>(cvRound(p.y), cvRound(p.x)) = static_cast<short>(p.angle);
    std::vector<EdgePoint> kept;
    kept.reserve(points_.size());
    for (const auto& p : points_) {
      const int cx = cvRound(p.x);
      const int cy = cvRound(p.y);
      int like = 0;
      for (int y = std::max(0, cy - 2); y <= std::min(size_.height - 1, cy + 2) && like < 4; ++y) {
        const auto* row = angles.ptr<short>(y);
        for (int x = std::max(0, cx - 2); x <= std::min(size_.width - 1, cx + 2); ++x) {
          if (row[x] < 0) continue;
          const float d = std::abs(static_cast<float>(row[x]) - p.angle);
          like += std::min(d, 180 - d) < 20 ? 1 : 0;
        }
      }
      if (like >= 4) kept.push_back(p);
    }
    if (kept.size() > kPoints) {
      std::ranges::nth_element(kept, kept.begin() + kPoints, std::greater{}, &EdgePoint::strength);
      kept.resize(kPoints);
    }
    // By whole degrees.
    const auto degree = [](const EdgePoint& p) { return std::min<std::size_t>(static_cast<std::size_t>(p.angle), kAngles - 1); };
    first_.fill(0);
    for (const auto& p : kept) ++first_[degree(p) + 1];
    for (std::size_t a = 0; a < kAngles; ++a) first_[a + 1] += first_[a];
    auto next = first_;
    points_.resize(kept.size());
    for (const auto& p : kept) points_[next[degree(p)]++] = p;
    xs_.resize(points_.size());
    ys_.resize(points_.size());
    cv::Mat marks(size_, CV_8U, cv::Scalar(0));
    for (std::size_t i = 0; i < points_.size(); ++i) {
      xs_[i] = points_[i].x;
      ys_[i] = points_[i].y;
      marks.at<std::uint8_t>(cvRound(ys_[i]), cvRound(xs_[i])) = 1;
    }
    cv::integral(marks, points_near_, CV_32S);
  }

  /// Calls `see` with the index of each point within `reach` pixels of the line whose angle is within `turn` whole degrees of the line's.
  template <class See>
  void near_line(const Line& line, int turn, float reach, See&& see) const {
    const int middle = static_cast<int>(line.angle);
    const auto c = static_cast<float>(line.cos);
    const auto s = static_cast<float>(line.sin);
    const auto rho = static_cast<float>(line.rho);
    const auto look = [&](std::size_t from, std::size_t to) {
      constexpr std::size_t kBlock = 16;
      std::size_t i = from;
      for (; i + kBlock <= to; i += kBlock) {
        std::array<float, kBlock> off;
        float least = 1e9F;
        for (std::size_t k = 0; k < kBlock; ++k) {
          off[k] = std::abs(xs_[i + k] * c + ys_[i + k] * s - rho);
          least = off[k] < least ? off[k] : least;
        }
        if (least > reach) continue;
        for (std::size_t k = 0; k < kBlock; ++k) {
          if (off[k] <= reach) see(i + k);
        }
      }
      for (; i < to; ++i) {
        if (std::abs(xs_[i] * c + ys_[i] * s - rho) <= reach) see(i);
      }
    };
    const int from = middle - turn;
    const int to = middle + turn + 1;
    const auto at = [&](int a) { return first_[static_cast<std::size_t>(a)]; };
    if (from < 0) look(at(from + kAngles), at(kAngles));
    look(at(std::max(0, from)), at(std::min(kAngles, to)));
    if (to > kAngles) look(at(0), at(to - kAngles));
  }

  /// Adds lines until there are `most`.
  void find_lines(std::size_t most) {
    const int shortest = std::min(size_.width, size_.height);
    std::vector<std::size_t> near;
    for (; tries_ < 3 * most && lines_.size() < most; ++tries_) {
      const auto top = votes_.top();
      if (top.votes < 0.2 * shortest) break;
      Line line = votes_.line(top);
      const auto inliers = fit(line, near);
      if (inliers.size() >= 8 && trace(line, near) >= 0.1 * shortest) {
        for (const std::size_t i : inliers) {
          votes_.add(points_[i], -1);
          points_[i].used = true;
        }
        lines_.push_back(std::move(line));
      }
      votes_.clear(top);
    }
  }

  /// Total least squares over the points near the line, those that no line has used or all; returns their indices.
  /// `near` becomes all points near it.
  std::vector<std::size_t> fit(Line& line, std::vector<std::size_t>& near, bool used_too = false) const {
    std::vector<std::size_t> inliers;
    for (const bool last : {false, true}) {
      inliers.clear();
      near.clear();
      double sx = 0;
      double sy = 0;
      near_line(line, 14, last ? 2.6F : 2.2F, [&](std::size_t i) {
        near.push_back(i);
        if ((points_[i].used && !used_too) || (last && std::abs(line.distance({xs_[i], ys_[i]})) > 1.6)) return;
        inliers.push_back(i);
        sx += xs_[i];
        sy += ys_[i];
      });
      if (inliers.size() < 8) return inliers;
      const double mx = sx / static_cast<double>(inliers.size());
      const double my = sy / static_cast<double>(inliers.size());
      double xx = 0;
      double xy = 0;
      double yy = 0;
      for (const std::size_t i : inliers) {
        xx += (xs_[i] - mx) * (xs_[i] - mx);
        xy += (xs_[i] - mx) * (ys_[i] - my);
        yy += (ys_[i] - my) * (ys_[i] - my);
      }
      const double along = 0.5 * std::atan2(2 * xy, xx - yy);
      double normal = along * 180 / std::numbers::pi + 90;
      normal = std::fmod(normal + 360, 180);
      if (apart(normal, line.angle) > 4) return inliers;
      line.angle = normal;
      line.cos = std::cos(normal * std::numbers::pi / 180);
      line.sin = std::sin(normal * std::numbers::pi / 180);
      line.rho = mx * line.cos + my * line.sin;
    }
    return inliers;
  }

  /// Fills `covered` from all points near the line, used by another or not; returns the longest run.
  double trace(Line& line, const std::vector<std::size_t>& near) const {
    const int reach = static_cast<int>(std::ceil(std::hypot(size_.width, size_.height)));
    std::vector<std::uint8_t> hit(static_cast<std::size_t>(2 * reach + 1), 0);
    for (const std::size_t i : near) {
      if (std::abs(line.distance({xs_[i], ys_[i]})) > 1.8) continue;
      const int at = cvRound(line.position({xs_[i], ys_[i]})) + reach;
      for (int k = std::max(0, at - 1); k <= std::min(2 * reach, at + 1); ++k) hit[static_cast<std::size_t>(k)] = 1;
    }
    // A run shorter than a few pixels is a letter's stem or noise.
    int longest = 0;
    int run = 0;
    int gap = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= hit.size(); ++i) {
      const bool on = i < hit.size() && hit[i] != 0;
      if (on) {
        if (run == 0) start = i;
        ++run;
        gap = 0;
      } else if (run > 0 && (++gap > 4 || i == hit.size())) {
        if (run < 9)
          std::fill(hit.begin() + static_cast<std::ptrdiff_t>(start), hit.begin() + static_cast<std::ptrdiff_t>(i), std::uint8_t{0});
        longest = std::max(longest, run);
        run = 0;
        gap = 0;
      }
    }
    line.from = -reach;
    line.covered.assign(hit.size() + 1, 0);
    for (std::size_t i = 0; i < hit.size(); ++i) line.covered[i + 1] = line.covered[i] + hit[i];
    return longest;
  }

  void add_borders() {
    const int reach = static_cast<int>(std::ceil(std::hypot(size_.width, size_.height)));
    const auto add = [&](double angle, double rho) {
      Line l;
      l.angle = angle;
      l.cos = angle == 0 ? 1 : 0;
      l.sin = angle == 0 ? 0 : 1;
      l.rho = rho;
      l.border = true;
      l.from = -reach;
      l.covered.assign(2 * static_cast<std::size_t>(reach) + 2, 0);
      lines_.push_back(std::move(l));
    };
    add(0, 0);
    add(0, size_.width - 1);
    add(90, 0);
    add(90, size_.height - 1);
  }

  struct Crossing {
    std::size_t line = 0;
    cv::Point2d first;   ///< with the pair's first line
    cv::Point2d second;  ///< with its second
    double covered = 0;
    double past_first = 0;   ///< edges that run on past the pair's first line, looked at over a tenth of the side
    double past_second = 0;  ///< and past its second
    double arrivals = 0;     ///< at both corners, summed
  };

  bool in_sight(cv::Point2d p) const {
    const double margin = 0.03 * std::max(size_.width, size_.height);
    return p.x > -margin && p.y > -margin && p.x < size_.width + margin && p.y < size_.height + margin;
  }

  /// Edges on the line just past `corner`, seen from `from`; the corner's own blur is left out.
  static double past(const Line& l, cv::Point2d from, cv::Point2d corner) {
    if (l.border) return 0;
    const double a = l.position(from);
    const double b = l.position(corner);
    const double step = std::max(6.0, 0.12 * std::abs(b - a)) * (b > a ? 1 : -1);
    return l.coverage(b + 0.25 * step, b + step);
  }

  /// Edges on the line as it comes to `corner`: a side that stops before it belongs to another shape.
  static double arrival(const Line& l, cv::Point2d from, cv::Point2d corner) {
    if (l.border) return 0.5;
    const double a = l.position(from);
    const double b = l.position(corner);
    return std::min(1.0, l.coverage(b - 0.16 * (b - a), b - 0.05 * (b - a)) * 1.15);
  }

  /// Every four lines that may be a document's sides; `open` also three, with a fourth supposed.
  void combine(bool open) {
    const double least = 0.16 * std::min(size_.width, size_.height);
    // Where each line is crossed by each other, as a position along it; none where they don't meet in sight.
    const std::size_t n = lines_.size();
    constexpr double kNone = 1e9;
    std::vector<double> where(n * n, kNone);
    for (std::size_t b = 0; b < n; ++b) {
      for (std::size_t a = 0; a < n; ++a) {
        if (a == b || apart(lines_[a].angle, lines_[b].angle) < 50) continue;
        if (const auto p = cross(lines_[a], lines_[b]); p && in_sight(*p)) where[a * n + b] = lines_[b].position(*p);
      }
    }
    const auto point = [&](std::size_t line, double at) {
      const Line& l = lines_[line];
      return cv::Point2d(l.rho * l.cos - at * l.sin, l.rho * l.sin + at * l.cos);
    };
    std::vector<Crossing> between;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t c = a + 1; c < n; ++c) {
        if (apart(lines_[a].angle, lines_[c].angle) > 32) continue;
        if (lines_[a].border && lines_[c].border) continue;
        between.clear();
        for (std::size_t b = 0; b < n; ++b) {
          const double at_a = where[a * n + b];
          const double at_c = where[c * n + b];
          if (at_a == kNone || at_c == kNone || std::abs(at_a - at_c) < least) continue;
          if (!lines_[b].border && lines_[b].coverage(at_a, at_c) < 0.34) continue;
          const auto p = point(b, at_a);
          const auto q = point(b, at_c);
          Crossing x{b, p, q, 0, 0, 0, 0};
          x.covered = lines_[b].border ? 0.5 : lines_[b].coverage(lines_[b].position(p), lines_[b].position(q));
          x.past_first = past(lines_[b], q, p);
          x.past_second = past(lines_[b], p, q);
          x.arrivals = arrival(lines_[b], q, p) + arrival(lines_[b], p, q);
          between.push_back(x);
        }
        for (std::size_t i = 0; i < between.size(); ++i) {
          for (std::size_t k = i + 1; k < between.size(); ++k) offer(lines_[a], lines_[c], between[i], between[k], least);
          if (open) note_open(a, c, between[i]);
        }
      }
    }
    if (open) close_open(least);
  }

  /// Three sides of a card: b with both its corners, and the sides a and c that begin there.
  struct Open {
    std::size_t a = 0;
    std::size_t c = 0;
    Crossing b;
    int toward = 1;  ///< along b's normal
    double worth = 0;
  };

  void note_open(std::size_t a, std::size_t c, const Crossing& b) {
    const Line& side = lines_[b.line];
    if (lines_[a].border || lines_[c].border || side.border || b.covered < 0.7 || b.arrivals < 1.2) return;
    const double length = cv::norm(b.second - b.first);
    if (length < 0.12 * std::max(size_.width, size_.height)) return;
    for (const int toward : {-1, 1}) {
      const cv::Point2d away(side.cos * toward, side.sin * toward);
      // A side as far as the shorter of two shapes goes: b is the long side of a card.
      const auto along = [&](const Line& l, cv::Point2d corner, double by) {
        cv::Point2d d(-l.sin, l.cos);
        if (d.dot(away) < 0) d = -d;
        return l.coverage(l.position(corner), l.position(corner + d * by));
      };
      const double on_a = along(lines_[a], b.first, 0.56 * length);
      const double on_c = along(lines_[c], b.second, 0.56 * length);
      if (std::min(on_a, on_c) < 0.6) continue;
      const double past_a = along(lines_[a], b.first, -0.12 * length);
      const double past_c = along(lines_[c], b.second, -0.12 * length);
      const double worth = on_a + on_c + b.covered + 0.5 * b.arrivals - past_a - past_c - 0.5 * (b.past_first + b.past_second);
      open_.push_back({a, c, b, toward, worth});
    }
  }

  /// The fourth side of such shapes. A hand or paper of the same colour may hide so much of it that its line is not among the longest:
  /// it is looked for between the two sides only, among the lines through the vanishing point that it shares with the third, and where
  /// a document's shape would put it.
  void close_open(double least) {
    constexpr std::size_t kMostOpen = 32;
    if (open_.size() > kMostOpen) {
      std::ranges::nth_element(open_, open_.begin() + kMostOpen, std::greater{}, &Open::worth);
      open_.resize(kMostOpen);
    }
    for (const auto& o : open_) close(o, least);
  }

  void close(const Open& o, double least) {
    const Line& a = lines_[o.a];
    const Line& c = lines_[o.c];
    const Line& b = lines_[o.b.line];
    // Sides of a rectangle: the directions of a and of b are at right angles in space.
    const cv::Vec3d line_a = view_.plane(a);
    const cv::Vec3d line_c = view_.plane(c);
    const cv::Vec3d far = line_a.cross(line_c);
    const cv::Vec3d vanish = view_.plane(b).cross(far);
    if (cv::norm(vanish) < 1e-12) return;
    const double vanish_a = vanish.dot(line_a);
    const auto outward = [&](const Line& l) {
      const cv::Point2d d(-l.sin, l.cos);
      return d.dot(cv::Point2d(b.cos, b.sin)) * o.toward < 0 ? -d : d;
    };
    const cv::Point2d on_a = outward(a);
    const auto other_end = [&](cv::Point2d p) -> std::optional<cv::Point2d> {
      const cv::Vec3d q = view_.ray(p).cross(vanish).cross(line_c);
      if (std::abs(q[2]) < 1e-9) return std::nullopt;
      return view_.on_picture(q);
    };
    const double length = cv::norm(o.b.second - o.b.first);
    // Votes of the edge points between a and c, by where the line through them meets a.
    const int reach = static_cast<int>(2.2 * length);
    std::vector<int> votes(static_cast<std::size_t>(reach + 3), 0);
    const int middle = static_cast<int>(b.angle);
    for (int d = -14; d <= 14; ++d) {
      const auto degree = static_cast<std::size_t>(((middle + d) % kAngles + kAngles) % kAngles);
      for (std::size_t i = first_[degree]; i < first_[degree + 1]; ++i) {
        const cv::Point2d p(xs_[i], ys_[i]);
        const double away = (p.x * b.cos + p.y * b.sin - b.rho) * o.toward;
        if (away < 0.3 * length || away > reach) continue;
        const double off_a = p.x * a.cos + p.y * a.sin - a.rho;
        const double off_c = p.x * c.cos + p.y * c.sin - c.rho;
        // The corner of b on the other line tells which side is between.
        const double in_a = o.b.second.x * a.cos + o.b.second.y * a.sin - a.rho;
        const double in_c = o.b.first.x * c.cos + o.b.first.y * c.sin - c.rho;
        if (off_a * in_a < 0 || off_c * in_c < 0) continue;
        const cv::Vec3d ray = view_.ray(p);
        const cv::Vec3d meets = vanish * ray.dot(line_a) - ray * vanish_a;  // of the line through both with a
        if (std::abs(meets[2]) < 1e-9) continue;
        const double t = (view_.on_picture(meets) - o.b.first).dot(on_a);
        if (t > 0 && t < reach) ++votes[static_cast<std::size_t>(t + 1)];
      }
    }
    std::vector<double> places;
    for (int peak = 0; peak < 3; ++peak) {
      int best = 0;
      int top = 0;
      for (int t = 1; t <= reach; ++t) {
        const auto i = static_cast<std::size_t>(t);
        const int sum = votes[i - 1] + 2 * votes[i] + votes[i + 1];
        if (sum > top) {
          top = sum;
          best = t;
        }
      }
      if (top < 0.2 * length) break;
      places.push_back(best - 1);
      for (int t = std::max(0, best - 4); t <= std::min(reach + 2, best + 4); ++t) votes[static_cast<std::size_t>(t)] = 0;
    }
    const std::size_t seen_edges = places.size();
    // Where the shape would be a card's or a page's.
    double before = 0;
    double at_before = 0;
    for (double t = 0.4 * length; t < reach; t += 0.06 * length) {
      const cv::Point2d p = o.b.first + on_a * t;
      const auto q = other_end(p);
      if (!q) break;
      const double shape = view_.ratio({o.b.first, p, *q, o.b.second});
      for (const double wanted : {1.586, 1.42, 1 / 1.42, 1 / 1.586}) {
        if (before > 0 && before < wanted && shape >= wanted)
          places.push_back(at_before + (t - at_before) * (wanted - before) / (shape - before));
      }
      before = shape;
      at_before = t;
    }
    std::vector<std::size_t> near;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const cv::Point2d p = o.b.first + on_a * places[i];
      const auto q = other_end(p);
      if (!q || !in_sight(p) || !in_sight(*q)) continue;
      Line d = through(p, *q);
      if (Line fitted = d; i < seen_edges && fit(fitted, near, true).size() >= 8) {
        d = fitted;
      } else {
        near.clear();
        near_line(d, 14, 1.8F, [&](std::size_t k) { near.push_back(k); });
      }
      trace(d, near);
      const auto first = cross(a, d);
      const auto second = cross(c, d);
      if (!first || !second || !in_sight(*first) || !in_sight(*second)) continue;
      // Where both sides run on, the card does.
      const double covered = d.coverage(d.position(*first), d.position(*second));
      if (covered < 0.5 && std::min(runs_on(a, o.b.first, *first), runs_on(c, o.b.second, *second)) > 0.6) continue;
      Crossing x{lines_.size(),
                 *first,
                 *second,
                 covered,
                 past(d, *second, *first),
                 past(d, *first, *second),
                 arrival(d, *second, *first) + arrival(d, *first, *second)};
      closing_ = std::move(d);
      offer(lines_[o.a], lines_[o.c], o.b, x, least);
    }
  }

  /// Edges on the line in the next few pixels after `corner`.
  static double runs_on(const Line& l, cv::Point2d from, cv::Point2d corner) {
    const double b = l.position(corner);
    const double sign = b > l.position(from) ? 1 : -1;
    return l.coverage(b + 3 * sign, b + 12 * sign);
  }

  static Line through(cv::Point2d p, cv::Point2d q) {
    Line l;
    double normal = std::atan2(q.y - p.y, q.x - p.x) * 180 / std::numbers::pi + 90;
    normal = std::fmod(normal + 360, 180);
    l.angle = normal;
    l.cos = std::cos(normal * std::numbers::pi / 180);
    l.sin = std::sin(normal * std::numbers::pi / 180);
    l.rho = p.x * l.cos + p.y * l.sin;
    return l;
  }

  /// A line of the search, or the one that closes an open shape.
  const Line& line(std::size_t i) const { return i < lines_.size() ? lines_[i] : closing_; }

  void offer(const Line& a, const Line& c, const Crossing& b, const Crossing& d, double least) {
    const int borders = (a.border ? 1 : 0) + (c.border ? 1 : 0) + (line(b.line).border ? 1 : 0) + (line(d.line).border ? 1 : 0);
    if (borders > 1) return;
    if (cv::norm(b.first - d.first) < least || cv::norm(b.second - d.second) < least) return;
    // The sides b and d must not cross between a and c.
    if ((b.first - d.first).dot(b.second - d.second) <= 0) return;
    const double on_a = a.border ? 0.5 : a.coverage(a.position(b.first), a.position(d.first));
    const double on_c = c.border ? 0.5 : c.coverage(c.position(b.second), c.position(d.second));
    const double worst = std::min({on_a, on_c, b.covered, d.covered});
    const double mean = (on_a + on_c + b.covered + d.covered) / 4;
    // Three sides that are there may have a fourth that is hidden.
    const bool hidden = d.line >= lines_.size() && std::min({on_a, on_c, b.covered}) >= 0.6;
    if ((worst < 0.34 && !hidden) || mean < 0.55) return;

    std::array<cv::Point2d, 4> p{b.first, d.first, d.second, b.second};
    // Around it already; clockwise on the picture.
    if ((p[2] - p[0]).cross(p[3] - p[1]) < 0) std::swap(p[1], p[3]);
    std::size_t first = 0;
    for (std::size_t i = 1; i < 4; ++i) {
      if (p[i].x + p[i].y < p[first].x + p[first].y) first = i;
    }
    std::rotate(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(first), p.end());

    Candidate o;
    for (std::size_t i = 0; i < 4; ++i) o.quad[i] = {p[i].x, p[i].y};
    const double sides[4] = {cv::norm(p[1] - p[0]), cv::norm(p[2] - p[1]), cv::norm(p[3] - p[2]), cv::norm(p[0] - p[3])};
    double corner = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const cv::Point2d u = p[(i + 1) % 4] - p[i];
      const cv::Point2d v = p[(i + 3) % 4] - p[i];
      corner = std::max(corner, std::abs(u.dot(v)) / (cv::norm(u) * cv::norm(v)));
    }
    if (corner > 0.6) return;
    const double w = (sides[0] + sides[2]) / 2;
    const double h = (sides[1] + sides[3]) / 2;
    o.aspect = view_.true_aspect(p);
    o.skew = std::max({std::abs(sides[0] - sides[2]) / w, std::abs(sides[1] - sides[3]) / h, corner});
    if (o.aspect > 2.2 || o.skew > 0.75) return;
    o.cut_off = borders > 0;
    const double area = std::abs(imaging::area_of(o.quad)) / static_cast<double>(size_.area());
    if (area < 0.04 || area > 0.985) return;

    const double off = std::min(std::abs(std::log(o.aspect / 1.586)), std::abs(std::log(o.aspect / 1.42)));
    // What is cut off may make up for a shape that does not fit.
    const double fit = std::max(std::exp(-0.5 * (off / 0.09) * (off / 0.09)), o.cut_off ? 0.3 : 0.0);
    const double size = std::min(1.0, std::sqrt(area / 0.35));
    const Traits most{mean, worst, 1, fit, 0, 0, size, o.skew, o.cut_off ? 1.0 : 0.0};
    o.traits = most;
    if (o.weighed(0, kOuter) < best_outer_ - kHopeless) return;
    // Both sides that meet a third running on past it: it is a line printed on the card, or the edge of what lies below.
    const double a_b = past(a, d.first, b.first);
    const double a_d = past(a, b.first, d.first);
    const double c_b = past(c, d.second, b.second);
    const double c_d = past(c, b.second, d.second);
    const double arrive = (b.arrivals + d.arrivals + arrival(a, d.first, b.first) + arrival(a, b.first, d.first) +
                           arrival(c, d.second, b.second) + arrival(c, b.second, d.second)) /
                          8;
    const double ends = a_b + a_d + c_b + c_d + b.past_first + b.past_second + d.past_first + d.past_second;
    const double both =
        std::max({std::min(a_b, c_b), std::min(a_d, c_d), std::min(b.past_first, d.past_first), std::min(b.past_second, d.past_second)});
    o.traits = {mean, worst, arrive, fit, ends / 8, both, size, o.skew, o.cut_off ? 1.0 : 0.0, d.line >= lines_.size() ? 1.0 : 0.0};
    o.score = o.weighed(0, kOuter);
    best_outer_ = std::max(best_outer_, o.score);
    if (o.score >= best_outer_ - kHopeless) found_.push_back(o);
  }

  /// Whether fine detail is spread over the inside, 0..1.
  double printed(const std::array<cv::Point2d, 4>& p) const {
    int busy = 0;
    int seen = 0;
    for (int i = 1; i < 10; ++i) {
      for (int k = 1; k < 7; ++k) {
        const double u = i / 10.0;
        const double v = k / 7.0;
        const cv::Point2d at = (p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[3] * (1 - u) + p[2] * u) * v;
        const int x = std::clamp(static_cast<int>(at.x), 6, size_.width - 7);
        const int y = std::clamp(static_cast<int>(at.y), 6, size_.height - 7);
        const int n = points_near_.at<int>(y + 6, x + 6) - points_near_.at<int>(y - 5, x + 6) - points_near_.at<int>(y + 6, x - 5) +
                      points_near_.at<int>(y - 5, x - 5);
        busy += n >= 12 ? 1 : 0;
        ++seen;
      }
    }
    return std::min(1.0, static_cast<double>(busy) / seen / 0.35);
  }

  /// How much each side's inner strip looks like the others', and how much unlike what lies outside.
  /// Gives the least step along a side, too.
  double paper(const std::array<cv::Point2d, 4>& p, Traits& traits) const {
    const cv::Point2d middle = (p[0] + p[1] + p[2] + p[3]) * 0.25;
    std::array<cv::Vec3d, 4> inner;
    double step_sum = 0;
    double least = 1;
    for (std::size_t i = 0; i < 4; ++i) {
      const cv::Point2d a = p[i];
      const cv::Point2d d = p[(i + 1) % 4] - a;
      cv::Point2d n(-d.y, d.x);
      n *= 1 / std::max(1e-6, cv::norm(n));
      if (n.dot(middle - a) < 0) n = -n;
      std::vector<cv::Vec3d> in;
      double change = 0;
      int seen = 0;
      for (int k = 1; k < 16; ++k) {
        const cv::Point2d at = a + d * (k / 16.0);
        const cv::Point2d inside = at + n * 5;
        const cv::Point2d outside = at - n * 4;
        const auto ok = [&](cv::Point2d q) { return q.x >= 0 && q.y >= 0 && q.x < size_.width && q.y < size_.height; };
        if (!ok(inside)) continue;
        const auto u = color_.at<cv::Vec3b>(static_cast<int>(inside.y), static_cast<int>(inside.x));
        in.emplace_back(u[0], u[1], u[2]);
        if (!ok(outside)) continue;
        const auto v = color_.at<cv::Vec3b>(static_cast<int>(outside.y), static_cast<int>(outside.x));
        change += std::min(1.0, (std::abs(u[0] - v[0]) + std::abs(u[1] - v[1]) + std::abs(u[2] - v[2])) / 60.0);
        ++seen;
      }
      if (in.empty()) return 1;
      cv::Vec3d median;
      for (int c = 0; c < 3; ++c) {
        std::ranges::nth_element(in, in.begin() + static_cast<std::ptrdiff_t>(in.size() / 2), {}, [c](const cv::Vec3d& v) { return v[c]; });
        median[c] = in[in.size() / 2][c];
      }
      inner[i] = median;
      step_sum += seen > 0 ? change / seen : 0;
      if (seen > 0) least = std::min(least, change / seen);
    }
    double differ = 0;
    for (std::size_t i = 0; i < 4; ++i) differ += cv::norm(inner[i] - inner[(i + 1) % 4], cv::NORM_L1) / 3;
    traits[kAlike] = std::exp(-differ / 4 / 25);
    traits[kStep] = step_sum / 4;
    return least;
  }

  cv::Size size_;
  View view_;
  cv::Mat color_;
  cv::Mat points_near_;            ///< running count of edge points over rows and columns
  std::vector<EdgePoint> points_;  ///< by whole degrees of their angle
  std::vector<float> xs_;          ///< of `points_`
  std::vector<float> ys_;
  std::array<std::size_t, kAngles + 1> first_{};  ///< of each whole degree in `points_`
  std::vector<Line> lines_;
  std::vector<Open> open_;
  Line closing_;
  std::vector<Candidate> found_;
  Votes votes_;
  std::size_t tries_ = 0;
  double best_outer_ = 0;  ///< of their scores before a look inside
};

bool holds(const imaging::Quad& q, imaging::Point p) {
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& a = q[i];
    const auto& b = q[(i + 1) % 4];
    if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < 0) return false;
  }
  return true;
}

struct Reduced {
  cv::Mat picture;
  double sx = 1;  ///< from it to the given picture
  double sy = 1;
};

std::optional<Reduced> reduced(const imaging::Image& image) {
  const double factor = std::max(1.0, std::max(image.width, image.height) / static_cast<double>(kSide));
  if (std::min(image.width, image.height) / factor < 60) return std::nullopt;
  const imaging::Image color = image.channels == 3 ? imaging::Image{} : imaging::to_bgr(image);
  cv::Mat small = imaging::as_mat(image.channels == 3 ? image : color);
  // Means of whole pixels are several times as fast as means of parts of them: as far as those go, then the rest.
  const int whole = static_cast<int>(factor);
  const cv::Size covered(image.width / whole * whole, image.height / whole * whole);
  if (whole >= 2) {
    cv::Mat reduced;
    cv::resize(small(cv::Rect({0, 0}, covered)), reduced, {covered.width / whole, covered.height / whole}, 0, 0, cv::INTER_AREA);
    small = reduced;
  }
  if (const double left = std::max(small.cols, small.rows) / static_cast<double>(kSide); left > 1) {
    cv::Mat reduced;
    cv::resize(small, reduced, {}, 1 / left, 1 / left, cv::INTER_AREA);
    small = reduced;
  }
  return Reduced{small.clone(), static_cast<double>(covered.width) / small.cols, static_cast<double>(covered.height) / small.rows};
}

/// The trusted ones among what was found on the reduced picture, best first and on the reduced picture.
std::vector<Outline> trusted(const std::vector<Outline>& found, const Reduced& on, const imaging::Image& image, std::size_t most) {
  const auto& [small, sx, sy] = on;
  std::vector<Outline> out;
  // A picture that is cut to a document's own shape: what is small on it, with the print around it, is a portrait or a code, and
  // what leaves out lines as wide as the document or cuts through a line is a panel of it, as a passport's page above its
  // machine-readable zone.
  const double shape = static_cast<double>(std::max(image.width, image.height)) / std::min(image.width, image.height);
  const bool like_scan = std::abs(shape - 1.586) < 0.06 || std::abs(shape - 1.42) < 0.06;
  std::optional<std::vector<imaging::Box>> print;
  const auto is_part = [&](const Outline& o) {
    const double share = std::abs(imaging::area_of(o.quad)) / (static_cast<double>(small.cols) * small.rows);
    if (!like_scan || share > 0.85) return false;
    if (!print) print = text_strips(imaging::to_gray(image));
    const auto outside = [&](const imaging::Box& b) { return !holds(o.quad, {(b.x + b.width / 2.0) / sx, (b.y + b.height / 2.0) / sy}); };
    const auto wide = std::ranges::count_if(*print, [&](const imaging::Box& b) { return 2 * b.width > image.width && outside(b); });
    if (wide >= 2) return true;
    // No document's edge runs through a line of print.
    const auto cut = [&](const imaging::Box& b) {
      constexpr int kLooks = 24;
      int inside = 0;
      for (int i = 0; i < kLooks; ++i)
        inside += holds(o.quad, {(b.x + (i + 0.5) * b.width / kLooks) / sx, (b.y + b.height / 2.0) / sy}) ? 1 : 0;
      return inside > 1 && inside < kLooks - 1;
    };
    if (std::ranges::any_of(*print, cut)) return true;
    const auto all = std::ranges::count_if(*print, outside);
    return all >= 2 && 3 * all > static_cast<std::ptrdiff_t>(print->size());
  };
  for (const auto& o : found) {
    if (o.score < kTrusted || out.size() >= most) break;
    if (!is_part(o)) out.push_back(o);
  }
  return out;
}

void enlarge(std::vector<Outline>& outlines, const Reduced& from) {
  for (auto& o : outlines) {
    for (auto& p : o.quad) p = {(p.x + 0.5) * from.sx, (p.y + 0.5) * from.sy};
  }
}

}  // namespace

std::vector<Outline> find_outlines(const imaging::Image& image, std::size_t most) {
  const auto on = reduced(image);
  if (!on) return {};
  auto out = trusted(Search{on->picture}.run(), *on, image, most);
  enlarge(out, *on);
  return out;
}

Sighting look_for_documents(const imaging::Image& image, std::size_t most) {
  const auto on = reduced(image);
  if (!on) return {};
  Search search{on->picture};
  Sighting out{trusted(search.run(), *on, image, most), std::nullopt};
  const Outline* best = out.outlines.empty() ? nullptr : &out.outlines.front();
  const bool sure = best != nullptr && best->score >= kBeyondDoubt;
  // A picture of a document's own shape is likely one that a program cut to its edges.
  const double shape = static_cast<double>(std::max(image.width, image.height)) / std::min(image.width, image.height);
  const bool like_scan = std::abs(shape - 1.586) < 0.03 || std::abs(shape - 1.42) < 0.03;
  if (const auto cut = sure ? std::nullopt : likeliest_cut(search.edges(), best); cut && (!like_scan || cut->odds > kCutOfScan)) {
    CutDocument& document = out.cut.emplace();
    document.odds = cut->odds;
    const double right = on->picture.cols - 1.5;
    const double bottom = on->picture.rows - 1.5;
    for (std::size_t i = 0; i < cut->visible.size(); ++i) {
      const auto& p = cut->visible[i];
      const auto& q = cut->visible[(i + 1) % cut->visible.size()];
      document.visible.push_back({(p.x + 0.5) * on->sx, (p.y + 0.5) * on->sy});
      if (cv::norm(p - q) < 3) continue;
      if (std::max(p.x, q.x) < 0.5) document.runs_out.push_back(Border::left);
      if (std::min(p.x, q.x) > right) document.runs_out.push_back(Border::right);
      if (std::max(p.y, q.y) < 0.5) document.runs_out.push_back(Border::top);
      if (std::min(p.y, q.y) > bottom) document.runs_out.push_back(Border::bottom);
    }
  }
  enlarge(out.outlines, *on);
  return out;
}

std::vector<outline::Cut> cut_candidates(const imaging::Image& image) {
  const auto r = reduced(image);
  if (!r) return {};
  Search s{r->picture};
  s.run();
  auto cuts = outline::find_cuts(s.edges());
  for (auto& c : cuts) {
    for (auto& p : c.visible) p = {p.x * r->sx, p.y * r->sy};
    c.sides.clear();
  }
  return cuts;
}

std::optional<imaging::Quad> find_outline(const imaging::Image& image) {
  const auto found = find_outlines(image, 1);
  if (found.empty()) return std::nullopt;
  return found.front().quad;
}

}  // namespace authx::document
