#include <gtest/gtest.h>

#include "engines/document/authenticity/authenticity.h"
#include "engines/document/authenticity/offices.h"
#include "engines/document/authenticity/same.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2026y / std::chrono::June / 1d};

/// A reading over an empty page: what needs no pixels is checked all the same.
struct Case {
  imaging::Image image{900, 600, 3, 200};
  PageReading page;
  Reading reading;
  AuthenticityInput in;
  AccountFacts account;
  std::vector<Finding> found;

  explicit Case(Type type) {
    page.rectified = image;
    page.outline = imaging::quad_of({0, 0, image.width, image.height});
    reading.type = type;
    in.today = kToday;
  }
  Field& say(std::string name, std::string value, Source source = Source::printed) {
    Field f;
    f.name = std::move(name);
    f.value = f.normalised = std::move(value);
    f.source = source;
    f.confidence = 0.9;
    reading.fields.push_back(f);
    return reading.fields.back();
  }
  const Finding* check(std::string_view id) {
    in.image = &image;
    in.page = &page;
    in.reading = &reading;
    found.clear();
    appraise_authenticity(in, found);
    for (const auto& f : found) {
      if (f.id == id) return &f;
    }
    return nullptr;
  }
};

TEST(Agreement, PrintThatContradictsTheZoneAsksForReview) {
  Case c{Type::passport};
  c.say("dob", "1990-05-01");
  c.say("dob", "1980-05-01", Source::mrz);
  const auto* f = c.check("birth_agrees");
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->outcome, Outcome::failed);
  EXPECT_EQ(f->weight, Weight::review);
  EXPECT_EQ(f->explanation.find("1990"), std::string::npos) << "explanations hold no personal data";
}

TEST(Agreement, TwoProvenSourcesThatContradictAreRefused) {
  Case c{Type::passport};
  c.reading.mrz.emplace();
  c.reading.mrz->valid = true;
  c.say("dob", "1980-05-01", Source::mrz);
  Evidence chip;
  chip.kind = EvidenceKind::icao_chip;
  chip.state = EvidenceState::verified;
  Field claim;
  claim.name = "dob";
  claim.normalised = "1990-05-01";
  claim.source = Source::chip;
  chip.claims.push_back(claim);
  c.reading.evidence.push_back(std::move(chip));
  const auto* f = c.check("birth_agrees");
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->outcome, Outcome::failed);
  EXPECT_EQ(f->weight, Weight::refuse);
  c.reading.evidence.front().state = EvidenceState::unverified;
  EXPECT_EQ(c.check("birth_agrees")->weight, Weight::review) << "an unverified chip proves nothing";
}

TEST(Agreement, OneSourceAloneIsNotChecked) {
  Case c{Type::aadhaar};
  c.say("name", "Asha Rao");
  EXPECT_EQ(c.check("name_agrees")->outcome, Outcome::not_checked);
}

TEST(Agreement, MaskedNumbersCompareByTheirLastDigits) {
  EXPECT_TRUE(authenticity::same_number("XXXXXXXX1234", "999912341234"));
  EXPECT_FALSE(authenticity::same_number("XXXXXXXX1234", "999912341235"));
  EXPECT_TRUE(authenticity::same_number("MH12 20110012345", "MH1220110012345"));
}

TEST(Agreement, NamesMayBeShortenedTurnedOrMisspeltByOneLetter) {
  EXPECT_TRUE(authenticity::same_name("ASHA RAO", "Rao Asha"));
  EXPECT_TRUE(authenticity::same_name("A RAO", "Asha Rao"));
  EXPECT_TRUE(authenticity::same_name("Lakshmi Venkataraman", "LAKSHMI VENKATARAM"));
  EXPECT_TRUE(authenticity::same_name("Fernandes Maria", "Fernandez Maria"));
  EXPECT_FALSE(authenticity::same_name("Asha Rao", "Usha Nair"));
  EXPECT_FALSE(authenticity::same_name("Asha Rao", "Asha Roy"));
}

