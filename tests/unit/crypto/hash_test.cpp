#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <set>

#include "base/encoding.h"

namespace authx::crypto {
namespace {

std::string hex(BytesView bytes) { return hex_encode(bytes); }
Bytes unhex(std::string_view text) { return hex_decode(text).value(); }

// FIPS 180-4 examples.
TEST(Sha256, HashesTheStandardsExamples) {
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PiecesHashLikeTheWhole) {
  Bytes data(1000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  Sha256 hash;
  for (std::size_t at = 0; at < data.size();) {
    const auto size = std::min<std::size_t>(at % 67, data.size() - at) + (at % 67 == 0 ? 1 : 0);
    hash.update(BytesView{data}.subspan(at, size));
    at += size;
  }
  EXPECT_EQ(hash.finish(), sha256(data));
}

struct HmacVector {
  Bytes key;
  Bytes data;
  const char* mac;
};

// RFC 4231, test cases 1 to 4, 6 and 7 (5 is about truncation).
TEST(HmacSha256, MatchesRfc4231) {
  const std::vector<HmacVector> vectors{
      {Bytes(20, 0x0b), to_bytes("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {to_bytes("Jefe"), to_bytes("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {unhex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa), to_bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       to_bytes("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
                "before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& v : vectors) EXPECT_EQ(hex(hmac_sha256(v.key, v.data)), v.mac);
}

// RFC 5869, appendix A, cases 1 to 3.
TEST(HkdfSha256, MatchesRfc5869) {
  EXPECT_EQ(hex(hkdf_sha256(Bytes(22, 0x0b), unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"), 42).expose()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  Bytes ikm;
  Bytes salt;
  Bytes info;
  for (int i = 0; i < 80; ++i) {
    ikm.push_back(static_cast<std::uint8_t>(i));
    salt.push_back(static_cast<std::uint8_t>(0x60 + i));
    info.push_back(static_cast<std::uint8_t>(0xb0 + i));
  }
  EXPECT_EQ(
      hex(hkdf_sha256(ikm, salt, info, 82).expose()),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
      "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(hex(hkdf_sha256(Bytes(22, 0x0b), {}, {}, 42).expose()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(ConstantTimeEqual, ComparesContentAndSize) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_TRUE(constant_time_equal(as_bytes("same"), as_bytes("same")));
  EXPECT_FALSE(constant_time_equal(as_bytes("same"), as_bytes("sama")));
  EXPECT_FALSE(constant_time_equal(as_bytes("same"), as_bytes("same ")));
}

TEST(RandomToken, HasTheWantedBytesAndDoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto token = random_token(16);
    EXPECT_EQ(base64url_decode(token).value().size(), 16U);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(RandomPassword, AvoidsLookAlikesAndUsesItsWholeAlphabet) {
  std::set<char> used;
  for (int i = 0; i < 200; ++i) {
    const auto password = random_password();
    EXPECT_EQ(password.size(), 20U);
    EXPECT_EQ(password.find_first_of("0Oo1lIiL"), std::string::npos);
    used.insert(password.begin(), password.end());
  }
  EXPECT_EQ(used.size(), 54U);
}

}  // namespace
}  // namespace authx::crypto
