#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace authx {
namespace {

TEST(ByteReader, ReadsBigEndianFieldsAndBlocks) {
  const Bytes bytes{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A};
  ByteReader in{bytes};
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0x04050607U);
  EXPECT_EQ(in.block(2)[1], 0x09);
  EXPECT_EQ(in.at(), 9U);
  EXPECT_EQ(in.left(), 1U);
  EXPECT_FALSE(in.ran_out());
}

TEST(ByteReader, HavingRunOutItGivesNothingMoreAndSaysSo) {
  const Bytes bytes{1, 2, 3};
  ByteReader in{bytes};
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_TRUE(in.ran_out());
  EXPECT_EQ(in.left(), 0U);
  EXPECT_EQ(in.u8(), 0);
  EXPECT_TRUE(in.block(std::size_t(-1)).empty());
  EXPECT_EQ(in.array<2>(), (std::array<std::uint8_t, 2>{}));
}

TEST(ByteReader, LittleEndianFieldsAreReadFromTheirLastByte) {
  const std::array<std::uint8_t, 9> bytes{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x80, 0xFF};
  LittleEndianReader in{bytes};
  EXPECT_EQ(in.u16(), 0x0201);
  EXPECT_EQ(in.number(6), 0x800706050403U);
  EXPECT_FALSE(in.ran_out());
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_TRUE(in.ran_out());
}

}  // namespace
}  // namespace authx
