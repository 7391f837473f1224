#include <gtest/gtest.h>

#include <algorithm>

#include "engines/document/evidence/file_evidence.h"
#include "engines/document/evidence/icao_chip.h"
#include "engines/document/evidence/offline_ekyc.h"
#include "engines/document/evidence/share_code_zip.h"
#include "engines/document/evidence/signed_pdf.h"
#include "engines/document/evidence/tlv.h"
#include "engines/document/mrz.h"
#include "engines/document/reading.h"
#include "maker.h"

namespace authx::document {
namespace {

constexpr Time day(int y, unsigned m, unsigned d) {
  return std::chrono::sys_days{std::chrono::year{y} / std::chrono::month{m} / std::chrono::day{d}};
}
constexpr Time kNow = day(2024, 7, 1);

const testing::Signer& signer() {
  static const testing::Signer s = testing::make_signer("issuer", day(2023, 1, 1), day(2026, 1, 1));
  return s;
}
const testing::Signer& stranger() {
  static const testing::Signer s = testing::make_signer("stranger", day(2023, 1, 1), day(2026, 1, 1));
  return s;
}
TrustStore trusting(const testing::Signer& s) {
  TrustAnchors a;
  a.offline_kyc_pem = {s.pem()};
  a.pdf_pem = {s.pem()};
  a.csca_pem = {s.pem()};
  return *TrustStore::parse(a);
}

// --- Offline e-KYC ------------------------------------------------------------------------------

EvidenceState ekyc_state(const std::string& xml) { return read_offline_ekyc(as_bytes(xml), trusting(signer())).state; }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(OfflineKycTest, AGoodFileIsVerifiedAndRead) {
  const auto e = read_offline_ekyc(as_bytes(testing::ekyc_xml(signer())), trusting(signer()));
  EXPECT_EQ(e.state, EvidenceState::verified);
  EXPECT_EQ(e.key_name, "CN=issuer");
  EXPECT_EQ(e.find("name")->normalised, "Asha Rao");
  EXPECT_EQ(e.find("name")->source, Source::file);
  EXPECT_EQ(e.find("document_number")->normalised, "XXXXXXXX2346");
  EXPECT_TRUE(e.portrait);
}

TEST(OfflineKycTest, EveryAlterationIsRefused) {
  const std::string xml = testing::ekyc_xml(signer());
  for (const auto& [from, to] : std::vector<std::pair<const char*, const char*>>{{"Asha Rao", "Asha Roa"},
                                                                                 {"14-12-1976", "14-12-1996"},
                                                                                 {"gender=\"F\"", "gender=\"M\""},
                                                                                 {"referenceId=\"2346", "referenceId=\"2347"},
                                                                                 {"560011", "560012"},
                                                                                 {"</UidData>", "<Extra></Extra></UidData>"}})
    EXPECT_EQ(ekyc_state(replaced(xml, from, to)), EvidenceState::signature_invalid) << from;
}

TEST(OfflineKycTest, OnlyConfiguredKeysCount) {
  const std::string xml = testing::ekyc_xml(stranger());
  EXPECT_EQ(ekyc_state(xml), EvidenceState::unverified);
  // A certificate in KeyInfo changes nothing.
  std::string body = stranger().pem();
  EXPECT_EQ(ekyc_state(replaced(xml, "</SignatureValue>",
                                "</SignatureValue><KeyInfo><X509Data><X509Certificate>" + body.substr(28, 400) +
                                    "</X509Certificate></X509Data></KeyInfo>")),
            EvidenceState::unverified);
  EXPECT_EQ(read_offline_ekyc(as_bytes(testing::ekyc_xml(signer())), TrustStore{}).state, EvidenceState::unverified);
  const auto old = testing::make_signer("old", day(2019, 1, 1), day(2021, 1, 1));
  EXPECT_EQ(read_offline_ekyc(as_bytes(testing::ekyc_xml(old)), trusting(old)).state, EvidenceState::expired_key);
}

TEST(OfflineKycTest, SignatureWrappingIsRefused) {
  const std::string good = testing::ekyc_xml(signer());
  const std::string forged = replaced(testing::standard_uid_data(), "Asha Rao", "Mallory");
  const std::string signature = good.substr(good.find("<Signature "), good.find("</OfflinePaperlessKyc>") - good.find("<Signature "));
  // The signed document moved inside a forged one.
  EXPECT_NE(ekyc_state(R"(<OfflinePaperlessKyc referenceId="234620240615143205123">)" + forged + good + "</OfflinePaperlessKyc>"),
            EvidenceState::verified);
  // A second signature, a signature that is not last, one with another reference, one that signs only a part.
  EXPECT_EQ(ekyc_state(replaced(good, "</OfflinePaperlessKyc>", signature + "</OfflinePaperlessKyc>")), EvidenceState::signature_invalid);
  EXPECT_EQ(ekyc_state(replaced(good, "</OfflinePaperlessKyc>", forged + "</OfflinePaperlessKyc>")), EvidenceState::signature_invalid);
  EXPECT_EQ(ekyc_state(replaced(good, "Reference URI=\"\"", "Reference URI=\"#part\"")), EvidenceState::signature_invalid);
  EXPECT_EQ(ekyc_state(replaced(good, "Reference URI=\"\"", "Reference")), EvidenceState::signature_invalid);
  EXPECT_EQ(
      ekyc_state(replaced(good, "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116")),
      EvidenceState::signature_invalid);
  EXPECT_EQ(ekyc_state(replaced(good, "xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")), EvidenceState::signature_invalid);
  EXPECT_EQ(ekyc_state(replaced(good, signature, "")), EvidenceState::signature_invalid);
}

TEST(OfflineKycTest, DocumentTypesAndEntitiesAreRefused) {
  const std::string good = testing::ekyc_xml(signer());
  EXPECT_EQ(ekyc_state("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>" + good), EvidenceState::unreadable);
  EXPECT_EQ(ekyc_state("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">" + good), EvidenceState::unreadable);
  EXPECT_EQ(ekyc_state(good.substr(0, good.size() / 2)), EvidenceState::unreadable);
  EXPECT_EQ(ekyc_state(std::string(3 << 20, ' ') + good), EvidenceState::unreadable);
  EXPECT_EQ(ekyc_state(""), EvidenceState::unreadable);
}

TEST(ShareCodeZipTest, OpensWithTheShareCodeOnly) {
  const std::string xml = testing::ekyc_xml(signer());
  const Bytes zip = testing::zip_encrypted("offline.xml", as_bytes(xml), "1234");
  const auto good = read_offline_ekyc_zip(zip, SecretText{"1234"}, trusting(signer()));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->state, EvidenceState::verified);
  for (const char* wrong : {"1235", "", "123"}) {
    const auto bad = read_offline_ekyc_zip(zip, SecretText{wrong}, trusting(signer()));
    ASSERT_FALSE(bad) << wrong;
    EXPECT_EQ(bad.error().faults.at(0).field, "share_code");
  }
  EXPECT_TRUE(unzip_one(testing::zip_encrypted("x", as_bytes("hello"), ""), {}));
}

TEST(ShareCodeZipTest, BombsAndDamageAreRefused) {
  EXPECT_FALSE(unzip_one(testing::zip_encrypted("x", Bytes(std::size_t{1} << 20, 0), ""), {})) << "a ratio of a thousand";
  EXPECT_FALSE(unzip_one(testing::zip_encrypted("x", Bytes(std::size_t{3} << 20, 0), ""), {})) << "more than 2 MiB";
  Bytes lying = testing::zip_encrypted("x", Bytes(100'000, 'a'), "");
  const auto central = lying.size() - 22 - 47;
  lying[central + 24] = 10;  // states ten bytes
  lying[central + 25] = lying[central + 26] = 0;
  EXPECT_FALSE(unzip_one(lying, {}));
  const Bytes zip = testing::zip_encrypted("x", as_bytes("hello, hello, hello"), "1234");
  for (std::size_t n = 0; n < zip.size(); ++n) EXPECT_FALSE(unzip_one(BytesView{zip}.first(n), SecretText{"1234"})) << n;
  for (std::size_t i = 0; i < zip.size(); ++i) {
    Bytes altered = zip;
    altered[i] ^= 0x10;
    const auto out = unzip_one(altered, SecretText{"1234"});
    if (out) EXPECT_EQ(as_text(*out), "hello, hello, hello");
  }
}

// --- PDF ----------------------------------------------------------------------------------------

Bytes sample_pdf(const testing::Signer& s) {
  return testing::signed_pdf({"Income Tax Department", "ABCPR1234K", "DOB: 14/12/1976", "FEMALE"}, s, day(2024, 6, 1));
}

EvidenceState pdf_state(BytesView file, const TrustStore& trust) { return read_signed_pdf(file, {}, trust, kNow)->state; }

TEST(SignedPdfTest, AGoodFileIsVerifiedAndRead) {
  const auto e = read_signed_pdf(sample_pdf(signer()), {}, trusting(signer()), kNow);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->state, EvidenceState::verified);
  EXPECT_EQ(e->format, "adbe.pkcs7.detached");
  EXPECT_EQ(e->key_name, "CN=issuer");
  EXPECT_EQ(format_time(*e->signed_at), "2024-06-01T00:00:00Z");
  ASSERT_NE(e->find("document_number"), nullptr);
  EXPECT_EQ(e->find("document_number")->normalised, "ABCPR1234K");
  EXPECT_EQ(e->find("dob")->normalised, "1976-12-14");
  EXPECT_EQ(e->find("gender")->normalised, "F");
}

TEST(SignedPdfTest, EveryAlterationIsRefused) {
  const Bytes pdf = sample_pdf(signer());
  const auto trust = trusting(signer());
  const auto hole = as_text(pdf).find("/Contents <");
  const auto padding = hole + 12'000;
  for (std::size_t i = 10; i < pdf.size(); i += 23) {
    if (i > hole && i < padding) continue;  // the signature's own encoding
    Bytes altered = pdf;
    altered[i] ^= 0x04;
    EXPECT_NE(pdf_state(altered, trust), EvidenceState::verified) << i;
  }
}

TEST(SignedPdfTest, AnAppendedUpdateIsReported) {
  Bytes pdf = sample_pdf(signer());
  const std::string_view update = "\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n";
  pdf.insert(pdf.end(), update.begin(), update.end());
  const auto e = read_signed_pdf(pdf, {}, trusting(signer()), kNow);
  EXPECT_EQ(e->state, EvidenceState::signature_invalid);
  EXPECT_FALSE(e->warnings.empty());
}

TEST(SignedPdfTest, AHoleWithMoreThanTheSignatureIsRefused) {
  Bytes pdf = sample_pdf(signer());
  std::string text{as_text(pdf)};
  const auto contents = text.find("/Contents <") + 10;
  text[contents + 16'000] = '(';
  EXPECT_EQ(pdf_state(as_bytes(text), trusting(signer())), EvidenceState::signature_invalid);
}

TEST(SignedPdfTest, StrangersAndExpiredSignersAreNotVerified) {
  EXPECT_EQ(pdf_state(sample_pdf(stranger()), trusting(signer())), EvidenceState::unverified);
  EXPECT_EQ(pdf_state(sample_pdf(signer()), TrustStore{}), EvidenceState::unverified);
  const auto old = testing::make_signer("old", day(2019, 1, 1), day(2021, 1, 1));
  EXPECT_EQ(pdf_state(sample_pdf(old), trusting(old)), EvidenceState::expired_key);
  EXPECT_EQ(pdf_state(as_bytes("%PDF-1.7\nnothing"), trusting(signer())), EvidenceState::unverified);
  EXPECT_EQ(pdf_state(as_bytes("no PDF"), trusting(signer())), EvidenceState::unreadable);
}

TEST(SignedPdfTest, ASignerIssuedByAnAnchorIsVerified) {
  const auto leaf = testing::make_signer("leaf", day(2023, 1, 1), day(2025, 1, 1), testing::KeyKind::ec, &signer());
  EXPECT_EQ(pdf_state(sample_pdf(leaf), trusting(signer())), EvidenceState::verified);
}

// --- Chip ---------------------------------------------------------------------------------------

std::string sample_mrz() {
  MrzContent c;
  c.issuer = "UTO";
  c.surname = "RAO";
  c.given_names = "ASHA MIRA";
  c.document_number = "L898902C3";
  c.nationality = "UTO";
  c.birth = Date{std::chrono::year{1974}, std::chrono::month{8}, std::chrono::day{12}};
  c.sex = 'F';
  c.expiry = Date{std::chrono::year{2032}, std::chrono::month{4}, std::chrono::day{15}};
  const auto lines = compose_td3(c);
  return lines[0] + lines[1];
}

struct Chip {
  testing::Signer csca = testing::make_signer("CSCA", day(2015, 1, 1), day(2035, 1, 1), testing::KeyKind::ec);
  Bytes one = testing::dg1(sample_mrz());
  Bytes two = testing::dg2(testing::jpeg_portrait());

  Evidence read(const Bytes& sod, const Bytes& dg1, const Bytes& dg2, Time now = kNow) const {
    const std::vector<BytesView> files{dg1, sod, dg2};
    return read_icao_chip(files, trusting(csca), now);
  }
  testing::Signer ds(testing::KeyKind kind, Time to = day(2034, 1, 1)) const {
    return testing::make_signer("DS", day(2022, 1, 1), to, kind, &csca);
  }
  std::vector<testing::Hashed> groups() const { return {{1, one}, {2, two}}; }
};

TEST(IcaoChipTest, PassiveAuthenticationWithEachAlgorithm) {
  const Chip chip;
  const auto rsa = chip.ds(testing::KeyKind::rsa);
  for (const Bytes& sod : {testing::sod(chip.groups(), rsa), testing::sod(chip.groups(), rsa, true),
                           testing::sod(chip.groups(), chip.ds(testing::KeyKind::ec))}) {
    const auto e = chip.read(sod, chip.one, chip.two);
    EXPECT_EQ(e.state, EvidenceState::verified) << (e.warnings.empty() ? "" : e.warnings[0]);
    EXPECT_EQ(e.format, "LDS v0, SHA256");
    EXPECT_EQ(e.key_name, "CN=DS");
    EXPECT_EQ(e.find("document_number")->normalised, "L898902C3");
    EXPECT_EQ(e.find("name")->normalised, "ASHA MIRA RAO");
    EXPECT_EQ(e.find("dob")->normalised, "1974-08-12");
    ASSERT_TRUE(e.portrait);
    EXPECT_EQ(e.portrait->height, 72);
  }
}

TEST(IcaoChipTest, AlteredGroupsAndObjectsAreRefused) {
  const Chip chip;
  const Bytes sod = testing::sod(chip.groups(), chip.ds(testing::KeyKind::ec));
  const Bytes other = testing::dg1(replaced(sample_mrz(), "ASHA", "ISHA"));
  EXPECT_EQ(chip.read(sod, other, chip.two).state, EvidenceState::signature_invalid);
  Bytes face = chip.two;
  face[face.size() - 10] ^= 1;
  EXPECT_EQ(chip.read(sod, chip.one, face).state, EvidenceState::signature_invalid);
  EXPECT_EQ(chip.read(testing::sod({{1, chip.one}}, chip.ds(testing::KeyKind::ec)), chip.one, chip.two).state,
            EvidenceState::signature_invalid)
      << "a group that was not signed";
  // The groups' hashes inside the signed object, and the signature at the end.
  const Bytes hash = testing::sha256(chip.one);
  const auto at = std::search(sod.begin(), sod.end(), hash.begin(), hash.end()) - sod.begin();
  ASSERT_LT(at, static_cast<std::ptrdiff_t>(sod.size()));
  for (std::size_t i = 0; i < sod.size(); ++i) {
    const bool in_object = i + 40 >= static_cast<std::size_t>(at) && i < static_cast<std::size_t>(at) + 69;
    if (!in_object && i + 30 < sod.size()) continue;
    Bytes altered = sod;
    altered[i] ^= 0x20;
    EXPECT_NE(chip.read(altered, chip.one, chip.two).state, EvidenceState::verified) << i;
  }
  for (std::size_t n = 0; n < sod.size(); n += 7) {
    const Bytes cut(sod.begin(), sod.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_NE(chip.read(cut, chip.one, chip.two).state, EvidenceState::verified) << n;
  }
}

TEST(IcaoChipTest, WrongAndExpiredAuthoritiesAreNotVerified) {
  const Chip chip;
  const Chip another;
  const Bytes sod = testing::sod(chip.groups(), chip.ds(testing::KeyKind::ec));
  EXPECT_EQ(another.read(sod, chip.one, chip.two).state, EvidenceState::unverified);
  const Bytes old = testing::sod(chip.groups(), chip.ds(testing::KeyKind::ec, day(2024, 1, 1)));
  EXPECT_EQ(chip.read(old, chip.one, chip.two).state, EvidenceState::expired_key);
  const std::vector<BytesView> without{chip.one};
  EXPECT_EQ(read_icao_chip(without, trusting(chip.csca), kNow).state, EvidenceState::unverified);
  const std::vector<BytesView> twice{chip.one, chip.one};
  EXPECT_EQ(read_icao_chip(twice, trusting(chip.csca), kNow).state, EvidenceState::unreadable);
}

TEST(TlvTest, NeverReadsPastItsBytes) {
  for (const Bytes& bad : {Bytes{0x30}, Bytes{0x30, 0x80}, Bytes{0x30, 0x05, 1}, Bytes{0x30, 0x85, 0, 0, 0, 0, 0}, Bytes{0x5F},
                           Bytes{0x5F, 0x8F, 0x8F, 0x00}}) {
    TlvReader r{bad};
    EXPECT_FALSE(r.next());
    EXPECT_TRUE(r.failed());
  }
  TlvReader good{Bytes{}};
  EXPECT_FALSE(good.next());
  EXPECT_TRUE(good.done());
}

TEST(FileEvidenceTest, TellsKindsByContent) {
  const auto trust = trusting(signer());
  const auto read = [&](const std::vector<Bytes>& files) {
    const std::vector<BytesView> views(files.begin(), files.end());
    return read_file_evidence(views, SecretText{"1234"}, trust, kNow);
  };
  EXPECT_EQ(read({testing::zip_encrypted("a.xml", as_bytes(testing::ekyc_xml(signer())), "1234")})->kind, EvidenceKind::offline_ekyc);
  EXPECT_EQ(read({to_bytes(testing::ekyc_xml(signer()))})->kind, EvidenceKind::offline_ekyc);
  EXPECT_EQ(read({sample_pdf(signer())})->kind, EvidenceKind::pdf_signature);
  EXPECT_EQ(read({testing::dg1(sample_mrz())})->kind, EvidenceKind::icao_chip);
  EXPECT_FALSE(read({to_bytes("hello")}));
  EXPECT_FALSE(read({sample_pdf(signer()), testing::dg1(sample_mrz())}));
  EXPECT_FALSE(read({}));
}

}  // namespace
}  // namespace authx::document
