#include "engines/specimen/specimen.h"

#include <gtest/gtest.h>

#include "engines/document/aadhaar.h"
#include "engines/document/authenticity/offices.h"
#include "engines/document/mrz.h"
#include "engines/document/rules.h"
#include "engines/specimen/counterfeit.h"
#include "engines/specimen/scripts.h"

namespace authx::specimen {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2026y / std::chrono::June / 1d};

Request request(Kind kind, std::uint64_t seed, int level = 0) {
  Request r;
  r.kind = kind;
  r.seed = seed;
  r.level = level;
  r.today = kToday;
  return r;
}

TEST(Specimen, SameSeedGivesTheSamePicture) {
  for (const Kind kind : all_kinds()) {
    const auto a = generate(request(kind, 3, 2));
    const auto b = generate(request(kind, 3, 2));
    const auto c = generate(request(kind, 4, 2));
    ASSERT_TRUE(a && b && c) << to_string(kind);
    EXPECT_EQ(a->image.pixels, b->image.pixels);
    EXPECT_NE(a->image.pixels, c->image.pixels);
    EXPECT_EQ(a->truth.number, b->truth.number);
  }
}

TEST(Specimen, NumbersObeyTheRulesOfTheirKind) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_TRUE(document::aadhaar_valid(generate(request(Kind::aadhaar, seed))->truth.number));
    const auto pan = generate(request(Kind::pan, seed));
    EXPECT_TRUE(document::check_pan(pan->truth.number).valid);
    EXPECT_TRUE(document::pan_fits_name(pan->truth.number, pan->truth.name));
    EXPECT_TRUE(document::check_driving_license(generate(request(Kind::driving_license, seed))->truth.number).valid);
    EXPECT_TRUE(document::check_epic(generate(request(Kind::voter_id, seed))->truth.number).valid);
    const auto passport = generate(request(Kind::passport, seed));
    const auto mrz = document::parse_mrz(passport->truth.mrz[0] + "\n" + passport->truth.mrz[1], kToday);
    ASSERT_TRUE(mrz);
    EXPECT_TRUE(mrz->valid());
    EXPECT_TRUE(mrz->issuer_known);
    EXPECT_EQ(mrz->birth, passport->truth.dob);
  }
}

TEST(Specimen, LocalNamesArePrintedInTheScriptAskedFor) {
  for (const auto script : all_scripts()) {
    auto r = request(Kind::aadhaar, 9);
    r.script = script;
    const auto made = generate(r);
    ASSERT_TRUE(made) << script << (made ? "" : made.error().detail);
    EXPECT_FALSE(made->truth.name_local.empty());
    EXPECT_NE(made->image.pixels, generate(request(Kind::aadhaar, 9))->image.pixels) << script;
  }
  auto r = request(Kind::aadhaar, 9);
  r.script = "Latn";
  EXPECT_FALSE(generate(r));
}

TEST(Specimen, GivenPersonAndPortraitAreDrawn) {
  auto r = request(Kind::aadhaar, 9);
  r.name = "Test Person";
  r.dob = 1990y / std::chrono::January / 2d;
  r.gender = "F";
  r.number = "234123412346";
  const imaging::Image red(50, 60, 3, 40);
  r.portrait = &red;
  const auto s = generate(r);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->truth.name, "Test Person");
  EXPECT_EQ(s->truth.gender, "F");
  EXPECT_EQ(s->truth.number, "234123412346");
  const auto& p = s->truth.portrait;
  const auto& o = s->truth.outline[0];
  const int x = static_cast<int>(o.x) + p.x + p.width / 2;
  const int y = static_cast<int>(o.y) + p.y + p.height / 2;
  EXPECT_NEAR(s->image.row(y)[x * 3], 40, 12);
}

TEST(Specimen, WrongRequestsAreRefused) {
  auto r = request(Kind::aadhaar, 1);
  r.number = "123";
  EXPECT_FALSE(generate(r));
  r = request(Kind::pan, 1);
  r.number = "ACUPA0000R";
  EXPECT_FALSE(generate(r));
  r = request(Kind::pan, 1);
  r.level = 7;
  EXPECT_FALSE(generate(r));
  r = request(Kind::pan, 1);
  r.dob = 2090y / std::chrono::January / 2d;
  EXPECT_FALSE(generate(r));
  r = request(Kind::pan, 1);
  r.name = "<script>";
  EXPECT_FALSE(generate(r));
}

