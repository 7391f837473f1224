#include "engines/specimen/specimen.h"

#include <gtest/gtest.h>

#include "engines/document/aadhaar.h"
#include "engines/document/mrz.h"
#include "engines/document/rules.h"
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

TEST(Specimen, KindsHaveNames) {
  for (const Kind k : all_kinds()) EXPECT_EQ(parse_kind(to_string(k)), k);
  EXPECT_EQ(parse_kind("aadhar"), Kind::aadhaar);
  EXPECT_EQ(parse_kind("x"), std::nullopt);
}

}  // namespace
}  // namespace authx::specimen
