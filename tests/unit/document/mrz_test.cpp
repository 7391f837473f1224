#include "engines/document/mrz.h"

#include <gtest/gtest.h>

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2025y / std::chrono::June / 1d};

Date day(int y, unsigned m, unsigned d) { return {std::chrono::year{y}, std::chrono::month{m}, std::chrono::day{d}}; }

// The specimens of ICAO Doc 9303.
constexpr std::string_view kTd3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
constexpr std::string_view kTd1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
constexpr std::string_view kTd2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
constexpr std::string_view kMrvA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";
constexpr std::string_view kMrvB = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<";

Mrz parsed(std::string_view text) {
  auto m = parse_mrz(text, kToday);
  EXPECT_TRUE(m.has_value());
  return m ? *m : Mrz{};
}

TEST(Mrz, CheckDigitOfTheStandardsExamples) {
  EXPECT_EQ(mrz_check_digit("520727"), '3');
  EXPECT_EQ(mrz_check_digit("AB2134<<<"), '5');
  EXPECT_EQ(mrz_check_digit("<<<<<<"), '0');
  EXPECT_EQ(mrz_check_digit("ab"), '\0');
}

TEST(Mrz, ReadsTheStandardsPassport) {
  const auto m = parsed(kTd3);
  EXPECT_EQ(m.format, MrzFormat::td3);
  EXPECT_TRUE(m.valid());
  EXPECT_EQ(m.document_code, "P");
  EXPECT_EQ(m.issuer, "UTO");
  EXPECT_EQ(m.surname, "ERIKSSON");
  EXPECT_EQ(m.given_names, "ANNA MARIA");
  EXPECT_EQ(m.document_number, "L898902C3");
  EXPECT_EQ(m.birth, day(1974, 8, 12));
  EXPECT_EQ(m.expiry, day(2012, 4, 15));
  EXPECT_EQ(m.sex, 'F');
  EXPECT_EQ(m.optional1, "ZE184226B");
  EXPECT_TRUE(m.issuer_known);
  EXPECT_FALSE(m.name_truncated);
}

TEST(Mrz, ReadsCardsAndVisas) {
  const auto td1 = parsed(kTd1);
  EXPECT_EQ(td1.format, MrzFormat::td1);
  EXPECT_TRUE(td1.valid());
  EXPECT_EQ(td1.document_number, "D23145890");
  EXPECT_EQ(td1.given_names, "ANNA MARIA");
  const auto td2 = parsed(kTd2);
  EXPECT_EQ(td2.format, MrzFormat::td2);
  EXPECT_TRUE(td2.valid());
  const auto a = parsed(kMrvA);
  EXPECT_EQ(a.format, MrzFormat::mrv_a);
  EXPECT_TRUE(a.valid());
  EXPECT_EQ(a.birth, day(1940, 9, 7));
  EXPECT_EQ(a.expiry, day(1996, 12, 10));
  EXPECT_EQ(a.check("composite"), nullptr);
  const auto b = parsed(kMrvB);
  EXPECT_EQ(b.format, MrzFormat::mrv_b);
  EXPECT_TRUE(b.valid());
}

TEST(Mrz, LongDocumentNumberRunsOnInTheOptionalField) {
  const auto m = parsed("I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<");
  EXPECT_EQ(m.document_number, "D23145890734");
  EXPECT_TRUE(m.check("document_number")->passed);
  EXPECT_TRUE(m.valid());
  EXPECT_EQ(m.optional1, "");
}

