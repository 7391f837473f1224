#include "engines/document/evidence/merge.h"

#include <gtest/gtest.h>

#include "engines/document/evidence/legacy_qr.h"
#include "engines/document/evidence/values.h"

namespace authx::document {
namespace {

Evidence aadhaar(EvidenceState state) {
  Evidence e;
  e.kind = EvidenceKind::secure_qr;
  e.state = state;
  add_claim(e, "document_number", "XXXXXXXX2346");
  add_claim(e, "name", "Asha Rao");
  add_birth(e, "14-12-1976");
  add_gender(e, "F");
  e.portrait = imaging::Image(60, 72, 1, 9);
  return e;
}

void print(Reading& r, std::string name, std::string value, double confidence = 0.95) {
  Field f;
  f.name = std::move(name);
  f.value = f.normalised = std::move(value);
  f.confidence = confidence;
  r.fields.push_back(std::move(f));
}

Reading card() {
  Reading r;
  r.type = Type::aadhaar;
  r.confidence = 0.8;
  r.document_number = SecretText{"234123412346"};
  r.display_number = "XXXXXXXX2346";
  print(r, "document_number", "XXXXXXXX2346");
  print(r, "name", "ASHA RAO");
  print(r, "dob", "1976-12-14");
  return r;
}

TEST(MergeTest, VerifiedEvidenceThatAgreesProves) {
  Reading r = card();
  merge_evidence({aadhaar(EvidenceState::verified)}, r);
  EXPECT_EQ(r.assurance, Assurance::cryptographically_verified);
  EXPECT_FALSE(r.has_failures());
  EXPECT_EQ(r.finding("qr_signature")->outcome, Outcome::passed);
  EXPECT_EQ(r.finding("qr_agrees_name")->outcome, Outcome::passed);
  EXPECT_EQ(r.name, "Asha Rao") << "what is signed comes first";
  EXPECT_EQ(r.find("gender")->normalised, "F");
  EXPECT_EQ(r.document_number.expose(), "234123412346");
  EXPECT_DOUBLE_EQ(r.confidence, 1);
  EXPECT_TRUE(r.signed_portrait);
  EXPECT_EQ(r.evidence.size(), 1U);
}

TEST(MergeTest, PrintThatDiffersFromSignedDataIsRefused) {
  Reading r = card();
  r.fields[1].normalised = "MALLORY SMITH";
  merge_evidence({aadhaar(EvidenceState::verified)}, r);
  ASSERT_NE(r.finding("qr_agrees_name"), nullptr);
  EXPECT_EQ(r.finding("qr_agrees_name")->outcome, Outcome::failed);
  EXPECT_EQ(r.finding("qr_agrees_name")->weight, Weight::refuse);
  EXPECT_NE(r.assurance, Assurance::cryptographically_verified);
  EXPECT_EQ(r.name, "Asha Rao");
  EXPECT_LT(r.confidence, 0.8);

  Reading unsure = card();
  unsure.fields[2].normalised = "1976-12-19";
  unsure.fields[2].confidence = 0.5;
  merge_evidence({aadhaar(EvidenceState::verified)}, unsure);
  EXPECT_EQ(unsure.finding("qr_agrees_dob")->weight, Weight::review) << "OCR may be to blame";

  Reading number = card();
  number.document_number = SecretText{"999941057058"};
  number.fields[0].normalised = "XXXXXXXX7058";
  merge_evidence({aadhaar(EvidenceState::verified)}, number);
  EXPECT_EQ(number.finding("qr_agrees_document_number")->outcome, Outcome::failed);
  EXPECT_TRUE(number.document_number.empty());
  EXPECT_EQ(number.display_number, "XXXXXXXX2346");
}

TEST(MergeTest, APrintedYearAnswersForADate) {
  Reading r = card();
  r.fields[2].name = "year_of_birth";
  r.fields[2].normalised = "1976";
  merge_evidence({aadhaar(EvidenceState::verified)}, r);
  EXPECT_EQ(r.finding("qr_agrees_dob")->outcome, Outcome::passed);
}

TEST(MergeTest, NothingButVerifiedRaisesTheAssurance) {
  for (const auto state : {EvidenceState::unverified, EvidenceState::expired_key, EvidenceState::not_signed,
                           EvidenceState::signature_invalid, EvidenceState::unreadable}) {
    Reading r = card();
    merge_evidence({aadhaar(state)}, r);
    EXPECT_EQ(r.assurance, Assurance::read_only) << to_string(state);
    EXPECT_FALSE(r.signed_portrait) << to_string(state);
    EXPECT_EQ(r.name, "ASHA RAO") << to_string(state);
  }
}

TEST(MergeTest, InvalidSignaturesGiveNothing) {
  Reading r;
  r.type = Type::aadhaar;
  merge_evidence({aadhaar(EvidenceState::signature_invalid)}, r);
  EXPECT_EQ(r.finding("qr_signature")->outcome, Outcome::failed);
  EXPECT_EQ(r.finding("qr_signature")->weight, Weight::refuse);
  EXPECT_TRUE(r.fields.empty());
}

TEST(MergeTest, UnsignedDataFillsInAndItsDifferencesAreReviewed) {
  Reading r;
  r.type = Type::aadhaar;
  print(r, "name", "MALLORY SMITH");
  merge_evidence({aadhaar(EvidenceState::unverified)}, r);
  EXPECT_EQ(r.finding("qr_agrees_name")->weight, Weight::review);
  EXPECT_EQ(r.name, "MALLORY SMITH");
  EXPECT_TRUE(r.dob);
  EXPECT_LE(r.find("dob")->confidence, 0.5);
}

TEST(MergeTest, EvidenceOfAnotherDocumentIsNotMerged) {
  Reading r;
  r.type = Type::pan;
  merge_evidence({aadhaar(EvidenceState::verified)}, r);
  EXPECT_EQ(r.finding("qr_fits_document")->outcome, Outcome::failed);
  EXPECT_TRUE(r.fields.empty());
  Reading unknown;
  unknown.findings.push_back({"type_known", Outcome::failed, "unknown"});
  merge_evidence({aadhaar(EvidenceState::verified)}, unknown);
  EXPECT_EQ(unknown.type, Type::aadhaar);
  EXPECT_EQ(unknown.finding("type_known"), nullptr);
}

TEST(MergeTest, ALegacyCodeIsPaintedOver) {
  Reading r = card();
  PageReading page;
  page.side = Side::front;
  page.rectified = imaging::Image(500, 300, 1, 255);
  page.outline = imaging::quad_of({100, 100, 1000, 600});
  r.pages.push_back(page);
  Evidence e = read_legacy_qr(R"(<PrintLetterBarcodeData uid="234123412346" name="Asha Rao"/>)");
  e.place = imaging::quad_of({700, 200, 200, 200});
  merge_evidence({e}, r);
  ASSERT_EQ(r.pages[0].secret_on_input.size(), 1U);
  ASSERT_EQ(r.pages[0].secret_on_rectified.size(), 1U);
  EXPECT_LT(r.pages[0].secret_on_input[0][0].x, 700);
  EXPECT_NEAR(r.pages[0].secret_on_rectified[0][0].x, (688 - 100) / 2.0, 1);
}

TEST(MergeTest, TheChipsPortraitIsPreferred) {
  Reading r;
  r.type = Type::passport;
  Evidence chip;
  chip.kind = EvidenceKind::icao_chip;
  chip.state = EvidenceState::verified;
  chip.portrait = imaging::Image(240, 320, 1, 1);
  Evidence file = chip;
  file.kind = EvidenceKind::pdf_signature;
  file.portrait = imaging::Image(60, 70, 1, 1);
  merge_evidence({file, chip, file}, r);
  EXPECT_EQ(r.signed_portrait->width, 240);
}

}  // namespace
}  // namespace authx::document
