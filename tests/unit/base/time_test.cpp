#include "base/time.h"

#include <gtest/gtest.h>

namespace authx {
namespace {

using namespace std::chrono;

TEST(ParseTime, ReadsRfc3339AndPostgres) {
  const Time expected = Time{sys_days{year{2024} / 1 / 1}} + 10h;
  EXPECT_EQ(parse_time("2024-01-01T10:00:00Z"), expected);
  EXPECT_EQ(parse_time("2024-01-01 10:00:00+00"), expected);
  EXPECT_EQ(parse_time("2024-01-01T15:30:00+05:30"), expected);
  EXPECT_EQ(parse_time("2024-01-01T10:00:00.25Z"), expected + 250ms);
}

TEST(ParseTime, RefusesWhatIsNoInstant) {
  for (const auto* text : {"", "2024-01-01", "2024-01-01T10:00:00", "2024-02-30T10:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T10:00:00.Z",
                           "2024-01-01T10:00:00Zx", "2024-1-01T10:00:00Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(FormatTime, GivesAFractionWhereThereIsOneOrWhereTextMustSort) {
  const auto t = *parse_time("2026-01-02T03:04:05Z");
  EXPECT_EQ(format_time(t), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_time_sortable(t), "2026-01-02T03:04:05.000000Z");
  EXPECT_EQ(format_time_sortable(*parse_time("0001-12-31T23:59:59.5Z")), "0001-12-31T23:59:59.500000Z");
}

TEST(FormatTime, RoundTripsMicroseconds) {
  const Time t = Time{sys_days{year{2026} / 11 / 23}} + 1h + 2min + 3s + 4us;
  EXPECT_EQ(format_time(t), "2026-11-23T01:02:03.000004Z");
  EXPECT_EQ(parse_time(format_time(t)), t);
}

TEST(ParseDate, KnowsLeapYears) {
  EXPECT_TRUE(parse_date("2024-02-29"));
  EXPECT_FALSE(parse_date("2023-02-29"));
  EXPECT_FALSE(parse_date("1990-13-01"));
  EXPECT_FALSE(parse_date("1990-01-01 "));
}

TEST(FullYears, CountsCompletedBirthdaysOnly) {
  const Date born{year{1990}, month{6}, day{15}};
  EXPECT_EQ(full_years_between(born, Date{year{2020}, month{6}, day{14}}), 29);
  EXPECT_EQ(full_years_between(born, Date{year{2020}, month{6}, day{15}}), 30);
}

}  // namespace
}  // namespace authx