Truth counterfeit(Counterfeit what, Kind kind, std::uint64_t seed) {
  auto r = request(kind, seed);
  r.counterfeit = what;
  const auto made = generate(r);
  EXPECT_TRUE(made) << to_string(what) << (made ? "" : made.error().detail);
  return made ? made->truth : Truth{};
}

TEST(Counterfeit, PrintsTheOneThingWrong) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_FALSE(document::aadhaar_valid(counterfeit(Counterfeit::check_digit, Kind::aadhaar, seed).number));
    for (const auto what : {Counterfeit::check_digit, Counterfeit::zone_digit}) {
      const auto t = counterfeit(what, Kind::passport, seed);
      const auto mrz = document::parse_mrz(t.mrz[0] + "\n" + t.mrz[1], kToday);
      ASSERT_TRUE(mrz);
      EXPECT_FALSE(mrz->checks_passed()) << to_string(what) << ' ' << t.mrz[1];
    }
    for (const auto what : {Counterfeit::other_number, Counterfeit::other_birth, Counterfeit::other_expiry}) {
      const auto t = counterfeit(what, Kind::passport, seed);
      const auto mrz = document::parse_mrz(t.mrz[0] + "\n" + t.mrz[1], kToday);
      ASSERT_TRUE(mrz && mrz->checks_passed()) << to_string(what);
      EXPECT_EQ(mrz->document_number == t.number, what != Counterfeit::other_number);
      EXPECT_EQ(*mrz->birth == t.dob, what != Counterfeit::other_birth);
      EXPECT_EQ(*mrz->expiry == *t.expiry_date, what != Counterfeit::other_expiry);
    }
    for (const auto kind : {Kind::passport, Kind::driving_license}) {
      EXPECT_LT(*counterfeit(Counterfeit::expired, kind, seed).expiry_date, kToday);
      EXPECT_GT(*counterfeit(Counterfeit::future_issue, kind, seed).issue_date, kToday);
    }
    const auto state = counterfeit(Counterfeit::wrong_state, Kind::driving_license, seed).number;
    EXPECT_FALSE(document::known_indian_state(std::string_view{state}.substr(0, 2))) << state;
    const auto office = counterfeit(Counterfeit::wrong_office, Kind::driving_license, seed).number;
    EXPECT_GT(std::stoi(office.substr(2, 2)), document::authenticity::offices_of(office.substr(0, 2)).last) << office;
    EXPECT_TRUE(document::check_driving_license(office).valid);
    EXPECT_NE(counterfeit(Counterfeit::wrong_holder, Kind::pan, seed).number[3], 'P');
  }
}

TEST(Counterfeit, IsOfTheSamePersonAndRefusedWhereItCannotBe) {
  const auto genuine = generate(request(Kind::passport, 5));
  const auto other = counterfeit(Counterfeit::other_birth, Kind::passport, 5);
  EXPECT_EQ(genuine->truth.number, other.number);
  EXPECT_EQ(genuine->truth.mrz, other.mrz);
  EXPECT_NE(genuine->truth.dob, other.dob);
  for (const auto what : all_counterfeits()) {
    EXPECT_EQ(parse_counterfeit(to_string(what)), what);
    for (const auto kind : all_kinds()) {
      auto r = request(kind, 6);
      r.counterfeit = what;
      EXPECT_EQ(generate(r).has_value(), fits(what, kind)) << to_string(what) << " on " << to_string(kind);
    }
  }
  EXPECT_FALSE(parse_counterfeit("none"));
}

TEST(Counterfeit, ValuesThatChangedPlacesAreDrawnThere) {
  const auto genuine = generate(request(Kind::pan, 7));
  auto r = request(Kind::pan, 7);
  r.counterfeit = Counterfeit::moved_values;
  const auto moved = generate(r);
  ASSERT_TRUE(genuine && moved);
  EXPECT_NE(genuine->image.pixels, moved->image.pixels);
  EXPECT_GT(moved->truth.values.front().box.y, genuine->truth.values.front().box.y + 100) << "the number stood above the name";
}

TEST(Specimen, KindsHaveNames) {
  for (const Kind k : all_kinds()) EXPECT_EQ(parse_kind(to_string(k)), k);
  EXPECT_EQ(parse_kind("aadhar"), Kind::aadhaar);
  EXPECT_EQ(parse_kind("x"), std::nullopt);
}

}  // namespace
}  // namespace authx::specimen
