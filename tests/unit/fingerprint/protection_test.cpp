#include "engines/fingerprint/protection.h"

#include <gtest/gtest.h>

#include <numeric>

#include "engines/fingerprint/evaluate.h"
#include "engines/fingerprint/extract.h"
#include "imaging/decode.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

const Bytes kKey(32, 1), kOtherKey(32, 2);

Template finger(unsigned seed, double rotation = 0, double dx = 0, double dy = 0) {
  return extract(test::Finger{seed}.image(rotation, dx, dy))->finger;
}

TEST(Protection, TheSameFingerMatchesUnderOneKeyAndIsLikerThanOthers) {
  const Protection p{kKey};
  const auto enrolled = p.apply(finger(1));
  const auto same = ProtectedProbe{p, finger(1, 0.15, 8, -5)}.match(enrolled);
  EXPECT_TRUE(same.match) << same.score;
  // These fictitious fingers have nearly one flow, so they are liker than real ones: the order must hold all the same.
  for (unsigned other = 2; other < 8; ++other)
    EXPECT_LT((ProtectedProbe{p, finger(other)}.match(enrolled).score), 0.75 * same.score) << other;
}

TEST(Protection, ReferencesOfOneFingerUnderTwoKeysAreLikeThoseOfTwoFingers) {
  const Protection a{kKey}, b{kOtherKey};
  const auto one = finger(1), two = finger(2);
  const ProtectedProbe probe{a, one};
  EXPECT_GT(probe.match(a.apply(one)).score, 0.9);
  EXPECT_FALSE(probe.match(b.apply(one)).match);
  EXPECT_LT(probe.match(b.apply(one)).score, 0.1);
  EXPECT_LT(probe.match(b.apply(two)).score, 0.1);
}

TEST(Protection, PairsMustAgreeOnOneMotion) {
  // The same surroundings in other places: shuffled along the axis, the marks' likeness alone must not do.
  const Protection p{kKey};
  const auto t = finger(1);
  const ProtectedProbe probe{p, t};
  auto scattered = p.apply(t);
  for (std::size_t i = 0; i < scattered.marks.size(); ++i) scattered.marks[i].place ^= static_cast<std::uint16_t>(i * 40503 >> 3);
  EXPECT_LT(probe.match(scattered).score, 0.5 * probe.match(p.apply(t)).score);
}

TEST(Protection, APlaceAloneSaysNothingAcrossKeys) {
  // Masks are drawn by the key: what two keys make of one place is unlike.
  const Protection a{kKey}, b{kOtherKey};
  const auto t = finger(1);
  const auto one = a.apply(t), two = b.apply(t);
  std::size_t equal = 0;
  for (const auto& m : one.marks) equal += static_cast<std::size_t>(std::ranges::count(two.marks, m.place, &ProtectedMinutia::place));
  EXPECT_LE(equal, 1u);
}

TEST(Protection, IsDeterministicAndHoldsNoOrder) {
  const Protection p{kKey}, again{kKey};
  auto t = finger(1);
  const auto first = p.apply(t);
  EXPECT_EQ(first, again.apply(t));
  EXPECT_TRUE(std::ranges::is_sorted(first.marks));
}

TEST(Protection, ReadsBackAndRefusesEverythingElse) {
  const auto t = Protection{kKey}.apply(finger(1));
  Bytes bytes = serialize(t);
  EXPECT_LE(bytes.size(), 4227u);
  const auto back = deserialize_protected(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, t);
  for (std::size_t n = 0; n < bytes.size(); n += 11) EXPECT_FALSE(deserialize_protected(BytesView{bytes}.first(n)));
  for (const auto& [at, value] : {std::pair{0u, 9}, {1u, 101}, {2u, 65}, {2u, 255}}) {
    Bytes altered = bytes;
    altered[at] = static_cast<std::uint8_t>(value);
    EXPECT_FALSE(deserialize_protected(altered));
  }
  bytes.push_back(0);
  EXPECT_FALSE(deserialize_protected(bytes));
}

TEST(Protection, EmptyTemplatesNeverMatch) {
  const Protection p{kKey};
  EXPECT_FALSE((ProtectedProbe{p, {}}.match(p.apply({})).match));
  EXPECT_FALSE((ProtectedProbe{p, {}}.match(p.apply(finger(1))).match));
  EXPECT_FALSE((ProtectedProbe{p, finger(1)}.match(p.apply({})).match));
}

/// FVC2002's sets: floors of accuracy under one key, and no more likeness than chance across two.
TEST(Protection, KeepsItsFloorsOnTheDevelopmentSets) {
  if (!std::filesystem::exists(test::data() / "FVC2002_DB1_B")) GTEST_SKIP() << "needs AUTHX_SHARED_DATA: " << test::data();
  const Protection a{kKey}, b{kOtherKey};
  double eer = 0;
  std::vector<Trial> across;
  for (int set = 1; set <= 4; ++set) {
    std::vector<ProtectedProbe> probes;
    std::vector<ProtectedTemplate> one, two;
    std::vector<Trial> trials;
    for (unsigned f = 101; f <= 110; ++f) {
      for (unsigned i = 1; i <= 4; ++i) {  // half of the impressions, for time
        const auto name = "FVC2002_DB" + std::to_string(set) + "_B/" + std::to_string(f) + "_" + std::to_string(i) + ".png";
        const auto decoded = imaging::decode(test::file(test::data() / name));
        ASSERT_TRUE(decoded) << name;
        const auto e = extract(decoded->pages.front(), set == 2 ? 569 : 500);
        const Template t = e ? e->finger : Template{};
        probes.emplace_back(a, t), one.push_back(a.apply(t)), two.push_back(b.apply(t));
      }
    }
    for (std::size_t i = 0; i < one.size(); ++i) {
      for (std::size_t j = i + 1; j < one.size(); ++j)
        trials.push_back({probes[i].match(one[j]).score, static_cast<unsigned>(i / 4), static_cast<unsigned>(j / 4), 1, 2});
      for (std::size_t j = 0; j < two.size(); ++j)
        across.push_back({probes[i].match(two[j]).score, static_cast<unsigned>(i / 4), static_cast<unsigned>(j / 4), 1, 2});
    }
    eer += rates_of(trials).eer / 4;
  }
  RecordProperty("mean_eer", std::to_string(eer));
  RecordProperty("eer_across_keys", std::to_string(rates_of(across).eer));
  EXPECT_LT(eer, 0.045);
  EXPECT_GT(rates_of(across).eer, 0.45);
}

}  // namespace
}  // namespace authx::fingerprint
