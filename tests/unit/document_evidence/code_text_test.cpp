#include <gtest/gtest.h>

#include "engines/document/evidence/aamva.h"
#include "engines/document/evidence/code_evidence.h"
#include "engines/document/evidence/legacy_qr.h"
#include "engines/document/evidence/plain_qr.h"
#include "engines/document/reading.h"

namespace authx::document {
namespace {

constexpr std::string_view kLegacy =
    R"(<?xml version="1.0" encoding="UTF-8"?><PrintLetterBarcodeData uid="234123412346" name="Asha &amp; Rao" gender="F" yob="1976" co="C/O Ravi" house="12" dist="Bengaluru" state="Karnataka" pc="560011" dob="14/12/1976"/>)";

TEST(LegacyQrTest, IsReadMaskedAndNeverVerified) {
  const auto e = read_legacy_qr(kLegacy);
  EXPECT_EQ(e.state, EvidenceState::not_signed);
  EXPECT_TRUE(e.holds_secret);
  EXPECT_EQ(e.find("document_number")->value, "XXXXXXXX2346");
  EXPECT_EQ(e.number.expose(), "234123412346");
  EXPECT_EQ(e.find("name")->normalised, "Asha & Rao");
  EXPECT_EQ(e.find("dob")->normalised, "1976-12-14");
  for (const auto& c : e.claims) EXPECT_EQ(c.value.find("23412341"), std::string::npos) << c.name;
}

TEST(LegacyQrTest, DamagedPrintIsRead) {
  const auto e = read_legacy_qr(R"(</?xml?><printletterbarcodedata uid='234123412346'name='Asha'gender='F' yob = "1976"  />)");
  EXPECT_EQ(e.state, EvidenceState::not_signed);
  EXPECT_EQ(e.find("name")->normalised, "Asha");
  EXPECT_EQ(e.find("year_of_birth")->normalised, "1976");
  EXPECT_EQ(read_legacy_qr("<PrintLetterBarcodeData uid=\"2341").state, EvidenceState::unreadable);
}

TEST(LegacyQrTest, EntitiesAreRefused) {
  const std::string bomb = R"(<!DOCTYPE a [<!ENTITY b "bbbb">]>)" + std::string{kLegacy};
  const auto e = read_legacy_qr(bomb);
  EXPECT_EQ(e.state, EvidenceState::unreadable);
  EXPECT_TRUE(e.claims.empty());
  EXPECT_TRUE(e.holds_secret) << "the number may be in it all the same";
  EXPECT_EQ(read_legacy_qr(std::string{kLegacy} + std::string(9000, ' ')).state, EvidenceState::unreadable);
}

TEST(PlainQrTest, FindsNumbersByFormAndValuesByLabel) {
  const auto pan = read_plain_qr("Name : ASHA RAO\nFather's Name : RAVI RAO\nDOB : 14/12/1976\nPAN : ABCPR1234K");
  ASSERT_TRUE(pan);
  EXPECT_EQ(pan->format, "pan");
  EXPECT_EQ(pan->state, EvidenceState::not_signed);
  EXPECT_EQ(pan->find("document_number")->normalised, "ABCPR1234K");
  EXPECT_EQ(pan->find("name")->normalised, "ASHA RAO");
  EXPECT_EQ(pan->find("father_name")->normalised, "RAVI RAO");
  EXPECT_EQ(pan->find("dob")->normalised, "1976-12-14");
  const auto license = read_plain_qr("DLNo:MH12 20110012345,Name:ASHA RAO,DOB:14-12-1976,Validity(NT):13-12-2031");
  ASSERT_TRUE(license);
  EXPECT_EQ(license->format, "driving_license");
  EXPECT_EQ(license->find("document_number")->normalised, "MH1220110012345");
  const auto voter = read_plain_qr(R"({"epic":"WKH1186253","name":"Asha Rao"})");
  ASSERT_TRUE(voter);
  EXPECT_EQ(voter->format, "voter_id");
  EXPECT_FALSE(read_plain_qr("https://example.org/some/link"));
  EXPECT_FALSE(read_plain_qr(""));
}

TEST(PlainQrTest, EnhancedPanCodeIsPresentAndNoMore) {
  Bytes content;
  for (int i = 0; i < 2000; ++i) content.push_back(static_cast<std::uint8_t>(33 + (i * 7919) % 90));
  const auto e = read_enhanced_pan_qr(content);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->state, EvidenceState::unverified);
  EXPECT_TRUE(e->claims.empty());
  EXPECT_FALSE(read_enhanced_pan_qr(Bytes(20, 'x')));
}

std::string aamva(std::string_view header, std::string_view elements) {
  return "@\n\x1e\r" + std::string{header} + "DL" + std::string{elements} + "\r";
}

TEST(AamvaTest, ReadsTheCurrentVersion) {
  const auto e = read_aamva(aamva("ANSI 636001100001DL00310230",
                                  "DAQ9E37CA70\nDCSRAO\nDDEN\nDACASHA\nDDFN\nDADMIRA\nDBD06152020\nDBB09081962\nDBA06152028\nDBC2\n"
                                  "DAG1 MAIN ST\nDAIALBANY\nDAJNY\nDAK122070000\nDCGUSA"));
  EXPECT_EQ(e.state, EvidenceState::not_signed);
  EXPECT_EQ(e.format, "AAMVA 10");
  EXPECT_EQ(e.find("document_number")->normalised, "9E37CA70");
  EXPECT_EQ(e.find("name")->normalised, "ASHA MIRA RAO");
  EXPECT_EQ(e.find("dob")->normalised, "1962-09-08");
  EXPECT_EQ(e.find("expiry_date")->normalised, "2028-06-15");
  EXPECT_EQ(e.find("gender")->normalised, "F");
  EXPECT_EQ(e.find("pincode")->normalised, "12207");
  EXPECT_EQ(e.find("issuer")->normalised, "USA");
  EXPECT_EQ(e.find("document_number")->source, Source::pdf417);
}

TEST(AamvaTest, WrongOffsetsOldVersionsAndCanadaAreRead) {
  const auto off = read_aamva(aamva("ANSI 636001070002DL99990001ZN12340010", "DAQX1\nDCSRAO\nDCTASHA,MIRA\nDBB09081962\nDCGUSA"));
  EXPECT_EQ(off.find("name")->normalised, "ASHA MIRA RAO");
  const auto first = read_aamva(aamva("AAMVA6360010101DL00290179", "DAARAO,ASHA,M\nDAQX12\nDBB19620908\nDBCF"));
  EXPECT_EQ(first.format, "AAMVA 1");
  EXPECT_EQ(first.find("surname")->normalised, "RAO");
  EXPECT_EQ(first.find("dob")->normalised, "1962-09-08");
  const auto canada = read_aamva(aamva("ANSI 636028090001DL00310100", "DAQX9\nDCSTREMBLAY\nDACLUC\nDBB19800102\nDCGCAN"));
  EXPECT_EQ(canada.find("dob")->normalised, "1980-01-02");
  EXPECT_EQ(canada.find("issuer")->normalised, "CAN");
}

TEST(AamvaTest, DamagedContentIsUnreadable) {
  EXPECT_EQ(read_aamva("").state, EvidenceState::unreadable);
  EXPECT_EQ(read_aamva("@\n\x1e\rANSI 6360").state, EvidenceState::unreadable);
  EXPECT_EQ(read_aamva(aamva("ANSI 636001100001DL00310230", "DCSRAO")).state, EvidenceState::unreadable) << "no number";
  EXPECT_EQ(read_aamva(aamva("ANSI 636001100001DL00310230", "DAQ1" + std::string(9000, 'x'))).state, EvidenceState::unreadable);
}

TEST(InterpretTest, TellsTheKindsApart) {
  const auto kind = [](std::string_view text, Symbology symbology = Symbology::qr) {
    Code c;
    c.symbology = symbology;
    c.bytes = to_bytes(text);
    const auto e = interpret_codes({c}, Side::back, TrustStore{});
    return e.empty() ? std::string{"none"} : std::string{to_string(e[0].kind)};
  };
  EXPECT_EQ(kind(kLegacy), "legacy_qr");
  EXPECT_EQ(kind("PAN: ABCPR1234K"), "plain_qr");
  EXPECT_EQ(kind("https://example.org"), "none");
  EXPECT_EQ(kind(aamva("ANSI 636001100001DL00310230", "DAQ1\nDCSRAO"), Symbology::pdf417), "aamva");
  EXPECT_EQ(kind("PAN: ABCPR1234K", Symbology::pdf417), "none");
}

}  // namespace
}  // namespace authx::document
