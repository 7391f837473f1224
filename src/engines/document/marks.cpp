#include "engines/document/marks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

namespace authx::document {
namespace {

std::uint64_t eight(const std::uint8_t* at) {
  std::uint64_t v = 0;
  std::memcpy(&v, at, sizeof v);
  return v;
}

/// The runs of the non-zero (then 255) pixels of a row.
void add_runs(const std::uint8_t* ink, int width, int y, std::vector<InkRun>& out) {
  for (int x = 0; x < width;) {
    while (x + 8 <= width && eight(ink + x) == 0) x += 8;
    while (x < width && ink[x] == 0) ++x;
    if (x == width) return;
    const int from = x;
    while (x + 8 <= width && eight(ink + x) == ~std::uint64_t{0}) x += 8;
    while (x < width && ink[x] != 0) ++x;
    out.push_back({y, from, x});
  }
}

std::uint32_t root(std::vector<std::uint32_t>& parent, std::uint32_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/// `ink` says of a pixel whether it is.
template <class Ink>
InkMarks find_marks(const cv::Mat& picture, Ink&& ink_at) {
  CV_Assert(picture.type() == CV_8U);
  std::vector<InkRun> found;
  std::vector<std::uint32_t> parent;
  std::vector<std::uint8_t> ink(static_cast<std::size_t>(picture.cols));
  std::size_t above = 0;  // first run of the row above
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<std::uint8_t>(y);
    for (std::size_t x = 0; x < ink.size(); ++x) ink[x] = ink_at(row[x]) ? 255 : 0;
    const std::size_t here = found.size();
    add_runs(ink.data(), picture.cols, y, found);
    parent.resize(found.size());
    std::iota(parent.begin() + static_cast<std::ptrdiff_t>(here), parent.end(), static_cast<std::uint32_t>(here));
    std::size_t a = above;
    for (std::size_t i = here; i < found.size(); ++i) {
      while (a < here && found[a].to < found[i].from) ++a;
      for (std::size_t k = a; k < here && found[k].from <= found[i].to; ++k) {
        const std::uint32_t one = root(parent, static_cast<std::uint32_t>(k));
        const std::uint32_t other = root(parent, static_cast<std::uint32_t>(i));
        parent[std::max(one, other)] = std::min(one, other);
      }
    }
    above = here;
  }
  InkMarks out;
  // A mark's root is its first run.
  std::vector<std::uint32_t> mark_of(found.size());
  for (std::uint32_t i = 0; i < found.size(); ++i) {
    const std::uint32_t top = root(parent, i);
    if (top == i) {
      mark_of[i] = static_cast<std::uint32_t>(out.marks.size());
      out.marks.push_back({cv::Rect(found[i].from, found[i].y, 0, 1), 0, 0, 0});
    } else {
      mark_of[i] = mark_of[top];
    }
    InkMark& m = out.marks[mark_of[i]];
    const int right = std::max(m.box.x + m.box.width, found[i].to);
    m.box.x = std::min(m.box.x, found[i].from);
    m.box.width = right - m.box.x;
    m.box.height = found[i].y + 1 - m.box.y;
    m.area += found[i].to - found[i].from;
    ++m.runs;
  }
  std::size_t sum = 0;
  for (auto& m : out.marks) {
    m.first = sum;
    sum += m.runs;
  }
  std::vector<std::size_t> next(out.marks.size());
  for (std::size_t i = 0; i < next.size(); ++i) next[i] = out.marks[i].first;
  out.runs.resize(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) out.runs[next[mark_of[i]]++] = found[i];
  return out;
}

}  // namespace

InkMarks marks_below(const cv::Mat& gray, int level) {
  const auto darkest = static_cast<std::uint8_t>(std::clamp(level, 1, 255));
  return find_marks(gray, [darkest](std::uint8_t v) { return v < darkest; });
}

InkMarks marks_of(const cv::Mat& mask) {
  return find_marks(mask, [](std::uint8_t v) { return v != 0; });
}

}  // namespace authx::document
