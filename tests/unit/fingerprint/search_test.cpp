#include <gtest/gtest.h>

#include <bit>
#include <numeric>
#include <random>

#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/gallery.h"
#include "engines/fingerprint/match_kernel.h"
#include "engines/fingerprint/narrowing.h"
#include "engines/fingerprint/stretch.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

Template finger(unsigned seed, double rotation = 0, double dx = 0, double dy = 0) {
  return extract(test::Finger{seed}.image(rotation, dx, dy))->finger;
}

TEST(MatchKernels, AllSeeTheSameSimilarities) {
  std::mt19937_64 random{1};
  auto a = finger(1), b = finger(2);
  // Every filling of the last eight columns, and descriptors that know little.
  for (auto* t : {&a, &b}) {
    for (auto& d : t->descriptors) {
      if (random() % 4 == 0) d.flow_valid &= random() & random();
      if (random() % 4 == 0) d.valid &= random() & random();
      if (random() % 8 == 0) d.cylinder = {};
    }
  }
  for (std::size_t n = 1; n <= b.descriptors.size(); ++n) {
    Template part = b;
    part.descriptors.resize(n);
    const DescriptorColumns columns{part};
    for (const Descriptor& d : a.descriptors) {
      std::array<float, DescriptorColumns::kMax> want{}, got{};
      match_kernels().back().similarities(d, columns, want.data());
      for (const auto& k : match_kernels()) {
        k.similarities(d, columns, got.data());
        for (std::size_t j = 0; j < n; ++j)
          ASSERT_EQ(std::bit_cast<std::uint32_t>(got[j]), std::bit_cast<std::uint32_t>(want[j])) << k.name;
      }
    }
  }
  const DescriptorColumns whole{a};
  std::array<float, DescriptorColumns::kMax> own{};
  for (const auto& k : match_kernels()) {
    k.similarities(finger(1).descriptors.front(), DescriptorColumns{finger(1)}, own.data());
    EXPECT_FLOAT_EQ(own[0], 1) << k.name;
  }
}

TEST(MatchKernels, AllCorrelateTheSame) {
  std::mt19937_64 random{2};
  constexpr std::size_t kStride = 3, kRows = 64;
  std::vector<std::uint64_t> words(kStride * kRows);
  for (auto& w : words) w = random();
  for (int round = 0; round < 200; ++round) {
    const double angle = 0.1 * round;
    PatchWindow w{words.data(),
                  kStride,
                  {},
                  {},
                  static_cast<std::int32_t>(65536 * std::cos(angle)),
                  static_cast<std::int32_t>(65536 * std::sin(angle))};
    for (int r = 0; r < PatchShifts::kSide; ++r) {
      const double u = -10.5, v = r - 10.5;
      w.x[r] = static_cast<std::int32_t>(65536 * (90 + std::cos(angle) * u - std::sin(angle) * v));
      w.y[r] = static_cast<std::int32_t>(65536 * (32 + std::sin(angle) * u + std::cos(angle) * v));
    }
    const std::uint64_t patch[4] = {random(), random(), random(), random()};
    std::int16_t want[PatchShifts::kMapSize];
    match_kernels().back().correlate(w, patch, want);
    for (const auto& k : match_kernels()) {
      std::int16_t got[PatchShifts::kMapSize];
      k.correlate(w, patch, got);
      EXPECT_TRUE(std::ranges::equal(want, got)) << k.name << " " << round;
    }
  }
}

TEST(MatchKernels, AnUnturnedPatchAgreesWithItself) {
  std::mt19937_64 random{3};
  std::vector<std::uint64_t> words(2 * 40);
  for (auto& w : words) w = random();
  PatchWindow w{words.data(), 2, {}, {}, 65536, 0};
  for (int r = 0; r < PatchShifts::kSide; ++r) w.x[r] = (16 - PatchShifts::kReach) << 16, w.y[r] = (8 - PatchShifts::kReach + r) << 16;
  std::uint64_t patch[4] = {};
  for (int r = 0; r < 16; ++r) patch[r / 4] |= (words[static_cast<std::size_t>(2 * (8 + r))] >> 16 & 0xffff) << (16 * (r % 4));
  for (const auto& k : match_kernels()) {
    std::int16_t map[PatchShifts::kMapSize];
    k.correlate(w, patch, map);
    EXPECT_EQ(map[PatchShifts::kReach * PatchShifts::kLane + PatchShifts::kReach], 256) << k.name;
  }
}

