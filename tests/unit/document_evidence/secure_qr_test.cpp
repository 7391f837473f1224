#include "engines/document/evidence/secure_qr.h"

#include <gtest/gtest.h>

#include "engines/document/evidence/code_evidence.h"
#include "engines/document/reading.h"
#include "maker.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;
using testing::sample_qr;

constexpr Time day(int y, unsigned m, unsigned d) {
  return std::chrono::sys_days{std::chrono::year{y} / std::chrono::month{m} / std::chrono::day{d}};
}

TrustStore trusting(const std::vector<std::string>& pem) {
  TrustAnchors a;
  a.aadhaar_qr_pem = pem;
  return *TrustStore::parse(a);
}

class SecureQrTest : public ::testing::Test {
 protected:
  static const testing::Signer& signer() {
    static const testing::Signer s = testing::make_signer("UIDAI test", day(2023, 1, 1), day(2025, 1, 1));
    return s;
  }
  static const testing::Signer& other() {
    static const testing::Signer s = testing::make_signer("somebody", day(2023, 1, 1), day(2025, 1, 1));
    return s;
  }
  TrustStore trust = trusting({other().pem(), signer().pem()});
};

TEST_F(SecureQrTest, DecimalBecomesBigEndianBytes) {
  EXPECT_EQ(*decimal_to_bytes("256"), (Bytes{1, 0}));
  EXPECT_EQ(*decimal_to_bytes("18446744073709551616"), (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(*decimal_to_bytes("000000000000000000000000000255"), (Bytes{255}));
  EXPECT_TRUE(decimal_to_bytes("0")->empty());
  EXPECT_FALSE(decimal_to_bytes(""));
  EXPECT_FALSE(decimal_to_bytes("12a"));
  EXPECT_FALSE(decimal_to_bytes(std::string(kMostDecimalDigits + 1, '1')));
}

TEST_F(SecureQrTest, EveryVersionIsVerifiedAndRead) {
  for (const char* version : {"", "V2", "V3", "V4", "V5"}) {
    const auto e = read_secure_qr(testing::signed_qr(sample_qr(version), signer()), trust);
    EXPECT_EQ(e.state, EvidenceState::verified) << version;
    EXPECT_EQ(e.format, *version == '\0' ? "V1" : version);
    EXPECT_EQ(e.key_name, "CN=UIDAI test");
    EXPECT_EQ(e.key_fingerprint.size(), 64U);
    EXPECT_EQ(e.find("name")->normalised, "Asha Rao");
    EXPECT_EQ(e.find("dob")->normalised, "1976-12-14");
    EXPECT_EQ(e.find("gender")->normalised, "F");
    EXPECT_EQ(e.find("document_number")->normalised, "XXXXXXXX2346");
    EXPECT_EQ(e.find("pincode")->normalised, "560011");
    EXPECT_EQ(format_time(*e.signed_at), "2024-06-15T09:02:05.123000Z");
    ASSERT_TRUE(e.portrait);
    EXPECT_EQ(e.portrait->width, 60);
    EXPECT_TRUE(e.number.empty());
  }
}

TEST_F(SecureQrTest, ABareKeyVerifiesWithoutAWindow) {
  const auto e = read_secure_qr(testing::signed_qr(sample_qr("V2"), signer()), trusting({signer().public_key_pem()}));
  EXPECT_EQ(e.state, EvidenceState::verified);
  EXPECT_EQ(e.key_name, "public key");
}

TEST_F(SecureQrTest, AlteringAnySignedByteIsRefused) {
  const auto qr = sample_qr("V2");
  Bytes all = testing::qr_plain(qr);
  const Bytes signature = testing::sign(signer(), all);
  const std::size_t fields_end = all.size() - qr.tail.size();
  all.insert(all.end(), signature.begin(), signature.end());
  std::size_t signed_for_other_data = 0;
  for (std::size_t i = 0; i < all.size(); i += i < fields_end ? 1 : 37) {
    Bytes altered = all;
    altered[i] ^= 0x01;
    const auto e = read_secure_qr(testing::qr_text(altered), trust);
    EXPECT_NE(e.state, EvidenceState::verified) << i;
    signed_for_other_data += e.state == EvidenceState::signature_invalid ? 1 : 0;
  }
  EXPECT_GT(signed_for_other_data, 100U);
}

TEST_F(SecureQrTest, WithoutAFittingKeyNothingIsVerified) {
  const std::string text = testing::signed_qr(sample_qr("V2"), signer());
  EXPECT_EQ(read_secure_qr(text, trusting({other().pem()})).state, EvidenceState::unverified);
  EXPECT_EQ(read_secure_qr(text, TrustStore{}).state, EvidenceState::unverified);
  EXPECT_TRUE(read_secure_qr(text, TrustStore{}).key_fingerprint.empty());
}

TEST_F(SecureQrTest, SigningOutsideTheKeysWindowIsExpired) {
  auto late = sample_qr("V2");
  late.fields[0] = "234620250615143205123";
  EXPECT_EQ(read_secure_qr(testing::signed_qr(late, signer()), trust).state, EvidenceState::expired_key);
  late.fields[0] = "234620220615143205123";
  EXPECT_EQ(read_secure_qr(testing::signed_qr(late, signer()), trust).state, EvidenceState::expired_key);
}

TEST_F(SecureQrTest, TruncatedOrForeignTextIsUnreadable) {
  const std::string text = testing::signed_qr(sample_qr("V2"), signer());
  for (const std::size_t n : {text.size() - 1, text.size() / 2, std::size_t{300}, std::size_t{1}, std::size_t{0}})
    EXPECT_EQ(read_secure_qr(std::string_view{text}.substr(0, n), trust).state, EvidenceState::unreadable) << n;
  EXPECT_EQ(read_secure_qr(testing::qr_text(Bytes(300, 'x')), trust).state, EvidenceState::unreadable);
}

TEST_F(SecureQrTest, AZipBombIsUnreadable) {
  EXPECT_EQ(read_secure_qr(testing::qr_text(Bytes(std::size_t{1} << 20, 'V')), trust).state, EvidenceState::unreadable);
}

TEST_F(SecureQrTest, HashesAreFoundByThePicturesEnd) {
  auto qr = sample_qr("V2");
  qr.indicator = '3';
  const Bytes email(32, 0xAA);
  const Bytes mobile(32, 0xBB);
  qr.tail.insert(qr.tail.end(), email.begin(), email.end());
  qr.tail.insert(qr.tail.end(), mobile.begin(), mobile.end());
  const auto both = read_secure_qr(testing::signed_qr(qr, signer()), trust);
  EXPECT_EQ(both.contact.email.substr(0, 4), "aaaa");
  EXPECT_EQ(both.contact.mobile.substr(0, 4), "bbbb");
  EXPECT_EQ(both.contact.rounds, 6);
  ASSERT_TRUE(both.portrait);

  qr.tail = testing::jpeg_portrait();  // later versions announce hashes that they do not carry
  const auto none = read_secure_qr(testing::signed_qr(qr, signer()), trust);
  EXPECT_EQ(none.state, EvidenceState::verified);
  EXPECT_TRUE(none.contact.email.empty());
  EXPECT_TRUE(none.portrait);

  qr.tail.clear();  // the small code has no portrait
  EXPECT_EQ(read_secure_qr(testing::signed_qr(qr, signer()), trust).state, EvidenceState::verified);
}

TEST(ContactHashTest, AppliesTheHashAsOftenAsTheNumberSays) {
  ContactHashes c;
  c.rounds = 2;
  // sha256(sha256_hex("9000000000"))
  c.mobile = "";
  EXPECT_FALSE(mobile_matches(c, "9000000000"));
  c.rounds = 1;
  c.mobile = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // sha256("abc")
  c.email = c.mobile;
  EXPECT_TRUE(*email_matches(c, "ab", "c"));
  EXPECT_TRUE(*email_matches(c, "ABC"));
  EXPECT_FALSE(*email_matches(c, "abd"));
  EXPECT_FALSE(*mobile_matches(c, "9000000000"));
}

TEST(TrustStoreTest, RefusesWhatIsNoCertificate) {
  TrustAnchors a;
  a.aadhaar_qr_pem = {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
  EXPECT_FALSE(TrustStore::parse(a));
  a.aadhaar_qr_pem = {"no PEM"};
  EXPECT_FALSE(TrustStore::parse(a));
  const auto s = testing::make_signer("x", day(2023, 1, 1), day(2025, 1, 1));
  a = {};
  a.csca_pem = {s.public_key_pem()};
  EXPECT_FALSE(TrustStore::parse(a)) << "a chain needs certificates";
  a = {};
  a.aadhaar_qr_pem = {s.pem() + s.public_key_pem()};
  EXPECT_EQ(TrustStore::parse(a)->keys(TrustPurpose::aadhaar_qr).size(), 2U);
}

TEST(CodeTest, ReadsCodesWhereverTheyStand) {
  const imaging::Image qr = testing::draw_code("ABCPA1234K and more text in a code", false, 300);
  const auto found = find_codes(qr, {}, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(as_text(found[0].bytes), "ABCPA1234K and more text in a code");
  const auto box = imaging::bounds_of(found[0].quad);
  EXPECT_GT(box.x, 20);
  EXPECT_LT(box.x + box.width, qr.width - 20);
  for (int turns = 1; turns < 4; ++turns) EXPECT_EQ(find_codes(imaging::rotate_quarter(qr, turns), {}, {}).size(), 1U) << turns;
  EXPECT_TRUE(find_codes(imaging::Image(400, 300, 3, 200), {}, {}).empty());
  EXPECT_TRUE(find_codes(imaging::Image(1, 1, 1, 0), {}, {}).empty());
  Deadline passed;
  passed.at = {};
  EXPECT_TRUE(find_codes(qr, {}, passed).empty());
}

TEST(CodeTest, InterpretsASecureQrFromItsPicture) {
  const auto signer = testing::make_signer("UIDAI test", day(2023, 1, 1), day(2025, 1, 1));
  const imaging::Image picture = testing::draw_code(testing::signed_qr(sample_qr("V3"), signer), false, 700);
  const auto evidence = read_code_evidence(picture, Side::back, trusting({signer.pem()}), {});
  ASSERT_EQ(evidence.size(), 1U);
  EXPECT_EQ(evidence[0].state, EvidenceState::verified);
  EXPECT_EQ(evidence[0].side, Side::back);
  EXPECT_TRUE(evidence[0].place);
}

}  // namespace
}  // namespace authx::document
