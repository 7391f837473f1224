#include "engines/fingerprint/evaluate.h"

#include <gtest/gtest.h>

namespace authx::fingerprint {
namespace {

Trial same(double s) { return {s, 1, 1, 1, 2}; }
Trial other(double s) { return {s, 1, 2, 1, 1}; }

TEST(Rates, SeparatedScoresHaveNoErrors) {
  const std::vector<Trial> t{same(3), same(4), other(1), other(2)};
  const auto r = rates_of(t);
  EXPECT_EQ(r.eer, 0);
  EXPECT_EQ(r.zero_fmr, 0);
}

TEST(Rates, CountsByHand) {
  std::vector<Trial> t;
  for (const double s : {0.5, 2.0, 3.0, 4.0}) t.push_back(same(s));
  for (const double s : {0.1, 0.2, 0.3, 1.0}) t.push_back(other(s));
  const auto r = rates_of(t);
  EXPECT_DOUBLE_EQ(r.eer, 0.25);
  EXPECT_DOUBLE_EQ(r.zero_fmr, 0.25);
  EXPECT_DOUBLE_EQ(r.fmr100, 0.25);
}

TEST(Rates, EqualScoresAreNotToldApart) {
  const std::vector<Trial> t{same(1), other(1)};
  EXPECT_DOUBLE_EQ(rates_of(t).eer, 0.5);
  EXPECT_DOUBLE_EQ(rates_of(t).zero_fmr, 1);
}

TEST(Rates, NeedBothKinds) {
  EXPECT_EQ(rates_of(std::vector{same(1)}).eer, 1);
  EXPECT_EQ(rates_of({}).eer, 1);
}

TEST(Rates, WeightsCount) {
  const std::vector<Trial> t{same(1), same(3), other(2)};
  const std::vector<double> w{0, 1, 1};
  EXPECT_EQ(rates_of(t, w).eer, 0);
}

TEST(EerInterval, HoldsTheRateAndRepeats) {
  std::vector<Trial> t;
  for (std::uint32_t a = 0; a < 6; ++a) {
    for (std::uint32_t b = 0; b < 6; ++b) t.push_back({a == b ? 5.0 - a : 0.5 * b, a, b, 1, 2});
  }
  const auto i = eer_interval(t), again = eer_interval(t);
  EXPECT_LE(i.low, rates_of(t).eer);
  EXPECT_GE(i.high, rates_of(t).eer);
  EXPECT_EQ(i.low, again.low);
  EXPECT_EQ(i.high, again.high);
}

TEST(Linkability, IsNothingForEqualScoresAndOneForSeparateOnes) {
  std::vector<double> low, high, alternating;
  for (int i = 0; i < 400; ++i) low.push_back(0.001 * i), high.push_back(1 + 0.001 * i), alternating.push_back(0.001 * i + 0.0005);
  EXPECT_DOUBLE_EQ(linkability(high, low), 1);
  EXPECT_LT(linkability(low, alternating), 0.05);
  EXPECT_EQ(linkability({}, low), 0);
  EXPECT_DOUBLE_EQ(linkability({1, 1, 1}, {1, 1}), 0) << "ties tell nothing";
}

}  // namespace
}  // namespace authx::fingerprint
