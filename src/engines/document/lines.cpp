#include "engines/document/lines.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/marks.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

struct Mark {
  cv::Rect box;
  bool beside = false;  ///< near a code or a portrait
};

/// Ink: darker than the paper around it, below `percent` of the paper's brightness and by `least` levels.
cv::Mat ink_of(const cv::Mat& gray, int percent = 72, int least = 0) {
  // The paper's brightness is the largest value nearby, found on a copy of half the size.
  cv::Mat half;
  cv::resize(gray, half, {}, 0.5, 0.5, cv::INTER_AREA);
  cv::Mat paper;
  cv::dilate(half, paper, cv::getStructuringElement(cv::MORPH_RECT, {15, 15}));
  cv::blur(paper, paper, {15, 15});
  cv::resize(paper, paper, gray.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat ink(gray.size(), CV_8U);
  for (int y = 0; y < gray.rows; ++y) {
    const auto* g = gray.ptr<std::uint8_t>(y);
    const auto* p = paper.ptr<std::uint8_t>(y);
    auto* i = ink.ptr<std::uint8_t>(y);
    for (int x = 0; x < gray.cols; ++x) i[x] = g[x] * 100 < p[x] * percent && p[x] - g[x] >= least ? 255 : 0;
  }
  return ink;
}

constexpr std::uint8_t kDense = 255;   ///< as dense as in a code or a portrait
constexpr std::uint8_t kBeside = 128;  ///< near that: its rim, or print beside it

/// `kDense`, `kBeside` or 0 for each pixel.
cv::Mat dense(const cv::Mat& ink) {
  cv::Mat share;
  cv::Mat small;
  cv::resize(ink, small, {}, 0.25, 0.25, cv::INTER_AREA);
  cv::blur(small, share, {15, 15}, {-1, -1}, cv::BORDER_CONSTANT);
  cv::Mat mask = share > 255 * 0.36;
  // Bold digits are as dense, but not as high.
  cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {11, 11}));
  cv::Mat near;
  cv::dilate(mask, near, cv::getStructuringElement(cv::MORPH_RECT, {9, 9}));
  near.setTo(kBeside, near & ~mask);
  cv::resize(near, near, ink.size(), 0, 0, cv::INTER_NEAREST);
  return near;
}

/// The widest horizontal stroke of each word against the word's width, where what hangs below it is clearly less: blurred Latin
/// print is joined too, but at every height. `first` is the same of the first word.
double headline_of(const cv::Mat& ink, const cv::Rect& box, double& first) {
  const cv::Mat part = ink(box);
  const int gap = std::max(2, box.height / 5);
  std::vector<int> columns(static_cast<std::size_t>(part.cols), 0);
  for (int y = 0; y < part.rows; ++y) {
    const auto* row = part.ptr<std::uint8_t>(y);
    for (int x = 0; x < part.cols; ++x) columns[static_cast<std::size_t>(x)] += row[x] != 0 ? 1 : 0;
  }
  double sum = 0;
  double hang = 0;
  double weight = 0;
  const auto share = [](double stroke, double below, double width) {
    if (width <= 0) return 0.0;
    return stroke - below < 0.15 * width ? std::min(0.5, stroke / width) : stroke / width;
  };
  first = 0;
  int from = -1;
  int empty = 0;
  for (int x = 0; x <= part.cols; ++x) {
    const bool on = x < part.cols && columns[static_cast<std::size_t>(x)] > 0;
    if (on) {
      if (from < 0) from = x;
      empty = 0;
      continue;
    }
    if (from < 0 || (++empty < gap && x < part.cols)) continue;
    const int to = x - empty + 1;
    const int width = to - from;
    if (2 * width > 3 * box.height) {
      std::vector<int> rows(static_cast<std::size_t>(part.rows), 0);
      for (int y = 0; y < part.rows; ++y) {
        const auto* row = part.ptr<std::uint8_t>(y);
        for (int k = from; k < to; ++k) rows[static_cast<std::size_t>(y)] += row[k] != 0 ? 1 : 0;
      }
      const auto stroke = std::max_element(rows.begin(), rows.begin() + part.rows * 2 / 3);
      sum += *stroke;
      auto below = stroke + std::max(2, part.rows / 5);
      if (below < rows.end() - 3) {
        std::partial_sort(below, below + 3, rows.end(), std::greater{});
        hang += (below[0] + below[1] + below[2]) / 3.0;
      }
      if (weight <= 0) first = share(sum, hang, width);
      weight += width;
    }
    from = -1;
    empty = 0;
  }
  return share(sum, hang, weight);
}

