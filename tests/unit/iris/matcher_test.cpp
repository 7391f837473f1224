#include "engines/iris/matcher.h"

#include <gtest/gtest.h>

#include "engines/iris/calibration.h"
#include "engines/iris/extract.h"
#include "engines/iris/fusion.h"
#include "engines/iris/gallery.h"
#include "engines/iris/kernel.h"
#include "eyes.h"

namespace authx::iris {
namespace {

using test::draw_eye;
using test::Drawing;

Template enrolled(unsigned identity, const Drawing& d = {}, Eye eye = Eye::unknown) {
  auto e = extract(draw_eye(identity, d), eye);
  EXPECT_TRUE(e) << identity;
  return e ? e->iris : Template{};
}

TEST(IrisMatch, ASecondImageOfTheSameEyeMatches) {
  const auto a = enrolled(1), b = enrolled(1, {.x = 150, .y = 125, .pupil = 27, .noise_seed = 2});
  const auto m = match(a, b);
  EXPECT_TRUE(m.match);
  EXPECT_LT(m.distance, 0.3);
}

TEST(IrisMatch, AnotherEyeDoesNot) {
  const auto a = enrolled(1);
  for (unsigned other = 2; other < 8; ++other) EXPECT_FALSE(match(a, enrolled(other)).match) << other;
}

TEST(IrisMatch, ATurnedHeadIsFoundAndMeasured) {
  for (const double degrees : {-18.0, 12.0}) {
    const auto m = match(enrolled(2), enrolled(2, {.roll = degrees * std::numbers::pi / 180, .noise_seed = 3}));
    EXPECT_TRUE(m.match) << degrees;
    EXPECT_NEAR(std::abs(m.rotation), std::abs(degrees), 3);
  }
}

TEST(IrisMatch, IsSymmetric) {
  const auto a = enrolled(3), b = enrolled(3, {.upper_lid = -0.5, .noise_seed = 5}), c = enrolled(4);
  EXPECT_DOUBLE_EQ(match(a, b).distance, match(b, a).distance);
  EXPECT_DOUBLE_EQ(match(a, c).distance, match(c, a).distance);
}

TEST(IrisMatch, CodesWithoutCommonBitsAreStrangers) {
  const Template empty;
  const auto m = match(empty, enrolled(5));
  EXPECT_FALSE(m.match);
  EXPECT_DOUBLE_EQ(m.distance, 0.5);
  EXPECT_GT(m.fmr, 0.999);
}

TEST(IrisMatch, FewerSharedBitsWeighLess) {
  const auto a = enrolled(6), whole = enrolled(6, {.noise_seed = 2}), part = enrolled(6, {.upper_lid = -0.1, .noise_seed = 2});
  EXPECT_LT(match(a, whole).distance, match(a, part).distance);
}

TEST(IrisKernels, AllCountTheSame) {
  const auto a = enrolled(7).code, b = enrolled(8, {.upper_lid = -0.5}).code;
  for (const auto& [first, step] : {std::pair{0, 1}, {1, 6}, {23, 1}}) {
    int shared = 0, different = 0;
    for (int i = first; i < Code::kGroups; i += step) {
      for (std::size_t bit = 0; bit < 256; ++bit) {
        const auto on = [&](const auto& words, std::size_t offset) { return words[offset + bit / 64] >> bit % 64 & 1; };
        const auto &x = a.groups[static_cast<std::size_t>(i)], &y = b.groups[static_cast<std::size_t>(i)];
        if (!on(x.mask, 0) || !on(y.mask, 0)) continue;
        shared += 2;
        different += (on(x.bits, 0) != on(y.bits, 0)) + (on(x.bits, 4) != on(y.bits, 4));
      }
    }
    ASSERT_GT(shared, 0);
    for (const auto& k : kernels()) {
      const Count c = k.count(a, b, first, step);
      EXPECT_EQ(c.shared, shared) << k.name;
      EXPECT_EQ(c.different, different) << k.name;
    }
  }
}

TEST(IrisKernels, SeveralAtOnceCountAsOneByOne) {
  const auto probe = enrolled(7).code;
  std::vector<Code> others;
  for (unsigned i = 0; i < kAtOnce; ++i) others.push_back(enrolled(7 + i, {.upper_lid = -0.5 - 0.1 * i}).code);
  others[1] = {};
  const Code* several[kAtOnce];
  for (std::size_t i = 0; i < kAtOnce; ++i) several[i] = &others[i];
  for (const auto& k : kernels()) {
    Count counts[kAtOnce];
    k.count_several(probe, several, counts);
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      const Count want = kernels().back().count(probe, others[i], 0, 1);
      EXPECT_EQ(counts[i].shared, want.shared) << k.name << " " << i;
      EXPECT_EQ(counts[i].different, want.different) << k.name << " " << i;
    }
  }
}

TEST(IrisMatch, ManyAtOnceCompareAsOneByOne) {
  const Probe probe{enrolled(50).code};
  std::vector<Template> others;
  for (unsigned i = 0; i < kAtOnce + 3; ++i) others.push_back(enrolled(49 + i, {.roll = 0.02 * i, .noise_seed = 3}));
  others.push_back({});
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, kAtOnce, others.size()}) {
    const auto all = probe.compare_all(std::span{others}.first(n));
    ASSERT_EQ(all.size(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const Match one = probe.compare(others[i].code);
      EXPECT_EQ(all[i].distance, one.distance);
      EXPECT_EQ(all[i].rotation, one.rotation);
      EXPECT_EQ(all[i].bits, one.bits);
      EXPECT_EQ(all[i].match, one.match);
    }
  }
  EXPECT_TRUE(probe.compare_all(others)[1].match);
  EXPECT_FALSE(probe.compare_all(others).back().match);
}

