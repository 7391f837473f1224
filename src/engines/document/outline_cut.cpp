#include "engines/document/outline_cut.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "engines/document/outline_view.h"

namespace authx::document::outline {
namespace {

constexpr double kInset = 3;         ///< no edges are found nearer to the border
constexpr double kEnd = 6;           ///< pixels before it that tell whether a side runs out of the picture
constexpr double kLeastCover = 0.5;  ///< of each side
constexpr double kLongSides[] = {1.586, 1.42};
constexpr std::size_t kLookedAt = 24;  ///< of each shape, before a look at the colours

/// A side from a point on it out to the border.
struct Ray {
  std::size_t line = 0;
  cv::Point2d corner;
  cv::Point2d exit;
  double covered = 0;
  double from_corner = 0;  ///< edges in its first part
  double to_border = 0;    ///< and in its last
  double end = 0;          ///< and over the very last pixels
  double past = 0;         ///< edges on the line behind the corner
};

struct Draft {
  CutShape shape{};
  std::vector<std::size_t> lines;
  std::vector<std::pair<cv::Point2d, cv::Point2d>> sides;
  CutTraits traits{};
  cv::Point2d inside;
  double worth = 0;
};

constexpr std::size_t kHidden = 12;

#include "engines/document/outline_cut_weights.inc"

/// For a cut rather than what else was found: for itself, by its odds, by the whole outline's score, the same where it has a document's
/// shape, that there is one, its share within the cut, both areas' overlap over their union, four sides, one side.
constexpr std::array<double, 9> kDecision{-2.663, 1.139, -4.991, -4.693, 1.206, 2.627, -3.964, -0.516, -0.487};

/// A small net over the traits: one hidden layer, of hyperbolic tangents.
double odds_of(const Cut& cut) {
  double sum = kOutBias;
  for (std::size_t h = 0; h < kHidden; ++h) {
    double in = kHiddenBias[h] + kShapeWeights[h][static_cast<std::size_t>(cut.shape)];
    for (std::size_t i = 0; i < kCutTraits; ++i) in += kTraitWeights[h][i] * cut.traits[i];
    sum += kOutWeights[h] * std::tanh(in);
  }
  return sum;
}

class CutSearch {
 public:
  explicit CutSearch(const Edges& e) : e_(e), lines_(*e.lines), view_(e.size) {}

  std::vector<Cut> run() {
    const double shorter = std::min(e_.size.width, e_.size.height);
    least_ = 0.12 * shorter;
    single_and_bands();
    corners();
    threes();
    std::vector<Cut> out;
    for (auto& of : drafts_) {
      std::ranges::sort(of, std::greater{}, &Draft::worth);
      if (of.size() > kLookedAt) of.resize(kLookedAt);
      for (const auto& d : of) {
        if (auto cut = look(d)) out.push_back(std::move(*cut));
      }
    }
    return out;
  }

 private:
  bool in_picture(cv::Point2d p, double inset) const {
    return p.x >= inset && p.y >= inset && p.x <= e_.size.width - 1 - inset && p.y <= e_.size.height - 1 - inset;
  }

  /// Where a half line leaves the picture.
  std::optional<cv::Point2d> exit(cv::Point2d from, cv::Point2d toward) const {
    if (!in_picture(from, kInset)) return std::nullopt;
    double t = 1e9;
    const auto bound = [&](double at, double step, double last) {
      if (step > 1e-9) t = std::min(t, (last - kInset - at) / step);
      if (step < -1e-9) t = std::min(t, (kInset - at) / step);
    };
    bound(from.x, toward.x, e_.size.width - 1);
    bound(from.y, toward.y, e_.size.height - 1);
    return from + toward * t;
  }

  static double coverage(const Line& l, cv::Point2d a, cv::Point2d b) { return l.coverage(l.position(a), l.position(b)); }