std::size_t root(std::vector<std::size_t>& parent, std::size_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

}  // namespace

std::vector<TextLine> text_lines(const imaging::Image& image) {
  const cv::Mat gray = imaging::as_mat(image);
  if (gray.cols < 32 || gray.rows < 32) return {};
  const cv::Mat ink = ink_of(gray);
  const cv::Mat codes = dense(ink);
  const int tallest = std::max(40, std::min(image.width, image.height) / 8);
  std::vector<Mark> marks;
  const InkMarks inked = marks_of(ink);
  for (const auto& [box, area, first, runs] : inked.marks) {
    if (box.height > tallest || area < 6 || box.height < 4) continue;
    if (box.width > 12 * box.height && box.height < 8) continue;  // a rule
    if (box.width > image.width / 2 && box.height < 14) continue;
    const auto place = codes.at<std::uint8_t>(box.y + box.height / 2, box.x + box.width / 2);
    if (place == kDense) continue;
    marks.push_back({box, place == kBeside});
  }
  if (marks.size() > 4000) return {};
  std::ranges::sort(marks, {}, [](const Mark& m) { return m.box.x; });
  std::vector<std::size_t> parent(marks.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const cv::Rect& a = marks[i].box;
    for (std::size_t k = i + 1; k < marks.size(); ++k) {
      const cv::Rect& b = marks[k].box;
      if (b.x - a.x > a.width + 3 * tallest) break;
      const int gap = b.x - (a.x + a.width);
      const int taller = std::max(a.height, b.height);
      const int shorter = std::min(a.height, b.height);
      if (gap > 5 * taller / 4) continue;
      const int overlap = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
      if (2 * overlap < shorter || taller > 3 * shorter + 6) continue;
      const double off = std::abs((a.y + a.height / 2.0) - (b.y + b.height / 2.0));
      if (off > 0.6 * taller) continue;
      parent[root(parent, k)] = root(parent, i);
    }
  }
  std::vector<TextLine> lines;
  std::vector<cv::Rect> boxes(marks.size());
  std::vector<int> counts(marks.size(), 0);
  std::vector<int> beside(marks.size(), 0);
  std::vector<std::vector<int>> heights(marks.size());
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::size_t r = root(parent, i);
    boxes[r] = counts[r] == 0 ? marks[i].box : boxes[r] | marks[i].box;
    ++counts[r];
    beside[r] += marks[i].beside ? 1 : 0;
    heights[r].push_back(marks[i].box.height);
  }
  for (std::size_t r = 0; r < marks.size(); ++r) {
    if (counts[r] == 0) continue;
    const cv::Rect b = boxes[r];
    std::ranges::sort(heights[r]);
    const int typical = heights[r][heights[r].size() * 3 / 4];
    if (typical < 6 || b.height < 7 || b.width < b.height || b.height > 3 * typical + 6) continue;
    if (counts[r] < 2 && b.width < 2 * b.height) continue;
    TextLine line;
    line.box = {b.x, b.y, b.width, b.height};
    line.letters = counts[r];
    line.even =
        static_cast<double>(std::ranges::count_if(heights[r], [&](int h) { return 5 * std::abs(h - typical) <= typical + 5; })) / counts[r];
    // The rim of a code or a portrait falls into marks of all heights, of which few stand in line.
    if (beside[r] == counts[r] && (counts[r] < 4 || line.even < 0.6)) continue;
    line.headline = headline_of(ink, b, line.starts);
    lines.push_back(line);
  }
  std::ranges::sort(lines, {}, [](const TextLine& l) { return l.box.y + l.box.height / 2; });
  return lines;
}

}  // namespace authx::document
