#include "base/uuid.h"

#include <gtest/gtest.h>

namespace authx {
namespace {

TEST(Uuid, RoundTripsText) {
  const auto id = Uuid::parse("0190163D-8694-739b-AEA5-966c26f8ad91");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->str(), "0190163d-8694-739b-aea5-966c26f8ad91");
}

TEST(Uuid, RefusesOtherForms) {
  for (const auto* text : {"", "0190163d8694739baea5966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad9",
                           "0190163d-8694-739b-aea5-966c26f8ad9g", "{190163d-8694-739b-aea5-966c26f8ad91}"})
    EXPECT_FALSE(Uuid::parse(text)) << text;
}

TEST(Uuid, RefusesAForeignLetterAtEveryPlace) {
  const std::string good = "0190163d-8694-739b-aea5-966c26f8ad91";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char foreign : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'}) {
      auto wrong = good;
      wrong[i] = foreign;
      EXPECT_FALSE(Uuid::parse(wrong)) << i;
    }
  }
}

TEST(Uuid, NewIdsAreVersion7AndOrderedByTime) {
  const SystemClock clock;
  const auto now = clock.now();
  const auto a = Uuid::generate(now);
  const auto b = Uuid::generate(now + std::chrono::milliseconds{1});
  EXPECT_EQ(a.bytes[6] >> 4, 7);
  EXPECT_EQ(a.bytes[8] >> 6, 2);
  EXPECT_LT(a, b);
}

}  // namespace
}  // namespace authx
