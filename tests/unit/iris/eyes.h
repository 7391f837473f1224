#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "imaging/image.h"

namespace authx::iris::test {

/// How an eye is drawn. Angles in radians, lengths in pixels.
struct Drawing {
  int width = 320, height = 240;
  double x = 160, y = 120;  ///< of the limbus
  double limbus = 60, pupil = 24;
  double pupil_dx = 0, pupil_dy = 0;
  double aspect = 1;  ///< height over width of the borders: below 1 seen from the side
  double roll = 0;
  double upper_lid = -1.2;  ///< where the lid's edge crosses the eye's middle column, in limbus radii from the centre
  double noise = 2;
  bool visible = false;  ///< a brown eye in colour
  unsigned noise_seed = 1;
};

/// A made-up eye: `identity` draws the iris' texture (a sum of waves whose phase wanders, so that every place of the
/// iris differs), the rest how it is seen.
inline imaging::Image draw_eye(unsigned identity, const Drawing& d = {}) {
  std::mt19937 random{identity * 7919 + 17};
  std::uniform_real_distribution<double> unit{0, 1};
  struct Wave {
    int around;
    double across, phase, strength;
  };
  std::vector<Wave> waves;
  for (int i = 0; i < 60; ++i) {
    const int around = 3 + static_cast<int>(random() % 40);
    waves.push_back({around, 14 * unit(random) - 7, 2 * std::numbers::pi * unit(random), 3.2});
  }
  std::mt19937 noise{d.noise_seed};
  std::normal_distribution<double> grain{0, d.noise};
  imaging::Image out(d.width, d.height, d.visible ? 3 : 1);
  const auto step = [](double distance) { return std::clamp(distance / 1.5 + 0.5, 0.0, 1.0); };  // a border 1.5 pixels wide
  for (int y = 0; y < d.height; ++y) {
    for (int x = 0; x < d.width; ++x) {
      const double dx = x - d.x, dy = (y - d.y) / d.aspect, r = std::hypot(dx, dy);
      const double px = dx - d.pupil_dx, py = dy - d.pupil_dy, p = std::hypot(px, py);
      // The place on the rubber sheet, about the middle between the two centres.
      const double angle = std::atan2(py, px) - d.roll, depth = (p - d.pupil) / std::max(1.0, p - d.pupil + d.limbus - r);
      double texture = 0;
      for (const Wave& w : waves) texture += w.strength * std::cos(w.around * angle + w.across * depth * 2 + w.phase);
      const double dark = d.visible ? 30 : 25, iris = (d.visible ? 75 : 100) + texture, sclera = 165, skin = 205;
      double v = dark + step(p - d.pupil) * (iris - dark);
      v += step(r - d.limbus) * (sclera - v);
      const double bend = 0.35 * dx * dx / (d.limbus * d.limbus);
      const double upper = d.y + d.limbus * (d.upper_lid + bend), lower = d.y + d.limbus * (1.25 - 0.2 * bend);
      v += step(upper - y) * (skin - v) + step(y - lower) * (skin - v);
      if (std::hypot(px + 6, py - 6) < 3) v = 250;
      v = std::clamp(v + grain(noise), 0.0, 255.0);
      if (d.visible) {
        for (int c = 0; c < 3; ++c) out.row(y)[3 * x + c] = static_cast<std::uint8_t>(v * (c == 2 ? 1.0 : c == 1 ? 0.8 : 0.6));
      } else {
        out.row(y)[x] = static_cast<std::uint8_t>(v);
      }
    }
  }
  return out;
}

inline std::filesystem::path data() {
  const char* given = std::getenv("AUTHX_SHARED_DATA");
  return std::filesystem::path{given != nullptr ? given : std::string{AUTHX_SOURCE_DIR} + "/../shared/data"} / "iris";
}

inline Bytes file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace authx::iris::test
