// A picture that was compressed, decoded and compressed again more finely keeps the first quantiser's comb in the histograms
// of its coefficients (Lukáš and Fridrich, 2003). What was painted in between lacks the comb (Bianchi and Piva, 2012).

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_compression(Scene& scene, std::vector<Finding>& out);

namespace {

using imaging::JpegBlocks;

constexpr int kMost = 127;      ///< largest value counted
constexpr double kEnough = 40;  ///< coefficients expected in a comb's gaps, for its depth to mean anything
constexpr double kToothBlur = 0.5;
constexpr int kCoarsestStep = 60;    ///< of a first compression worth looking for
constexpr double kFewExpected = 12;  ///< in a range of values: fewer don't show whether the comb holds there
constexpr int kWholeCoefficients = 60;
constexpr int kRunCoefficients = 25;

/// One coefficient's comb: which values an earlier step leaves empty, and how empty they are.
struct Comb {
  bool testable = false;
  double depth = 1;  ///< found over expected in the gaps; 1: no comb
  double gaps = 0;   ///< share of the values expected in the gaps without a comb
  std::array<bool, kMost + 1> gap{};
  int first = 1;     ///< tooth; smaller values are what rounding made of zeros
  int last = kMost;  ///< up to which value the whole picture was seen to keep to it; print has larger ones than most of a page
};

/// How far the comb that the small values show holds for the large ones: rarely met values tell nothing, and of two first steps that
/// agree on the small ones the wrong one is off here.
int last_of(const std::array<double, kMost + 1>& found, const std::array<double, kMost + 1>& expected) {
  int last = 0;
  for (int from = 0, to = 6; from < kMost; from = to, to = std::min(kMost, 2 * to)) {
    double seen = 0;
    double hoped = 0;
    for (int v = from + 1; v <= to; ++v) {
      seen += found[static_cast<std::size_t>(v)];
      hoped += expected[static_cast<std::size_t>(v)];
    }
    if (hoped < kFewExpected) continue;
    if (seen > kCombDepth * hoped) break;
    last = to;
  }
  return last;
}

Comb find_comb(const JpegBlocks& jpeg, int k) {
  std::array<double, kMost + 1> histogram{};
  for (const auto& b : jpeg.blocks) {
    const int v = std::abs(b.quantised[static_cast<std::size_t>(k)]);
    if (v > 0 && v <= kMost) histogram[static_cast<std::size_t>(v)] += 1;
  }
  int last = kMost;
  while (last > 0 && histogram[static_cast<std::size_t>(last)] < 3) --last;
  Comb best;
  const int step = jpeg.step[static_cast<std::size_t>(k)];
  for (int first = step + 1; first <= kCoarsestStep && step > 0; ++first) {
    std::array<bool, kMost + 1> gap{};
    for (int v = 1; v <= last; ++v) {
      // The decoder's rounding to whole levels blurs the teeth.
      const int tooth = std::max(1, static_cast<int>(std::lround(static_cast<double>(v) * step / first))) * first;
      gap[static_cast<std::size_t>(v)] = std::abs(tooth - v * step) > step / 2.0 + kToothBlur;
    }
    std::array<double, kMost + 1> found_at{};
    std::array<double, kMost + 1> expected_at{};
    double found = 0;
    double expected = 0;
    double all = 0;
    int left = 0;
    int tooth_one = 1;
    for (int v = 1; v <= last; ++v) {
      if (!gap[static_cast<std::size_t>(v)]) {
        if (left == 0) tooth_one = v;
        left = v;
      }
      if (left > 0) all += histogram[static_cast<std::size_t>(v)];
      if (left == v) continue;
      int right = v + 1;
      while (right <= last && gap[static_cast<std::size_t>(right)]) ++right;
      if (left == 0 || right > last) continue;
      // Between two teeth a histogram without a comb falls about exponentially; each tooth has collected its neighbours' share.
      const double t = static_cast<double>(v - left) / (right - left);
      const double between = (1 - t) * std::log(histogram[static_cast<std::size_t>(left)] + 0.5) +
                             t * std::log(histogram[static_cast<std::size_t>(right)] + 0.5);
      const auto at = static_cast<std::size_t>(v);
      expected_at[at] = std::exp(between) * step / first;
      found_at[at] = histogram[at];
      expected += expected_at[at];
      found += found_at[at];
    }
    if (expected < kEnough) continue;
    best.testable = true;
    if (found / expected >= best.depth) continue;
    best.depth = std::max(0.01, found / expected);
    best.gaps = std::min(0.9, expected / all);
    best.gap = gap;
    best.first = tooth_one;
    best.last = last_of(found_at, expected_at);
  }
  return best;
}

struct Odds {
  double seen = 0;  ///< logarithm of how much likelier its values are when compressed once
  double if_twice = 0;
  double if_once = 0;
  int coefficients = 0;
  void add(const Odds& o, int sign = 1) {
    seen += sign * o.seen;
    if_twice += sign * o.if_twice;
    if_once += sign * o.if_once;
    coefficients += sign * o.coefficients;
  }
  /// 0: its values lie like those of the whole picture; 1: like those of a picture compressed once.
  double once() const { return if_once - if_twice < 1e-9 ? 0 : (seen - if_twice) / (if_once - if_twice); }
};

/// Whether a decoder had to clip a pixel of the block: that breaks the comb without any editing.
bool clipped(const imaging::Image& picture, const std::optional<imaging::Box>& block) {
  if (!block) return true;
  for (int y = std::max(0, block->y); y < std::min(picture.height, block->y + block->height); ++y) {
    const auto* row = picture.row(y);
    const int to = std::min(picture.width, block->x + block->width) * picture.channels;
    for (int i = std::max(0, block->x) * picture.channels; i < to; ++i) {
      if (row[i] == 0 || row[i] == 255) return true;
    }
  }
  return false;
}

Odds odds_of_block(const JpegBlocks::Block& block, const std::array<Comb, JpegBlocks::kKept>& combs) {
  Odds o;
  for (std::size_t k = 1; k < combs.size(); ++k) {
    const auto& c = combs[k];
    const int v = std::abs(block.quantised[k]);
    if (c.depth >= kCombDepth || v < c.first || v > c.last) continue;
    const double in_gap = std::log(1 / c.depth);
    const double on_tooth = std::log((1 - c.gaps) / (1 - c.depth * c.gaps));
    o.seen += c.gap[static_cast<std::size_t>(v)] ? in_gap : on_tooth;
    o.if_once += c.gaps * in_gap + (1 - c.gaps) * on_tooth;
    o.if_twice += c.depth * c.gaps * in_gap + (1 - c.depth * c.gaps) * on_tooth;
    ++o.coefficients;
  }
  return o;
}

/// A part of the picture that was put in, by how far beyond its threshold it stands.
struct Suspect {
  double excess = 0;
  std::optional<imaging::Box> place;  ///< on the picture as stored
};

/// Columns of blocks through `box`, those cut by its border left out, and of all runs of `width` of them (0: the whole) the least like the
/// picture. `compared`: whether there was enough in any to compare.
Suspect least_alike(const imaging::Image& picture, const JpegBlocks& jpeg, const std::array<Comb, JpegBlocks::kKept>& combs,
                    const imaging::Box& box, int width, bool& compared) {
  const int top = std::max(0, (box.y + 7) / 8);
  const int bottom = std::min(jpeg.rows, (box.y + box.height) / 8);
  const int left = std::max(0, (box.x + 7) / 8);
  const int right = std::min(jpeg.columns, (box.x + box.width) / 8);
  Suspect worst;
  if (top >= bottom || left >= right) return worst;
  std::vector<Odds> columns;
  for (int x = left; x < right; ++x) {
    Odds column;
    for (int y = top; y < bottom; ++y) {
      const auto& block = jpeg.at(x, y);
      if (block.flat || clipped(picture, jpeg.shown({8 * x, 8 * y, 8, 8}))) continue;
      column.add(odds_of_block(block, combs));
    }
    columns.push_back(column);
  }
  const int run = width <= 0 ? right - left : std::min(width, right - left);
  const int least = width <= 0 ? kWholeCoefficients : kRunCoefficients;
  Odds sum;
  for (int i = 0; i < right - left; ++i) {
    sum.add(columns[static_cast<std::size_t>(i)]);
    if (i >= run) sum.add(columns[static_cast<std::size_t>(i - run)], -1);
    if (i + 1 < run || sum.coefficients < least) continue;
    compared = true;
    const double excess = std::min(sum.once() / kPatchOnce, sum.seen / kPatchOdds);
    if (excess > worst.excess) worst = {excess, imaging::Box{8 * (left + i + 1 - run), 8 * top, 8 * run, 8 * (bottom - top)}};
  }
  return worst;
}

}  // namespace