TEST(Account, AnotherNameOrBirthAsksForReview) {
  Case c{Type::pan};
  c.reading.name = "ASHA RAO";
  c.reading.dob = 1990y / std::chrono::May / 1d;
  c.account = {"Asha Rao", 1990y / std::chrono::May / 1d};
  c.in.account = &c.account;
  EXPECT_EQ(c.check("account_name_agrees")->outcome, Outcome::passed);
  EXPECT_EQ(c.check("account_birth_agrees")->outcome, Outcome::passed);
  c.account = {"Vikram Das", 1991y / std::chrono::May / 1d};
  EXPECT_EQ(c.check("account_name_agrees")->outcome, Outcome::failed);
  EXPECT_EQ(c.check("account_birth_agrees")->outcome, Outcome::failed);
  EXPECT_EQ(c.check("account_birth_agrees")->weight, Weight::review);
}

TEST(Dates, PeriodsLongerThanTheTypeHasAreSeen) {
  Case c{Type::passport};
  c.reading.dob = 1980y / std::chrono::January / 1d;
  c.reading.issue_date = 2020y / std::chrono::January / 2d;
  c.reading.expiry_date = 2030y / std::chrono::January / 1d;
  c.say("issuer", "IND");
  EXPECT_EQ(c.check("validity_period_plausible")->outcome, Outcome::passed);
  c.reading.expiry_date = 2035y / std::chrono::January / 1d;
  EXPECT_EQ(c.check("validity_period_plausible")->outcome, Outcome::failed);
  c.reading.dob = 2012y / std::chrono::January / 1d;
  c.reading.expiry_date = 2030y / std::chrono::January / 1d;
  EXPECT_EQ(c.check("validity_period_plausible")->outcome, Outcome::failed) << "a minor's passport runs five years";
}

TEST(Dates, HoldersTooYoungOrUnbornAreSeen) {
  Case c{Type::driving_license};
  c.reading.dob = 2005y / std::chrono::January / 1d;
  c.reading.issue_date = 2024y / std::chrono::January / 1d;
  EXPECT_EQ(c.check("age_at_issue_plausible")->outcome, Outcome::passed);
  c.reading.issue_date = 2015y / std::chrono::January / 1d;
  EXPECT_EQ(c.check("age_at_issue_plausible")->outcome, Outcome::failed);
  c.reading.issue_date = 2001y / std::chrono::January / 1d;
  EXPECT_NE(c.check("age_at_issue_plausible")->explanation.find("before"), std::string::npos);
}

TEST(Numbers, LicenceOfficeAndYearFitTheRest) {
  Case c{Type::driving_license};
  c.say("document_number", "DL0420110012345");
  c.reading.dob = 1985y / std::chrono::January / 1d;
  c.reading.issue_date = 2011y / std::chrono::March / 1d;
  EXPECT_EQ(c.check("number_office_known")->outcome, Outcome::passed);
  EXPECT_EQ(c.check("number_year_fits")->outcome, Outcome::passed);
  c.reading.issue_date = 2009y / std::chrono::March / 1d;
  EXPECT_EQ(c.check("number_year_fits")->outcome, Outcome::failed);
  c.reading.fields.front().normalised = "DL7720110012345";
  const auto* office = c.check("number_office_known");
  EXPECT_EQ(office->outcome, Outcome::failed);
  EXPECT_EQ(office->weight, Weight::note) << "a list of offices may lag behind";
  EXPECT_EQ(authenticity::offices_of("ZZ").last, 0);
}

TEST(Numbers, PanHolderTypeFitsACardThatNamesAFather) {
  Case c{Type::pan};
  c.say("document_number", "ACUPA7085R");
  c.say("father_name", "HARISH AGARWAL");
  EXPECT_EQ(c.check("number_holder_fits")->outcome, Outcome::passed);
  c.reading.fields.front().normalised = "ACUCA7085R";
  EXPECT_EQ(c.check("number_holder_fits")->outcome, Outcome::failed);
}

