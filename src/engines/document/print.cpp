#include "engines/document/print.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engines/document/ocr.h"
#include "engines/document/outline.h"

namespace authx::document {
namespace {

constexpr int kOcrSide = 1100;       ///< recognition costs time in proportion to the pixels and gains nothing above
constexpr std::size_t kMostLines = 60;  ///< a letter on A4 has about fifty
constexpr double kHeadline = 0.80;   ///< above it a line is written in a script that hangs from a stroke

double legible(const std::vector<Word>& words) {
  double sum = 0;
  for (const auto& w : words) {
    const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
    if (letters >= 3) sum += static_cast<double>(letters) * std::max(0.0, w.confidence - 0.4);
  }
  return sum;
}

imaging::Box turned_by_half(const imaging::Box& b, const imaging::Image& page) {
  return {page.width - b.x - b.width, page.height - b.y - b.height, b.width, b.height};
}

/// The lines that tell best which way is up: long, of medium height, in Latin script.
std::vector<std::size_t> telling(const std::vector<TextLine>& lines) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].box.width >= 4 * lines[i].box.height && lines[i].headline < kHeadline) order.push_back(i);
  }
  const auto worth = [&](std::size_t i) { return std::min(lines[i].letters, 18.0) + std::min(lines[i].box.height, 30) / 4.0; };
  std::ranges::sort(order, std::greater{}, worth);
  return order;
}

}  // namespace

Result<Print> read_print(const imaging::Image& gray, std::optional<int> turns, const Deadline& deadline) {
  Print out;
  const int quarter = turns ? *turns : text_is_vertical(gray) ? 1 : 0;
  const double scale = std::min(1.0, static_cast<double>(kOcrSide) / std::max(gray.width, gray.height));
  imaging::Image page = imaging::rotate_quarter(
      imaging::resize(gray, std::max(8, static_cast<int>(gray.width * scale)), std::max(8, static_cast<int>(gray.height * scale))), quarter);
  auto lines = text_lines(page);
  if (lines.size() > kMostLines) {
    std::ranges::sort(lines, std::greater{}, &TextLine::letters);
    lines.resize(kMostLines);
    std::ranges::sort(lines, {}, [](const TextLine& l) { return l.box.y + l.box.height / 2; });
  }
  std::vector<std::vector<Word>> read(lines.size());
  std::vector<bool> done(lines.size(), false);
  bool down = false;
  if (!turns) {
    double up_sum = 0;
    double down_sum = 0;
    const auto order = telling(lines);
    for (std::size_t k = 0; k < std::min<std::size_t>(5, order.size()); ++k) {
      const std::size_t i = order[k];
      AX_TRY(auto up, ocr_line(page, lines[i].box, deadline));
      up_sum += legible(up);
      read[i] = std::move(up);
      done[i] = true;
      if (up_sum > 4 && up_sum > 3 * down_sum) break;
      AX_TRY(const auto turned, ocr_line(page, lines[i].box, deadline, true));
      down_sum += legible(turned);
      if (down_sum > 4 && down_sum > 3 * up_sum) break;
    }
    down = down_sum > up_sum;
  }
  if (down) {
    page = imaging::rotate_quarter(page, 2);
    for (auto& l : lines) l.box = turned_by_half(l.box, page);
    std::ranges::reverse(lines);
    done.assign(lines.size(), false);
    read.assign(lines.size(), {});
  }
  out.quarter_turns = (quarter + (down ? 2 : 0)) % 4;
  std::vector<Word> words;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!done[i]) {
      if (lines[i].headline >= kHeadline) continue;
      AX_TRY(read[i], ocr_line(page, lines[i].box, deadline));
    }
    for (auto& w : read[i]) words.push_back(std::move(w));
  }
  const auto back = [&](imaging::Box& b) {
    const auto far = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    b = {far(b.x), far(b.y), far(b.width), far(b.height)};
  };
  for (auto& w : words) back(w.box);
  for (auto& l : lines) back(l.box);
  out.rows = group_rows(std::move(words));
  out.lines = std::move(lines);
  return out;
}

Result<std::vector<Row>> read_sparse(const imaging::Image& gray, const Deadline& deadline) {
  const int side = std::max(gray.width, gray.height);
  const double scale = side > kOcrSide ? static_cast<double>(kOcrSide) / side : side < 700 ? 700.0 / side : 1.0;
  AX_TRY(auto words, ocr(imaging::resize(gray, std::max(8, static_cast<int>(gray.width * scale)), std::max(8, static_cast<int>(gray.height * scale))),
                         OcrMode::sparse, deadline));
  for (auto& w : words) {
    const auto back = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    w.box = {back(w.box.x), back(w.box.y), back(w.box.width), back(w.box.height)};
  }
  return group_rows(std::move(words));
}

}  // namespace authx::document
