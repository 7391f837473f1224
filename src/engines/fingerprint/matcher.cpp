#include "engines/fingerprint/matcher.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "engines/fingerprint/calibration.h"
#include "engines/fingerprint/match_kernel.h"

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kMax = static_cast<int>(Template::kMaxUsed);
constexpr int kPairs = 40;  ///< pairs that enter the relaxation
constexpr int kPerRow = 3;  ///< candidates of each probe minutia
constexpr int kHypotheses = 2;

struct Turns {
  std::array<float, 256> c, s;
  Turns() {
    for (int i = 0; i < 256; ++i) {
      // Image coordinates: y runs downwards, so that counter-clockwise is negative.
      c[static_cast<std::size_t>(i)] = std::cos(2 * kPi * static_cast<float>(i) / 256);
      s[static_cast<std::size_t>(i)] = -std::sin(2 * kPi * static_cast<float>(i) / 256);
    }
  }
};
const Turns& turns() {
  static const Turns t;
  return t;
}

/// a - b in 1/256 of a turn, -128 .. 127.
int turn_between(std::uint8_t a, std::uint8_t b) { return ((a - b + 128) & 255) - 128; }

struct Pair {
  float similarity = 0;
  std::int16_t a = 0, b = 0;
  std::uint8_t turn = 0;  ///< from probe to gallery
};

struct Transform {
  float c = 1, s = 0, tx = 0, ty = 0;
  std::pair<float, float> operator()(float x, float y) const { return {c * x - s * y + tx, s * x + c * y + ty}; }
};

/// Least squares over weighted point pairs: rotation and translation (Umeyama 1991 in the plane).
struct Fit {
  float w = 0, ax = 0, ay = 0, bx = 0, by = 0, dot = 0, cross = 0;
  void add(float weight, float px, float py, float qx, float qy) {
    w += weight, ax += weight * px, ay += weight * py, bx += weight * qx, by += weight * qy;
    dot += weight * (px * qx + py * qy), cross += weight * (px * qy - py * qx);
  }
  Transform solve() const {
    const float mx = ax / w, my = ay / w, nx = bx / w, ny = by / w;
    const float d = dot - w * (mx * nx + my * ny), x = cross - w * (mx * ny - my * nx), r = std::hypot(d, x);
    Transform t;
    if (r > 1e-6f) t.c = d / r, t.s = x / r;
    t.tx = nx - t.c * mx + t.s * my, t.ty = ny - t.s * mx - t.c * my;
    return t;
  }
};

/// Weights were chosen by hand on the development sets, so that each part contributes about as much to good pairs.
double score_without_ridges(const Evidence& e) { return 4.0 * e.local + 0.1 * e.matched * e.share + e.flow * e.similarity * e.similarity; }

/// Below this, minutiae and flow leave so little hope that the ridge patterns are not compared: three quarters of the
/// comparisons of different fingers, one in a thousand of the same.
constexpr double kDoubtful = 0.28;

/// Patterns of different fingers agree by 0.12 on average and rarely by more than 0.25; few patches say less.
double ridge_score(const Evidence& e) { return 4.0 * std::max(0.0f, e.ridges - 0.2f) * std::min(1.0f, std::sqrt(e.patches / 16)); }

class Comparison {
 public:
  Comparison(const Template& p, const Template& g)
      : p_(p),
        g_(g),
        np_(static_cast<int>(std::min(p.descriptors.size(), Template::kMaxUsed))),
        ng_(static_cast<int>(std::min(g.descriptors.size(), Template::kMaxUsed))),
        columns_(g) {
    for (int i = 0; i < np_; ++i) px_[i] = p.minutiae[static_cast<std::size_t>(i)].x, py_[i] = p.minutiae[static_cast<std::size_t>(i)].y;
    for (int j = 0; j < ng_; ++j) gx_[j] = g.minutiae[static_cast<std::size_t>(j)].x, gy_[j] = g.minutiae[static_cast<std::size_t>(j)].y;
  }

