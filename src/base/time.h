#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace authx {

/// UTC, microseconds: what both databases keep exactly.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::year_month_day;

/// The only source of "now". Injected, so that tests move time by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Time now_;
};

std::string format_time(Time t);                        ///< 2024-01-01T10:00:00.123456Z; no fraction when zero
std::string format_time_sortable(Time t);               ///< always six digits of fraction, so that text order is time order
std::optional<Time> parse_time(std::string_view text);  ///< RFC 3339, and PostgreSQL's `2024-01-01 10:00:00.1+00`
std::string format_date(Date d);                        ///< 1990-01-01
std::optional<Date> parse_date(std::string_view text);  ///< exactly YYYY-MM-DD, a day that exists
Date date_of(Time t);
int full_years_between(Date from, Date to);  ///< completed years, e.g. an age

}  // namespace authx
