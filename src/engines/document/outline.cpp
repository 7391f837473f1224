#include "engines/document/outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kSide = 440;              ///< of the picture that is searched
constexpr std::size_t kLines = 80;      ///< more are text and texture
constexpr std::size_t kPoints = 18000;  ///< the strongest; more are texture
constexpr int kAngles = 180;
constexpr int kStep = 2;  ///< degrees between rows of the accumulator; lines are fitted afterwards

/// What speaks for and against a candidate. Fitted by a ranking regression on generated scenes (seeds 1..20 of five kinds at
/// level 4 of `specimen generate`); the signs are as one would expect.
struct Weights {
  double mean = 0.58;    ///< share of the sides that lies on edges
  double worst = 0.51;   ///< of the side with the least
  double arrive = 0.75;  ///< edges as the sides come to the corners
  double fit = 0.63;     ///< shape of an ID-1 card or an ID-3 page
  double ends = 0.77;    ///< edges that run on past the corners
  double both = 0.25;    ///< two sides that run on past a third
  double size = 0.35;
  double skew = 0.33;
  double cut_off = 0.40;
  double alike = 0.35;
  double step = 0.61;
  double printed = 0.22;
  /// Of a candidate that has everything.
  constexpr double full() const { return mean + worst + arrive + fit + size + alike + step + printed; }
};
constexpr Weights kWeights;
constexpr std::size_t kLookedInto = 60;  ///< candidates whose inside is looked at
constexpr double kTrusted = 0.62;        ///< of the full score; below it outlines are as often wrong as right

struct EdgePoint {
  float x = 0;
  float y = 0;
  float angle = 0;     ///< of the normal, degrees, 0..180
  float strength = 0;  ///< of the Sobel gradient
  short weight = 1;
  bool used = false;
};

double apart(double a, double b) {
  const double d = std::abs(a - b);
  return std::min(d, 180 - d);
}

/// x cos + y sin = rho, and where along it (direction (-sin, cos)) edges lie.
struct Line {
  double cos = 1;
  double sin = 0;
  double rho = 0;
  double angle = 0;
  bool border = false;
  int from = 0;              ///< position that `covered[0]` stands for
  std::vector<int> covered;  ///< running count of covered positions

  double position(cv::Point2d p) const { return -p.x * sin + p.y * cos; }
  double distance(cv::Point2d p) const { return p.x * cos + p.y * sin - rho; }
  /// Share of [a, b] along the line that lies on edges.
  double coverage(double a, double b) const {
    if (a > b) std::swap(a, b);
    const int n = static_cast<int>(covered.size()) - 1;
    const int i = std::clamp(static_cast<int>(std::lround(a)) - from, 0, n);
    const int k = std::clamp(static_cast<int>(std::lround(b)) - from, 0, n);
    return b - a < 1 ? 0 : (covered[static_cast<std::size_t>(k)] - covered[static_cast<std::size_t>(i)]) / (b - a);
  }
};

std::optional<cv::Point2d> cross(const Line& a, const Line& b) {
  const double det = a.cos * b.sin - a.sin * b.cos;
  if (std::abs(det) < 0.2) return std::nullopt;
  return cv::Point2d((a.rho * b.sin - b.rho * a.sin) / det, (a.cos * b.rho - b.cos * a.rho) / det);
}

class Search {
 public:
  explicit Search(const cv::Mat& bgr) : size_(bgr.size()) {
    cv::Mat soft;
    cv::GaussianBlur(bgr, soft, {5, 5}, 1.1);
    color_ = soft;
    find_edges(soft);
    find_lines();
    add_borders();
  }

  std::vector<Outline> run() {
    combine();
    std::ranges::sort(found_, std::greater{}, &Outline::score);
    if (found_.size() > kLookedInto) found_.resize(kLookedInto);
    for (auto& f : found_) look_inside(f);
    std::ranges::sort(found_, std::greater{}, &Outline::score);
    std::vector<Outline> out;
    for (const auto& f : found_) {
      const bool same = std::ranges::any_of(out, [&](const Outline& o) { return near(o.quad, f.quad); });
      if (!same) out.push_back(f);
      if (out.size() >= 12) break;
    }
    return out;
  }