  Match run() {
    Match best;
    if (np_ < 3 || ng_ < 3) return best;
    pair_up();
    if (count_ < 3) return best;
    relax();
    bool used[kPairs] = {};
    double best_rank = -1;
    for (int h = 0, done = 0; h < count_ && done < kHypotheses; ++h) {
      const int t = order_[h];
      if (used[t]) continue;
      ++done;
      Fit fit;
      float support = 0;
      for (int k = 0; k < count_; ++k) {
        const float r = k == t ? 1.0f : compat_[t][k];
        if (r < 0.3f) continue;
        used[k] = true;
        support += r * relaxed_[k];
        fit.add(r * relaxed_[k] + 1e-6f, px(pairs_[k].a), py(pairs_[k].a), gx(pairs_[k].b), gy(pairs_[k].b));
      }
      const Transform start = fit.solve();
      const int first = coincide(start, nullptr, 16, 24);
      if (first + 2 < best.matched_minutiae) continue;
      Match m = consent(start, first);
      m.evidence.support = support;
      m.evidence.local = local_;
      const double rank = m.evidence.matched * m.evidence.share * (0.5 + m.evidence.flow);
      if (rank > best_rank) {
        best_rank = rank, best = m;
        best_transform_ = transform_, best_anchors_ = anchors_;
        std::copy_n(anchor_, anchors_, best_anchor_);
      }
    }
    Evidence& e = best.evidence;
    best.score = score_without_ridges(e);
    if (best.score < kDoubtful) return best;
    anchors_ = best_anchors_;
    std::copy_n(best_anchor_, anchors_, anchor_);
    compare_ridges(best_transform_, e);
    best.score += ridge_score(e);
    return best;
  }

 private:
  float px(int i) const { return px_[i]; }
  float py(int i) const { return py_[i]; }
  float gx(int i) const { return gx_[i]; }
  float gy(int i) const { return gy_[i]; }

  void pair_up() {
    std::array<Pair, static_cast<std::size_t>(kMax) * kPerRow> all;
    int n = 0;
    for (int i = 0; i < np_; ++i) {
      Pair row[kPerRow];
      match_kernel().similarities(p_.descriptors[static_cast<std::size_t>(i)], columns_, matrix_[i]);
      for (int j = 0; j < ng_; ++j) {
        const float s = matrix_[i][j];
        if (s <= row[kPerRow - 1].similarity) continue;
        int k = kPerRow - 1;
        for (; k > 0 && row[k - 1].similarity < s; --k) row[k] = row[k - 1];
        row[k] = {
            s, static_cast<std::int16_t>(i), static_cast<std::int16_t>(j),
            static_cast<std::uint8_t>(g_.minutiae[static_cast<std::size_t>(j)].angle - p_.minutiae[static_cast<std::size_t>(i)].angle)};
      }
      for (const Pair& r : row) {
        if (r.similarity > 0) all[static_cast<std::size_t>(n++)] = r;
      }
    }
    count_ = std::min({n, kPairs, std::max(12, 2 * std::min(np_, ng_))});
    std::partial_sort(all.begin(), all.begin() + count_, all.begin() + n,
                      [](const Pair& x, const Pair& y) { return x.similarity > y.similarity; });
    std::copy_n(all.begin(), count_, pairs_.begin());
  }

  /// How well two pairs agree on one rigid motion, 0..1; the tolerance grows with distance as skin stretches.
  float compatibility(const Pair& t, const Pair& k) const {
    if (t.a == k.a || t.b == k.b) return 0;
    const int dr = turn_between(t.turn, k.turn);
    if (std::abs(dr) > 32) return 0;
    const auto mean = static_cast<std::uint8_t>(k.turn + dr / 2);
    const float c = turns().c[mean], s = turns().s[mean];
    const float ax = px(k.a) - px(t.a), ay = py(k.a) - py(t.a), bx = gx(k.b) - gx(t.b), by = gy(k.b) - gy(t.b);
    const float ex = c * ax - s * ay - bx, ey = s * ax + c * ay - by;
    const float length = std::sqrt(ax * ax + ay * ay), tolerance = 5 + 0.12f * length;
    const float x = (ex * ex + ey * ey) / (tolerance * tolerance), r = static_cast<float>(dr * dr) / (16.0f * 16.0f);
    return 1 / ((1 + x * x) * (1 + r * r));
  }

