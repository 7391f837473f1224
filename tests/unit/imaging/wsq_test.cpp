#include "imaging/wsq.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "imaging/decode.h"
#include "imaging/wsq_huffman.h"
#include "imaging/wsq_layout.h"

namespace authx::imaging {
namespace {

/// Curved ridges with some noise.
Image ridges(int width, int height) {
  Image out{width, height, 1};
  std::mt19937 random{5};
  std::uniform_int_distribution<int> noise{-6, 6};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      out.row(y)[x] = static_cast<std::uint8_t>(128 + 80 * std::sin(0.7 * std::hypot(x - 20.0, y - 300.0)) + noise(random));
  }
  return out;
}

double rms(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::pow(a.pixels[i] - b.pixels[i], 2);
  return std::sqrt(sum / static_cast<double>(a.pixels.size()));
}

TEST(Wsq, EveryPixelLiesInExactlyOneBand) {
  for (const auto& [w, h] : {std::pair{832, 768}, {355, 390}, {33, 47}, {128, 65}}) {
    const auto layout = wsq::layout_of(w, h);
    std::vector<int> seen(static_cast<std::size_t>(w * h));
    for (const auto& r : layout.bands) {
      for (int y = r.y; y < r.y + r.height; ++y) {
        for (int x = r.x; x < r.x + r.width; ++x) ++seen[static_cast<std::size_t>(y * w + x)];
      }
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](int n) { return n == 1; })) << w << " x " << h;
  }
}

TEST(Wsq, SynthesisUndoesAnalysis) {
  for (const auto& [w, h] : {std::pair{128, 96}, {97, 131}, {33, 40}}) {
    std::vector<float> plane(static_cast<std::size_t>(w * h));
    std::mt19937 random{1};
    for (auto& v : plane) v = static_cast<float>(random() % 256) - 128;
    auto copy = plane;
    const auto layout = wsq::layout_of(w, h);
    wsq::analyse(copy, w, layout, wsq::standard_filters());
    wsq::synthesise(copy, w, layout, wsq::standard_filters());
    for (std::size_t i = 0; i < plane.size(); ++i) ASSERT_NEAR(plane[i], copy[i], 0.01) << w << " x " << h << " at " << i;
  }
}

TEST(Wsq, TokensComeBackAsValues) {
  const std::vector<std::int32_t> values{0, 0, 5, -73, 74, 75, -74, 255, -255, 256, -256, 60000, 1, 0, 3};
  auto with_runs = values;
  for (const int run : {100, 101, 255, 256, 70000}) {
    with_runs.insert(with_runs.end(), static_cast<std::size_t>(run), 0);
    with_runs.push_back(-1);
  }
  const auto tokens = wsq::tokens_of(with_runs);
  const auto table = wsq::HuffmanTable::for_tokens({&tokens});
  Bytes out;
  wsq::encode_tokens(tokens, table, out);
  const auto read = wsq::HuffmanTable::read(table.stored());
  ASSERT_TRUE(read);
  std::vector<std::int32_t> back;
  ASSERT_EQ(wsq::decode_values(out, *read, with_runs.size(), back), out.size());
  EXPECT_EQ(back, with_runs);
  back.clear();
  EXPECT_FALSE(wsq::decode_values(out, *read, with_runs.size() - 1, back)) << "more values than there is room for";
}

TEST(Wsq, OwnFilesComeBackCloseToTheImage) {
  const Image image = ridges(301, 257);
  const auto small = encode_wsq(image, 0.75), large = encode_wsq(image, 2.25, 1000);
  ASSERT_TRUE(small && large);
  EXPECT_TRUE(is_wsq(*small));
  EXPECT_LT(small->size() * 8, image.pixels.size());
  EXPECT_LT(small->size(), large->size());
  const auto a = decode_wsq(*small), b = decode_wsq(*large);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->dpi, 500);
  EXPECT_EQ(b->dpi, 1000);
  EXPECT_EQ(a->image.width, 301);
  EXPECT_LT(rms(a->image, image), 14);
  EXPECT_LT(rms(b->image, image), rms(a->image, image));
}

TEST(Wsq, AnEvenGroundComesBackEven) {
  const auto file = encode_wsq(Image{64, 64, 1, 200});
  ASSERT_TRUE(file);
  const auto back = decode_wsq(*file);
  ASSERT_TRUE(back);
  EXPECT_TRUE(std::ranges::all_of(back->image.pixels, [](int p) { return std::abs(p - 200) <= 1; }));
}

TEST(Wsq, TruncatedAndAlteredFilesAreRefusedOrRead) {
  const auto file = encode_wsq(ridges(96, 96));
  ASSERT_TRUE(file);
  for (std::size_t n = 0; n < file->size(); n += 7) EXPECT_FALSE(decode_wsq(BytesView{*file}.first(n))) << n;
  for (std::size_t i = 0; i < file->size(); i += 3) {
    Bytes altered = *file;
    altered[i] ^= 0x55;
    if (const auto read = decode_wsq(altered))
      EXPECT_EQ(read->image.pixels.size(), static_cast<std::size_t>(read->image.width * read->image.height));
  }
}

TEST(Wsq, ClaimedSizesBeyondTheLimitsAreRefusedBeforeAnythingIsReserved) {
  auto file = encode_wsq(ridges(64, 64));
  ASSERT_TRUE(file);
  const auto frame = std::ranges::search(*file, std::array<std::uint8_t, 2>{0xff, 0xa2}).begin();
  for (int i = 6; i < 10; ++i) frame[i] = 0xff;
  EXPECT_FALSE(decode_wsq(*file));
}

TEST(Wsq, ColourAndTinyImagesAreNotEncoded) {
  EXPECT_FALSE(encode_wsq(Image{64, 64, 3}));
  EXPECT_FALSE(encode_wsq(Image{31, 64, 1}));
}

TEST(Wsq, TheReferenceFileIsDecodedToWithinOneGrayLevelOfItsReference) {
  const char* shared = std::getenv("AUTHX_SHARED_DATA");
  const std::filesystem::path folder =
      std::filesystem::path{shared == nullptr ? AUTHX_SOURCE_DIR "/../shared/data" : shared} / "fingerprint/wsq";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs AUTHX_SHARED_DATA: " << folder;
  const auto file = [&folder](const char* name) {
    std::ifstream in{folder / name, std::ios::binary};
    return Bytes{std::istreambuf_iterator<char>{in}, {}};
  };
  const auto own = decode_wsq(file("wsq-original.wsq"));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->dpi, 500);
  Bytes png = file("wsq-converted.png");
  const auto end = std::ranges::search(png, std::string_view{"IEND"}).begin();
  ASSERT_NE(end, png.end());
  png.erase(end + 8, png.end());  // the download's page follows the picture
  const auto reference = decode(png);
  ASSERT_TRUE(reference);
  const Image& expected = reference->pages.front();
  ASSERT_EQ(own->image.width, expected.width);
  ASSERT_EQ(own->image.height, expected.height);
  int most = 0;
  for (std::size_t i = 0; i < own->image.pixels.size(); ++i)
    most = std::max(most, std::abs(own->image.pixels[i] - expected.pixels[i * static_cast<std::size_t>(expected.channels)]));
  EXPECT_LE(most, 1);
}

}  // namespace
}  // namespace authx::imaging
