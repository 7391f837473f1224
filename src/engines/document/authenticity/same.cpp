#include "engines/document/authenticity/same.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "engines/document/rules.h"

namespace authx::document::authenticity {
namespace {

std::string compact(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : fold_name(name) + ' ') {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

bool within_one_edit(const std::string& a, const std::string& b) {
  const auto& shorter = a.size() <= b.size() ? a : b;
  const auto& longer = a.size() <= b.size() ? b : a;
  if (longer.size() - shorter.size() > 1) return false;
  std::size_t i = 0;
  while (i < shorter.size() && shorter[i] == longer[i]) ++i;
  if (shorter.size() == longer.size()) return i == shorter.size() || shorter.compare(i + 1, std::string::npos, longer, i + 1) == 0;
  return shorter.compare(i, std::string::npos, longer, i + 1) == 0;
}

bool same_word(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto& shorter = a.size() <= b.size() ? a : b;
  const auto& longer = a.size() <= b.size() ? b : a;
  if (shorter.size() == 1) return longer[0] == shorter[0];
  if (shorter.size() >= 3 && longer.starts_with(shorter)) return true;
  return shorter.size() >= 5 && within_one_edit(a, b);
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) { return a == b; }

bool same_number(std::string_view a, std::string_view b) {
  const std::string x = compact(a);
  const std::string y = compact(b);
  const bool masked = x.starts_with("XXXX") || y.starts_with("XXXX");
  if (!masked || x.size() < 4 || y.size() < 4) return x == y;
  return x.substr(x.size() - 4) == y.substr(y.size() - 4);
}

bool same_name(std::string_view a, std::string_view b) {
  auto shorter = words_of(a);
  auto longer = words_of(b);
  if (shorter.size() > longer.size()) std::swap(shorter, longer);
  if (shorter.empty()) return true;
  for (const auto& w : shorter) {
    const auto hit = std::ranges::find_if(longer, [&](const std::string& o) { return same_word(w, o); });
    if (hit == longer.end()) return false;
    longer.erase(hit);
  }
  return true;
}

bool same_gender(std::string_view a, std::string_view b) { return a == b || a == "X" || b == "X"; }

}  // namespace authx::document::authenticity