  void relax() {
    for (int t = 0; t < count_; ++t) {
      compat_[t][t] = 0;
      relaxed_[t] = pairs_[static_cast<std::size_t>(t)].similarity;
      for (int k = 0; k < t; ++k)
        compat_[t][k] = compat_[k][t] = compatibility(pairs_[static_cast<std::size_t>(t)], pairs_[static_cast<std::size_t>(k)]);
    }
    std::array<float, kPairs> next{};
    const int usual = std::min(count_, std::min(np_, ng_));
    for (int round = 0; round < 4; ++round) {
      for (int t = 0; t < count_; ++t) {
        float sum = 0;
        for (int k = 0; k < count_; ++k) sum += compat_[t][k] * relaxed_[k];
        next[static_cast<std::size_t>(t)] = 0.5f * relaxed_[t] + 0.5f * sum / static_cast<float>(usual - 1);
      }
      std::copy_n(next.begin(), count_, relaxed_);
    }
    for (int t = 0; t < count_; ++t) order_[t] = t;
    std::sort(order_, order_ + count_, [this](int x, int y) { return relaxed_[x] > relaxed_[y]; });
    const float usable = static_cast<float>(std::min(np_, ng_));
    const int top = std::min(count_, 4 + static_cast<int>(std::lround(8 / (1 + std::exp(-0.4f * (usable - 20))))));
    float sum = 0;
    for (int i = 0; i < top; ++i) sum += relaxed_[order_[i]];
    local_ = sum / static_cast<float>(top);
  }

  struct Hit {
    float cost;
    std::int16_t a, b;
  };

  /// One-to-one coincidences of all minutiae, nearest first. `shift` are displacements of the probe's minutiae.
  int coincide(const Transform& t, const float (*shift)[2], float radius, int angle_limit) {
    const int turn = static_cast<int>(std::lround(std::atan2(-t.s, t.c) * 256 / (2 * kPi)));
    int n = 0;
    for (int i = 0; i < np_; ++i) {
      auto [x, y] = t(px(i), py(i));
      if (shift != nullptr) x += shift[i][0], y += shift[i][1];
      const auto angle = static_cast<std::uint8_t>(p_.minutiae[static_cast<std::size_t>(i)].angle + turn);
      float squares[kMax];
      for (int j = 0; j < ng_; ++j) squares[j] = (gx_[j] - x) * (gx_[j] - x) + (gy_[j] - y) * (gy_[j] - y);
      for (int j = 0; j < ng_; ++j) {
        const float square = squares[j];
        if (square > radius * radius) continue;
        const int da = turn_between(g_.minutiae[static_cast<std::size_t>(j)].angle, angle);
        if (std::abs(da) > angle_limit || n == kHits) continue;
        const float a = static_cast<float>(da) / static_cast<float>(angle_limit);
        hits_[n++] = {square / (radius * radius) + 0.5f * a * a - matrix_[i][j], static_cast<std::int16_t>(i),
                      static_cast<std::int16_t>(j)};
      }
    }
    std::sort(hits_, hits_ + n, [](const Hit& x, const Hit& y) { return x.cost < y.cost; });
    bool used_a[kMax] = {}, used_b[kMax] = {};
    int kept = 0;
    for (int i = 0; i < n; ++i) {
      const Hit h = hits_[i];
      if (used_a[h.a] || used_b[h.b]) continue;
      used_a[h.a] = used_b[h.b] = true;
      hits_[kept++] = h;
    }
    return kept;
  }

