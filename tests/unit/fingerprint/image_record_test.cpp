#include "engines/fingerprint/image_record.h"

#include <gtest/gtest.h>

#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/input.h"
#include "imaging/decode.h"
#include "imaging/wsq.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

FingerImage finger(std::uint8_t position = 2) {
  FingerImage i;
  const auto image = test::Finger{3}.image();
  i.position = position, i.quality = 80, i.width = image.width, i.height = image.height, i.dpi = 500, i.data = image.pixels;
  return i;
}

ImageRecord record(ImageRecordFormat format) { return {format, {finger(1), finger(7)}}; }

class EachEdition : public testing::TestWithParam<ImageRecordFormat> {};
INSTANTIATE_TEST_SUITE_P(Image, EachEdition, testing::Values(ImageRecordFormat::iso_2005, ImageRecordFormat::iso_2011));

TEST_P(EachEdition, IsReadBack) {
  const auto bytes = write_image_record(record(GetParam()));
  ASSERT_TRUE(bytes);
  const auto back = read_image_record(*bytes);
  ASSERT_TRUE(back) << back.error().faults.front().field << " " << back.error().faults.front().reason;
  EXPECT_EQ(back->format, GetParam());
  EXPECT_EQ(back->images, record(GetParam()).images);
}

TEST_P(EachEdition, HoldsCompressedImages) {
  const auto image = test::Finger{3}.image();
  for (const auto compression : {ImageCompression::wsq, ImageCompression::png}) {
    auto r = record(GetParam());
    for (auto& i : r.images) {
      i.compression = compression;
      const auto data = compression == ImageCompression::wsq ? imaging::encode_wsq(image) : imaging::encode_png(image);
      ASSERT_TRUE(data);
      i.data = *data;
    }
    const auto bytes = write_image_record(r);
    ASSERT_TRUE(bytes);
    const auto in = read_input(*bytes);
    ASSERT_TRUE(in);
    ASSERT_EQ(in->size(), 2u);
    EXPECT_EQ(in->front().dpi, 500);
    EXPECT_EQ((*in)[1].position, 7);
    const auto e = extract(in->front().image, in->front().dpi);
    ASSERT_TRUE(e);
    EXPECT_GT(e->finger.minutiae.size(), 15u);
  }
}

TEST_P(EachEdition, TruncatedLongerAndAlteredRecordsAreRefusedOrConsistent) {
  auto small = record(GetParam());
  small.images.resize(1);
  small.images[0].width = small.images[0].height = 8;
  small.images[0].data.resize(64);
  Bytes bytes = *write_image_record(small);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(read_image_record(BytesView{bytes}.first(n))) << n;
  for (std::size_t i = 0; i < bytes.size() - 64; ++i) {
    for (const int v : {0x00, 0xff, 0x80}) {
      Bytes altered = bytes;
      altered[i] = static_cast<std::uint8_t>(v);
      if (const auto r = read_image_record(altered)) EXPECT_EQ(r->images.front().data.size(), 64u);
    }
  }
  bytes.push_back(0);
  EXPECT_FALSE(read_image_record(bytes));
}

TEST(ImageRecord, CentimetresAndPackedPixelsAreUnderstood) {
  ImageRecord r;
  FingerImage i = finger();
  i.depth = 4, i.compression = ImageCompression::packed;
  Bytes packed;
  for (std::size_t p = 0; p + 1 < i.data.size(); p += 2)
    packed.push_back(static_cast<std::uint8_t>((i.data[p] & 0xf0) | i.data[p + 1] >> 4));
  i.data = packed;
  r.images.push_back(i);
  Bytes bytes = *write_image_record(r);
  bytes[19] = 2;  // pixels per centimetre
  for (const std::size_t at : {20u, 22u, 24u, 26u}) bytes[at] = 0, bytes[at + 1] = 197;
  const auto in = read_input(bytes);
  ASSERT_TRUE(in);
  EXPECT_EQ(in->front().dpi, 500);
  const auto original = test::Finger{3}.image();
  for (std::size_t p = 0; p < original.pixels.size(); ++p) ASSERT_NEAR(in->front().image.pixels[p], original.pixels[p], 17);
}

TEST(FingerInput, DeclaredResolutionsCountOnlyWhenTheyCanBeOfAFinger) {
  const auto image = test::Finger{3}.image();
  const auto wsq = imaging::encode_wsq(image, 2.25, 1000);
  EXPECT_EQ(read_input(*wsq)->front().dpi, 1000);
  const auto jpeg = imaging::encode_jpeg(image);
  EXPECT_EQ(read_input(*jpeg)->front().dpi, 0) << "a JPEG's 72 or 96 dpi are for display";
}

TEST(FingerInput, RawRowsMustHaveTheirSize) {
  const auto image = test::Finger{3}.image();
  EXPECT_EQ(read_input(image.pixels, RawSize{image.width, image.height})->front().image.pixels, image.pixels);
  EXPECT_FALSE(read_input(image.pixels, RawSize{image.width, image.height + 1}));
  EXPECT_FALSE(read_input(image.pixels, RawSize{4, image.height}));
  EXPECT_FALSE(read_input({}, RawSize{0, 0}));
}

}  // namespace
}  // namespace authx::fingerprint
