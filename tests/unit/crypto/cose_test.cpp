#include "crypto/cose.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "crypto/ed25519.h"

namespace authx::crypto {
namespace {

Bytes hex(std::string_view text) { return hex_decode(text).value(); }

/// RFC 8032, section 7.1, test 2.
const Bytes kEdKey = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const Bytes kEdSignature =
    hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");

Bytes ed_cose() {
  auto out = hex("a4010103272006215820");
  out.insert(out.end(), kEdKey.begin(), kEdKey.end());
  return out;
}

/// RFC 6979, appendix A.2.5 (P-256, SHA-256, "sample").
const std::string kX = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const std::string kY = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const std::string kEcSignature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab"
    "2f843acda8";
std::string ec_cose(const std::string& x, const std::string& y, const std::string& alg = "26", const std::string& curve = "01") {
  return "a5010203" + alg + "20" + curve + "215820" + x + "225820" + y;
}

TEST(Cose, VerifiesEdDsaOfRfc8032) {
  const auto key = CoseKey::parse(ed_cose());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), CoseAlgorithm::eddsa);
  EXPECT_TRUE(key->verify(hex("72"), kEdSignature));
  EXPECT_FALSE(key->verify(hex("73"), kEdSignature));
  EXPECT_FALSE(key->verify(hex("72"), {}));
}

TEST(Cose, VerifiesEs256OfRfc6979) {
  const auto key = CoseKey::parse(hex(ec_cose(kX, kY)));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(as_bytes("sample"), hex(kEcSignature)));
  EXPECT_FALSE(key->verify(as_bytes("simple"), hex(kEcSignature)));
}

TEST(Cose, RefusesKeysThatDoNotFitTheirAlgorithm) {
  EXPECT_FALSE(CoseKey::parse(hex(ec_cose(kX, kY, "27"))));        // EdDSA with EC2
  EXPECT_FALSE(CoseKey::parse(hex(ec_cose(kX, kY, "26", "02"))));  // P-384
  EXPECT_FALSE(CoseKey::parse(hex(ec_cose(kX, kX))));              // not on the curve
  EXPECT_FALSE(CoseKey::parse(hex("a5010203262001215820" + kX +
                                  "2241"
                                  "00")));  // short coordinate
  auto with_rest = ed_cose();
  with_rest.push_back(0);
  EXPECT_FALSE(CoseKey::parse(with_rest));
  EXPECT_FALSE(CoseKey::parse(hex("a0")));
  EXPECT_FALSE(CoseKey::parse(hex("80")));
}

TEST(Cose, RefusesSmallRsa) {
  const std::string n(128 * 2, 'f');
  EXPECT_FALSE(
      CoseKey::parse(hex("a401030339010020"
                         "5880" +
                         n + "2143010001")));
}

}  // namespace
}  // namespace authx::crypto
