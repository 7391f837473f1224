#include "engines/fingerprint/template.h"

#include <gtest/gtest.h>

#include "engines/fingerprint/extract.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

const Template& sample() {
  static const Template t = extract(test::Finger{3}.image())->finger;
  return t;
}

TEST(OwnTemplate, ReadsBackEqual) {
  const Bytes bytes = serialize(sample());
  const auto back = deserialize(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(serialize(*back), bytes);
}

TEST(OwnTemplate, AnEmptyOneReadsBackToo) {
  const auto back = deserialize(serialize(Template{}));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, Template{});
}

TEST(OwnTemplate, TruncatedLongerAndOtherVersionsAreRefused) {
  Bytes bytes = serialize(sample());
  for (std::size_t n = 0; n < bytes.size(); n += 13) EXPECT_FALSE(deserialize(BytesView{bytes}.first(n))) << n;
  bytes.push_back(0);
  EXPECT_FALSE(deserialize(bytes));
  bytes.pop_back();
  bytes[4] = 99;
  EXPECT_FALSE(deserialize(bytes));
}

TEST(OwnTemplate, HostileCountsAreRefusedBeforeAnythingIsReserved) {
  Bytes bytes = serialize(sample());
  for (const std::size_t at : {12u, 13u, 14u, 15u, 16u, 17u}) {
    Bytes bad = bytes;
    bad[at] = 0xff;
    EXPECT_FALSE(deserialize(bad)) << at;
  }
}

TEST(Describe, DoesNotChangeWhenTheFingerIsMovedInItsImage) {
  Template moved = sample();
  moved.flow = {};
  for (auto& m : moved.minutiae) m.x = static_cast<std::int16_t>(m.x + 40), m.y = static_cast<std::int16_t>(m.y + 24);
  Template still = sample();
  still.flow = {};
  describe(still), describe(moved);
  EXPECT_EQ(still.descriptors, moved.descriptors);
}

}  // namespace
}  // namespace authx::fingerprint
