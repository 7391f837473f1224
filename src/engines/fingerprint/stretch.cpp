#include "engines/fingerprint/stretch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

float turned(const Stretch& s, float angle) {
  const float x = std::cos(angle), y = std::sin(angle);
  return std::atan2(s.yx * x + s.yy * y, s.xx * x + s.xy * y);
}

}  // namespace

Template stretched(const Template& t, const Stretch& s) {
  Template out = t;
  out.ridges = {};
  const float cx = static_cast<float>(t.width) / 2, cy = static_cast<float>(t.height) / 2, determinant = s.xx * s.yy - s.xy * s.yx;
  const auto place = [](float v) { return static_cast<std::int16_t>(std::clamp(std::lround(v), 0L, 32'000L)); };
  for (Minutia& m : out.minutiae) {
    const float x = static_cast<float>(m.x) - cx, y = static_cast<float>(m.y) - cy;
    m.x = place(s.xx * x + s.xy * y + cx), m.y = place(s.yx * x + s.yy * y + cy);
    const float angle = turned(s, -static_cast<float>(m.angle) * (2 * kPi / 256));
    m.angle = static_cast<std::uint8_t>(std::lround(-angle * 256 / (2 * kPi)) & 255);
  }
  for (int row = 0; row < out.flow.rows; ++row) {
    for (int column = 0; column < out.flow.columns; ++column) {
      const float x = (static_cast<float>(column) + 0.5f) * FlowGrid::kCell - cx,
                  y = (static_cast<float>(row) + 0.5f) * FlowGrid::kCell - cy;
      std::uint8_t flow = t.flow.at((s.yy * x - s.xy * y) / determinant + cx, (s.xx * y - s.yx * x) / determinant + cy);
      if (flow != FlowGrid::kNoFlow) {
        const long unit = std::lround(turned(s, static_cast<float>(flow) * (kPi / 254)) * 254 / kPi);
        flow = static_cast<std::uint8_t>((unit % 254 + 254) % 254);
      }
      out.flow.cells[static_cast<std::size_t>(row * out.flow.columns + column)] = flow;
    }
  }
  describe(out);
  return out;
}

std::vector<Template> strangers(const Template& t) {
  static constexpr std::array<Stretch, 9> kAll{{{-1, 0, 0, 1},
                                                {1.15f, 0, 0, 0.9f},
                                                {0.88f, 0, 0, 1.12f},
                                                {1, 0.2f, 0, 1},
                                                {1, 0, 0.2f, 1},
                                                {-1.15f, 0, 0, 0.9f},
                                                {-0.88f, 0, 0, 1.12f},
                                                {-1, 0.2f, 0, 1},
                                                {-1, 0, 0.2f, 1}}};
  std::vector<Template> out;
  for (const Stretch& s : kAll) out.push_back(stretched(t, s));
  return out;
}

}  // namespace authx::fingerprint
