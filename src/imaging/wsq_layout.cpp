#include "imaging/wsq_layout.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace authx::imaging::wsq {
namespace {

/// Lengths of the two halves; the odd one out goes to the low-pass half, which comes last when inverted.
std::pair<int, int> halves(int length, bool inverted) {
  const int low = (length + 1) / 2, high = length / 2;
  return inverted ? std::pair{high, low} : std::pair{low, high};
}

std::array<Region, 4> split(const Region& r, bool invert_x, bool invert_y) {
  const auto [left, right] = halves(r.width, invert_x);
  const auto [top, bottom] = halves(r.height, invert_y);
  return {Region{r.x, r.y, left, top}, Region{r.x + left, r.y, right, top}, Region{r.x, r.y + top, left, bottom},
          Region{r.x + left, r.y + top, right, bottom}};
}

/// Mirrors an index at the ends without repeating them.
int mirrored(int i, int n) {
  if (n == 1) return 0;
  while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
  return i;
}

class Line {
 public:
  Line(const Filters& f, int longest) : f_(f), in_(static_cast<std::size_t>(longest)), out_(static_cast<std::size_t>(longest)) {
    // Synthesis filters are the other analysis filter with alternating signs.
    for (std::size_t i = 0; i < f.high.size(); ++i) low_back_.push_back(i % 2 == 0 ? f.high[i] : -f.high[i]);
    for (std::size_t i = 0; i < f.low.size(); ++i) high_back_.push_back(i % 2 == 0 ? f.low[i] : -f.low[i]);
  }

  void take_apart(float* at, std::ptrdiff_t stride, int n, bool inverted) {
    for (int i = 0; i < n; ++i) in_[static_cast<std::size_t>(i)] = at[i * stride];
    const int lows = (n + 1) / 2, highs = n / 2;
    float* low = at + (inverted ? highs : 0) * stride;
    float* high = at + (inverted ? 0 : lows) * stride;
    for (int k = 0; k < lows; ++k) low[k * stride] = filtered(f_.low, 2 * k, n);
    for (int k = 0; k < highs; ++k) high[k * stride] = filtered(f_.high, 2 * k + 1, n);
  }

  void put_together(float* at, std::ptrdiff_t stride, int n, bool inverted) {
    const int lows = (n + 1) / 2, highs = n / 2;
    const float* low = at + (inverted ? highs : 0) * stride;
    const float* high = at + (inverted ? 0 : lows) * stride;
    // Interleaved, the coefficients mirror at the ends as the samples did.
    for (int i = 0; i < n; ++i) in_[static_cast<std::size_t>(i)] = (i % 2 == 0 ? low : high)[i / 2 * stride];
    for (int i = 0; i < n; ++i) out_[static_cast<std::size_t>(i)] = gathered(low_back_, i, n, 0) + gathered(high_back_, i, n, 1);
    for (int i = 0; i < n; ++i) at[i * stride] = out_[static_cast<std::size_t>(i)];
  }

 private:
  float filtered(const std::vector<float>& taps, int centre, int n) const {
    float sum = taps[0] * in_[static_cast<std::size_t>(centre)];
    for (int t = 1; t < static_cast<int>(taps.size()); ++t)
      sum += taps[static_cast<std::size_t>(t)] *
             (in_[static_cast<std::size_t>(mirrored(centre - t, n))] + in_[static_cast<std::size_t>(mirrored(centre + t, n))]);
    return sum;
  }

  /// Only places of one parity hold this band's coefficients.
  float gathered(const std::vector<float>& taps, int centre, int n, int parity) const {
    float sum = 0;
    const int first = (centre & 1) == parity ? 0 : 1;
    for (int t = first; t < static_cast<int>(taps.size()); t += 2) {
      const float right = value(mirrored(centre + t, n), parity);
      sum += taps[static_cast<std::size_t>(t)] * (t == 0 ? right : right + value(mirrored(centre - t, n), parity));
    }
    return sum;
  }
  float value(int i, int parity) const { return (i & 1) == parity ? in_[static_cast<std::size_t>(i)] : 0; }