TEST(Numbers, VoterNumberWithoutTheCheckDigitIsNoFault) {
  Case c{Type::voter_id};
  c.say("document_number", "WKH1186253");
  EXPECT_EQ(c.check("number_check_digit")->outcome, Outcome::passed);
  c.reading.fields.front().normalised = "WKH1186254";
  EXPECT_EQ(c.check("number_check_digit")->outcome, Outcome::not_checked);
}

TEST(Specimens, AreRefusedUnlessAllowed) {
  Case c{Type::passport};
  c.reading.document_number = SecretText{std::string{"L898902C3"}};
  EXPECT_EQ(c.check("not_a_specimen")->outcome, Outcome::failed);
  EXPECT_EQ(c.check("not_a_specimen")->weight, Weight::refuse);
  c.in.allow_specimens = true;
  EXPECT_EQ(c.check("not_a_specimen")->weight, Weight::note);
  c.reading.document_number = SecretText{std::string{"M1234567"}};
  EXPECT_EQ(c.check("not_a_specimen")->outcome, Outcome::passed);
  c.in.text = "UNION OF INDIA\nSPECIMEN - NOT A DOCUMENT";
  EXPECT_EQ(c.check("not_a_specimen")->outcome, Outcome::failed);
}

TEST(Layout, ValuesInTheWrongOrderAreSeen) {
  Case c{Type::pan};
  c.reading.variant = "new";
  c.say("document_number", "ACUPA7085R").box = {300, 170, 250, 40};
  c.say("name", "ASHA RAO").box = {40, 350, 200, 28};
  c.say("father_name", "HARISH RAO").box = {40, 420, 200, 28};
  c.say("dob", "1990-05-01").box = {40, 490, 160, 28};
  EXPECT_EQ(c.check("layout_matches")->outcome, Outcome::passed);
  c.reading.fields[0].box = {40, 540, 250, 40};
  const auto* f = c.check("layout_matches");
  EXPECT_EQ(f->outcome, Outcome::failed);
  EXPECT_TRUE(f->place.has_value());
  EXPECT_FALSE(f->limits.empty());
}

TEST(Layout, ANumberAmongOtherValuesIsEnough) {
  Case c{Type::pan};
  c.reading.variant = "old";  // as when labels were not read
  c.say("document_number", "ACUPA7085R").box = {300, 170, 250, 40};
  c.say("name", "ASHA RAO").box = {40, 350, 200, 28};
  c.say("father_name", "HARISH RAO").box = {40, 420, 200, 28};
  c.say("dob", "1990-05-01").box = {40, 490, 160, 28};
  EXPECT_EQ(c.check("layout_matches")->outcome, Outcome::passed);
  std::swap(c.reading.fields[0].box, c.reading.fields[1].box);
  EXPECT_EQ(c.check("layout_matches")->outcome, Outcome::failed);
}

TEST(Layout, APassportsNumberStandsAboveThePerson) {
  Case c{Type::passport};
  c.say("document_number", "W2841873").box = {920, 110, 155, 22};
  c.say("surname", "PATEL").box = {456, 201, 79, 31};
  c.say("dob", "1971-02-28").box = {924, 367, 160, 22};
  EXPECT_EQ(c.check("layout_matches")->outcome, Outcome::passed);
  std::swap(c.reading.fields[0].box, c.reading.fields[2].box);
  EXPECT_EQ(c.check("layout_matches")->outcome, Outcome::failed);
}

TEST(Appraisal, WithoutPixelsOrReadingFindsNothingAndDoesNotCrash) {
  std::vector<Finding> found;
  appraise_authenticity({}, found);
  EXPECT_TRUE(found.empty());
}

TEST(Appraisal, TheBackRepeatsNothingOfTheWholeReading) {
  Case c{Type::aadhaar};
  c.page.side = Side::back;
  EXPECT_EQ(c.check("name_agrees"), nullptr);
  EXPECT_NE(c.check("in_colour"), nullptr);
  for (const auto& f : c.found) EXPECT_EQ(f.side, Side::back) << f.id;
}

}  // namespace
}  // namespace authx::document
