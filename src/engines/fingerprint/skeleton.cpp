#include "engines/fingerprint/skeleton.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kTrace = 18;        ///< pixels that a line is followed from its end
constexpr int kMinSpur = 11;      ///< a line that meets another sooner is a spur
constexpr int kMinFragment = 15;  ///< a line shorter than this is dirt
constexpr float kMaxGap = 14;     ///< two ends that face each other over less are one broken line
constexpr float kBorder = 11;     ///< distance to the mask's border below which an end may be the border's own

// Neighbours clockwise from north.
constexpr std::array<int, 8> kDx{0, 1, 1, 1, 0, -1, -1, -1};
constexpr std::array<int, 8> kDy{-1, -1, 0, 1, 1, 1, 0, -1};

/// What Zhang and Suen's two sub-iterations delete, by neighbourhood code (bit i: neighbour i is set).
struct ThinningTable {
  std::array<std::uint8_t, 256> deletable{};  ///< bit 0: first sub-iteration, bit 1: second
  std::array<std::uint8_t, 256> redundant{};  ///< simple and not an end: removable without breaking a line
  constexpr ThinningTable() {
    for (unsigned code = 0; code < 256; ++code) {
      std::array<bool, 8> n{};
      int count = 0, runs = 0;
      for (unsigned i = 0; i < 8; ++i) n[i] = (code >> i & 1) != 0, count += n[i] ? 1 : 0;
      for (unsigned i = 0; i < 8; ++i) runs += !n[i] && n[(i + 1) % 8] ? 1 : 0;
      if (count >= 2 && count <= 6 && runs == 1) {
        if (!(n[0] && n[2] && n[4]) && !(n[2] && n[4] && n[6])) deletable[code] |= 1;
        if (!(n[0] && n[2] && n[6]) && !(n[0] && n[4] && n[6])) deletable[code] |= 2;
      }
      // Yokoi's connectivity number for 8-connected foreground.
      int yokoi = 0;
      for (unsigned i = 0; i < 8; i += 2) yokoi += !n[i] && (n[i + 1] || n[(i + 2) % 8]) ? 1 : 0;
      redundant[code] = yokoi == 1 && count >= 2 ? 1 : 0;
    }
  }
};
constexpr ThinningTable kThinning;

unsigned neighbourhood(const std::uint8_t* p, std::ptrdiff_t stride) {
  return static_cast<unsigned>(p[-stride] | p[-stride + 1] << 1 | p[1] << 2 | p[stride + 1] << 3 | p[stride] << 4 | p[stride - 1] << 5 |
                               p[-1] << 6 | p[-stride - 1] << 7);
}

float wrap(float a) {
  while (a > kPi) a -= 2 * kPi;
  while (a <= -kPi) a += 2 * kPi;
  return a;
}

struct Trace {
  int length = 0;
  enum class Stop { long_enough, branch, end } stop = Stop::long_enough;
  float x = 0, y = 0;  ///< where the direction is taken
};

/// Follows a skeleton from its end. The image's border is zero, so neighbours are always inside.
Trace follow(const cv::Mat1b& skeleton, int x, int y) {
  Trace t;
  int px = -1, py = -1;
  std::array<std::pair<int, int>, kTrace + 1> way;
  way[0] = {x, y};
  while (t.length < kTrace) {
    int next = -1, count = 0;
    for (int i = 0; i < 8; ++i) {
      const int nx = x + kDx[i], ny = y + kDy[i];
      if (skeleton(ny, nx) == 0 || (nx == px && ny == py)) continue;
      // Neighbours of the pixel that was left belong to the way already gone.
      if (t.length > 0 && std::abs(nx - px) <= 1 && std::abs(ny - py) <= 1) continue;
      ++count, next = i;
    }
    if (count == 0) {
      t.stop = Trace::Stop::end;
      break;
    }
    if (count > 1) {
      t.stop = Trace::Stop::branch;
      break;
    }
    px = x, py = y, x += kDx[next], y += kDy[next];
    way[++t.length] = {x, y};
  }
  const auto& at = way[std::min(t.length, 12)];
  t.x = static_cast<float>(at.first), t.y = static_cast<float>(at.second);
  return t;
}

class Finder {
 public:
  explicit Finder(const RidgeMap& map) : map_(map) {
    cv::resize(map.mask, mask_, map.normal.size(), 0, 0, cv::INTER_NEAREST);
    mask_.row(0).setTo(0), mask_.row(mask_.rows - 1).setTo(0), mask_.col(0).setTo(0), mask_.col(mask_.cols - 1).setTo(0);
    if (map.height < mask_.rows) mask_.rowRange(map.height, mask_.rows).setTo(0);
    if (map.width < mask_.cols) mask_.colRange(map.width, mask_.cols).setTo(0);
    cv::distanceTransform(mask_, distance_, cv::DIST_L2, 3);
  }

