#include "http/rate_limit.h"

#include <gtest/gtest.h>

namespace authx::http {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, AllowsTheBurstThenSaysHowLongToWait) {
  RateLimiter limiter{{{"auth", {0.5, 3}}}};
  const auto t = RateLimiter::Clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("auth", "1.2.3.4", t));
  EXPECT_EQ(limiter.take("auth", "1.2.3.4", t), 2s);
  EXPECT_FALSE(limiter.take("auth", "5.6.7.8", t));
  EXPECT_FALSE(limiter.take("auth", "1.2.3.4", t + 2s));
  EXPECT_TRUE(limiter.take("auth", "1.2.3.4", t + 2s));
}

TEST(RateLimiter, LimitsOnlyTheClassesThatHaveARate) {
  RateLimiter limiter{{{"api", {0, 0}}}};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(limiter.take("api", "a", {}));
    EXPECT_FALSE(limiter.take("other", "a", {}));
  }
}

TEST(RateLimiter, AFloodOfAddressesDoesNotUnlockAnExhaustedOne) {
  RateLimiter limiter{{{"auth", {0.001, 1}}}};
  const auto t = RateLimiter::Clock::now();
  EXPECT_FALSE(limiter.take("auth", "victim", t));
  for (int i = 0; i < 20'000; ++i) (void)limiter.take("auth", std::to_string(i), t);
  EXPECT_TRUE(limiter.take("auth", "victim", t + 1s));
}

}  // namespace
}  // namespace authx::http
