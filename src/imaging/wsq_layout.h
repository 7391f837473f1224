#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace authx::imaging::wsq {

inline constexpr int kBands = 64, kCodedBands = 60;
/// The bands of the three entropy-coded blocks end here (IAFIS-IC-0110, figure 7).
inline constexpr std::array<int, 3> kBlockEnds{19, 52, kCodedBands};

enum Marker : std::uint16_t {
  kStartImage = 0xffa0,
  kEndImage = 0xffa1,
  kStartFrame = 0xffa2,
  kStartBlock = 0xffa3,
  kTransform = 0xffa4,
  kQuantization = 0xffa5,
  kHuffman = 0xffa6,
  kRestart = 0xffa7,
  kComment = 0xffa8,
};

struct Region {
  int x = 0, y = 0, width = 0, height = 0;
};

/// One level of decomposition of a region into four; of a region that is already high-pass in a direction, the order of
/// the halves is inverted in that direction, for decimation turned its spectrum around.
struct Node {
  Region at;
  bool invert_x = false, invert_y = false;
};

/// The 20 decompositions in the order of analysis, and the 64 bands that remain (the last four are not coded).
struct Layout {
  std::array<Node, 20> nodes;
  std::array<Region, kBands> bands;
};
Layout layout_of(int width, int height);

/// Symmetric filters of odd length, as their centre and right half.
struct Filters {
  std::vector<float> low, high;  ///< analysis
};
const Filters& standard_filters();

/// Decomposes `image` (row by row, `width` wide) in place, or puts it together again.
void analyse(std::vector<float>& image, int width, const Layout& layout, const Filters& filters);
void synthesise(std::vector<float>& image, int width, const Layout& layout, const Filters& filters);

}  // namespace authx::imaging::wsq
