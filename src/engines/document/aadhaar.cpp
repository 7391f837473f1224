#include "engines/document/aadhaar.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace authx::document {
namespace {

/// Multiplication in the dihedral group of order ten: rotations are 0..4, reflections 5..9.
constexpr int dihedral(int a, int b) noexcept {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
  return b < 5 ? 5 + (a - b + 5) % 5 : (a - b + 10) % 5;
}

/// Verhoeff's permutation, applied `times` times.
constexpr int permuted(int digit, std::size_t times) noexcept {
  constexpr std::array<int, 10> step{1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  for (std::size_t i = 0; i < times % 8; ++i) digit = step[static_cast<std::size_t>(digit)];
  return digit;
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// `offset` 0 when the last digit is the check digit itself, 1 when it is still to come.
int checksum(std::string_view digits, std::size_t offset) noexcept {
  int c = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) c = dihedral(c, permuted(digits[digits.size() - 1 - i] - '0', i + offset));
  return c;
}

}  // namespace

bool verhoeff_valid(std::string_view digits) { return all_digits(digits) && checksum(digits, 0) == 0; }

char verhoeff_digit(std::string_view digits) {
  if (!all_digits(digits)) return '\0';
  const int c = checksum(digits, 1);
  for (int d = 0; d < 10; ++d) {
    if (dihedral(c, d) == 0) return static_cast<char>('0' + d);
  }
  return '\0';
}

bool aadhaar_valid(std::string_view digits) {
  if (digits.size() != 12 || digits[0] < '2' || !verhoeff_valid(digits)) return false;
  return !std::equal(digits.begin(), digits.begin() + 6, digits.rbegin());
}

bool vid_valid(std::string_view digits) { return digits.size() == 16 && digits[0] >= '2' && verhoeff_valid(digits); }

std::string mask_aadhaar(std::string_view digits) {
  const bool maskable = digits.size() == 12 || digits.size() == 16;
  std::string out(digits.size(), 'X');
  if (maskable) out.replace(digits.size() - 4, 4, digits.substr(digits.size() - 4));
  return out;
}

std::string mask_numbers_in(std::string text) {
  struct Run {
    std::size_t from;
    std::size_t to;
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto joins = [](char c) { return c == ' ' || c == '-' || c == '.'; };
  std::vector<Run> runs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!digit(text[i])) continue;
    std::size_t j = i;
    while (j < text.size() && digit(text[j])) ++j;
    runs.push_back({i, j});
    i = j;
  }
  for (std::size_t first = 0; first < runs.size(); ++first) {
    std::string digits;
    for (std::size_t last = first; last < runs.size() && digits.size() < 16; ++last) {
      if (last > first && (runs[last].from != runs[last - 1].to + 1 || !joins(text[runs[last - 1].to]))) break;
      digits += std::string_view{text}.substr(runs[last].from, runs[last].to - runs[last].from);
      if (!aadhaar_valid(digits) && !vid_valid(digits)) continue;
      std::size_t left = digits.size() - 4;
      for (std::size_t k = runs[first].from; left > 0; ++k) {
        if (!digit(text[k])) continue;
        text[k] = 'X';
        --left;
      }
      first = last;
      break;
    }
  }
  return text;
}

}  // namespace authx::document
