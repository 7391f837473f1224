#include "engines/decision/names.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace authx::decision {
namespace {

constexpr std::array<std::string_view, 14> kTitles{"mr",  "mrs",    "ms",   "miss", "dr", "shri", "sri",
                                                   "smt", "kumari", "prof", "sh",   "km", "md",   "adv"};

/// ASCII for a Latin-1 letter (U+00C0..U+00FF), as names are transliterated in an MRZ without the doubled vowels.
char fold_latin1(std::uint32_t cp) {
  constexpr std::string_view table = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";
  return table[cp - 0xC0];
}

}  // namespace

std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && std::ranges::find(kTitles, word) == kTitles.end()) words.push_back(word);
    word.clear();
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c >= 'A' && c <= 'Z')
      word += static_cast<char>(c + 32);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      word += static_cast<char>(c);
    else if (c == 0xC3 && i + 1 < name.size()) {
      const auto cp = 0xC0U + (static_cast<unsigned char>(name[++i]) & 0x3FU);
      if (cp != 0xD7 && cp != 0xF7) word += fold_latin1(cp);
    } else if (c >= 0x80)
      word += static_cast<char>(c);
    else if (c == '\'')
      continue;
    else
      flush();
  }
  flush();
  return words;
}

double jaro_winkler(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  const std::size_t longer = std::max(a.size(), b.size());
  const std::size_t window = longer / 2 == 0 ? 0 : longer / 2 - 1;
  std::vector<bool> in_a(a.size());
  std::vector<bool> in_b(b.size());
  double matches = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t from = i > window ? i - window : 0;
    const std::size_t to = std::min(b.size(), i + window + 1);
    for (std::size_t j = from; j < to; ++j) {
      if (in_b[j] || a[i] != b[j]) continue;
      in_a[i] = in_b[j] = true;
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  double transposed = 0;
  for (std::size_t i = 0, j = 0; i < a.size(); ++i) {
    if (!in_a[i]) continue;
    while (!in_b[j]) ++j;
    if (a[i] != b[j++]) ++transposed;
  }
  const double jaro =
      (matches / static_cast<double>(a.size()) + matches / static_cast<double>(b.size()) + (matches - transposed / 2) / matches) / 3;
  double prefix = 0;
  while (prefix < 4 && prefix < static_cast<double>(std::min(a.size(), b.size())) &&
         a[static_cast<std::size_t>(prefix)] == b[static_cast<std::size_t>(prefix)])
    ++prefix;
  return jaro + prefix * 0.1 * (1 - jaro);
}

double name_similarity(std::string_view a, std::string_view b) {
  auto left = name_words(a);
  auto right = name_words(b);
  if (left.empty() || right.empty()) return 0;
  if (left.size() > right.size()) std::swap(left, right);
  std::vector<bool> used(right.size());
  double agreed = 0;
  double weight = 0;
  // Longest words first: the most telling pairs are made before short ones can take their partners.
  std::ranges::sort(left, std::ranges::greater{}, &std::string::size);
  for (const auto& word : left) {
    double best = 0;
    std::size_t at = right.size();
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (used[i]) continue;
      double score = jaro_winkler(word, right[i]);
      if ((word.size() == 1 || right[i].size() == 1) && word.front() == right[i].front())
        score = 0.9;
      else if (score < 0.85)
        score *= 0.5;  // different words that share letters
      if (score > best) {
        best = score;
        at = i;
      }
    }
    if (at < right.size()) used[at] = true;
    const auto w = static_cast<double>(std::min<std::size_t>(word.size(), 6));
    agreed += best * w;
    weight += w;
  }
  double extra = 0;
  for (std::size_t i = 0; i < right.size(); ++i)
    if (!used[i]) extra += static_cast<double>(std::min<std::size_t>(right[i].size(), 6));
  // A lone given name is contained in too many full names to count as agreement.
  const double penalty = left.size() == 1 && right.size() > 1 ? 0.6 : 0.15;
  return agreed / (weight + penalty * extra);
}

}  // namespace authx::decision
