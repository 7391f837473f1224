#include "base/encoding.h"

#include <gtest/gtest.h>

namespace authx {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(as_bytes("")), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode(Bytes{0xFB, 0xFF}), "-_8");
}

TEST(Base64, DecodesWithAndWithoutPadding) {
  EXPECT_EQ(base64_decode("Zm8="), to_bytes("fo"));
  EXPECT_EQ(base64_decode("Zm8"), to_bytes("fo"));
  EXPECT_EQ(base64_decode(""), Bytes{});
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  EXPECT_FALSE(base64_decode("Z"));
  EXPECT_FALSE(base64_decode("Zm9v YmFy"));
  EXPECT_FALSE(base64_decode("Zm9="));  // bits left over
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("+/8"));
}

TEST(Base64, RoundTripsEveryLengthAndRefusesAForeignLetterAtEveryPlace) {
  Bytes data;
  for (int size = 0; size < 40; ++size) {
    const auto text = base64url_encode(data);
    EXPECT_EQ(base64url_decode(text), data);
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char foreign : {'=', '+', '/', ' ', '\0', '\xff'}) {
        auto wrong = text;
        wrong[i] = foreign;
        EXPECT_FALSE(base64url_decode(wrong)) << size << " bytes, place " << i;
      }
    }
    data.push_back(static_cast<std::uint8_t>(size * 89 + 200));
  }
}

TEST(Hex, RoundTripsAndRefusesOddOrForeignCharacters) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0xAB, 0xFF}), "00abff");
  EXPECT_EQ(hex_decode("00ABff"), (Bytes{0x00, 0xAB, 0xFF}));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("zz"));
}

TEST(Percent, KeepsOnlyWhatNeedsNoEncoding) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b&c=/%+\xC3\xA9"), "a%20b%26c%3D%2F%25%2B%C3%A9");
}

}  // namespace
}  // namespace authx
