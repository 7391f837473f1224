#include "engines/fingerprint/matcher.h"

#include <gtest/gtest.h>

#include "engines/fingerprint/calibration.h"
#include "engines/fingerprint/exchange.h"
#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/fusion.h"
#include "engines/fingerprint/gallery.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

Template seen(const test::Finger& finger, double rotation = 0, double dx = 0, double dy = 0, int width = 360, int height = 400) {
  auto e = extract(finger.image(rotation, dx, dy, 1, width, height));
  EXPECT_TRUE(e);
  return e ? std::move(e->finger) : Template{};
}

TEST(Match, HoldsUnderEveryRotationAndSaysWhich) {
  const test::Finger finger{10};
  const auto upright = seen(finger);
  for (int degrees = 0; degrees < 360; degrees += 30) {
    const double turn = degrees * std::numbers::pi / 180;
    const auto m = match(upright, seen(finger, turn));
    EXPECT_TRUE(m.match) << degrees << ": " << m.score;
    // A positive turn of the image runs clockwise on screen.
    EXPECT_LT(std::abs(std::remainder(m.rotation + turn, 2 * std::numbers::pi)), 0.06) << degrees;
  }
}

TEST(Match, HoldsUnderDisplacementAndPartialOverlap) {
  const test::Finger finger{11};
  const auto whole = seen(finger);
  for (const auto& [dx, dy] : {std::pair{30.0, 0.0}, {0.0, -40.0}, {-60.0, 50.0}})
    EXPECT_TRUE(match(whole, seen(finger, 0.1, dx, dy)).match) << dx << "," << dy;
  EXPECT_TRUE(match(whole, seen(finger, -0.2, 30, 20, 220, 240)).match);
}

TEST(Match, OtherFingersDoNotMatch) {
  std::vector<Template> all;
  for (unsigned seed = 20; seed < 32; ++seed) all.push_back(seen(test::Finger{seed}));
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(match(all[i], all[i]).match);
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(match(all[i], all[j]).match) << i << " " << j << " " << match(all[i], all[j]).score;
  }
}

TEST(Match, IsNearlyTheSameBothWays) {
  const test::Finger finger{12};
  const auto a = seen(finger), b = seen(finger, 0.3, 12, -9);
  EXPECT_NEAR(match(a, b).score, match(b, a).score, 0.1 * match(a, b).score);
}

TEST(Match, EmptyAndTinyTemplatesNeverMatch) {
  const auto a = seen(test::Finger{13});
  Template two = a;
  two.minutiae.resize(2);
  describe(two);
  for (const Template& t : {Template{}, two}) {
    EXPECT_FALSE(match(a, t).match);
    EXPECT_FALSE(match(t, a).match);
    EXPECT_FALSE(match(t, t).match);
    EXPECT_EQ(match(t, t).fmr, 1);
  }
}

TEST(Match, CrowdsOfEqualMinutiaeAreSurvived) {
  Template t;
  t.width = t.height = 300;
  t.minutiae.assign(Template::kMaxUsed, {150, 150, 0, MinutiaType::ending, 50});
  describe(t);
  EXPECT_FALSE(std::isnan(match(t, t).score));
}

TEST(Match, WorksThroughAnExchangeFormat) {
  const test::Finger finger{14};
  for (const auto format : {Format::iso_2005, Format::iso_2011, Format::ansi_2004, Format::iso_2005_card}) {
    const auto bytes = to_exchange(seen(finger), format);
    ASSERT_TRUE(bytes);
    const auto record = read_record(*bytes, format);
    ASSERT_TRUE(record);
    const auto foreign = to_template(record->views.front(), format);
    ASSERT_TRUE(foreign);
    const auto own = match(seen(finger, 0.2, 10, 10), *foreign), other = match(seen(test::Finger{15}), *foreign);
    EXPECT_GT(own.score, 2 * other.score) << to_string(format);
    EXPECT_TRUE(own.match) << to_string(format);
  }
}

TEST(Calibration, FallsWithTheScoreAndInverts) {
  double last = 1.1;
  for (double s = -1; s < 12; s += 0.05) {
    EXPECT_LE(fmr_at(s), last);
    last = fmr_at(s);
  }
  EXPECT_EQ(fmr_at(std::nan("")), 1);
  for (const double fmr : {1e-2, 1e-3, 1e-4, 1e-6}) EXPECT_NEAR(std::log10(fmr_at(threshold_at(fmr))), std::log10(fmr), 1e-6);
}

TEST(Fusion, TheBestPairDecidesAndTheRateCountsTheTries) {
  const test::Finger finger{16};
  const std::vector<Template> gallery{seen(test::Finger{17}), seen(finger)};
  const std::vector<Template> probe{seen(finger, 0.1)};
  const auto single = match(probe[0], gallery[1]), fused = match_impressions(probe, gallery);
  EXPECT_EQ(fused.score, single.score);
  EXPECT_DOUBLE_EQ(fused.fmr, std::min(1.0, 2 * single.fmr));
  EXPECT_FALSE(match_impressions({}, gallery).match);
}

TEST(Gallery, FindsTheFingerAmongOthers) {
  std::vector<Template> enrolled;
  for (unsigned seed = 40; seed < 60; ++seed) enrolled.push_back(seen(test::Finger{seed}));
  const Gallery gallery{std::move(enrolled)};
  for (const unsigned i : {0u, 7u, 19u}) {
    const auto probe = seen(test::Finger{40 + i}, 0.4, 8, -15);
    const auto list = gallery.shortlist(probe, 5);
    EXPECT_EQ(list.size(), 5u);
    EXPECT_TRUE(std::ranges::any_of(list, [&](const Candidate& c) { return c.index == i; }));
    const auto found = gallery.search(probe, 1e-2, 5);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().index, i);
  }
  EXPECT_TRUE(gallery.search(seen(test::Finger{99}), 1e-2, 20).empty());
}

TEST(Gallery, EmptyGalleriesAndProbesFindNothing) {
  const Gallery none{{}};
  EXPECT_TRUE(none.search(seen(test::Finger{1})).empty());
  const Gallery one{{seen(test::Finger{1})}};
  EXPECT_TRUE(one.search(Template{}).empty());
}

}  // namespace
}  // namespace authx::fingerprint
