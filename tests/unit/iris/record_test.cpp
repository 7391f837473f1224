#include "engines/iris/record.h"

#include <gtest/gtest.h>
#include <openjpeg.h>

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

/// JPEG 2000 by the OpenJPEG library: a JP2 file, or a bare codestream.
Bytes jpeg2000(const imaging::Image& gray, bool bare, double ratio = 0) {
  opj_image_cmptparm_t component{};
  component.dx = component.dy = 1, component.w = static_cast<OPJ_UINT32>(gray.width), component.h = static_cast<OPJ_UINT32>(gray.height);
  component.prec = 8;
  opj_image_t* image = opj_image_create(1, &component, OPJ_CLRSPC_GRAY);
  image->x1 = component.w, image->y1 = component.h;
  std::copy(gray.pixels.begin(), gray.pixels.end(), image->comps[0].data);
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.numresolution = 3, parameters.tcp_numlayers = 1, parameters.cp_disto_alloc = 1;
  parameters.tcp_rates[0] = static_cast<float>(ratio), parameters.irreversible = ratio > 0 ? 1 : 0;
  opj_codec_t* codec = opj_create_compress(bare ? OPJ_CODEC_J2K : OPJ_CODEC_JP2);
  EXPECT_TRUE(opj_setup_encoder(codec, &parameters, image));
  opj_stream_t* stream = opj_stream_create(1 << 16, OPJ_FALSE);
  struct Sink {
    Bytes bytes;
    std::size_t at = 0;
  } sink;
  opj_stream_set_user_data(stream, &sink, nullptr);
  opj_stream_set_write_function(stream, [](void* data, OPJ_SIZE_T n, void* user) -> OPJ_SIZE_T {
    auto& s = *static_cast<Sink*>(user);
    s.bytes.resize(std::max(s.bytes.size(), s.at + n));
    std::copy_n(static_cast<const std::uint8_t*>(data), n, s.bytes.begin() + static_cast<std::ptrdiff_t>(s.at));
    s.at += n;
    return n;
  });
  opj_stream_set_skip_function(stream, [](OPJ_OFF_T n, void* user) -> OPJ_OFF_T {
    auto& s = *static_cast<Sink*>(user);
    s.at += static_cast<std::size_t>(n);
    s.bytes.resize(std::max(s.bytes.size(), s.at));
    return n;
  });
  opj_stream_set_seek_function(stream, [](OPJ_OFF_T to, void* user) -> OPJ_BOOL {
    static_cast<Sink*>(user)->at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  });
  EXPECT_TRUE(opj_start_compress(codec, image, stream) && opj_encode(codec, stream) && opj_end_compress(codec, stream));
  opj_stream_destroy(stream);
  opj_destroy_codec(codec);
  opj_image_destroy(image);
  return std::move(sink.bytes);
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

TEST(IrisRecord, Jpeg2000PicturesAreDecoded) {
  const auto eye = test::draw_eye(1);
  for (const int year : {2005, 2011}) {
    for (const bool bare : {false, true}) {
      const Bytes lossless = with_file(eye, jpeg2000(eye, bare), year, 10), lossy = with_file(eye, jpeg2000(eye, bare, 8), year, 10);
      const auto record = read_record(lossless), small = read_record(lossy);
      ASSERT_TRUE(record && small) << year;
      const auto exact = picture(record->images.front()), near = picture(small->images.front());
      ASSERT_TRUE(exact && near) << year;
      EXPECT_EQ(exact->pixels, eye.pixels);
      ASSERT_EQ(near->pixels.size(), eye.pixels.size());
      double off = 0;
      for (std::size_t i = 0; i < eye.pixels.size(); ++i) off += std::abs(near->pixels[i] - eye.pixels[i]);
      EXPECT_LT(off / static_cast<double>(eye.pixels.size()), 4);
      EXPECT_LT(lossy.size(), eye.pixels.size() / 6);
    }
  }
}

TEST(IrisRecord, HostileJpeg2000IsRefused) {
  const auto eye = test::draw_eye(1);
  for (const bool bare : {false, true}) {
    const Bytes file = jpeg2000(eye, bare);
    const auto read = [&](const Bytes& changed) {
      const Bytes bytes = with_file(eye, changed, 2011, 10);
      const auto record = read_record(bytes);
      return record && picture(record->images.front()).has_value();
    };
    ASSERT_TRUE(read(file));
    for (std::size_t n = 1; n < file.size(); n += 1 + file.size() / 60)
      EXPECT_FALSE(read({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n)})) << n;
    // The codestream's own size: after SOC and SIZ's mark, length and capabilities come width and height.
    const std::uint8_t mark[] = {0xff, 0x4f, 0xff, 0x51};
    const auto at = static_cast<std::size_t>(std::ranges::search(file, mark).begin() - file.begin());
    ASSERT_LT(at + 60, file.size());
    for (const std::size_t field : {8u, 12u, 24u, 28u}) {  // image and tile
      for (const std::uint64_t value : {0ull, 0xffffffffull, 0x7fffffffull, 100'000ull}) {
        Bytes changed = file;
        set(changed, at + field, value, 4);
        if (field < 24 || value == 0) EXPECT_FALSE(read(changed)) << field << " " << value;
        (void)read(changed);  // an oversized tile is only a tile
      }
    }
    Bytes components = file;
    set(components, at + 40, 0x4000, 2);
    EXPECT_FALSE(read(components));
    std::mt19937 random{7};
    for (int i = 0; i < 200; ++i) {
      Bytes noisy = file;
      for (int k = 0; k < 8; ++k) noisy[at + random() % (noisy.size() - at)] = static_cast<std::uint8_t>(random());
      (void)read(noisy);
    }
  }
}

TEST(IrisRecord, AJpeg2000OfAnotherSizeThanSaidIsRefused) {
  const auto eye = test::draw_eye(1);
  const Bytes bytes = with_file(eye, jpeg2000(small(), false), 2011, 10);
  const auto record = read_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_FALSE(picture(record->images.front()));
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
