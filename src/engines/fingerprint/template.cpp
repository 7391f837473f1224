#include "engines/fingerprint/template.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr float kRadius = 70, kCellSize = 2 * kRadius / 8;
constexpr float kSigmaSpace = 28.0f / 3, kSigmaAngle = 2 * kPi / 9;
constexpr float kBitThreshold = 0.0085f;
constexpr float kHullMargin = 50;  ///< how far beyond its outermost minutiae a finger is taken to reach
constexpr int kSections = Descriptor::kCylinderWords;

struct Cell {
  float u, v;
  int bit;
};

const std::vector<Cell>& cells() {
  static const std::vector<Cell> all = [] {
    std::vector<Cell> out;
    for (int i = 0; i < 8; ++i) {
      for (int j = 0; j < 8; ++j) {
        const float u = (static_cast<float>(i) - 3.5f) * kCellSize, v = (static_cast<float>(j) - 3.5f) * kCellSize;
        if (u * u + v * v <= kRadius * kRadius) out.push_back({u, v, i * 8 + j});
      }
    }
    return out;
  }();
  return all;
}

/// Angle of a minutia in image coordinates.
float direction(const Minutia& m) { return -static_cast<float>(m.angle) * (2 * kPi / 256); }

/// The minutiae's convex hull (Andrew's monotone chain), clockwise on screen.
std::vector<std::pair<float, float>> convex_hull(const std::vector<Minutia>& minutiae) {
  std::vector<std::pair<float, float>> p;
  for (const auto& m : minutiae) p.emplace_back(m.x, m.y);
  std::ranges::sort(p);
  p.erase(std::unique(p.begin(), p.end()), p.end());
  if (p.size() < 3) return p;
  std::vector<std::pair<float, float>> hull;
  const auto turn = [](auto& o, auto& a, auto& b) {
    return (a.first - o.first) * (b.second - o.second) - (a.second - o.second) * (b.first - o.first);
  };
  for (int pass = 0; pass < 2; ++pass) {
    const std::size_t start = hull.size();
    for (const auto& q : p) {
      while (hull.size() >= start + 2 && turn(hull[hull.size() - 2], hull.back(), q) <= 0) hull.pop_back();
      hull.push_back(q);
    }
    hull.pop_back();
    std::ranges::reverse(p);
  }
  return hull;
}

bool near_hull(const std::vector<std::pair<float, float>>& hull, float x, float y) {
  bool inside = hull.size() >= 3;
  for (std::size_t i = 0; i < hull.size(); ++i) {
    const auto &a = hull[i], &b = hull[(i + 1) % hull.size()];
    const float ex = b.first - a.first, ey = b.second - a.second, px = x - a.first, py = y - a.second;
    if (ex * py - ey * px < 0) inside = false;
    const float length = ex * ex + ey * ey, t = length > 0 ? std::clamp((px * ex + py * ey) / length, 0.0f, 1.0f) : 0;
    const float dx = px - t * ex, dy = py - t * ey;
    if (dx * dx + dy * dy <= kHullMargin * kHullMargin) return true;
  }
  return inside;
}

}  // namespace

void describe(Template& t) {
  const std::size_t n = std::min(t.minutiae.size(), Template::kMaxUsed);
  t.descriptors.assign(n, {});
  const auto hull = t.flow.empty() ? convex_hull(t.minutiae) : std::vector<std::pair<float, float>>{};
  for (std::size_t i = 0; i < n; ++i) {
    Descriptor& d = t.descriptors[i];
    const float theta = direction(t.minutiae[i]), c = std::cos(theta), s = std::sin(theta);
    const auto mx = static_cast<float>(t.minutiae[i].x), my = static_cast<float>(t.minutiae[i].y);
    for (const Cell& cell : cells()) {
      const float x = mx + c * cell.u - s * cell.v, y = my + s * cell.u + c * cell.v;
      const std::uint64_t bit = std::uint64_t{1} << cell.bit;
      if (t.flow.empty()) {
        if (near_hull(hull, x, y)) d.valid |= bit;
        continue;
      }
      const std::uint8_t flow = t.flow.at(x, y);
      if (flow == FlowGrid::kNoFlow) continue;
      d.valid |= bit, d.flow_valid |= bit;
      const float relative = static_cast<float>(flow) * (kPi / 254) - theta;
      const int sector = static_cast<int>(std::floor(relative * (8 / kPi))) & 7;
      for (int k = 0; k < Descriptor::kFlowWords; ++k) {
        if (((sector - k) & 7) < 4) d.flow[static_cast<std::size_t>(k)] |= bit;
      }
    }
    float sums[64][kSections] = {};
    for (std::size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      const float dx = static_cast<float>(t.minutiae[j].x) - mx, dy = static_cast<float>(t.minutiae[j].y) - my;
      const float reach = kRadius + 3 * kSigmaSpace;
      if (dx * dx + dy * dy > reach * reach) continue;
      const float u = c * dx + s * dy, v = c * dy - s * dx;
      const float turn = static_cast<float>(static_cast<std::int8_t>(t.minutiae[i].angle - t.minutiae[j].angle)) * (2 * kPi / 256);
      float weight[kSections];
      for (int k = 0; k < kSections; ++k) {
        const float middle = -kPi + (static_cast<float>(k) + 0.5f) * (2 * kPi / kSections);
        float off = std::abs(turn - middle);
        off = std::min(off, 2 * kPi - off);
        weight[k] = std::exp(-0.5f * off * off / (kSigmaAngle * kSigmaAngle)) * (2 * kPi / kSections) / (kSigmaAngle * std::sqrt(2 * kPi));
      }
      for (const Cell& cell : cells()) {
        const float du = cell.u - u, dv = cell.v - v, square = du * du + dv * dv;
        if (square > 9 * kSigmaSpace * kSigmaSpace) continue;
        const float w = std::exp(-0.5f * square / (kSigmaSpace * kSigmaSpace)) / (kSigmaSpace * std::sqrt(2 * kPi));
        for (int k = 0; k < kSections; ++k) sums[cell.bit][k] += w * weight[k];
      }
    }
    for (const Cell& cell : cells()) {
      const std::uint64_t bit = std::uint64_t{1} << cell.bit;
      if ((d.valid & bit) == 0) continue;
      for (int k = 0; k < kSections; ++k) {
        if (sums[cell.bit][k] >= kBitThreshold) d.cylinder[static_cast<std::size_t>(k)] |= bit;
      }
    }
  }
}

}  // namespace authx::fingerprint