  const Filters& f_;
  std::vector<float> low_back_, high_back_, in_, out_;
};

}  // namespace

Layout layout_of(int width, int height) {
  Layout l;
  auto& n = l.nodes;
  const auto decompose = [&](int from, int first, int count) {
    const auto parts =
        split(n[static_cast<std::size_t>(from)].at, n[static_cast<std::size_t>(from)].invert_x, n[static_cast<std::size_t>(from)].invert_y);
    for (int i = 0; i < count; ++i)
      n[static_cast<std::size_t>(first + i)] = {parts[static_cast<std::size_t>(i)], (i & 1) != 0, (i & 2) != 0};
  };
  n[0].at = {0, 0, width, height};
  decompose(0, 1, 3);  // its fourth part is band 60 to 63, never coded
  const auto parts = split(n[1].at, false, false);
  n[4] = {parts[1], true, false}, n[5] = {parts[2], false, true}, n[14] = {parts[0], false, false};
  l.bands[51] = parts[3];
  decompose(4, 6, 4), decompose(5, 10, 4), decompose(14, 15, 4);
  n[19].at = split(n[15].at, false, false)[0];

  const auto bands_of = [&](int node, int first) {
    const auto& from = n[static_cast<std::size_t>(node)];
    const auto four = split(from.at, from.invert_x, from.invert_y);
    std::ranges::copy(four, l.bands.begin() + first);
  };
  for (int i = 0; i < 4; ++i) {
    bands_of(6 + i, 19 + 4 * i);
    bands_of(10 + i, 35 + 4 * i);
    bands_of(15 + i, 3 + 4 * i);
  }
  bands_of(19, 0);
  bands_of(2, 52), bands_of(3, 56);
  const auto corner = split(n[0].at, false, false)[3];
  std::ranges::copy(split(corner, true, true), l.bands.begin() + 60);
  return l;
}

const Filters& standard_filters() {
  // Cohen, Daubechies, Feauveau 9/7, to the digits of IAFIS-IC-0110.
  static const Filters f{{0.85269867900940344f, 0.37740285561265380f, -0.11062440441842342f, -0.02384946501938000f, 0.03782845550699546f},
                         {0.78848561640566439f, -0.41809227322221221f, -0.04068941760955844f, 0.06453888262893845f}};
  return f;
}

void analyse(std::vector<float>& image, int width, const Layout& layout, const Filters& filters) {
  Line line{filters, std::max(layout.nodes[0].at.width, layout.nodes[0].at.height)};
  for (const auto& [r, invert_x, invert_y] : layout.nodes) {
    float* corner = image.data() + static_cast<std::ptrdiff_t>(r.y) * width + r.x;
    for (int y = 0; y < r.height; ++y) line.take_apart(corner + static_cast<std::ptrdiff_t>(y) * width, 1, r.width, invert_x);
    for (int x = 0; x < r.width; ++x) line.take_apart(corner + x, width, r.height, invert_y);
  }
}

void synthesise(std::vector<float>& image, int width, const Layout& layout, const Filters& filters) {
  Line line{filters, std::max(layout.nodes[0].at.width, layout.nodes[0].at.height)};
  for (auto node = layout.nodes.rbegin(); node != layout.nodes.rend(); ++node) {
    const Region& r = node->at;
    float* corner = image.data() + static_cast<std::ptrdiff_t>(r.y) * width + r.x;
    for (int x = 0; x < r.width; ++x) line.put_together(corner + x, width, r.height, node->invert_y);
    for (int y = 0; y < r.height; ++y) line.put_together(corner + static_cast<std::ptrdiff_t>(y) * width, 1, r.width, node->invert_x);
  }
}

}  // namespace authx::imaging::wsq
