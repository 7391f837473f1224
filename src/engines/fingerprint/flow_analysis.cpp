#include "engines/fingerprint/flow_analysis.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

struct DoubledFlow {
  cv::Mat1f c, s;
  explicit DoubledFlow(const RidgeMap& map) : c(map.mask.size(), 0.0f), s(map.mask.size(), 0.0f) {
    for (int y = 0; y < c.rows; ++y) {
      for (int x = 0; x < c.cols; ++x) {
        if (map.mask(y, x) == 0) continue;
        c(y, x) = std::cos(2 * map.angle(y, x)), s(y, x) = std::sin(2 * map.angle(y, x));
      }
    }
    cv::GaussianBlur(c, c, {}, 1.2), cv::GaussianBlur(s, s, {}, 1.2);
  }
  float doubled(int x, int y) const { return std::atan2(s(y, x), c(y, x)); }
};

float wrap(float a) { return std::remainder(a, 2 * kPi); }

constexpr std::array<std::pair<int, int>, 16> kRing{{{2, 0},
                                                     {2, 1},
                                                     {2, 2},
                                                     {1, 2},
                                                     {0, 2},
                                                     {-1, 2},
                                                     {-2, 2},
                                                     {-2, 1},
                                                     {-2, 0},
                                                     {-2, -1},
                                                     {-2, -2},
                                                     {-1, -2},
                                                     {0, -2},
                                                     {1, -2},
                                                     {2, -2},
                                                     {2, -1}}};
constexpr std::array<std::pair<int, int>, 4> kCell{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};

/// Turns of the doubled angle along a closed way, in whole turns: +1 is a core, -1 a delta.
template <std::size_t N>
int winding(const DoubledFlow& flow, int x, int y, const std::array<std::pair<int, int>, N>& way) {
  float sum = 0;
  for (std::size_t i = 0; i < N; ++i) {
    const auto &a = way[i], &b = way[(i + 1) % N];
    sum += wrap(flow.doubled(x + b.first, y + b.second) - flow.doubled(x + a.first, y + a.second));
  }
  return static_cast<int>(std::lround(sum / (2 * kPi)));
}

}  // namespace

std::vector<SingularPoint> find_singular_points(const RidgeMap& map) {
  const DoubledFlow flow{map};
  std::vector<SingularPoint> found;
  for (int y = 2; y + 3 < map.mask.rows; ++y) {
    for (int x = 2; x + 3 < map.mask.cols; ++x) {
      if (map.mask(y, x) == 0) continue;
      const int index = winding(flow, x, y, kCell);
      if (std::abs(index) != 1) continue;
      bool inside = true;
      for (const auto& [dx, dy] : kRing) inside = inside && map.mask(y + dy, x + dx) != 0;
      if (!inside || winding(flow, x, y, kRing) != index) continue;  // a pair of opposite points cancels on the ring
      float coherence = 0;
      for (const auto& [dx, dy] : kRing) coherence += std::hypot(flow.c(y + dy, x + dx), flow.s(y + dy, x + dx)) / kRing.size();
      found.push_back({static_cast<float>((x + 1) * kBlock), static_cast<float>((y + 1) * kBlock), index > 0, std::min(coherence, 1.0f)});
    }
  }
  return found;
}

PatternClass classify(const RidgeMap& map, const std::vector<SingularPoint>& points) {
  const auto cores = std::ranges::count_if(points, [](const auto& p) { return p.core; });
  const auto deltas = std::ranges::count_if(points, [](const auto& p) { return !p.core; });
  if (cores >= 2 || deltas >= 2) return PatternClass::whorl;
  if (cores == 0) {
    const double mm2 = cv::countNonZero(map.mask) * kBlock * kBlock * (25.4 / kDpi) * (25.4 / kDpi);
    return deltas == 0 && mm2 > 120 ? PatternClass::arch : PatternClass::unknown;
  }
  // Around a core the ridge angle is half the position's angle plus a constant, which says where the legs point.
  const auto core = std::ranges::find_if(points, [](const auto& p) { return p.core; });
  const DoubledFlow flow{map};
  const int cx = static_cast<int>(core->x) / kBlock, cy = static_cast<int>(core->y) / kBlock;
  float c = 0, s = 0;
  for (int dy = -4; dy <= 4; ++dy) {
    for (int dx = -4; dx <= 4; ++dx) {
      const int x = cx + dx, y = cy + dy, square = dx * dx + dy * dy;
      if (square < 3 || square > 16 || x < 0 || y < 0 || x >= map.mask.cols || y >= map.mask.rows || map.mask(y, x) == 0) continue;
      const float a = flow.doubled(x, y) - std::atan2(static_cast<float>(dy) + 0.5f, static_cast<float>(dx) + 0.5f);
      c += std::cos(a), s += std::sin(a);
    }
  }
  const auto delta = std::ranges::find_if(points, [](const auto& p) { return !p.core; });
  const float lean = c / std::max(std::hypot(c, s), 1e-6f);
  if (std::abs(lean) < 0.12f) {
    if (delta != points.end() && std::abs(delta->x - core->x) < 24) return PatternClass::arch;  // tented
    if (delta != points.end()) return delta->x > core->x ? PatternClass::left_loop : PatternClass::right_loop;
    return PatternClass::unknown;
  }
  return lean < 0 ? PatternClass::left_loop : PatternClass::right_loop;
}

}  // namespace authx::fingerprint
