#include "engines/iris/record.h"

#include <gtest/gtest.h>

#include "eyes.h"
#include "imaging/decode.h"

namespace authx::iris {
namespace {

imaging::Image small() {
  imaging::Image image(20, 10, 1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i);
  return image;
}

void set(Bytes& bytes, std::size_t at, std::uint64_t v, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) bytes[at + i] = static_cast<std::uint8_t>(v >> (8 * (n - 1 - i)));
}

/// A record whose raw picture is replaced by a file of another format.
Bytes with_file(const imaging::Image& image, const Bytes& file, int year, std::uint16_t format) {
  Bytes bytes = *write_record(image, Eye::right, year);
  bytes.resize(bytes.size() - image.pixels.size());
  bytes.insert(bytes.end(), file.begin(), file.end());
  set(bytes, 8, bytes.size(), 4);
  if (year == 2011) set(bytes, 16, bytes.size() - 16, 4);
  set(bytes, bytes.size() - file.size() - 4, file.size(), 4);
  if (year == 2011)
    bytes[39] = static_cast<std::uint8_t>(format);
  else
    set(bytes, 21, format, 2);
  return bytes;
}

TEST(IrisRecord, BothEditionsAreReadBack) {
  for (const int year : {2005, 2011}) {
    const Bytes bytes = *write_record(small(), Eye::left, year);
    const auto record = read_record(bytes);
    ASSERT_TRUE(record) << year;
    EXPECT_EQ(record->year, year);
    ASSERT_EQ(record->images.size(), 1u);
    const auto& image = record->images.front();
    EXPECT_EQ(image.eye, Eye::left);
    EXPECT_TRUE(image.raw);
    const auto read = picture(image);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pixels, small().pixels);
  }
}

TEST(IrisRecord, HeadersHaveTheStandardsSizes) {
  EXPECT_EQ(write_record(small(), Eye::left, 2005)->size(), 45u + 3 + 11 + 200);
  EXPECT_EQ(write_record(small(), Eye::left, 2011)->size(), 16u + 52 + 200);
}

TEST(IrisRecord, CompressedPicturesAreDecoded) {
  const auto eye = test::draw_eye(1);
  for (const auto& [year, format] : {std::pair{2011, 14}, {2005, 6}}) {
    const Bytes file = year == 2011 ? *imaging::encode_png(eye) : *imaging::encode_jpeg(eye, 95);
    const Bytes bytes = with_file(eye, file, year, static_cast<std::uint16_t>(format));
    const auto record = read_record(bytes);
    ASSERT_TRUE(record) << year;
    const auto read = picture(record->images.front());
    ASSERT_TRUE(read) << year;
    EXPECT_EQ(read->width, eye.width);
    if (year == 2011) EXPECT_EQ(read->pixels, eye.pixels);
  }
}

TEST(IrisRecord, APictureOfAnotherSizeThanSaidIsRefused) {
  const auto eye = test::draw_eye(1);
  Bytes bytes = with_file(eye, *imaging::encode_png(small()), 2011, 14);
  const auto record = read_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_FALSE(picture(record->images.front()));
}

TEST(IrisRecord, CutShortIsRefusedEverywhere) {
  for (const int year : {2005, 2011}) {
    const Bytes whole = *write_record(small(), Eye::left, year);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)};
      EXPECT_FALSE(read_record(part)) << n;
      if (n < 12) continue;
      set(part, 8, n, 4);  // an honest length over a cut content
      EXPECT_FALSE(read_record(part)) << n;
    }
  }
}

TEST(IrisRecord, HostileFieldsAreRefused) {
  struct Change {
    int year;
    std::size_t at, n;
    std::uint64_t value;
  };
  for (const auto& c :
       {Change{2005, 4, 1, '9'},   {2005, 8, 4, 0xffffffff}, {2005, 14, 1, 0},      {2005, 14, 1, 3},   {2005, 15, 2, 46},
        {2005, 21, 2, 3},          {2005, 23, 2, 0},         {2005, 23, 2, 0xffff}, {2005, 27, 1, 16},  {2005, 28, 1, 2},
        {2005, 45, 1, 3},          {2005, 46, 2, 0xffff},    {2005, 46, 2, 0},      {2005, 50, 1, 101}, {2005, 55, 4, 0xffffffff},
        {2011, 12, 2, 0},          {2011, 12, 2, 0xffff},    {2011, 14, 1, 1},      {2011, 15, 1, 3},   {2011, 16, 4, 10},
        {2011, 16, 4, 0xffffffff}, {2011, 34, 1, 255},       {2011, 37, 1, 3},      {2011, 38, 1, 9},   {2011, 39, 1, 0},
        {2011, 41, 2, 0},          {2011, 45, 1, 12},        {2011, 64, 4, 199}}) {
    Bytes bytes = *write_record(small(), Eye::left, c.year);
    set(bytes, c.at, c.value, c.n);
    EXPECT_FALSE(read_record(bytes)) << c.year << " at " << c.at << " = " << c.value;
  }
}

}  // namespace
}  // namespace authx::iris
