#include "engines/document/rules.h"

#include <gtest/gtest.h>

#include "engines/document/aadhaar.h"
#include "engines/document/text.h"

namespace authx::document {
namespace {

TEST(Aadhaar, ChecksumAcceptsKnownNumbersAndNoNeighbour) {
  EXPECT_TRUE(aadhaar_valid("234123412346"));
  EXPECT_FALSE(aadhaar_valid("234123412347"));
  EXPECT_TRUE(vid_valid("2341234123412341"));
  const std::string good = "234123412346";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (char c = '0'; c <= '9'; ++c) {
      if (c == good[i]) continue;
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(verhoeff_valid(bad)) << bad;
    }
  }
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    if (good[i] == good[i + 1]) continue;
    std::string swapped = good;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(verhoeff_valid(swapped)) << swapped;
  }
}

TEST(Aadhaar, ShapeRulesHold) {
  EXPECT_FALSE(aadhaar_valid(""));
  EXPECT_FALSE(aadhaar_valid("2341 2341 234"));
  EXPECT_FALSE(aadhaar_valid("034123412346"));
  EXPECT_FALSE(verhoeff_valid("23412a"));
  EXPECT_EQ(verhoeff_digit("23412341234"), '6');
  EXPECT_EQ(verhoeff_digit("12x"), '\0');
}

TEST(Aadhaar, MaskShowsOnlyTheLastFour) {
  EXPECT_EQ(mask_aadhaar("234123412346"), "XXXXXXXX2346");
  EXPECT_EQ(mask_aadhaar("2341234123412341"), "XXXXXXXXXXXX2341");
  EXPECT_EQ(mask_aadhaar("12345"), "XXXXX");
}

TEST(Pan, StructureRulesHold) {
  EXPECT_TRUE(check_pan("ACUPA7085R").valid);
  EXPECT_TRUE(check_pan("acupa 7085 r").valid);
  EXPECT_FALSE(check_pan("ABMXA3211G").valid);
  EXPECT_FALSE(check_pan("ACUPA0000R").valid);
  EXPECT_FALSE(check_pan("ACUPA708R").valid);
  EXPECT_EQ(pan_holder('C'), "company");
  EXPECT_EQ(pan_holder('X'), "");
}

TEST(Pan, FifthLetterIsAnInitialOfTheName) {
  EXPECT_TRUE(pan_fits_name("ACUPS7085R", "RAHUL SHARMA"));
  EXPECT_FALSE(pan_fits_name("ACUPS7085R", "RAHUL GUPTA"));
}

TEST(License, StatesYearsAndOldFormsAreChecked) {
  const auto good = check_driving_license("MH12 20110012345");
  EXPECT_TRUE(good.valid);
  EXPECT_EQ(good.normalised, "MH1220110012345");
  EXPECT_FALSE(check_driving_license("QQ12 20110012345").valid);
  EXPECT_FALSE(check_driving_license("MH12 18110012345").valid);
  EXPECT_TRUE(check_driving_license("KA-0419990001234").valid);
  EXPECT_FALSE(check_driving_license("MH").valid);
}

TEST(Epic, NewAndOldFormsAreChecked) {
  EXPECT_TRUE(check_epic("WKH1186253").valid);
  EXPECT_TRUE(check_epic("DL/01/001/000001").valid);
  EXPECT_FALSE(check_epic("WKH118625").valid);
}

TEST(Dates, PrintedFormsAreRead) {
  const Date d{std::chrono::year{1976}, std::chrono::December, std::chrono::day{14}};
  for (const char* text : {"14/12/1976", "14-12-1976", "14.12.1976", "1976-12-14", "14 DEC 1976", "14 December 1976"})
    EXPECT_EQ(parse_printed_date(text), d) << text;
  for (const char* text : {"", "31/02/2000", "12/14/1976", "14/12/76", "14 FOO 1976", "14/12/1976/1", "aa/bb/cccc", "99999999999/1/1"})
    EXPECT_EQ(parse_printed_date(text), std::nullopt) << text;
}

TEST(Text, LikenessToleratesFewEdits) {
  EXPECT_TRUE(has_like("Goverment of lndia", "Government of India"));
  EXPECT_TRUE(has_like("Name: X", "name"));
  EXPECT_FALSE(has_like("Game: X", "name"));
  EXPECT_FALSE(has_like("", "name"));
  EXPECT_EQ(find_like("DOB: 1/2/2000", "DOB").end, 3U);
}

TEST(Text, RowsFollowTheEyeNotTheBlocks) {
  std::vector<Word> words{
      {"b", 0.9, {200, 12, 20, 20}}, {"c", 0.9, {10, 60, 20, 20}}, {"a", 0.9, {10, 10, 20, 20}}, {"-", 0.9, {100, 19, 10, 4}}};
  const auto rows = group_rows(words);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].text(), "a - b");
  EXPECT_EQ(rows[1].text(), "c");
}

}  // namespace
}  // namespace authx::document