TEST(IrisMatch, TheBestRotationIsTheLeastDistance) {
  // Against the definition: every rotation's distance by itself.
  const auto a = enrolled(51, {.roll = 0.15}).code;
  for (const auto& b : {enrolled(51).code, enrolled(52).code}) {
    double least = 0.5;
    const Probe probe{a};
    for (int turn = -kShifts; turn <= kShifts; ++turn) {
      int different = 0, shared = 0;
      for (std::size_t g = 0; g < Code::kGroups; ++g) {
        for (int bit = 0; bit < 256; ++bit) {
          const int from = (bit + turn + 256) % 256;
          const auto on = [](const auto& words, int at) { return (words[static_cast<std::size_t>(at / 64)] >> (at % 64) & 1) != 0; };
          const auto &x = a.groups[g], &y = b.groups[g];
          if (!on(x.mask, from) || !on(y.mask, bit)) continue;
          shared += 2;
          different += (on(x.bits, from) != on(y.bits, bit) ? 1 : 0) + (on(x.bits, from + 256) != on(y.bits, bit + 256) ? 1 : 0);
        }
      }
      if (shared < kLeastBits) continue;
      least = std::min(least, 0.5 - (0.5 - static_cast<double>(different) / shared) * std::min(std::sqrt(shared / kTypicalBits), 1.5));
    }
    EXPECT_NEAR(probe.compare(b).distance, least, 1e-7);
  }
}

TEST(IrisCalibration, RatesFallWithTheDistanceAndThresholdsInvertThem) {
  EXPECT_GT(fmr_at(0.5), 0.99);
  EXPECT_LT(fmr_at(0.3), 1e-12);
  for (const double rate : {1e-2, 1e-4, 1e-8}) {
    const double t = threshold_at(rate);
    EXPECT_NEAR(fmr_at(t) / rate, 1, 1e-3);
    EXPECT_GT(fmr_at(t + 0.005), rate);
  }
}

TEST(IrisGallery, FindsTheEyeAndNobodyElse) {
  std::vector<Template> all;
  for (unsigned i = 10; i < 22; ++i) all.push_back(enrolled(i));
  const Gallery gallery{all};
  const auto found = gallery.search(enrolled(15, {.roll = 0.1, .noise_seed = 4}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().index, 5u);
  EXPECT_TRUE(gallery.search(enrolled(99)).empty());
  EXPECT_TRUE(Gallery{{}}.search(all.front()).empty());
}

TEST(IrisGallery, AKnownOtherEyeIsNotCompared) {
  Template left = enrolled(30, {}, Eye::left), right = left;
  right.eye = Eye::right;
  EXPECT_TRUE(Gallery{{left}}.search(right).empty());
  EXPECT_EQ(Gallery{{left}}.search(left).size(), 1u);
}

TEST(IrisGallery, TheQuickDistanceIsTheFullOneOrGivesUp) {
  const auto a = enrolled(31);
  const Probe probe{a.code};
  for (unsigned i = 31; i < 40; ++i) {
    const auto b = enrolled(i, {.noise_seed = 9});
    const double quick = probe.quick_distance(b.code), full = probe.compare(b.code).distance;
    EXPECT_GE(quick, full - 1e-12);
    if (i == 31) EXPECT_DOUBLE_EQ(quick, full);
  }
}

TEST(IrisFusion, TheBestImageDecidesAndPaysForTheTries) {
  const std::vector probes{enrolled(40), enrolled(40, {.noise_seed = 2})};
  const std::vector stored{enrolled(41), enrolled(40, {.noise_seed = 3})};
  const auto m = match_images(probes, stored);
  EXPECT_TRUE(m.match);
  EXPECT_GT(match_images(probes, std::vector{stored[0]}).distance, m.distance);
  EXPECT_FALSE(match_images({}, stored).match);
}

}  // namespace
}  // namespace authx::iris
