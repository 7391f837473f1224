#include "engines/iris/template.h"

#include <gtest/gtest.h>

#include "engines/iris/extract.h"
#include "eyes.h"

namespace authx::iris {
namespace {

Bytes sample() { return serialize(extract(test::draw_eye(1), Eye::left)->iris); }

TEST(IrisTemplate, IsReadBackAsItWasWritten) {
  const auto t = extract(test::draw_eye(1), Eye::left)->iris;
  const Bytes bytes = serialize(t);
  EXPECT_EQ(bytes.size(), kTemplateBytes);
  const auto again = deserialize(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, t);
}

TEST(IrisTemplate, AnyOtherLengthIsRefused) {
  const Bytes bytes = sample();
  for (std::size_t n = 0; n < bytes.size(); n += n < 16 ? 1 : 97) EXPECT_FALSE(deserialize(BytesView{bytes}.first(n))) << n;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(deserialize(longer));
}

TEST(IrisTemplate, HeaderFieldsOutOfBoundsAreRefused) {
  const Bytes bytes = sample();
  for (const auto& [at, value] : {std::pair{0, 'B'}, {4, '\2'}, {5, '\2'}, {6, '\3'}, {7, '\2'}, {8, '\x65'}, {9, '\1'}, {11, '\1'}}) {
    Bytes wrong = bytes;
    wrong[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value);
    EXPECT_FALSE(deserialize(wrong)) << at;
  }
}

TEST(IrisTemplate, BitsOutsideOfTheMaskAreRefused) {
  Bytes bytes = sample();
  for (std::size_t i = 0; i < 8; ++i) bytes[12 + i] = 0xff, bytes[12 + 64 + i] = 0;  // first real word, first mask word
  EXPECT_FALSE(deserialize(bytes));
}

}  // namespace
}  // namespace authx::iris
