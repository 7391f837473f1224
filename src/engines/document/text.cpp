#include "engines/document/text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

namespace authx::document {

std::string Row::text() const {
  std::string out;
  for (const auto& w : words) {
    if (!out.empty()) out += ' ';
    out += w.text;
  }
  return out;
}

double Row::confidence() const {
  double sum = 0;
  double weight = 0;
  for (const auto& w : words) {
    sum += w.confidence * static_cast<double>(w.text.size());
    weight += static_cast<double>(w.text.size());
  }
  return weight > 0 ? sum / weight : 0;
}

imaging::Box join(const imaging::Box& a, const imaging::Box& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const int x = std::min(a.x, b.x);
  const int y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x, std::max(a.y + a.height, b.y + b.height) - y};
}

std::vector<Row> group_rows(std::vector<Word> words) {
  std::ranges::sort(words, {}, [](const Word& w) { return w.box.y + w.box.height / 2; });
  std::vector<Row> rows;
  for (auto& w : words) {
    Row* best = nullptr;
    double most = 0.5;
    for (auto& r : rows) {
      // Compared with the row's words, not its hull: a slightly tilted row would swallow its neighbours.
      for (const auto& other : r.words) {
        const int top = std::max(w.box.y, other.box.y);
        const int bottom = std::min(w.box.y + w.box.height, other.box.y + other.box.height);
        // A dash or a comma is lower than its neighbours, yet lies within their height.
        const int shorter = std::max(1, std::min(w.box.height, other.box.height));
        const int taller = std::max(w.box.height, other.box.height);
        const double apart = std::abs((w.box.y + w.box.height / 2.0) - (other.box.y + other.box.height / 2.0));
        const bool mark = std::ranges::none_of(w.text, [](unsigned char c) { return std::isalnum(c) != 0; });
        const double overlap = apart < 0.55 * taller && (mark || taller < 2.2 * shorter) ? static_cast<double>(bottom - top) / shorter : 0;
        if (overlap > most) {
          most = overlap;
          best = &r;
        }
      }
    }
    if (best == nullptr) {
      rows.emplace_back();
      best = &rows.back();
    }
    best->box = join(best->box, w.box);
    best->words.push_back(std::move(w));
  }
  for (auto& r : rows) std::ranges::sort(r.words, {}, [](const Word& w) { return w.box.x; });
  std::ranges::sort(rows, {}, [](const Row& r) { return r.box.y + r.box.height / 2; });
  return rows;
}

Match find_like(std::string_view text, std::string_view needle) {
  std::string folded;
  std::vector<std::size_t> origin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (std::isalnum(c) == 0) continue;
    folded += static_cast<char>(std::toupper(c));
    origin.push_back(i);
  }
  std::string key;
  for (const char c : needle) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) key += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (key.empty() || folded.empty()) return {};
  const int allowed = static_cast<int>(key.size() / 5);
  std::vector<int> column(key.size() + 1);
  std::iota(column.begin(), column.end(), 0);
  Match best;
  best.edits = allowed + 1;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    int diagonal = column[0];
    column[0] = 0;
    for (std::size_t j = 1; j <= key.size(); ++j) {
      const int keep = column[j];
      column[j] = std::min({diagonal + (folded[i] == key[j - 1] ? 0 : 1), column[j] + 1, column[j - 1] + 1});
      diagonal = keep;
    }
    if (column[key.size()] < best.edits) best = {true, origin[i] + 1, column[key.size()]};
  }
  return best;
}

}  // namespace authx::document
