#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace authx {
namespace {

Result<int> half(int v) {
  if (v % 2 != 0) return Error::invalid("v", "must be even");
  return v / 2;
}
Result<int> quarter(int v) {
  AX_TRY(const int h, half(v));
  return half(h);
}
Result<> check(int v) {
  AX_CHECK(quarter(v));
  return {};
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::validation);
  EXPECT_EQ(failed.error().faults.at(0).field, "v");
  EXPECT_TRUE(check(4));
  EXPECT_FALSE(check(3));
}

TEST(Result, HoldsMoveOnlyValues) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(3); };
  const auto use = [&]() -> Result<int> {
    AX_TRY(const auto p, make());
    return *p;
  };
  EXPECT_EQ(*use(), 3);
}

}  // namespace
}  // namespace authx
