#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/gcm.h"
#include "crypto/keyring.h"

namespace authx::crypto {
namespace {

Bytes unhex(std::string_view text) { return hex_decode(text).value(); }

struct GcmVector {
  const char* key;
  const char* nonce;
  const char* plain;
  const char* associated;
  const char* sealed;
};

// AES-256 cases 13 to 16 of the GCM specification that NIST published with SP 800-38D's submission.
const std::vector<GcmVector> kGcmVectors{
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "00000000000000000000000000000000", "",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255", "",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Gcm, MatchesThePublishedVectors) {
  for (const auto& v : kGcmVectors) {
    const Key key{unhex(v.key)};
    GcmNonce nonce{};
    std::ranges::copy(unhex(v.nonce), nonce.begin());
    const auto plain = unhex(v.plain);
    Bytes sealed(plain.size() + kGcmTagSize);
    gcm_seal(key, nonce, plain, unhex(v.associated), sealed.data());
    EXPECT_EQ(hex_encode(sealed), v.sealed);
    Bytes opened(plain.size());
    EXPECT_TRUE(gcm_open(key, nonce, sealed, unhex(v.associated), opened.data()));
    EXPECT_EQ(opened, plain);
  }
}

const Key kKey{Bytes(kKeySize, 5)};

TEST(Seal, OpensWithItsKeyAndAssociatedData) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U}) {
    const Bytes plain(size, 0x61);
    EXPECT_EQ(open(kKey, seal(kKey, plain, as_bytes("where")), as_bytes("where")).value(), plain);
  }
}

TEST(Seal, TheSamePlaintextSealsDifferentlyEachTime) { EXPECT_NE(seal(kKey, as_bytes("x"), {}), seal(kKey, as_bytes("x"), {})); }

TEST(Seal, EveryFlippedBitIsNoticed) {
  const auto sealed = seal(kKey, as_bytes("a short secret"), as_bytes("where"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] ^= static_cast<std::uint8_t>(1 << bit);
      const auto result = open(kKey, changed, as_bytes("where"));
      ASSERT_FALSE(result) << i;
      EXPECT_EQ(result.error().code, Errc::internal);
      EXPECT_EQ(result.error().detail, "sealed data does not open");
    }
  }
}

TEST(Seal, EveryTruncationAndExtensionIsNoticed) {
  auto sealed = seal(kKey, as_bytes("a short secret"), {});
  for (std::size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(open(kKey, BytesView{sealed}.first(size), {}));
  sealed.push_back(0);
  EXPECT_FALSE(open(kKey, sealed, {}));
}

TEST(Seal, AnotherKeyOrPlaceDoesNotOpen) {
  const auto sealed = seal(kKey, as_bytes("secret"), as_bytes("here"));
  EXPECT_FALSE(open(Key{Bytes(kKeySize, 6)}, sealed, as_bytes("here")));
  EXPECT_FALSE(open(Key{Bytes(16, 5)}, sealed, as_bytes("here")));
  EXPECT_FALSE(open(kKey, sealed, as_bytes("there")));
  EXPECT_FALSE(open(kKey, sealed, {}));
}

TEST(SealField, AMovedValueDoesNotOpen) {
  const Time now{std::chrono::seconds{1'700'000'000}};
  const auto row = Uuid::generate(now);
  const Place place{"documents", "number", row};
  const auto sealed = seal_field(kKey, "1234", place);
  EXPECT_EQ(open_field(kKey, sealed, place).value(), "1234");
  EXPECT_FALSE(open_field(kKey, sealed, {"users", "number", row}));
  EXPECT_FALSE(open_field(kKey, sealed, {"documents", "name", row}));
  EXPECT_FALSE(open_field(kKey, sealed, {"documents", "number", Uuid::generate(now)}));
  EXPECT_FALSE(open_field(kKey, sealed, {"documentsn", "umber", row}));
}

}  // namespace
}  // namespace authx::crypto