 private:
  void look_inside(Outline& o) const {
    std::array<cv::Point2d, 4> p;
    for (std::size_t i = 0; i < 4; ++i) p[i] = {o.quad[i].x, o.quad[i].y};
    const auto [alike, step] = paper(p);
    const double score = o.score + kWeights.alike * alike + kWeights.step * step + kWeights.printed * printed(p);
    o.score = std::clamp(score / kWeights.full(), 0.0, 1.0);
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
    for (int y = 1; y + 1 < h; ++y) {
      const auto* up = bgr.ptr<std::uint8_t>(y - 1);
      const auto* here = bgr.ptr<std::uint8_t>(y);
      const auto* down = bgr.ptr<std::uint8_t>(y + 1);
      auto* m = magnitude.ptr<float>(y);
      auto* ox = gx.ptr<float>(y);
      auto* oy = gy.ptr<float>(y);
      for (int x = 1; x + 1 < w; ++x) {
        int best = 0;
        for (int c = 0; c < 3; ++c) {
          const int l = 3 * (x - 1) + c;
          const int o = 3 * x + c;
          const int r = 3 * (x + 1) + c;
          const int dx = (up[r] - up[l]) + 2 * (here[r] - here[l]) + (down[r] - down[l]);
          const int dy = (down[l] - up[l]) + 2 * (down[o] - up[o]) + (down[r] - up[r]);
          const int strength = dx * dx + dy * dy;
          if (strength > best) {
            best = strength;
            ox[x] = static_cast<float>(dx);
            oy[x] = static_cast<float>(dy);
          }
        }
        m[x] = static_cast<float>(best);
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
        float angle = std::atan2(py[x], px[x]) * static_cast<float>(180 / std::numbers::pi);
        if (angle < 0) angle += 180;
        p.angle = angle >= 180 ? 0 : angle;
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
      for (int y = std::max(0, cy - 2); y <= std::min(size_.height - 1, cy + 2); ++y) {
        const auto* row = angles.ptr<short>(y);
        for (int x = std::max(0, cx - 2); x <= std::min(size_.width - 1, cx + 2); ++x)
          like += row[x] >= 0 && apart(row[x], p.angle) < 20 ? 1 : 0;
      }
      if (like >= 4) kept.push_back(p);
    }
    if (kept.size() > kPoints) {
      std::ranges::nth_element(kept, kept.begin() + kPoints, std::greater{}, &EdgePoint::strength);
      kept.resize(kPoints);
    }
    std::ranges::sort(kept, {}, &EdgePoint::angle);
    points_ = std::move(kept);
    cv::Mat marks(size_, CV_8U, cv::Scalar(0));
    for (const auto& p : points_) marks.at<std::uint8_t>(cvRound(p.y), cvRound(p.x)) = 1;
    cv::integral(marks, points_near_, CV_32S);
    std::size_t i = 0;
    for (int a = 0; a <= kAngles; ++a) {
      while (i < points_.size() && points_[i].angle < static_cast<float>(a)) ++i;
      first_[static_cast<std::size_t>(a)] = i;
    }
    first_[kAngles] = points_.size();
  }

  /// Calls `see` with each point whose angle is within `reach` whole degrees of `angle`.
  template <class Points, class See>
  void with_angle(Points& points, double angle, int reach, See&& see) const {
    const int middle = static_cast<int>(angle);
    for (int d = -reach; d <= reach; ++d) {
      const auto a = static_cast<std::size_t>(((middle + d) % kAngles + kAngles) % kAngles);
      for (std::size_t i = first_[a]; i < first_[a + 1]; ++i) see(points[i]);
    }
  }

  void find_lines() {
    const int reach = static_cast<int>(std::ceil(std::hypot(size_.width, size_.height)));
    const int rhos = 2 * reach + 1;
    constexpr int kRows = kAngles / kStep;
    std::array<double, kRows> cosines{};
    std::array<double, kRows> sines{};
    for (int t = 0; t < kRows; ++t) {
      cosines[static_cast<std::size_t>(t)] = std::cos(t * kStep * std::numbers::pi / 180);
      sines[static_cast<std::size_t>(t)] = std::sin(t * kStep * std::numbers::pi / 180);
    }
    cv::Mat votes(kRows, rhos, CV_16S, cv::Scalar(0));
    const auto vote = [&](const EdgePoint& p, int sign) {
      const int middle = cvRound(p.angle / kStep);
      for (int d = -2; d <= 2; ++d) {
        const int t = ((middle + d) % kRows + kRows) % kRows;
        const auto i = static_cast<std::size_t>(t);
        const int rho = cvRound(p.x * cosines[i] + p.y * sines[i]) + reach;
        auto* row = votes.ptr<short>(t);
        for (int k = -1; k <= 1; ++k) {
          if (rho + k >= 0 && rho + k < rhos) row[rho + k] = static_cast<short>(row[rho + k] + sign * p.weight * (k == 0 ? 2 : 1));
        }
      }
    };
    for (const auto& p : points_) vote(p, 1);
    const int shortest = std::min(size_.width, size_.height);
    for (std::size_t tries = 0; tries < 3 * kLines && lines_.size() < kLines; ++tries) {
      double top = 0;
      cv::Point where;
      cv::minMaxLoc(votes, nullptr, &top, nullptr, &where);
      if (top < 0.2 * shortest) break;
      Line line;
      line.angle = where.y * kStep;
      line.cos = cosines[static_cast<std::size_t>(where.y)];
      line.sin = sines[static_cast<std::size_t>(where.y)];
      line.rho = where.x - reach;
      const auto inliers = fit(line);
      if (inliers.size() >= 8 && trace(line) >= 0.1 * shortest) {
        for (auto* p : inliers) {
          vote(*p, -1);
          p->used = true;
        }
        lines_.push_back(std::move(line));
      }
      votes(cv::Rect(where.x - 1, where.y - 1, 3, 3) & cv::Rect(0, 0, votes.cols, votes.rows)) = 0;
    }
  }

  /// Total least squares over the points near the line; returns them.
  std::vector<EdgePoint*> fit(Line& line) {
    std::vector<EdgePoint*> inliers;
    for (const double reach : {2.2, 1.6}) {
      inliers.clear();
      double sx = 0;
      double sy = 0;
      double n = 0;
      with_angle(points_, line.angle, 12, [&](EdgePoint& p) {
        if (p.used || std::abs(line.distance({p.x, p.y})) > reach) return;
        inliers.push_back(&p);
        sx += p.x;
        sy += p.y;
        ++n;
      });
      if (inliers.size() < 8) return inliers;
      const double mx = sx / n;
      const double my = sy / n;
      double xx = 0;
      double xy = 0;
      double yy = 0;
      for (const auto* p : inliers) {
        xx += (p->x - mx) * (p->x - mx);
        xy += (p->x - mx) * (p->y - my);
        yy += (p->y - my) * (p->y - my);
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
  double trace(Line& line) const {
    const int reach = static_cast<int>(std::ceil(std::hypot(size_.width, size_.height)));
    std::vector<std::uint8_t> hit(static_cast<std::size_t>(2 * reach + 1), 0);
    with_angle(points_, line.angle, 14, [&](const EdgePoint& p) {
      if (std::abs(line.distance({p.x, p.y})) > 1.8) return;
      const int at = cvRound(line.position({p.x, p.y})) + reach;
      for (int k = std::max(0, at - 1); k <= std::min(2 * reach, at + 1); ++k) hit[static_cast<std::size_t>(k)] = 1;
    });
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
      l.covered.assign(static_cast<std::size_t>(2 * reach + 2), 0);
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

  void combine() {
    const double least = 0.16 * std::min(size_.width, size_.height);
    // Where each line is crossed by each other, as a position along it; none where they don't meet in sight.
    const std::size_t n = lines_.size();
    constexpr double kNone = 1e9;
    std::vector<double> where(n * n, kNone);
    for (std::size_t b = 0; b < n; ++b) {
      for (std::size_t a = 0; a < n; ++a) {
        if (a == b || apart(lines_[a].angle, lines_[b].angle) < 50) continue;
        if (const auto p = cross(lines_[a], lines_[b]); p && in_sight(*p)) where[b * n + a] = lines_[b].position(*p);
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
          const double at_a = where[b * n + a];
          const double at_c = where[b * n + c];
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
        }
      }
    }
  }

  void offer(const Line& a, const Line& c, const Crossing& b, const Crossing& d, double least) {
    const int borders = (a.border ? 1 : 0) + (c.border ? 1 : 0) + (lines_[b.line].border ? 1 : 0) + (lines_[d.line].border ? 1 : 0);
    if (borders > 1) return;
    if (cv::norm(b.first - d.first) < least || cv::norm(b.second - d.second) < least) return;
    // The sides b and d must not cross between a and c.
    if ((b.first - d.first).dot(b.second - d.second) <= 0) return;
    const double on_a = a.border ? 0.5 : a.coverage(a.position(b.first), a.position(d.first));
    const double on_c = c.border ? 0.5 : c.coverage(c.position(b.second), c.position(d.second));
    const double worst = std::min({on_a, on_c, b.covered, d.covered});
    const double mean = (on_a + on_c + b.covered + d.covered) / 4;
    if (worst < 0.34 || mean < 0.55) return;

    std::array<cv::Point2d, 4> p{b.first, d.first, d.second, b.second};
    const cv::Point2d middle = (p[0] + p[1] + p[2] + p[3]) * 0.25;
    std::ranges::sort(p, {}, [&](const cv::Point2d& q) { return std::atan2(q.y - middle.y, q.x - middle.x); });
    std::size_t first = 0;
    for (std::size_t i = 1; i < 4; ++i) {
      if (p[i].x + p[i].y < p[first].x + p[first].y) first = i;
    }
    std::rotate(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(first), p.end());

    Outline o;
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
    o.aspect = true_aspect(p);
    o.skew = std::max({std::abs(sides[0] - sides[2]) / w, std::abs(sides[1] - sides[3]) / h, corner});
    if (o.aspect > 2.2 || o.skew > 0.75) return;
    o.cut_off = borders > 0;
    const double area = std::abs(imaging::area_of(o.quad)) / static_cast<double>(size_.area());
    if (area < 0.04 || area > 0.985) return;

    const double off = std::min(std::abs(std::log(o.aspect / 1.586)), std::abs(std::log(o.aspect / 1.42)));
    const double fit = std::exp(-0.5 * (off / 0.09) * (off / 0.09));
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
    const double size = std::min(1.0, std::sqrt(area / 0.35));
    const double outer = kWeights.mean * mean + kWeights.worst * worst + kWeights.arrive * arrive + kWeights.fit * fit -
                         kWeights.ends * ends / 8 - kWeights.both * both + kWeights.size * size - kWeights.skew * o.skew -
                         (o.cut_off ? kWeights.cut_off : 0);
    o.score = outer;
    found_.push_back(o);
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

  /// How much each side's inner strip looks like the others', and how much unlike what lies outside, each 0..1.
  std::pair<double, double> paper(const std::array<cv::Point2d, 4>& p) const {
    const cv::Point2d middle = (p[0] + p[1] + p[2] + p[3]) * 0.25;
    std::array<cv::Vec3d, 4> inner;
    double step_sum = 0;
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
      if (in.empty()) return {0.0, 0.0};
      cv::Vec3d median;
      for (int c = 0; c < 3; ++c) {
        std::ranges::nth_element(in, in.begin() + static_cast<std::ptrdiff_t>(in.size() / 2), {}, [c](const cv::Vec3d& v) { return v[c]; });
        median[c] = in[in.size() / 2][c];
      }
      inner[i] = median;
      step_sum += seen > 0 ? change / seen : 0;
    }
    double differ = 0;
    for (std::size_t i = 0; i < 4; ++i) differ += cv::norm(inner[i] - inner[(i + 1) % 4], cv::NORM_L1) / 3;
    return {std::exp(-differ / 4 / 25), step_sum / 4};
  }

  /// Width by height as a camera of usual field of view would have seen it (Zhang and He, 2007, with the focal length assumed),
  /// at least one.
  double true_aspect(const std::array<cv::Point2d, 4>& p) const {
    const double focal = 1.15 * std::max(size_.width, size_.height);
    const double u0 = size_.width / 2.0;
    const double v0 = size_.height / 2.0;
    std::array<cv::Vec3d, 4> m;
    for (std::size_t i = 0; i < 4; ++i) m[i] = {(p[i].x - u0) / focal, (p[i].y - v0) / focal, 1};
    const double k2 = m[0].cross(m[2]).dot(m[3]) / m[1].cross(m[2]).dot(m[3]);
    const double k3 = m[0].cross(m[2]).dot(m[1]) / m[3].cross(m[2]).dot(m[1]);
    const cv::Vec3d n2 = m[1] * k2 - m[0];
    const cv::Vec3d n3 = m[3] * k3 - m[0];
    const double w = cv::norm(n2);
    const double h = cv::norm(n3);
    return !(w > 1e-9) || !(h > 1e-9) ? 99 : std::max(w, h) / std::min(w, h);
  }

  cv::Size size_;
  cv::Mat color_;
  cv::Mat points_near_;                           ///< running count of edge points over rows and columns
  std::vector<EdgePoint> points_;                 ///< by angle
  std::array<std::size_t, kAngles + 1> first_{};  ///< of each whole degree in `points_`
  std::vector<Line> lines_;
  std::vector<Outline> found_;
};

}  // namespace

namespace {

bool holds(const imaging::Quad& q, imaging::Point p) {
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& a = q[i];
    const auto& b = q[(i + 1) % 4];
    if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < 0) return false;
  }
  return true;
}

}  // namespace

std::vector<Outline> find_outlines(const imaging::Image& image, std::size_t most) {
  const double factor = std::max(1.0, std::max(image.width, image.height) / static_cast<double>(kSide));
  const imaging::Image color = image.channels == 3 ? imaging::Image{} : imaging::to_bgr(image);
  cv::Mat small;
  cv::resize(imaging::as_mat(image.channels == 3 ? image : color), small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  if (small.cols < 60 || small.rows < 60) return {};
  std::vector<Outline> out;
  const double sx = static_cast<double>(image.width) / small.cols;
  const double sy = static_cast<double>(image.height) / small.rows;
  // A picture that is cut to a document's own shape: what is small on it, with the print around it, is a portrait or a code, and
  // what leaves out lines as wide as the document is a panel of it, as a passport's page above its machine-readable zone.
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
    const auto all = std::ranges::count_if(*print, outside);
    return share < 0.3 && all >= 4 && 2 * all > static_cast<std::ptrdiff_t>(print->size());
  };
  for (auto& o : Search{small}.run()) {
    if (o.score < kTrusted || out.size() >= most) break;
    if (is_part(o)) continue;
    for (auto& p : o.quad) p = {(p.x + 0.5) * sx, (p.y + 0.5) * sy};
    out.push_back(o);
  }
  return out;
}

std::optional<imaging::Quad> find_outline(const imaging::Image& image) {
  const auto found = find_outlines(image, 1);
  if (found.empty()) return std::nullopt;
  return found.front().quad;
}

}  // namespace authx::document
