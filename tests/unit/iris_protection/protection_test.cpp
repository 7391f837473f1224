#include "engines/iris/protection.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

namespace authx::iris {
namespace {

const Bytes kKey(32, 1), kOtherKey(32, 2);

/// Independent bits, of which one place in `hidden` is masked out.
Code code(unsigned seed, unsigned hidden = 5) {
  std::mt19937_64 random{seed};
  Code c;
  for (auto& g : c.groups) {
    for (std::size_t w = 0; w < g.mask.size(); ++w) {
      for (int b = 0; b < 64; ++b) g.mask[w] |= static_cast<std::uint64_t>(random() % hidden != 0) << b;
      g.bits[w] = random() & g.mask[w], g.bits[w + 4] = random() & g.mask[w];
    }
  }
  return c;
}

/// Another picture of the same iris: one bit in eight turned, and the eye turned by a few columns.
Code again(const Code& c, unsigned seed, int columns) {
  std::mt19937_64 random{seed};
  Code out;
  for (std::size_t g = 0; g < c.groups.size(); ++g) {
    const auto& from = c.groups[g];
    auto& to = out.groups[g];
    for (int k = 0; k < Code::kColumns; ++k) {
      const auto j = static_cast<std::size_t>((k + columns) % Code::kColumns), i = static_cast<std::size_t>(k);
      if ((from.mask[j / 64] >> (j % 64) & 1) == 0) continue;
      to.mask[i / 64] |= std::uint64_t{1} << (i % 64);
      for (const std::size_t plane : {0u, 4u}) {
        const std::uint64_t bit = (from.bits[plane + j / 64] >> (j % 64) & 1) ^ static_cast<std::uint64_t>(random() % 8 == 0);
        to.bits[plane + i / 64] |= bit << (i % 64);
      }
    }
  }
  return out;
}

TEST(IrisProtection, DistancesAreThoseOfThePlainCodes) {
  const Protection p{kKey};
  Template enrolled;
  enrolled.code = code(1);
  for (const int columns : {0, 3, 16}) {
    const Code probe = again(enrolled.code, 9, columns);
    const auto plain = Probe{probe}.compare(enrolled.code);
    const auto hidden = match_protected(p.rotations(probe), p.apply(enrolled).code);
    EXPECT_NEAR(plain.distance, hidden.distance, 1e-9) << columns;
    EXPECT_EQ(plain.bits, hidden.bits) << columns;
    EXPECT_TRUE(hidden.match) << columns;
  }
}

TEST(IrisProtection, AnotherKeyMakesOneIrisAStranger) {
  const Protection a{kKey}, b{kOtherKey};
  Template t;
  t.code = code(1);
  EXPECT_FALSE(match_protected(a.rotations(t.code), b.apply(t).code).match);
  EXPECT_FALSE(match_protected(a.rotations(code(2)), a.apply(t).code).match);
  EXPECT_NE(a.apply(t), b.apply(t));
  EXPECT_EQ(a.apply(t), Protection{kKey}.apply(t));
}

TEST(IrisProtection, MaskedPlacesStayMaskedAndTheirNumberIsKept) {
  Template t;
  t.code = code(3, 2);
  const auto hidden = Protection{kKey}.apply(t);
  EXPECT_EQ(hidden.code.usable_bits(), t.code.usable_bits());
  const auto back = deserialize(serialize(hidden));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, hidden);
}

}  // namespace
}  // namespace authx::iris