  std::optional<Ray> ray(std::size_t line, cv::Point2d corner, int sign) const {
    const Line& l = lines_[line];
    const cv::Point2d d(-l.sin * sign, l.cos * sign);
    const auto end = exit(corner, d);
    if (!end) return std::nullopt;
    const double length = cv::norm(*end - corner);
    if (length < least_) return std::nullopt;
    Ray r{line, corner, *end, coverage(l, corner, *end), 0, 0, 0, 0};
    if (r.covered < kLeastCover) return std::nullopt;
    const double part = std::max(8.0, 0.14 * length);
    r.from_corner = coverage(l, corner + d * (0.3 * part), corner + d * part);
    r.to_border = coverage(l, *end - d * part, *end);
    r.end = coverage(l, *end - d * kEnd, *end);
    r.past = coverage(l, corner - d * std::max(6.0, 0.1 * length), corner - d * 2);
    return r;
  }

  void offer(Draft d) {
    const auto& t = d.traits;
    d.worth = t[kCovered] + t[kLeastCovered] + t[kRunOut] + t[kCorners] - t[kPast] - 2 * t[kTooLong] + 0.5 * t[kCorner] + 0.5 * t[kSquare];
    drafts_[static_cast<std::size_t>(d.shape)].push_back(std::move(d));
  }

  void single_and_bands() {
    struct Through {
      std::size_t line;
      cv::Point2d from, to;
      double covered, ends, last;
    };
    std::vector<Through> all;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& l = lines_[i];
      if (l.border) continue;
      // The point of it that is nearest to the middle of the picture.
      const cv::Point2d middle(e_.size.width / 2.0, e_.size.height / 2.0);
      const cv::Point2d foot = middle - cv::Point2d(l.cos, l.sin) * l.distance(middle);
      const auto a = exit(foot, {-l.sin, l.cos});
      const auto b = exit(foot, {l.sin, -l.cos});
      if (!a || !b || cv::norm(*a - *b) < 2 * least_) continue;
      const double covered = coverage(l, *a, *b);
      if (covered < kLeastCover) continue;
      const cv::Point2d d = (*b - *a) * (1 / cv::norm(*b - *a));
      const double part = std::max(8.0, 0.1 * cv::norm(*b - *a));
      all.push_back({i, *a, *b, covered, std::min(coverage(l, *a, *a + d * part), coverage(l, *b - d * part, *b)),
                     std::min(coverage(l, *a, *a + d * kEnd), coverage(l, *b - d * kEnd, *b))});
    }
    for (const auto& t : all) {
      const Line& l = lines_[t.line];
      for (const int side : {-1, 1}) {
        Draft d{CutShape::side, {t.line}, {{t.from, t.to}}, {}, (t.from + t.to) * 0.5 + cv::Point2d(l.cos, l.sin) * (4 * side), 0};
        d.traits[kCovered] = d.traits[kLeastCovered] = t.covered;
        d.traits[kRunOut] = t.ends;
        d.traits[kEnds] = t.last;
        offer(std::move(d));
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t k = i + 1; k < all.size(); ++k) {
        const auto& a = all[i];
        const auto& b = all[k];
        if (apart(lines_[a.line].angle, lines_[b.line].angle) > 20) continue;
        const cv::Point2d between = (a.from + a.to + b.from + b.to) * 0.25;
        if (std::abs(lines_[a.line].distance(between)) < least_) continue;
        Draft d{CutShape::band, {a.line, b.line}, {{a.from, a.to}, {b.from, b.to}}, {}, between, 0};
        d.traits[kCovered] = (a.covered + b.covered) / 2;
        d.traits[kLeastCovered] = std::min(a.covered, b.covered);
        d.traits[kRunOut] = std::min(a.ends, b.ends);
        d.traits[kEnds] = std::min(a.last, b.last);
        offer(std::move(d));
      }
    }
  }

