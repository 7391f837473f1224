#include "engines/document/mrz_decode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2025y / std::chrono::June / 1d};

std::size_t index_of(char c) { return std::string_view{GlyphNet::kAlphabet}.find(c); }

/// Scores of a classifier that is sure of every character.
MrzScores sure(const std::vector<std::string>& lines) {
  MrzScores out;
  for (const auto& line : lines) {
    auto& row = out.emplace_back();
    for (const char c : line) {
      auto& cell = row.emplace_back();
      cell.fill(static_cast<float>(std::log(1e-6)));
      cell[index_of(c)] = static_cast<float>(std::log(0.9999));
    }
  }
  return out;
}

/// The character at a place is `likely` or, with probability `p`, `other`.
void unsure(MrzScores& s, std::size_t line, std::size_t column, char likely, char other, double p) {
  auto& cell = s[line][column];
  cell.fill(static_cast<float>(std::log(1e-6)));
  cell[index_of(likely)] = static_cast<float>(std::log(1 - p));
  cell[index_of(other)] = static_cast<float>(std::log(p));
}

const std::vector<std::string> kPassport{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"};
const std::vector<std::string> kCard{"I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"};
const std::vector<std::string> kFrench{"IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<", "8806923102858CORINNE<<<<<<<6512068F6"};

TEST(MrzDecode, SureScoresGiveAValidZoneOfEachShape) {
  for (const auto& lines : {kPassport, kCard, kFrench}) {
    const auto d = decode_mrz(sure(lines), kToday);
    EXPECT_EQ(d.mrz.lines, lines);
    EXPECT_TRUE(d.mrz.valid());
    EXPECT_FALSE(d.mrz.corrected);
    EXPECT_GT(d.least, 0.95);
  }
}

TEST(MrzDecode, AnUnclearLetterOfANameIsInDoubtAndTheZoneNotValid) {
  auto s = sure(kPassport);
  unsure(s, 0, 7, 'I', 'L', 0.3);
  const auto d = decode_mrz(s, kToday);
  EXPECT_EQ(d.mrz.lines, kPassport);
  EXPECT_TRUE(d.mrz.checks_passed());
  EXPECT_FALSE(d.mrz.valid());
  ASSERT_EQ(d.mrz.doubts.size(), 1U);
  EXPECT_EQ(d.mrz.doubts[0].line, 0);
  EXPECT_EQ(d.mrz.doubts[0].column, 7);
  EXPECT_EQ(d.mrz.doubts[0].other, 'L');
  EXPECT_NEAR(d.mrz.doubts[0].probability, 0.7, 0.15);
}

TEST(MrzDecode, ACheckedCharacterIsInDoubtOnlyWhereTheArithmeticCannotTell) {
  auto seen = sure(kPassport);
  unsure(seen, 1, 13, '7', '1', 0.3);  // birth: its own and the composite digit
  EXPECT_TRUE(decode_mrz(seen, kToday).mrz.valid());
  auto unseen = sure(kPassport);
  unsure(unseen, 1, 4, '9', 'J', 0.3);  // 9 and J (19) weigh alike modulo 10
  const auto d = decode_mrz(unseen, kToday);
  EXPECT_TRUE(d.mrz.checks_passed());
  EXPECT_FALSE(d.mrz.valid());
}

TEST(MrzDecode, CheckDigitsOverruleTheLikelierOfTwoLookAlikes) {
  auto s = sure(kPassport);
  unsure(s, 1, 2, 'B', '9', 0.4);
  const auto d = decode_mrz(s, kToday);
  EXPECT_EQ(d.mrz.lines, kPassport);
  EXPECT_TRUE(d.mrz.corrected);
}

TEST(MrzDecode, AClearlyPrintedWrongDigitIsKept) {
  auto lines = kPassport;
  lines[1][13] = '6';
  const auto d = decode_mrz(sure(lines), kToday);
  EXPECT_EQ(d.mrz.lines, lines);
  EXPECT_FALSE(d.mrz.checks_passed());
  EXPECT_FALSE(d.mrz.corrected);
}

TEST(MrzDecode, LettersInTheTailOfANameAreFillersUnlessClear) {
  auto s = sure(kPassport);
  unsure(s, 0, 35, 'K', '<', 0.35);
  EXPECT_EQ(decode_mrz(s, kToday).mrz.lines[0], kPassport[0]);
}

TEST(MrzDecode, IssuerAndNationalityComeFromTheList) {
  auto s = sure(kPassport);
  unsure(s, 0, 4, 'D', 'O', 0.4);
  EXPECT_EQ(decode_mrz(s, kToday).mrz.issuer, "UTO");
}

TEST(MrzDecode, OtherShapesGiveNothing) {
  EXPECT_TRUE(decode_mrz({}, kToday).mrz.lines.empty());
  EXPECT_TRUE(decode_mrz(sure({"P<UTO", "L8989"}), kToday).mrz.lines.empty());
  EXPECT_TRUE(decode_mrz(sure({kPassport[0], kFrench[1]}), kToday).mrz.lines.empty());
}

}  // namespace
}  // namespace authx::document