TEST(Prefilter, KernelsCountTheSameAndAsDefined) {
  std::mt19937_64 random{4};
  std::vector<Prefilter::Row> rows(23);
  std::vector<std::uint8_t> counts;
  std::vector<MinutiaCode> probe(Prefilter::kProbeCodes);
  for (auto& p : probe) p = random();
  for (auto& r : rows) {
    counts.push_back(static_cast<std::uint8_t>(counts.size() + 2 > Prefilter::kCodes ? Prefilter::kCodes : counts.size() + 2));
    for (auto& c : r.codes) {
      c = probe[random() % probe.size()];
      for (auto flips = random() % 40; flips > 0; --flips) c ^= MinutiaCode{1} << random() % 64;
    }
  }
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{7}, rows.size()}) {
    std::vector<std::uint16_t> want(n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < counts[i]; ++c) {
        int least = 64;
        for (const auto p : probe) least = std::min(least, std::popcount(p ^ rows[i].codes[c]));
        want[i] = static_cast<std::uint16_t>(want[i] + std::max(0, Prefilter::kNear - least));
      }
    }
    for (const auto& k : prefilter_kernels()) {
      std::vector<std::uint16_t> got(n, 9);
      k.scan(rows.data(), counts.data(), n, probe, got.data());
      EXPECT_EQ(got, want) << k.name << " " << n;
    }
  }
}

TEST(Prefilter, TheBestAreThoseWithTheHighestScores) {
  std::vector<Template> all;
  for (unsigned seed = 1; seed <= 12; ++seed) all.push_back(finger(seed));
  Prefilter p;
  for (int copy = 0; copy < 5; ++copy) {
    for (const auto& t : all) p.add(t);
  }
  const auto scores = p.scores(all[3]);
  for (const std::size_t count : {0, 1, 5, 6, 30, 60, 100}) {
    const auto best = p.best(all[3], count);
    ASSERT_EQ(best.size(), std::min<std::size_t>(count, 60));
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    for (std::size_t i = 0; i < best.size(); ++i) {
      EXPECT_EQ(best[i].index, order[i]);
      EXPECT_EQ(best[i].votes, static_cast<float>(scores[order[i]]));
    }
  }
  EXPECT_EQ(p.best(all[3], 1).front().index, 3u);
}

TEST(Prefilter, EmptyTemplatesAndProbesScoreNothing) {
  Prefilter p;
  p.add(Template{});
  p.add(finger(1));
  EXPECT_EQ(p.scores(Template{}), (std::vector<std::uint16_t>{0, 0}));
  const auto scores = p.scores(finger(1));
  EXPECT_EQ(scores[0], 0);
  EXPECT_EQ(scores[1], Prefilter::kMostScore) << "every minutia is its own nearest";
  EXPECT_TRUE(Prefilter{}.best(finger(1), 10).empty());
}

TEST(Prefilter, CodesDoNotDependOnWhereTheFingerLies) {
  const auto upright = finger(5), moved = finger(5, 0.6, 12, -8);
  Prefilter p;
  p.add(moved);
  for (unsigned other = 20; other < 24; ++other) p.add(finger(other));
  const auto scores = p.scores(upright);
  for (std::size_t i = 1; i < scores.size(); ++i) EXPECT_GT(scores[0], 2 * scores[i]) << i;
}

TEST(Stretch, MirroringTwiceGivesTheFingerBack) {
  const auto t = finger(6), mirrored = stretched(t, {-1, 0, 0, 1}), back = stretched(mirrored, {-1, 0, 0, 1});
  ASSERT_EQ(back.minutiae.size(), t.minutiae.size());
  for (std::size_t i = 0; i < t.minutiae.size(); ++i) {
    EXPECT_NEAR(back.minutiae[i].x, t.minutiae[i].x, 1);
    EXPECT_EQ(back.minutiae[i].y, t.minutiae[i].y);
    EXPECT_LE(std::abs(static_cast<std::int8_t>(back.minutiae[i].angle - t.minutiae[i].angle)), 1);
  }
  EXPECT_FALSE(match(t, mirrored).match);
  EXPECT_TRUE(match(t, back).match);
  EXPECT_TRUE(match(t, stretched(t, {})).match);
  EXPECT_EQ(strangers(t).size(), 9u);
}

TEST(Narrowing, SharesRiseWithWhatIsHandedOn) {
  std::vector<Enrolled> all;
  for (unsigned f = 0; f < 6; ++f) {
    for (unsigned i = 0; i < 2; ++i) all.push_back({0, f, finger(60 + f, 0.2 * i, 5.0 * i, 0)});
  }
  const auto points = narrowing(all, 0);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points.front().targets, 12u);
  EXPECT_EQ(points.front().others, 100u);
  for (std::size_t i = 1; i < points.size(); ++i) EXPECT_GE(points[i].first, points[i - 1].first);
  EXPECT_GE(points.back().both, 0.9);
  EXPECT_TRUE(std::ranges::all_of(narrowing(all, 7), [](const Narrowing& n) { return n.targets == 0 && n.both == 0; }));
}

}  // namespace
}  // namespace authx::fingerprint
