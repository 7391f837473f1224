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

namespace authx::fingerprint::test {

inline std::filesystem::path data() {
  const char* given = std::getenv("AUTHX_SHARED_DATA");
  return std::filesystem::path{given != nullptr ? given : std::string{AUTHX_SOURCE_DIR} + "/../shared/data"} / "fingerprint";
}

inline Bytes file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A fictitious finger: ridges as level lines of a phase that winds once around each of its minutiae, seen after a
/// rotation about the image's middle, a displacement and an enlargement. A dislocation of a fringe pattern is exactly
/// what a minutia is (Larkin and Fletcher, Optics Express 15(14), 2007).
class Finger {
 public:
  explicit Finger(unsigned seed, int minutiae = 26) {
    std::mt19937 random{seed};
    std::uniform_real_distribution<double> place{-130, 130}, bend{-1, 1};
    while (static_cast<int>(spirals_.size()) < minutiae) {
      const double x = place(random), y = place(random);
      if (x * x / (125.0 * 125) + y * y / (150.0 * 150) > 1) continue;
      if (std::ranges::any_of(spirals_, [&](const Spiral& s) { return std::hypot(s.x - x, s.y - y) < 24; })) continue;
      spirals_.push_back({x, y, spirals_.size() % 2 == 0 ? 1.0 : -1.0});
    }
    curve_ = 0.0012 + 0.0006 * bend(random), tilt_ = 0.4 * bend(random), skew_ = 0.0008 * bend(random);
  }

  imaging::Image image(double rotation = 0, double dx = 0, double dy = 0, double scale = 1, int width = 360, int height = 400) const {
    imaging::Image out{width, height, 1, 255};
    const double c = std::cos(rotation), s = std::sin(rotation);
    for (int v = 0; v < height; ++v) {
      for (int u = 0; u < width; ++u) {
        const double px = (u - width / 2.0) / scale - dx, py = (v - height / 2.0) / scale - dy;
        const double x = c * px + s * py, y = c * py - s * px;
        const double edge = x * x / (150.0 * 150) + y * y / (175.0 * 175);
        if (edge > 1) continue;
        double phase = 2 * std::numbers::pi / 9 * (y + tilt_ * x + curve_ * x * x + skew_ * x * y);
        for (const Spiral& w : spirals_) phase += w.sign * std::atan2(y - w.y, x - w.x);
        out.row(v)[u] = static_cast<std::uint8_t>(std::lround(140 - 90 * std::cos(phase)));
      }
    }
    return out;
  }

 private:
  struct Spiral {
    double x, y, sign;
  };
  std::vector<Spiral> spirals_;
  double curve_ = 0, tilt_ = 0, skew_ = 0;
};

}  // namespace authx::fingerprint::test
