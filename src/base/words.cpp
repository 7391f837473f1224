#include "base/words.h"

#include <algorithm>

namespace authx {

Words words_of(std::string_view text) {
  Words out;
  while (!text.empty() && out.size() < kMaxWords) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    if (!word.empty() && !contains(out, word)) out.emplace_back(word);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  }
  return out;
}

std::string joined(const Words& words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool contains(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool subset(const Words& part, const Words& whole) {
  return std::ranges::all_of(part, [&](const auto& word) { return contains(whole, word); });
}

}  // namespace authx
