#include "engines/document/print.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engines/document/ocr.h"
#include "engines/document/outline.h"

namespace authx::document {
namespace {

constexpr int kOcrSide = 1100;          ///< recognition costs time in proportion to the pixels and gains nothing above
constexpr std::size_t kMostLines = 60;  ///< a letter on A4 has about fifty
constexpr double kHeadline = 0.88;      ///< above it a line is written in a script that hangs from a stroke

double legible(const std::vector<Word>& words) {
  double sum = 0;
  for (const auto& w : words) {
    const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
    if (letters >= 3) sum += static_cast<double>(letters) * std::max(0.0, w.confidence - 0.4);
  }
  return sum;
}

/// A word of several letters that may well be another.
bool unsure(const std::vector<Word>& words) {
  return std::ranges::any_of(words, [](const Word& w) {
    const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
    return letters >= 3 && w.confidence < 0.7;
  });
}

imaging::Box turned_by_half(const imaging::Box& b, const imaging::Image& page) {
  return {page.width - b.x - b.width, page.height - b.y - b.height, b.width, b.height};
}

/// How much a line says about which way is up: words of letters. Digits make digits upside down, too.
double upright(const std::vector<Word>& words) {
  double sum = 0;
  for (const auto& w : words) {
    const auto letters = std::ranges::count_if(w.text, [](unsigned char c) { return std::isalpha(c) != 0; });
    const auto digits = std::ranges::count_if(w.text, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (letters + digits >= 3)
      sum += (static_cast<double>(letters) + (letters == 0 ? 0.1 : 0) * static_cast<double>(digits)) * std::max(0.0, w.confidence - 0.4);
  }
  return sum;
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

Layout find_layout(const imaging::Image& gray) {
  Layout out;
  out.scale = std::min(1.0, static_cast<double>(kOcrSide) / std::max(gray.width, gray.height));
  out.page =
      imaging::resize(gray, std::max(8, static_cast<int>(gray.width * out.scale)), std::max(8, static_cast<int>(gray.height * out.scale)));
  out.quarter = text_is_vertical(out.page) ? 1 : 0;
  out.page = imaging::rotate_quarter(out.page, out.quarter);
  out.lines = text_lines(out.page);
  if (out.lines.size() > kMostLines) {
    std::ranges::sort(out.lines, std::greater{}, &TextLine::letters);
    out.lines.resize(kMostLines);
    std::ranges::sort(out.lines, {}, [](const TextLine& l) { return l.box.y + l.box.height / 2; });
  }
  return out;
}

bool may_hold_zone(const Layout& layout) {
  int wide = 0;
  for (std::size_t i = 0; i < layout.lines.size(); ++i) {
    // What stands on one row, whatever divides it.
    const auto& b = layout.lines[i].box;
    int covered = b.width;
    for (std::size_t k = 0; k < layout.lines.size(); ++k) {
      const auto& o = layout.lines[k].box;
      if (k != i && o.x > b.x + b.width && std::abs((o.y + o.height / 2) - (b.y + b.height / 2)) < b.height / 2) covered += o.width;
    }
    wide += 2 * covered > layout.page.width && layout.lines[i].letters >= 8 ? 1 : 0;
  }
  return wide >= 2;
}

Result<Print> read_print(Layout layout, std::optional<int> turns, bool zone_read, const Deadline& deadline) {
  Print out;
  int quarter = layout.quarter;
  const double scale = layout.scale;
  imaging::Image page = std::move(layout.page);
  auto lines = std::move(layout.lines);
  if (turns) {
    const int more = ((*turns - quarter) % 4 + 4) % 4;
    if (more == 2) {
      for (auto& l : lines) l.box = turned_by_half(l.box, page);
      std::ranges::reverse(lines);
    }
    page = imaging::rotate_quarter(page, more);
    if (more % 2 == 1) lines = text_lines(page);
    quarter = *turns;
  }
  std::vector<std::vector<Word>> read(lines.size());
  std::vector<bool> done(lines.size(), false);
  bool down = false;
  if (!turns) {
    double up_sum = 0;
    double down_sum = 0;
    const auto order = telling(lines);
    for (std::size_t k = 0; k < std::min<std::size_t>(6, order.size()); ++k) {
      const std::size_t i = order[k];
      AX_TRY(auto up, ocr_line(page, lines[i].box, deadline));
      up_sum += upright(up);
      read[i] = std::move(up);
      done[i] = true;
      if (up_sum > 4 && up_sum > 3 * down_sum) break;
      AX_TRY(const auto turned, ocr_line(page, lines[i].box, deadline, true));
      down_sum += upright(turned);
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
  int second_looks = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!done[i]) {
      if (lines[i].headline >= kHeadline) continue;
      // The zone that told which way is up has been read already, and better.
      if (zone_read && 10 * lines[i].box.width > 6 * page.width && lines[i].letters >= 20) continue;
      AX_TRY(read[i], ocr_line(page, lines[i].box, deadline));
    }
    // Print that came out unsure in part: once more, at other sizes.
    if (lines[i].letters >= 4 && unsure(read[i]) && legible(read[i]) > 0.5 && second_looks < 5) {
      ++second_looks;
      for (const int height : {50, 27}) {
        AX_TRY(auto again, ocr_line(page, lines[i].box, deadline, false, height));
        if (legible(again) > legible(read[i])) read[i] = std::move(again);
        if (!unsure(read[i])) break;
      }
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
  AX_TRY(auto words,
         ocr(imaging::resize(gray, std::max(8, static_cast<int>(gray.width * scale)), std::max(8, static_cast<int>(gray.height * scale))),
             OcrMode::sparse, deadline));
  for (auto& w : words) {
    const auto back = [&](int v) { return static_cast<int>(std::lround(v / scale)); };
    w.box = {back(w.box.x), back(w.box.y), back(w.box.width), back(w.box.height)};
  }
  return group_rows(std::move(words));
}

}  // namespace authx::document
