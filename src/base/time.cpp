#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace authx {
namespace {

using namespace std::chrono;

/// Reads exactly `count` digits at `pos` and moves past them.
std::optional<int> digits(std::string_view text, std::size_t& pos, std::size_t count) {
  if (pos + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[pos + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  pos += count;
  return value;
}

bool skip(std::string_view text, std::size_t& pos, std::string_view any_of) {
  if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
  ++pos;
  return true;
}

std::optional<Date> date_at(std::string_view text, std::size_t& pos) {
  const auto y = digits(text, pos, 4);
  if (!y || !skip(text, pos, "-")) return std::nullopt;
  const auto m = digits(text, pos, 2);
  if (!m || !skip(text, pos, "-")) return std::nullopt;
  const auto d = digits(text, pos, 2);
  if (!d) return std::nullopt;
  const Date date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return date;
}

}  // namespace

Time SystemClock::now() const { return time_point_cast<microseconds>(system_clock::now()); }

namespace {

/// `value` in `width` digits, with leading zeros.
char* put(char* to, std::int64_t value, int width) {
  for (int i = width; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + width;
}

std::string format(Time t, bool always_fraction) {
  const auto days_part = floor<days>(t);
  const Date date{days_part};
  const hh_mm_ss time{t - days_part};
  const std::int64_t us = time.subseconds().count();
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", year, static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count(), us);
  }
  std::array<char, 32> text;
  char* at = put(text.data(), year, 4);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put(at, time.hours().count(), 2);
  *at++ = ':';
  at = put(at, time.minutes().count(), 2);
  *at++ = ':';
  at = put(at, time.seconds().count(), 2);
  if (always_fraction || us != 0) {
    *at++ = '.';
    at = put(at, us, 6);
  }
  *at++ = 'Z';
  return {text.data(), at};
}

}  // namespace

std::string format_time(Time t) { return format(t, false); }

std::string format_time_sortable(Time t) { return format(t, true); }

std::optional<Time> parse_time(std::string_view text) {
  std::size_t pos = 0;
  const auto date = date_at(text, pos);
  if (!date || !skip(text, pos, "Tt ")) return std::nullopt;
  const auto h = digits(text, pos, 2);
  if (!h || !skip(text, pos, ":")) return std::nullopt;
  const auto m = digits(text, pos, 2);
  if (!m || !skip(text, pos, ":")) return std::nullopt;
  const auto s = digits(text, pos, 2);
  if (!s || *h > 23 || *m > 59 || *s > 59) return std::nullopt;
  std::int64_t fraction = 0;
  if (skip(text, pos, ".")) {
    std::size_t count = 0;
    std::int64_t scale = 100'000;
    while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') {
      fraction += (text[pos] - '0') * scale;
      scale /= 10;
      ++pos;
      if (++count > 9) return std::nullopt;
    }
    if (count == 0) return std::nullopt;
  }
  minutes offset{0};
  if (!skip(text, pos, "Zz")) {
    const bool negative = pos < text.size() && text[pos] == '-';
    if (!skip(text, pos, "+-")) return std::nullopt;
    const auto oh = digits(text, pos, 2);
    if (!oh || *oh > 23) return std::nullopt;
    int om = 0;
    if (pos < text.size()) {
      skip(text, pos, ":");
      const auto parsed = digits(text, pos, 2);
      if (!parsed || *parsed > 59) return std::nullopt;
      om = *parsed;
    }
    offset = hours{*oh} + minutes{om};
    if (negative) offset = -offset;
  }
  if (pos != text.size()) return std::nullopt;
  return Time{sys_days{*date}} + hours{*h} + minutes{*m} + seconds{*s} + microseconds{fraction} - offset;
}

std::string format_date(Date d) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()), static_cast<unsigned>(d.day()));
}

std::optional<Date> parse_date(std::string_view text) {
  std::size_t pos = 0;
  const auto date = date_at(text, pos);
  if (!date || pos != text.size()) return std::nullopt;
  return date;
}

Date date_of(Time t) { return Date{floor<days>(t)}; }

int full_years_between(Date from, Date to) {
  int years = static_cast<int>(to.year()) - static_cast<int>(from.year());
  if (month_day{to.month(), to.day()} < month_day{from.month(), from.day()}) --years;
  return years;
}

}  // namespace authx