  Match consent(Transform t, int n) {
    if (n >= 3) {
      Fit fit;
      for (int i = 0; i < n; ++i)
        fit.add(0.1f + matrix_[hits_[i].a][hits_[i].b], px(hits_[i].a), py(hits_[i].a), gx(hits_[i].b), gy(hits_[i].b));
      t = fit.solve();
      n = coincide(t, nullptr, 16, 24);
    }
    // Displacements of the coinciding minutiae, averaged over the neighbourhood, undo smooth distortion.
    float shift[kMax][2] = {};
    if (n >= 3) {
      anchor(t, n);
      for (int i = 0; i < np_; ++i) {
        const auto [x, y] = t(px(i), py(i));
        displacement(x, y, i, shift[i]);
      }
      n = coincide(t, shift, 11, 20);
    }
    anchor(t, n);
    return weigh(t, shift, n);
  }

  /// Remembers where the coinciding minutiae lie and how far the rigid motion misses them.
  void anchor(const Transform& t, int n) {
    anchors_ = n;
    for (int i = 0; i < n; ++i) {
      const auto [x, y] = t(px(hits_[i].a), py(hits_[i].a));
      anchor_[i] = {x, y, gx(hits_[i].b) - x, gy(hits_[i].b) - y, hits_[i].a};
    }
  }

  /// The anchors' misses averaged around a place in the gallery's frame; minutia `but` does not speak for itself.
  void displacement(float x, float y, int but, float (&out)[2]) const {
    float w = 0.5f, sx = 0, sy = 0;
    for (int k = 0; k < anchors_; ++k) {
      if (anchor_[k].minutia == but) continue;
      const float dx = anchor_[k].x - x, dy = anchor_[k].y - y, near = 1 / (1 + (dx * dx + dy * dy) / (40.0f * 40.0f)),
                  weight = near * near;
      w += weight, sx += weight * anchor_[k].dx, sy += weight * anchor_[k].dy;
    }
    out[0] = sx / w, out[1] = sy / w;
  }