  void scan(bool ridge, std::vector<LineEnd>& out) const {
    cv::Mat1b lines(mask_.size());
    for (int y = 0; y < lines.rows; ++y) {
      const float* e = map_.enhanced[y];
      const std::uint8_t* m = mask_[y];
      std::uint8_t* l = lines[y];
      for (int x = 0; x < lines.cols; ++x) l[x] = m[x] != 0 && (ridge ? e[x] > 0 : e[x] <= 0) ? 1 : 0;
    }
    thin(lines);
    std::vector<LineEnd> ends;
    const auto stride = static_cast<std::ptrdiff_t>(lines.step1());
    for (int y = 1; y + 1 < lines.rows; ++y) {
      const std::uint8_t* row = lines[y];
      for (int x = 1; x + 1 < lines.cols; ++x) {
        if (row[x] == 0) continue;
        const unsigned code = neighbourhood(row + x, stride);
        if (std::popcount(code) != 1) continue;
        const Trace t = follow(lines, x, y);
        if (t.stop == Trace::Stop::branch && t.length < kMinSpur) continue;
        if (t.stop == Trace::Stop::end && t.length < kMinFragment) continue;
        LineEnd end{static_cast<float>(x), static_cast<float>(y), 0, ridge, 0};
        end.angle = std::atan2(t.y - end.y, t.x - end.x);
        ends.push_back(end);
      }
    }
    select(ends, out);
  }

 private:
  float block(const cv::Mat1f& map, float x, float y) const { return map(static_cast<int>(y) / kBlock, static_cast<int>(x) / kBlock); }

  bool at_border(const LineEnd& e) const {
    if (distance_(static_cast<int>(e.y), static_cast<int>(e.x)) < kBorder) return true;
    // Where the line would go on, the finger must go on too.
    const float x = e.x - 18 * std::cos(e.angle), y = e.y - 18 * std::sin(e.angle);
    return x < 0 || y < 0 || x >= static_cast<float>(mask_.cols) || y >= static_cast<float>(mask_.rows) ||
           mask_(static_cast<int>(y), static_cast<int>(x)) == 0;
  }

  void select(const std::vector<LineEnd>& ends, std::vector<LineEnd>& out) const {
    std::vector<char> gone(ends.size(), 0);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      for (std::size_t j = i + 1; j < ends.size(); ++j) {
        const float dx = ends[j].x - ends[i].x, dy = ends[j].y - ends[i].y, d = std::hypot(dx, dy);
        if (d > kMaxGap) continue;
        if (std::abs(wrap(ends[i].angle - ends[j].angle + kPi)) > kPi / 4) continue;
        const float line = std::atan2(dy, dx);
        if (d > 3 && (std::abs(wrap(line - ends[i].angle + kPi)) > kPi / 3.5f || std::abs(wrap(line - ends[j].angle)) > kPi / 3.5f))
          continue;
        gone[i] = gone[j] = 1;
      }
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (gone[i] != 0 || at_border(ends[i])) continue;
      LineEnd e = ends[i];
      // The flow is steadier than the few pixels that were followed; these only choose its sign.
      float flow = block(map_.angle, e.x, e.y);
      if (std::cos(flow - e.angle) < 0) flow += kPi;
      const float off = wrap(flow - e.angle);
      if (std::abs(off) < kPi / 5) e.angle = wrap(e.angle + 0.7f * off);
      const float clarity = block(map_.clarity, e.x, e.y);
      const float border = std::min((distance_(static_cast<int>(e.y), static_cast<int>(e.x)) - kBorder) / 16.0f + 0.5f, 1.0f);
      e.certainty = std::clamp((clarity - 0.3f) / 0.55f, 0.0f, 1.0f) * border;
      out.push_back(e);
    }
  }

  const RidgeMap& map_;
  cv::Mat1b mask_;
  cv::Mat1f distance_;
};

}  // namespace

void thin(cv::Mat1b& image) {
  image.row(0).setTo(0), image.row(image.rows - 1).setTo(0), image.col(0).setTo(0), image.col(image.cols - 1).setTo(0);
  const auto stride = static_cast<std::ptrdiff_t>(image.step1());
  std::vector<std::uint8_t*> pixels;
  pixels.reserve(image.total() / 2);
  for (int y = 1; y + 1 < image.rows; ++y) {
    std::uint8_t* row = image[y];
    for (int x = 1; x + 1 < image.cols; ++x) {
      if (row[x] != 0) pixels.push_back(row + x);
    }
  }
  std::vector<std::uint8_t*> doomed;
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::uint8_t pass : {std::uint8_t{1}, std::uint8_t{2}}) {
      doomed.clear();
      for (std::uint8_t* p : pixels) {
        if ((kThinning.deletable[neighbourhood(p, stride)] & pass) != 0) doomed.push_back(p);
      }
      if (doomed.empty()) continue;
      changed = true;
      for (std::uint8_t* p : doomed) *p = 0;
      std::erase_if(pixels, [](const std::uint8_t* p) { return *p == 0; });
    }
  }
  for (std::uint8_t* p : pixels) {
    if (kThinning.redundant[neighbourhood(p, stride)] != 0) *p = 0;
  }
}

std::vector<LineEnd> find_line_ends(const RidgeMap& map) {
  std::vector<LineEnd> out;
  const Finder finder{map};
  finder.scan(true, out);
  finder.scan(false, out);
  return out;
}

}  // namespace authx::fingerprint
