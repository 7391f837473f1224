#include "engines/accuracy/fusion.h"

#include <gtest/gtest.h>

#include <array>

namespace authx::accuracy {
namespace {

TEST(Fusion, ComparisonsTogetherSayMoreThanEachAlone) {
  EXPECT_EQ(fuse_rates({}), 1);
  EXPECT_DOUBLE_EQ(fuse_rates(std::array{0.03}), 0.03);
  EXPECT_LT(fuse_rates(std::array{1e-3, 1e-3}), 2e-5);
  EXPECT_GT(fuse_rates(std::array{0.5, 0.5}), 0.5);
  EXPECT_EQ(fuse_rates(std::array{1.0, 1.0}), 1);
  EXPECT_LE(fuse_rates(std::array{1.0, 1.0, 7.0}), 1);
}

}  // namespace
}  // namespace authx::accuracy