void check_compression(Scene& scene, std::vector<Finding>& out) {
  const std::string once_id = "compressed_once";
  const std::string uniform_id = "compression_uniform";
  constexpr auto kind = CheckKind::authenticity;
  const auto skip = [&](const std::string& why) {
    out.push_back(unchecked(once_id, kind, why, Weight::note));
    out.push_back(unchecked(uniform_id, kind, why));
  };
  const JpegBlocks* jpeg = scene.jpeg() ? &*scene.jpeg() : nullptr;
  std::optional<JpegBlocks> own;
  if (jpeg == nullptr) {
    // Lossless files keep the blocks of an earlier JPEG: the finest quantiser shows their coefficients.
    const bool lossless = scene.in.format && (*scene.in.format == imaging::FileFormat::png || *scene.in.format == imaging::FileFormat::bmp);
    if (lossless) {
      if (const auto file = imaging::encode_jpeg(*scene.in.image, 100)) own = imaging::read_jpeg_blocks(*file);
    }
    if (!own) return skip("The original file is not at hand, or is of a format without this trace");
    jpeg = &*own;
  }
  std::array<Comb, JpegBlocks::kKept> combs;
  std::vector<double> depths;
  for (int k = 1; k < JpegBlocks::kKept; ++k) {
    combs[static_cast<std::size_t>(k)] = find_comb(*jpeg, k);
    if (combs[static_cast<std::size_t>(k)].testable) depths.push_back(combs[static_cast<std::size_t>(k)].depth);
  }
  if (depths.size() < kCombCoefficients) return skip("The picture is compressed too strongly, or has too little detail");
  std::ranges::sort(depths);
  const double depth = depths[kCombCoefficients - 1];
  // A lossless file with one JPEG behind it was converted, a JPEG with another behind it saved again: neither is a forgery.
  out.push_back(trace(once_id, kCombDepth / depth, "The picture shows no earlier compression",
                      own ? "The picture was a JPEG before it was saved without loss"
                          : "The picture was compressed before, as when it is saved again or forwarded",
                      "Sees earlier compressions that were coarser than the last, on the same grid of blocks", Weight::note));
  if (depth >= kCombDepth) {
    out.push_back(unchecked(uniform_id, kind, "The picture shows no earlier compression to compare its parts by"));
    return;
  }
  Suspect worst;
  bool compared = false;
  const auto look = [&](const Region& r, int grow, int width) {
    const auto stored = jpeg->stored({r.box.x - grow, r.box.y - grow, r.box.width + 2 * grow, r.box.height + 2 * grow});
    if (!stored) return;
    auto found = least_alike(*scene.in.image, *jpeg, combs, *stored, width, compared);
    if (found.excess > worst.excess) worst = std::move(found);
  };
  for (const auto& v : scene.values()) {
    look(v, 0, 0);
    // A single letter, with a little of the paper that was laid over the old one.
    const int letter = std::max(2, (v.box.height * 9 / 10 + 7) / 8);
    if (v.box.width > 16 * letter) look(v, v.box.height / 6, letter);
  }
  for (const auto& l : scene.lines()) look(l, 0, 0);
  if (scene.portrait()) look(*scene.portrait(), 0, 0);
  if (!compared) {
    out.push_back(unchecked(uniform_id, kind, "No value or portrait has enough detail to compare"));
    return;
  }
  auto f = trace(uniform_id, worst.excess, "All parts of the picture were compressed alike",
                 "A part of the picture was put in after an earlier compression", "Needs an earlier, coarser compression of the rest");
  if (f.outcome == Outcome::failed && worst.place) {
    if (const auto shown = jpeg->shown(*worst.place)) f.place = imaging::quad_of(*shown);
  }
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