  void corners() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      for (std::size_t k = i + 1; k < lines_.size(); ++k) {
        const Line& a = lines_[i];
        const Line& b = lines_[k];
        if (a.border || b.border || apart(a.angle, b.angle) < 58) continue;
        const auto p = cross(a, b);
        if (!p || !in_picture(*p, kInset)) continue;
        for (const int sa : {-1, 1}) {
          const auto ra = ray(i, *p, sa);
          if (!ra) continue;
          for (const int sb : {-1, 1}) {
            const auto rb = ray(k, *p, sb);
            if (!rb) continue;
            Draft d{CutShape::corner, {i, k}, {{*p, ra->exit}, {*p, rb->exit}}, {}, {}, 0};
            d.inside = *p + (ra->exit - *p) * 0.02 + (rb->exit - *p) * 0.02;
            d.traits[kCovered] = (ra->covered + rb->covered) / 2;
            d.traits[kLeastCovered] = std::min(ra->covered, rb->covered);
            d.traits[kCorners] = (ra->from_corner + rb->from_corner) / 2;
            d.traits[kRunOut] = std::min(ra->to_border, rb->to_border);
            d.traits[kEnds] = std::min(ra->end, rb->end);
            d.traits[kPast] = (ra->past + rb->past) / 2;
            d.traits[kSquare] = 1 - std::abs(std::cos(angle(ra->exit - *p, rb->exit - *p)));
            offer(std::move(d));
          }
        }
      }
    }
  }

  static double angle(cv::Point2d a, cv::Point2d b) { return std::atan2(a.cross(b), a.dot(b)); }

  /// Three sides, and from each such the fourth when it meets one of the outer ones on the picture.
  void threes() {
    for (std::size_t b = 0; b < lines_.size(); ++b) {
      if (lines_[b].border) continue;
      std::vector<Ray> rays[2];  // by the side of b that they lie on
      for (std::size_t a = 0; a < lines_.size(); ++a) {
        if (a == b || lines_[a].border || apart(lines_[a].angle, lines_[b].angle) < 58) continue;
        const auto p = cross(lines_[a], lines_[b]);
        if (!p || !in_picture(*p, kInset)) continue;
        for (const int sign : {-1, 1}) {
          if (auto r = ray(a, *p, sign)) rays[lines_[b].distance(r->exit) > 0 ? 1 : 0].push_back(*r);
        }
      }
      for (auto& side : rays) {
        std::ranges::sort(side, std::greater{}, [](const Ray& r) { return r.covered + r.from_corner + r.to_border - r.past; });
        if (side.size() > 14) side.resize(14);
        for (std::size_t i = 0; i < side.size(); ++i) {
          for (std::size_t k = i + 1; k < side.size(); ++k) three(b, side[i], side[k]);
        }
      }
      four(b);
    }
  }

  /// How far a side reaches, in lengths of the one it begins at, both as they are in space.
  double reach(const Line& b, const Ray& on, const Ray& other) const {
    const auto far = view_.other_end(lines_[on.line], lines_[other.line], b, on.exit);
    if (!far) return 0;
    return view_.ratio({on.corner, on.exit, *far, other.corner});
  }

  void three(std::size_t b, const Ray& a, const Ray& c) {
    if (apart(lines_[a.line].angle, lines_[c.line].angle) > 32) return;
    const double length = cv::norm(a.corner - c.corner);
    if (length < least_) return;
    const Line& base = lines_[b];
    const double covered = coverage(base, a.corner, c.corner);
    if (covered < kLeastCover) return;
    Draft d{CutShape::three, {a.line, b, c.line}, {{a.corner, a.exit}, {a.corner, c.corner}, {c.corner, c.exit}}, {}, {}, 0};
    d.inside = (a.corner + c.corner) * 0.5 * 0.96 + (a.exit + c.exit) * 0.5 * 0.04;
    const double shape = std::max(reach(base, a, c), reach(base, c, a));
    const cv::Point2d along = (c.corner - a.corner) * (1 / length);
    const double part = std::max(6.0, 0.14 * length);
    const double arrive_a = coverage(base, a.corner + along * (0.3 * part), a.corner + along * part);
    const double arrive_c = coverage(base, c.corner - along * part, c.corner - along * (0.3 * part));
    const double behind = std::max(6.0, 0.1 * length);
    const double past_a = coverage(base, a.corner - along * behind, a.corner - along * 2);
    const double past_c = coverage(base, c.corner + along * 2, c.corner + along * behind);
    auto& t = d.traits;
    t[kCovered] = (a.covered + c.covered + covered) / 3;
    t[kLeastCovered] = std::min({a.covered, c.covered, covered});
    t[kCorners] = (a.from_corner + c.from_corner + arrive_a + arrive_c) / 4;
    t[kRunOut] = std::min(a.to_border, c.to_border);
    t[kEnds] = std::min(a.end, c.end);
    t[kPast] = (a.past + c.past + past_a + past_c) / 4;
    double off = 9;
    for (const double s : kLongSides) off = std::min({off, std::abs(std::log(shape / s)), std::abs(std::log(shape * s))});
    t[kComplete] = std::exp(-0.5 * (off / 0.025) * (off / 0.025));
    t[kTooLong] = std::max(0.0, std::log(std::max(shape, 0.01) / 1.62));
    t[kSquare] = 1 - std::max(std::abs(std::cos(angle(a.exit - a.corner, c.corner - a.corner))),
                              std::abs(std::cos(angle(c.exit - c.corner, a.corner - c.corner))));
    offer(std::move(d));
  }

  /// b and a whole side a; the two beside them run out of the picture before they meet.
  void four(std::size_t b) {
    const Line& base = lines_[b];
    std::vector<std::pair<std::size_t, cv::Point2d>> crossing;
    for (std::size_t a = 0; a < lines_.size(); ++a) {
      if (a == b || lines_[a].border || apart(lines_[a].angle, base.angle) < 58) continue;
      const auto p = cross(lines_[a], base);
      if (p && in_picture(*p, kInset)) crossing.emplace_back(a, *p);
    }
    for (const auto& [a, p] : crossing) {
      if (a < b) continue;  // a and b are alike
      const Line& up = lines_[a];
      // From p along b to q, where c begins; along a to r, where d begins.
      std::vector<Ray> cs;
      for (const auto& [c, q] : crossing) {
        if (c == a || apart(lines_[c].angle, up.angle) > 32 || cv::norm(q - p) < least_ || coverage(base, p, q) < 0.6) continue;
        for (const int sign : {-1, 1}) {
          if (const auto r = ray(c, q, sign)) cs.push_back(*r);
        }
      }
      if (cs.empty()) continue;
      for (std::size_t d = 0; d < lines_.size(); ++d) {
        if (d == b || lines_[d].border || apart(lines_[d].angle, base.angle) > 32) continue;
        const auto r = cross(lines_[d], up);
        if (!r || !in_picture(*r, kInset) || cv::norm(*r - p) < least_ || coverage(up, p, *r) < 0.6) continue;
        for (const int sign : {-1, 1}) {
          const auto rd = ray(d, *r, sign);
          if (!rd) continue;
          for (const auto& rc : cs) {
            const auto end = cross(lines_[rc.line], lines_[d]);
            if (!end || in_picture(*end, -1)) continue;
            // Both run towards the corner that is missing.
            if ((*end - rc.corner).dot(rc.exit - rc.corner) < 0 || (*end - rd->corner).dot(rd->exit - rd->corner) < 0) continue;
            if ((rc.corner - p).dot(rd->exit - rd->corner) < 0 || (rd->corner - p).dot(rc.exit - rc.corner) < 0) continue;
            Draft f{CutShape::four, {b, a, rc.line, d}, {{p, rc.corner}, {p, *r}, {rc.corner, rc.exit}, {*r, rd->exit}}, {}, {}, 0};
            f.inside = (rc.corner + *r) * 0.5;
            const double shape = view_.true_aspect({p, *r, *end, rc.corner});
            double off = 9;
            for (const double s : kLongSides) off = std::min(off, std::abs(std::log(shape / s)));
            const double on_b = coverage(base, p, rc.corner);
            const double on_a = coverage(up, p, *r);
            auto& t = f.traits;
            t[kCovered] = (on_b + on_a + rc.covered + rd->covered) / 4;
            t[kLeastCovered] = std::min({on_b, on_a, rc.covered, rd->covered});
            t[kCorners] = (rc.from_corner + rd->from_corner) / 2;
            t[kRunOut] = std::min(rc.to_border, rd->to_border);
            t[kEnds] = std::min(rc.end, rd->end);
            t[kPast] = (rc.past + rd->past) / 2;
            t[kCorner] = std::exp(-0.5 * (off / 0.09) * (off / 0.09));
            t[kSquare] = 1 - std::abs(std::cos(angle(*r - p, rc.corner - p)));
            offer(std::move(f));
          }
        }
      }
    }
  }

  // --- Colours -------------------------------------------------------------------------------------------------------------------

  std::vector<cv::Point2d> clipped(const Draft& d) const {
    std::vector<cv::Point2d> polygon{
        {0, 0}, {e_.size.width - 1.0, 0}, {e_.size.width - 1.0, e_.size.height - 1.0}, {0, e_.size.height - 1.0}};
    for (const std::size_t i : d.lines) {
      const Line& l = lines_[i];
      const double sign = l.distance(d.inside) > 0 ? 1 : -1;
      std::vector<cv::Point2d> next;
      for (std::size_t k = 0; k < polygon.size(); ++k) {
        const auto& p = polygon[k];
        const auto& q = polygon[(k + 1) % polygon.size()];
        const double u = l.distance(p) * sign;
        const double v = l.distance(q) * sign;
        if (u >= 0) next.push_back(p);
        if (u * v < 0) next.push_back(p + (q - p) * (u / (u - v)));
      }
      polygon = std::move(next);
      if (polygon.size() < 3) return {};
    }
    return polygon;
  }

  std::optional<cv::Vec3d> color_at(cv::Point2d p) const {
    if (!in_picture(p, 0)) return std::nullopt;
    const auto c = e_.color.at<cv::Vec3b>(static_cast<int>(p.y), static_cast<int>(p.x));
    return cv::Vec3d(c[0], c[1], c[2]);
  }

  static cv::Vec3d median(std::vector<cv::Vec3d>& of) {
    cv::Vec3d out;
    for (int c = 0; c < 3; ++c) {
      const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
      std::ranges::nth_element(of, middle, {}, [c](const cv::Vec3d& v) { return v[c]; });
      out[c] = (*middle)[c];
    }
    return out;
  }

  bool busy(cv::Point2d at) const {
    const int x = std::clamp(static_cast<int>(at.x), 6, e_.size.width - 7);
    const int y = std::clamp(static_cast<int>(at.y), 6, e_.size.height - 7);
    return points_in({x - 5, y - 5, 11, 11}) >= 12;
  }

  int points_in(cv::Rect box) const {
    const auto& m = e_.points_near;
    return m.at<int>(box.br()) - m.at<int>(box.y, box.br().x) - m.at<int>(box.br().y, box.x) + m.at<int>(box.tl());
  }

  /// The median distance from their median.
  static double spread(const std::vector<cv::Vec3d>& of, const cv::Vec3d& from) {
    std::vector<double> far;
    far.reserve(of.size());
    for (const auto& c : of) far.push_back(unlike(c, from));
    const auto middle = far.begin() + static_cast<std::ptrdiff_t>(far.size() / 2);
    std::ranges::nth_element(far, middle);
    return *middle;
  }

  static double unlike(const cv::Vec3d& a, const cv::Vec3d& b) { return cv::norm(a - b, cv::NORM_L1) / 3; }

  std::optional<Cut> look(const Draft& d) const {
    Cut out;
    out.shape = d.shape;
    out.visible = clipped(d);
    if (out.visible.size() < 3) return std::nullopt;
    std::vector<cv::Point2f> polygon;
    polygon.reserve(out.visible.size());
    for (const auto& p : out.visible) polygon.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
    const double share = std::abs(cv::contourArea(polygon)) / e_.size.area();
    if (share < 0.08 || share > 0.99) return std::nullopt;
    for (const std::size_t i : d.lines) out.sides.push_back(&lines_[i]);
    auto& t = out.traits = d.traits;
    t[kShare] = std::sqrt(share);
    const auto inside = [&](cv::Point2d p) {
      return std::ranges::all_of(d.lines, [&](std::size_t i) { return lines_[i].distance(p) * lines_[i].distance(d.inside) >= 0; });
    };

    std::vector<cv::Vec3d> strips;
    std::vector<cv::Vec3d> grounds;
    double steps = 0;
    double least = 1;
    double fine = 1e9;
    double uneven = 0;
    for (std::size_t s = 0; s < d.sides.size(); ++s) {
      const auto& [a, b] = d.sides[s];
      const Line& l = lines_[d.lines[s]];
      const cv::Point2d n = cv::Point2d(l.cos, l.sin) * (l.distance(d.inside) > 0 ? 1 : -1);
      std::vector<cv::Vec3d> in;
      std::vector<cv::Vec3d> beyond;
      double change = 0;
      int seen = 0;
      for (int k = 1; k < 20; ++k) {
        const cv::Point2d at = a + (b - a) * (k / 20.0);
        const auto u = color_at(at + n * 5);
        const auto v = color_at(at - n * 4);
        if (!u) continue;
        in.push_back(*u);
        if (!v) continue;
        beyond.push_back(*v);
        change += std::min(1.0, unlike(*u, *v) / 20);
        ++seen;
      }
      if (in.empty() || seen == 0) return std::nullopt;
      strips.push_back(median(in));
      grounds.push_back(median(beyond));
      // Of the ground along this side, and of the paper: half of it lies within this of the median.
      const double rough = spread(beyond, grounds.back());
      uneven = std::max(uneven, rough);
      fine = std::min(fine, unlike(strips.back(), grounds.back()) / (0.7 + std::max(rough, spread(in, strips.back()))));
      steps += change / seen;
      least = std::min(least, change / seen);
    }
    t[kSteps] = steps / static_cast<double>(d.sides.size());
    t[kLeastStep] = least;
    t[kFineStep] = 1 - std::exp(-fine / 3);
    for (const auto& g : grounds) uneven = std::max(uneven, unlike(g, grounds.front()));
    double differ = 0;
    for (std::size_t i = 1; i < strips.size(); ++i) differ += unlike(strips[i], strips[i - 1]);
    t[kSidesAlike] = strips.size() < 2 ? 1 : std::exp(-differ / static_cast<double>(strips.size() - 1) / 25);

    // Around the picture, a little inside its border.
    std::vector<cv::Vec3d> in;
    std::vector<cv::Vec3d> out_of;
    std::array<std::vector<cv::Vec3d>, 4> pieces;  // by the picture's sides
    int ink = 0;
    constexpr int kStep = 6;
    constexpr double kDeep = 5;
    const auto visit = [&](cv::Point2d p, std::size_t piece, cv::Rect strip) {
      const auto c = color_at(p);
      if (!c) return;
      if (inside(p)) {
        in.push_back(*c);
        pieces[piece].push_back(*c);
        ink += points_in(strip) > 0 ? 1 : 0;
      } else {
        out_of.push_back(*c);
      }
    };
    for (int x = 5; x < e_.size.width - 5; x += kStep) {
      visit({static_cast<double>(x), kDeep}, 0, {x - 3, 2, 6, 6});
      visit({static_cast<double>(x), e_.size.height - 1 - kDeep}, 1, {x - 3, e_.size.height - 8, 6, 6});
    }
    for (int y = 5; y < e_.size.height - 5; y += kStep) {
      visit({kDeep, static_cast<double>(y)}, 2, {2, y - 3, 6, 6});
      visit({e_.size.width - 1 - kDeep, static_cast<double>(y)}, 3, {e_.size.width - 8, y - 3, 6, 6});
    }
    if (in.size() < 4) return std::nullopt;
    t[kInkAtBorder] = static_cast<double>(ink) / static_cast<double>(in.size());
    const cv::Vec3d at_border = median(in);
    double closest = 1e9;
    for (const auto& s : strips) closest = std::min(closest, unlike(s, at_border));
    t[kBorderAlike] = std::exp(-closest / 25);
    double ground = 1e9;
    for (auto& piece : pieces) {
      if (piece.size() < 3) continue;
      const cv::Vec3d here = median(piece);
      for (const auto& g : grounds) ground = std::min(ground, unlike(here, g));
    }
    t[kBorderGround] = std::exp(-ground / 12);
    t[kUnlikeGround] = 1 - std::exp(-ground / (0.7 + uneven) / 3);
    t[kBorderStep] = out_of.size() < 4 ? 0.5 : std::min(1.0, unlike(median(out_of), at_border) / 40);

    int busy_in = 0;
    int all_in = 0;
    int busy_out = 0;
    int all_out = 0;
    for (int y = 8; y < e_.size.height - 8; y += 14) {
      for (int x = 8; x < e_.size.width - 8; x += 14) {
        const cv::Point2d p(x, y);
        const bool b = busy(p);
        (inside(p) ? all_in : all_out) += 1;
        (inside(p) ? busy_in : busy_out) += b ? 1 : 0;
      }
    }
    t[kInk] = std::min(1.0, busy_in / std::max(1.0, 0.35 * all_in));
    t[kInkOutside] = std::min(1.0, busy_out / std::max(1.0, 0.35 * all_out));
    out.odds = odds_of(out);
    return out;
  }

  const Edges& e_;
  const std::vector<Line>& lines_;
  View view_;
  double least_ = 0;
  std::array<std::vector<Draft>, kCutShapes> drafts_;
};

}  // namespace