TEST(Mrz, FrenchCardsBefore2021HaveALayoutOfTheirOwn) {
  const auto m = parsed("IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n8806923102858CORINNE<<<<<<<6512068F6");
  EXPECT_EQ(m.format, MrzFormat::french_id);
  EXPECT_EQ(to_string(m.format), "FRA-ID");
  EXPECT_TRUE(m.valid());
  EXPECT_EQ(m.document_number, "880692310285");
  EXPECT_EQ(m.surname, "BERTHIER");
  EXPECT_EQ(m.given_names, "CORINNE");
  EXPECT_EQ(m.nationality, "FRA");
  EXPECT_EQ(m.birth, day(1965, 12, 6));
  EXPECT_EQ(m.expiry, std::nullopt);
  EXPECT_EQ(m.sex, 'F');
  const auto broken = parsed("IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n8806923102858CORINNE<<<<<<<6512069F6");
  EXPECT_EQ(broken.format, MrzFormat::french_id);
  EXPECT_FALSE(broken.check("birth")->passed);
  // A card of part 6 may begin alike.
  std::string td2{"IDFRA"};
  td2 += std::string{kTd2}.substr(5);
  EXPECT_EQ(parsed(td2).format, MrzFormat::td2);
}

TEST(Mrz, FillersMayStandForDatesAndForTheOptionalCheckDigit) {
  const auto m = parsed("I<UTOD231458907<<<<<<<<<<<<<<<\n<<<<<<0F<<<<<<<UTO<<<<<<<<<<<0\nERIKSSON<<ANNA<MARIA<<<<<<<<<<");
  EXPECT_TRUE(m.check("birth")->passed);
  EXPECT_TRUE(m.check("expiry")->passed);
  EXPECT_EQ(m.birth, std::nullopt);
  const auto p = parsed("PPUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159<<<<<<<<<<<<<<<6");
  EXPECT_EQ(p.document_code, "PP");
  EXPECT_TRUE(p.check("optional")->passed);
  const auto d = parsed("IDD<<T220001293<<<<<<<<<<<<<<<\n6408125<2010315D<<<<<<<<<<<<<4\nMUSTERMANN<<ERIKA<<<<<<<<<<<<<");
  EXPECT_EQ(d.issuer, "D");
  EXPECT_TRUE(d.issuer_known);
  EXPECT_EQ(d.sex, 'X');
  EXPECT_TRUE(d.valid());
}

TEST(Mrz, EveryChangedCharacterOfACheckedFieldIsSeenUnlessTheArithmeticCannot) {
  const auto value = [](char c) { return c == '<' ? 0 : c <= '9' ? c - '0' : c - 'A' + 10; };
  const std::string text{kTd3};
  for (std::size_t i = 45; i < text.size(); ++i) {
    if (i >= 45 + 10 && i < 45 + 13) continue;  // nationality has no digit
    if (i == 45 + 20) continue;                 // nor has sex
    for (const char c : std::string_view{"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"}) {
      if ((value(c) - value(text[i])) % 10 == 0) continue;
      std::string changed = text;
      changed[i] = c;
      const auto m = parse_mrz(changed, kToday);
      ASSERT_TRUE(m);
      EXPECT_FALSE(m->valid()) << i << c;
    }
  }
}

TEST(Mrz, FaultsAreReportedPerField) {
  std::string text{kTd3};
  text[45 + 13] = '6';  // birth year
  const auto m = parsed(text);
  EXPECT_FALSE(m.check("birth")->passed);
  EXPECT_TRUE(m.check("document_number")->passed);
  EXPECT_TRUE(m.check("expiry")->passed);
  EXPECT_FALSE(m.check("composite")->passed);
}

TEST(Mrz, CenturyOfBirthIsTheLatestThatIsNotInTheFuture) {
  const auto line = [](std::string_view yymmdd) {
    std::string second = "L898902C36UTO";
    second += yymmdd;
    second += mrz_check_digit(yymmdd);
    second += "F1204159ZE184226B<<<<<1";
    second += '0';
    return "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<|" + second;
  };
  EXPECT_EQ(parsed(line("250601")).birth, day(2025, 6, 1));
  EXPECT_EQ(parsed(line("250602")).birth, day(1925, 6, 2));
  EXPECT_EQ(parsed(line("740230")).birth, std::nullopt);
  EXPECT_EQ(parsed(line("74<<<<")).birth, std::nullopt);
}

