#include "engines/document/print.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engines/document/ocr.h"
#include "engines/document/outline.h"
#include "engines/document/rules.h"

namespace authx::document {
namespace {

constexpr int kOcrSide = 1100;          ///< recognition costs time in proportion to the pixels and gains nothing above
constexpr std::size_t kMostLines = 60;  ///< a letter on A4 has about fifty
constexpr double kHeadline = 0.88;      ///< above it a line is written in a script that hangs from a stroke

constexpr double kMixed = 0.75;  ///< of a line's first word, above which the line may go on in Latin

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

/// Whether all doubt is in words before the first sure ones.
bool unsure_only_first(const std::vector<Word>& words) {
  const auto sure = [](const Word& w) { return w.text.size() >= 4 && w.confidence >= 0.85; };
  const auto first = std::ranges::find_if(words, sure);
  return first != words.end() && !unsure({first, words.end()});
}

/// A frame's side or the edge of a picture, broken up: far too few marks for its length.
bool is_rule(const TextLine& line) { return line.box.width > 20 * line.box.height && 6 * line.letters * line.box.height < line.box.width; }

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
  const auto worth = [&](std::size_t i) {
    const double mixed = lines[i].starts >= kMixed ? 10 : 0;  // begins in another script
    return std::min(lines[i].letters, 18.0) + std::min(lines[i].box.height, 30) / 4.0 - mixed;
  };
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

Result<PrintReader> PrintReader::start(Layout layout, std::optional<int> turns, bool zone_likely, const Deadline& deadline) {
  PrintReader out;
  out.scale_ = layout.scale;
  out.quarter_turns_ = layout.quarter;
  out.page_ = std::move(layout.page);
  auto& lines = out.lines_ = std::move(layout.lines);
  if (turns) {
    const int more = ((*turns - out.quarter_turns_) % 4 + 4) % 4;
    if (more == 2) {
      for (auto& l : lines) l.box = turned_by_half(l.box, out.page_);
      std::ranges::reverse(lines);
    }
    out.page_ = imaging::rotate_quarter(out.page_, more);
    if (more % 2 == 1) lines = text_lines(out.page_);
    out.quarter_turns_ = *turns;
  }
  out.words_.resize(lines.size());
  out.first_.assign(lines.size(), false);
  out.done_.assign(lines.size(), false);
  if (turns) return out;
  double up_sum = 0;
  double down_sum = 0;
  auto order = telling(lines);
  if (zone_likely) std::erase_if(order, [&](std::size_t i) { return out.like_zone(lines[i]); });
  std::vector<std::pair<std::size_t, std::vector<Word>>> upside_down;
  for (std::size_t k = 0; k < std::min<std::size_t>(6, order.size()); ++k) {
    const std::size_t i = order[k];
    AX_TRY(auto up, ocr_line(out.page_, lines[i].box, deadline));
    up_sum += upright(up);
    out.words_[i] = std::move(up);
    out.first_[i] = true;
    if (up_sum > 4 && up_sum > 3 * down_sum) break;
    AX_TRY(auto turned, ocr_line(out.page_, lines[i].box, deadline, true));
    down_sum += upright(turned);
    upside_down.emplace_back(i, std::move(turned));
    if (down_sum > 4 && down_sum > 3 * up_sum) break;
  }
  if (down_sum > up_sum) {
    out.page_ = imaging::rotate_quarter(out.page_, 2);
    for (auto& l : lines) l.box = turned_by_half(l.box, out.page_);
    std::ranges::reverse(lines);
    out.first_.assign(lines.size(), false);
    out.words_.assign(lines.size(), {});
    for (auto& [i, words] : upside_down) {
      out.words_[lines.size() - 1 - i] = std::move(words);
      out.first_[lines.size() - 1 - i] = true;
    }
    out.quarter_turns_ = (out.quarter_turns_ + 2) % 4;
  }
  return out;
}

bool PrintReader::like_zone(const TextLine& line) const { return 10 * line.box.width > 6 * page_.width && line.letters >= 20; }

Result<void> PrintReader::look_again(std::size_t line, const Deadline& deadline) {
  auto& words = words_[line];
  if (second_looks_ >= 5 || lines_[line].letters < 4 || legible(words) <= 0.5 || !unsure(words)) return {};
  // Two scripts on a line, the local one first: what is unsure is that.
  if (lines_[line].starts >= kHeadline && unsure_only_first(words)) return {};
  ++second_looks_;
  for (const int height : {50, 27}) {
    AX_TRY(auto again, ocr_line(page_, lines_[line].box, deadline, false, height));
    if (legible(again) > legible(words)) words = std::move(again);
    if (!unsure(words)) break;
  }
  return {};
}

Result<void> PrintReader::read(bool zone_lines, const Deadline& deadline) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (done_[i]) continue;
    if (!first_[i]) {
      if (lines_[i].headline >= kHeadline || is_rule(lines_[i]) || (!zone_lines && like_zone(lines_[i]))) continue;
      AX_TRY(words_[i], ocr_line(page_, lines_[i].box, deadline));
      first_[i] = true;
    }
    done_[i] = true;
    AX_CHECK(look_again(i, deadline));
    lines_[i].settled = settled(i);
  }
  return {};
}

bool PrintReader::settled(std::size_t line) const {
  double sure = 0;
  double all = 0;
  imaging::Box covered;
  int digits = 0;
  int letters = 0;
  bool date = false;
  bool licence = false;
  for (const auto& w : words_[line]) {
    for (const char c : w.text) {
      digits += std::isdigit(static_cast<unsigned char>(c)) != 0 ? 1 : 0;
      letters += w.confidence > 0.8 && std::isalpha(static_cast<unsigned char>(c)) != 0 ? 1 : 0;
    }
    date = date || (w.confidence > 0.9 && is_plain_date(w.text));
    licence = licence || (w.confidence > 0.85 && is_licensing_office(w.text));
    sure += w.confidence * static_cast<double>(w.text.size());
    all += static_cast<double>(w.text.size());
    covered = join(covered, w.box);
  }
  // A sure date leaves no room for a number, whatever the label before it says in another script.
  if (date && digits <= 10) return true;
  if (all < 6 || sure < 0.88 * all || 10 * covered.width < 8 * lines_[line].box.width) return false;
  return digits < 8 || letters >= 4 || licence;
}

Print PrintReader::print() const {
  Print out;
  out.quarter_turns = quarter_turns_;
  const auto back = [&](imaging::Box b) {
    const auto far = [&](int v) { return static_cast<int>(std::lround(v / scale_)); };
    return imaging::Box{far(b.x), far(b.y), far(b.width), far(b.height)};
  };
  std::vector<Word> words;
  for (const auto& line : words_) {
    for (const auto& w : line) words.push_back({w.text, w.confidence, back(w.box)});
  }
  out.rows = group_rows(std::move(words));
  out.lines = lines_;
  for (auto& l : out.lines) l.box = back(l.box);
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