std::vector<Cut> find_cuts(const Edges& edges) { return CutSearch{edges}.run(); }

std::optional<Cut> likeliest_cut(const Edges& edges, const Outline* whole) {
  auto cuts = find_cuts(edges);
  const auto best = std::ranges::max_element(cuts, {}, &Cut::odds);
  if (best == cuts.end()) return std::nullopt;
  // Against it speaks an outline that is trusted for itself; not one that is a part of it.
  double odds = kDecision[0] + kDecision[1] * best->odds;
  if (whole != nullptr) {
    const double off = std::min(std::abs(std::log(whole->aspect / 1.586)), std::abs(std::log(whole->aspect / 1.42)));
    const double trust = whole->score - 0.6;
    std::vector<cv::Point2f> a;
    std::vector<cv::Point2f> b;
    for (const auto& p : whole->quad) a.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
    for (const auto& p : best->visible) b.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
    std::vector<cv::Point2f> common;
    const double shared = cv::intersectConvexConvex(a, b, common);
    const double own = std::abs(cv::contourArea(a));
    const double others = std::abs(cv::contourArea(b));
    odds += kDecision[2] * trust + kDecision[3] * trust * std::exp(-0.5 * (off / 0.05) * (off / 0.05)) + kDecision[4] +
            kDecision[5] * shared / own + kDecision[6] * shared / (own + others - shared);
  }
  if (best->shape == CutShape::four) odds += kDecision[7];
  if (best->shape == CutShape::side) odds += kDecision[8];
  if (odds <= 0) return std::nullopt;
  best->odds = odds;
  return std::move(*best);
}

}  // namespace authx::document::outline