TEST(Mrz, NamesWithoutSurnameAndTruncatedNamesAreKnown) {
  const auto mono = parsed("P<INDRAVICHANDRAN<<<<<<<<<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
  EXPECT_EQ(mono.surname, "RAVICHANDRAN");
  EXPECT_EQ(mono.given_names, "");
  const auto cut = parsed("P<UTONILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
  EXPECT_TRUE(cut.name_truncated);
}

TEST(Mrz, AcceptsLowerCaseSpacesFullWidthAndOneRun) {
  std::string text{kTd3};
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text.insert(5, " ");
  EXPECT_TRUE(parsed(text).valid());
  std::string run{kTd3};
  run.erase(44, 1);
  EXPECT_TRUE(parsed(run).valid());
  std::string wide{kTd3};
  wide.replace(0, 1, "\xEF\xBC\xB0");  // full-width P
  EXPECT_TRUE(parsed(wide).valid());
}

TEST(Mrz, OtherShapesAndCharactersAreRefused) {
  for (const std::string_view bad :
       {"", "P<UTO", "\n\n\n", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<1",
        "P<UTOERIKSS\xC3\x96N<<ANNA<MARIA<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"}) {
    const auto m = parse_mrz(bad, kToday);
    ASSERT_FALSE(m) << bad;
    EXPECT_EQ(m.error().code, Errc::validation);
  }
}

TEST(Mrz, RepairMendsLettersAndDigitsByTheirPlace) {
  std::string text{kTd3};
  text[45 + 10] = 'U';
  text[45 + 15] = 'O';  // birth 74O812
  text[2] = 'U';
  text[4] = '0';  // UT0
  const auto m = repair_mrz(text, kToday);
  ASSERT_TRUE(m);
  EXPECT_TRUE(m->valid());
  EXPECT_TRUE(m->corrected);
  EXPECT_EQ(m->issuer, "UTO");
}

TEST(Mrz, RepairOfTheNumberNeedsOneSolution) {
  std::string text{kTd3};
  text[45 + 5] = 'O';  // 0 -> O
  const auto m = repair_mrz(text, kToday);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->document_number, "L898902C3");
  EXPECT_TRUE(m->corrected);
  // B for 8 has three solutions that satisfy the digits: none is taken.
  std::string ambiguous{kTd3};
  ambiguous[45 + 1] = 'B';
  const auto a = repair_mrz(ambiguous, kToday);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->document_number, "LB98902C3");
  EXPECT_FALSE(a->valid());
  std::string hopeless{kTd3};
  hopeless[45 + 1] = 'W';
  const auto h = repair_mrz(hopeless, kToday);
  ASSERT_TRUE(h);
  EXPECT_FALSE(h->valid());
}

TEST(Mrz, ComposedPassportIsValid) {
  const auto lines = compose_td3({.issuer = "IND",
                                  .surname = "De Souza",
                                  .given_names = "Maria Ana",
                                  .document_number = "Z1234567",
                                  .nationality = "IND",
                                  .birth = day(1990, 1, 2),
                                  .sex = 'F',
                                  .expiry = day(2031, 12, 30),
                                  .optional = {}});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].size(), 44U);
  const auto m = parsed(lines[0] + "\n" + lines[1]);
  EXPECT_TRUE(m.valid());
  EXPECT_EQ(m.surname, "DE SOUZA");
  EXPECT_EQ(m.document_number, "Z1234567");
}

TEST(Mrz, IssuersAreKnown) {
  for (const char* code : {"IND", "USA", "D", "GBD", "UTO", "XXA", "ZWE", "ABW", "RKS", "EUE"}) EXPECT_TRUE(known_issuer(code)) << code;
  for (const char* code : {"", "ZZZ", "IN", "INDX", "AAA"}) EXPECT_FALSE(known_issuer(code)) << code;
}

}  // namespace
}  // namespace authx::document
