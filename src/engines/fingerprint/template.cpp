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

// Layout, little-endian: "AXFT", version 1, quality, pattern, 0, width u16, height u16, minutiae u16, flow columns u16,
// rows u16, ridge columns u16, rows u16, then minutiae of 7 bytes (x i16, y i16, angle, type, quality), the flow cells,
// the ridge rows in words of 8 bytes, and the descriptors of min(minutiae, kMaxUsed) minutiae as 12 words.
constexpr std::array<std::uint8_t, 5> kMark{'A', 'X', 'F', 'T', 1};
constexpr std::size_t kHeader = 22, kMinutiaBytes = 7, kWords = 12, kMaxStored = 512, kMaxFlowSide = 400, kMaxRidgeSide = 1600;

void put(Bytes& out, std::uint64_t v, int n) {
  for (int i = 0; i < n; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

std::uint64_t get(const std::uint8_t* p, int n) {
  std::uint64_t v = 0;
  for (int i = n; i-- > 0;) v = v << 8 | p[i];
  return v;
}

Error wrong(std::string reason) { return Error::invalid("template", std::move(reason)); }

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

Bytes serialize(const Template& t) {
  Bytes out{kMark.begin(), kMark.end()};
  put(out, t.quality, 1), put(out, static_cast<std::uint8_t>(t.pattern), 1), put(out, 0, 1);
  put(out, t.width, 2), put(out, t.height, 2), put(out, t.minutiae.size(), 2);
  put(out, static_cast<std::uint64_t>(t.flow.columns), 2), put(out, static_cast<std::uint64_t>(t.flow.rows), 2);
  put(out, static_cast<std::uint64_t>(t.ridges.columns), 2), put(out, static_cast<std::uint64_t>(t.ridges.rows), 2);
  for (const auto& m : t.minutiae) {
    put(out, static_cast<std::uint16_t>(m.x), 2), put(out, static_cast<std::uint16_t>(m.y), 2), put(out, m.angle, 1);
    put(out, static_cast<std::uint8_t>(m.type), 1), put(out, m.quality, 1);
  }
  out.insert(out.end(), t.flow.cells.begin(), t.flow.cells.end());
  for (const auto w : t.ridges.words) put(out, w, 8);
  for (const auto& d : t.descriptors) {
    for (const auto w : d.cylinder) put(out, w, 8);
    for (const auto w : d.flow) put(out, w, 8);
    put(out, d.valid, 8), put(out, d.flow_valid, 8);
  }
  return out;
}

Result<Template> deserialize(BytesView bytes) {
  if (bytes.size() < kHeader || !std::ranges::equal(bytes.first(kMark.size()), kMark)) return wrong("is not a template of this version");
  const std::uint8_t* p = bytes.data();
  Template t;
  t.quality = p[5];
  if (t.quality > 100 || p[6] > static_cast<std::uint8_t>(PatternClass::whorl) || p[7] != 0)
    return wrong("has a header value out of bounds");
  t.pattern = static_cast<PatternClass>(p[6]);
  t.width = static_cast<std::uint16_t>(get(p + 8, 2)), t.height = static_cast<std::uint16_t>(get(p + 10, 2));
  const std::size_t count = get(p + 12, 2), columns = get(p + 14, 2), rows = get(p + 16, 2), used = std::min(count, Template::kMaxUsed);
  const std::size_t ridge_columns = get(p + 18, 2), ridge_rows = get(p + 20, 2), ridge_words = (ridge_columns + 63) / 64 * ridge_rows;
  if (count > kMaxStored || columns > kMaxFlowSide || rows > kMaxFlowSide || ridge_columns > kMaxRidgeSide || ridge_rows > kMaxRidgeSide)
    return wrong("has a count out of bounds");
  if (bytes.size() != kHeader + count * kMinutiaBytes + columns * rows + (ridge_words + used * kWords) * 8)
    return wrong("has a length that does not agree with its counts");
  p += kHeader;
  for (std::size_t i = 0; i < count; ++i, p += kMinutiaBytes) {
    const Minutia m{static_cast<std::int16_t>(get(p, 2)), static_cast<std::int16_t>(get(p + 2, 2)), p[4], static_cast<MinutiaType>(p[5]),
                    p[6]};
    if (m.x < 0 || m.y < 0 || p[5] > 2 || m.quality > 100) return wrong("has a minutia out of bounds");
    t.minutiae.push_back(m);
  }
  t.flow.columns = static_cast<int>(columns), t.flow.rows = static_cast<int>(rows);
  t.flow.cells.assign(p, p + columns * rows);
  if (std::ranges::any_of(t.flow.cells, [](std::uint8_t c) { return c >= 254 && c != FlowGrid::kNoFlow; }))
    return wrong("has a ridge direction out of bounds");
  p += columns * rows;
  t.ridges.columns = static_cast<int>(ridge_columns), t.ridges.rows = static_cast<int>(ridge_rows);
  for (std::size_t i = 0; i < ridge_words; ++i, p += 8) t.ridges.words.push_back(get(p, 8));
  for (std::size_t i = 0; i < used; ++i) {
    Descriptor& d = t.descriptors.emplace_back();
    for (auto& w : d.cylinder) w = get(p, 8), p += 8;
    for (auto& w : d.flow) w = get(p, 8), p += 8;
    d.valid = get(p, 8), p += 8, d.flow_valid = get(p, 8), p += 8;
  }
  return t;
}

}  // namespace authx::fingerprint