  /// Correlation of the ridge patterns in patches of 32 pixels, each shifted by up to kReach bits. Parallel ridges can
  /// always be shifted into step, but neighbouring patches of different fingers need different shifts: so each patch's
  /// correlations are averaged with its neighbours' before the best shift is taken.
  void compare_ridges(const Transform& t, Evidence& e) const {
    if (p_.ridges.empty() || g_.ridges.empty()) return;
    const Transform back = inverse(t);
    const int columns = std::min(g_.ridges.columns / kPatch, kMaxPatchSide), rows = std::min(g_.ridges.rows / kPatch, kMaxPatchSide);
    bool known[kMaxPatchSide][kMaxPatchSide] = {};
    std::int16_t maps[kMaxPatchSide][kMaxPatchSide][PatchShifts::kMapSize];
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) known[r][c] = correlate(back, c * kPatch, r * kPatch, maps[r][c]);
    }
    int patches = 0;
    float sum = 0;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        if (!known[r][c]) continue;
        std::int16_t total[PatchShifts::kMapSize] = {};  // at most 15 maps of at most 256
        int weight = 0;
        for (int dr = -1; dr <= 1; ++dr) {
          for (int dc = -1; dc <= 1; ++dc) {
            const int y = r + dr, x = c + dc;
            if (y < 0 || x < 0 || y >= rows || x >= columns || !known[y][x]) continue;
            const int w = dr == 0 && dc == 0 ? 3 : dr == 0 || dc == 0 ? 2 : 1;
            weight += w;
            for (int s = 0; s < PatchShifts::kMapSize; ++s) total[s] = static_cast<std::int16_t>(total[s] + w * maps[y][x][s]);
          }
        }
        ++patches;
        sum += static_cast<float>(*std::max_element(total, total + PatchShifts::kMapSize)) / static_cast<float>(weight * kPatch * kPatch);
      }
    }
    e.patches = static_cast<float>(patches);
    e.ridges = patches == 0 ? 0 : sum / static_cast<float>(patches);
  }

  /// Agreeing minus differing bits of the gallery's patch at (x, y) with the probe's, for each shift.
  bool correlate(const Transform& back, int x, int y, std::int16_t (&map)[PatchShifts::kMapSize]) const {
    constexpr float kStep = RidgeBits::kStep;
    const float cx = (static_cast<float>(x) + kPatch / 2.0f) * kStep, cy = (static_cast<float>(y) + kPatch / 2.0f) * kStep;
    if (g_.flow.at(cx, cy) == FlowGrid::kNoFlow) return false;
    float shift[2];
    displacement(cx, cy, -1, shift);
    const auto [ox, oy] = back(cx - shift[0], cy - shift[1]);
    constexpr float kCorner = kPatch / 2.0f * kStep * 0.8f;
    if (p_.flow.at(ox, oy) == FlowGrid::kNoFlow) return false;
    for (const float u : {-kCorner, kCorner}) {
      for (const float v : {-kCorner, kCorner}) {
        if (g_.flow.at(cx + u, cy + v) == FlowGrid::kNoFlow) return false;
        if (p_.flow.at(ox + back.c * u - back.s * v, oy + back.s * u + back.c * v) == FlowGrid::kNoFlow) return false;
      }
    }
    // The window's corners decide whether each sample must be checked against the borders.
    const float first = -static_cast<float>(PatchShifts::kSide - 1) / 2, sx0 = ox / kStep, sy0 = oy / kStep,
                extent = -first * (std::abs(back.c) + std::abs(back.s)) + 1;
    if (sx0 - extent < 0 || sy0 - extent < 0 || sx0 + extent >= static_cast<float>(p_.ridges.columns) ||
        sy0 + extent >= static_cast<float>(p_.ridges.rows))
      return false;
    constexpr float kFixed = 65536;
    PatchWindow window{p_.ridges.words.data(),
                       p_.ridges.stride(),
                       {},
                       {},
                       static_cast<std::int32_t>(back.c * kFixed),
                       static_cast<std::int32_t>(back.s * kFixed)};
    for (int r = 0; r < PatchShifts::kSide; ++r) {
      const float v = static_cast<float>(r) + first;
      window.x[r] = static_cast<std::int32_t>((sx0 + back.c * first - back.s * v) * kFixed);
      window.y[r] = static_cast<std::int32_t>((sy0 + back.s * first + back.c * v) * kFixed);
    }
    std::uint64_t patch[4];
    for (int q = 0; q < 4; ++q) {
      std::uint64_t packed = 0;
      for (int r = 0; r < 4; ++r) packed |= row_bits(g_.ridges, x, y + 4 * q + r) << (16 * r);
      patch[q] = packed;
    }
    match_kernel().correlate(window, patch, map);
    return true;
  }

  /// 16 bits of a row; `x` is a multiple of 16 inside the pattern.
  static std::uint64_t row_bits(const RidgeBits& b, int x, int y) {
    return b.words[static_cast<std::size_t>(y) * b.stride() + static_cast<std::size_t>(x) / 64] >> (x % 64) & 0xffff;
  }

  static Transform inverse(const Transform& t) { return {t.c, -t.s, -(t.c * t.tx + t.s * t.ty), -(-t.s * t.tx + t.c * t.ty)}; }

  Match weigh(const Transform& t, const float (*shift)[2], int n) {
    transform_ = t;
    Match m;
    Evidence& e = m.evidence;
    float sum = 0, residual = 0;
    for (int i = 0; i < n; ++i) {
      const Hit& h = hits_[i];
      sum += matrix_[h.a][h.b];
      const auto [x, y] = t(px(h.a), py(h.a));
      residual += std::hypot(gx(h.b) - x - shift[h.a][0], gy(h.b) - y - shift[h.a][1]);
    }
    int in_p = 0, in_g = 0;
    const Transform back = inverse(t);
    for (int i = 0; i < np_; ++i) {
      const auto [x, y] = t(px(i), py(i));
      in_p += covers(g_, x + shift[i][0], y + shift[i][1]) ? 1 : 0;
    }
    for (int j = 0; j < ng_; ++j) {
      const auto [x, y] = back(gx(j), gy(j));
      in_g += covers(p_, x, y) ? 1 : 0;
    }
    in_p = std::max(in_p, n), in_g = std::max(in_g, n);
    e.matched = static_cast<float>(n);
    e.share = n == 0 ? 0 : static_cast<float>(n * n) / static_cast<float>(in_p * in_g);
    e.similarity = n == 0 ? 0 : sum / static_cast<float>(n);
    e.residual = n == 0 ? 11 : residual / static_cast<float>(n);
    compare_flow(t, e);
    m.matched_minutiae = n;
    m.rotation = std::atan2(-t.s, t.c), m.dx = t.tx, m.dy = t.ty;
    return m;
  }

  static bool covers(const Template& t, float x, float y) {
    if (!t.flow.empty()) return t.flow.at(x, y) != FlowGrid::kNoFlow;
    return x >= 0 && y >= 0 && x < static_cast<float>(t.width) && y < static_cast<float>(t.height);
  }

  void compare_flow(const Transform& t, Evidence& e) const {
    if (p_.flow.empty() || g_.flow.empty()) return;
    // Angles in units of pi/254 double to units of the full turn.
    static const std::array<float, 508> cosine = [] {
      std::array<float, 508> c{};
      for (std::size_t i = 0; i < c.size(); ++i) c[i] = std::cos(2 * kPi * static_cast<float>(i) / 254);
      return c;
    }();
    const int turn = (static_cast<int>(std::lround(std::atan2(t.s, t.c) * 254 / kPi)) % 254 + 254) % 254;
    int cells = 0;
    float agreement = 0;
    for (int y = 0; y < p_.flow.rows; y += 2) {
      for (int x = (y / 2) & 1; x < p_.flow.columns; x += 2) {
        const std::uint8_t a = p_.flow.cells[static_cast<std::size_t>(y * p_.flow.columns + x)];
        if (a == FlowGrid::kNoFlow) continue;
        const auto [gx, gy] = t((static_cast<float>(x) + 0.5f) * FlowGrid::kCell, (static_cast<float>(y) + 0.5f) * FlowGrid::kCell);
        const std::uint8_t b = g_.flow.at(gx, gy);
        if (b == FlowGrid::kNoFlow) continue;
        ++cells;
        agreement += cosine[static_cast<std::size_t>((a + turn + 254 - b) % 254)];
      }
    }
    e.overlap = static_cast<float>(cells) * 4 * FlowGrid::kCell * FlowGrid::kCell * (25.4f / 500) * (25.4f / 500) / 100;
    e.flow = cells < 8 ? 0 : agreement / static_cast<float>(cells);
  }

  struct Anchor {
    float x, y, dx, dy;
    int minutia;
  };
  static constexpr int kHits = 512;
  static constexpr int kPatch = PatchShifts::kPatch, kMaxPatchSide = 32;
  const Template& p_;
  const Template& g_;
  int np_, ng_, count_ = 0;
  DescriptorColumns columns_;
  float px_[kMax], py_[kMax], gx_[kMax], gy_[kMax];
  float matrix_[kMax][kMax];
  std::array<Pair, kPairs> pairs_;
  float compat_[kPairs][kPairs];
  float relaxed_[kPairs];
  int order_[kPairs];
  float local_ = 0;
  Hit hits_[kHits];
  Transform transform_, best_transform_;
  int anchors_ = 0, best_anchors_ = 0;
  Anchor anchor_[kMax], best_anchor_[kMax];
};

}  // namespace

Match match(const Template& probe, const Template& gallery, double target_fmr) {
  Comparison comparison{probe, gallery};
  Match m = comparison.run();
  m.fmr = fmr_at(m.score, probe.flow.empty() || gallery.flow.empty());
  m.match = m.fmr <= target_fmr;
  return m;
}

}  // namespace authx::fingerprint
