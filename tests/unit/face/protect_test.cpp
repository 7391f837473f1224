#include "engines/face/protect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace authx::face {
namespace {

Bytes key_of(std::uint8_t n) {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(n * 31 + i);
  return key;
}

std::vector<float> random_unit(std::mt19937& random, std::size_t d) {
  std::normal_distribution<float> normal;
  std::vector<float> v(d);
  double length = 0;
  for (auto& x : v) x = normal(random), length += static_cast<double>(x) * x;
  for (auto& x : v) x = static_cast<float>(static_cast<double>(x) / std::sqrt(length));
  return v;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    ab += static_cast<double>(a[i]) * b[i], aa += static_cast<double>(a[i]) * a[i], bb += static_cast<double>(b[i]) * b[i];
  return ab / std::sqrt(aa * bb);
}

class Protection : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Dimensions, Protection, ::testing::Values(1, 2, 3, 127, 128, 192, 512, 1000));

TEST_P(Protection, KeepsCosinesAndIsUndone) {
  const TemplateProtection p{key_of(1), GetParam()};
  std::mt19937 random{1};
  for (int i = 0; i < 50; ++i) {
    const auto a = random_unit(random, GetParam()), b = random_unit(random, GetParam());
    EXPECT_NEAR(cosine(p.protect(a), p.protect(b)), cosine(a, b), 3e-7);
    const auto back = p.recover(p.protect(a));
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(back[k], a[k], 3e-7);
  }
}

TEST(Protection, TheKeyAloneDecides) {
  std::mt19937 random{2};
  const auto a = random_unit(random, 128);
  EXPECT_EQ(TemplateProtection(key_of(1), 128).protect(a), TemplateProtection(key_of(1), 128).protect(a));
  EXPECT_NE(TemplateProtection(key_of(1), 128).protect(a), TemplateProtection(key_of(2), 128).protect(a));
}

// One person's templates under two keys score as two persons' do: the means lie within the noise of so many draws, and so do the
// spreads. Templates that share directions, as all of one model do, make it harder.
TEST(Protection, OnePersonsTemplatesUnderTwoKeysAreAsUnlikeAsStrangers) {
  constexpr std::size_t kDimension = 128;
  constexpr int kDraws = 4000;
  std::mt19937 random{3};
  const auto shared = random_unit(random, kDimension);
  double mated = 0, mated_square = 0, other = 0, other_square = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto draw = [&] {
      auto v = random_unit(random, kDimension);
      for (std::size_t k = 0; k < v.size(); ++k) v[k] += 0.7F * shared[k];
      return v;
    };
    Bytes one(32), two(32);
    for (auto* key : {&one, &two})
      for (auto& b : *key) b = static_cast<std::uint8_t>(random());
    const TemplateProtection p{one, kDimension}, q{two, kDimension};
    const auto person = draw(), stranger = draw();
    const double m = cosine(p.protect(person), q.protect(person)), o = cosine(p.protect(person), q.protect(stranger));
    mated += m, mated_square += m * m, other += o, other_square += o * o;
  }
  const double sigma = 1 / std::sqrt(static_cast<double>(kDimension));
  const double noise = 4 * sigma / std::sqrt(static_cast<double>(kDraws));
  EXPECT_LT(std::abs(mated / kDraws), noise);
  EXPECT_LT(std::abs(other / kDraws), noise);
  EXPECT_NEAR(std::sqrt(mated_square / kDraws), sigma, 0.05 * sigma);
  EXPECT_NEAR(std::sqrt(other_square / kDraws), sigma, 0.05 * sigma);
}

}  // namespace
}  // namespace authx::face
