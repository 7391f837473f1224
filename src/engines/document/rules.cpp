#include "engines/document/rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace authx::document {
namespace {

using namespace std::string_view_literals;

bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

std::string compact(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

/// L letter, D digit.
bool matches(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() &&
         std::equal(text.begin(), text.end(), pattern.begin(), [](char c, char p) { return p == 'L' ? upper(c) : digit(c); });
}

}  // namespace

std::string_view pan_holder(char holder) noexcept {
  switch (holder) {
    case 'P': return "individual";
    case 'C': return "company";
    case 'H': return "Hindu undivided family";
    case 'F': return "firm";
    case 'A': return "association of persons";
    case 'T': return "trust";
    case 'B': return "body of individuals";
    case 'L': return "local authority";
    case 'J': return "artificial juridical person";
    case 'G': return "government";
    case 'K': return "Krish trust";
    default: return "";
  }
}

NumberCheck check_pan(std::string_view text) {
  NumberCheck out{compact(text), false, {}};
  const auto& n = out.normalised;
  if (!matches(n, "LLLLLDDDDL")) {
    out.reason = "A PAN is five letters, four digits and a letter";
  } else if (pan_holder(n[3]).empty()) {
    out.reason = "The fourth letter names no kind of holder";
  } else if (std::string_view{n}.substr(5, 4) == "0000") {
    out.reason = "The four digits can't all be zero";
  } else {
    out.valid = true;
  }
  return out;
}

bool pan_fits_name(std::string_view pan, std::string_view name) {
  if (pan.size() != 10) return false;
  const std::string folded = fold_name(name);
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if ((i == 0 || folded[i - 1] == ' ') && folded[i] == pan[4]) return true;
  }
  return false;
}

bool known_indian_state(std::string_view s) noexcept {
  static constexpr std::array kStates{"AN"sv, "AP"sv, "AR"sv, "AS"sv, "BR"sv, "CG"sv, "CH"sv, "DD"sv, "DL"sv, "DN"sv,
                                      "GA"sv, "GJ"sv, "HP"sv, "HR"sv, "JH"sv, "JK"sv, "KA"sv, "KL"sv, "LA"sv, "LD"sv,
                                      "MH"sv, "ML"sv, "MN"sv, "MP"sv, "MZ"sv, "NL"sv, "OD"sv, "OR"sv, "PB"sv, "PY"sv,
                                      "RJ"sv, "SK"sv, "TG"sv, "TN"sv, "TR"sv, "TS"sv, "UA"sv, "UK"sv, "UP"sv, "WB"sv};
  return std::ranges::binary_search(kStates, s);
}

NumberCheck check_driving_license(std::string_view text) {
  NumberCheck out{compact(text), false, {}};
  const auto& n = out.normalised;
  if (n.size() < 10 || n.size() > 17 || !upper(n[0]) || !upper(n[1])) {
    out.reason = "A licence number begins with a state and has 15 characters";
  } else if (!known_indian_state(n.substr(0, 2))) {
    out.reason = "The first two letters name no Indian state";
  } else if (matches(n, "LLDDDDDDDDDDDDD")) {
    const int year = std::stoi(n.substr(4, 4));
    out.valid = year >= 1950 && year <= 2099;
    if (!out.valid) out.reason = "The year in the number is not plausible";
  } else {
    // Before the national register, states numbered in their own ways.
    const auto digits = std::ranges::count_if(n, digit);
    out.valid = digits >= 7 && digits + 5 >= static_cast<std::ptrdiff_t>(n.size());
    if (!out.valid) out.reason = "The number follows no known form";
  }
  return out;
}

NumberCheck check_epic(std::string_view text) {
  NumberCheck out{compact(text), false, {}};
  const auto& n = out.normalised;
  if (matches(n, "LLLDDDDDDD")) {
    out.valid = true;
  } else if (matches(n, "LLDDDDDDDDDDD") && known_indian_state(n.substr(0, 2))) {
    out.valid = true;
  } else {
    out.reason = "A voter card number is three letters and seven digits";
  }
  return out;
}

NumberCheck check_indian_passport(std::string_view text) {
  NumberCheck out{compact(text), false, {}};
  out.valid = matches(out.normalised, "LDDDDDDD") && out.normalised[1] != '0';
  if (!out.valid) out.reason = "An Indian passport number is a letter and seven digits";
  return out;
}

bool pincode_valid(std::string_view text) noexcept { return matches(text, "DDDDDD") && text[0] != '0'; }

std::optional<Date> parse_printed_date(std::string_view text) {
  std::vector<std::string> parts;
  char kind = 0;
  for (const char raw : text) {
    const char c = static_cast<char>(std::toupper(static_cast<unsigned char>(raw)));
    const char now = digit(c) ? 'd' : upper(c) ? 'l' : 0;
    if (now != 0) {
      if (now != kind) parts.emplace_back();
      parts.back() += c;
    } else if (c != ' ' && c != '/' && c != '-' && c != '.' && c != ',') {
      return std::nullopt;
    }
    kind = now;
  }
  if (parts.size() != 3) return std::nullopt;
  const auto number = [](const std::string& s) { return s.size() <= 4 && std::ranges::all_of(s, digit) ? std::stoi(s) : -1; };
  int day = number(parts[0]);
  int month = number(parts[1]);
  int year = number(parts[2]);
  if (parts[0].size() == 4) std::swap(day, year);
  if (upper(parts[1][0])) {
    static constexpr std::array kMonths{"JANUARY"sv, "FEBRUARY"sv, "MARCH"sv,     "APRIL"sv,   "MAY"sv,      "JUNE"sv,
                                        "JULY"sv,    "AUGUST"sv,   "SEPTEMBER"sv, "OCTOBER"sv, "NOVEMBER"sv, "DECEMBER"sv};
    month = -1;
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (parts[1].size() >= 3 && kMonths[i].starts_with(parts[1])) month = static_cast<int>(i) + 1;
    }
  }
  if (day < 1 || month < 1 || year < 1800 || year > 2200) return std::nullopt;
  const Date d{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)}, std::chrono::day{static_cast<unsigned>(day)}};
  if (!d.ok()) return std::nullopt;
  return d;
}

std::string fold_name(std::string_view name) {
  std::string out;
  for (const char raw : name) {
    const auto c = static_cast<unsigned char>(raw);
    if (std::isalnum(c) != 0 || c >= 0x80) {
      out += static_cast<char>(std::toupper(c));
    } else if (c != '\'' && !out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool is_licensing_office(std::string_view text) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 4 && letter(text[0]) && letter(text[1]) && is_digit(text[2]) && is_digit(text[3]);
}

bool is_plain_date(std::string_view text) {
  if (text.size() != 10) return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::ranges::count_if(text, is_digit) == 8 && !is_digit(text[2]) && text[2] == text[5];
}

}  // namespace authx::document
