#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engines/document/evidence/code_evidence.h"
#include "engines/document/evidence/offline_ekyc.h"
#include "engines/document/evidence/secure_qr.h"
#include "engines/document/reading.h"
#include "imaging/decode.h"

namespace authx::document {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& p) {
  std::ifstream in{p, std::ios::binary};
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

/// Published and generated samples; skips by name without them.
class AadhaarSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("AUTHX_SHARED_DATA");
    folder = given == nullptr ? fs::path{} : fs::path{given} / "documents" / "aadhaar";
    if (!fs::exists(folder / "certs")) GTEST_SKIP() << "AUTHX_SHARED_DATA names no folder with documents/aadhaar";
    TrustAnchors a;
    a.aadhaar_qr_pem = {slurp(folder / "certs/testCertificate.pem"), slurp(folder / "certs/testPublicKey.pem"),
                        slurp(folder / "synthetic/testcert.pem"), slurp(folder / "certs/uidai_offline_publickey_17022026.cer")};
    a.offline_kyc_pem = {slurp(folder / "synthetic/testcert.pem")};
    trust = *TrustStore::parse(a);
  }
  fs::path folder;
  TrustStore trust;
};

TEST_F(AadhaarSamples, PayloadsAreVerifiedAndTamperedOnesRefused) {
  int verified = 0;
  for (const auto& file : fs::directory_iterator{folder / "synthetic"}) {
    const std::string name = file.path().filename();
    if (name.find("sqr_") == std::string::npos) continue;
    const auto e = read_secure_qr(slurp(file.path()), trust);
    const bool tampered = name.starts_with("TAMPERED");
    EXPECT_EQ(e.state, tampered ? EvidenceState::signature_invalid : EvidenceState::verified) << name;
    if (!tampered) {
      EXPECT_TRUE(e.portrait) << name;
      ++verified;
    }
  }
  EXPECT_EQ(verified, 12);
  for (const char* published : {"anon_aadhaar_test.json", "anon_aadhaar_dataInput.json"}) {
    const auto json = boost::json::parse(slurp(folder / "payloads" / published));
    EXPECT_EQ(read_secure_qr(json.at("testQRData").as_string(), trust).state, EvidenceState::verified) << published;
  }
  const auto manual = read_secure_qr(slurp(folder / "payloads/uidai_manual_sample_aadhaar-py.txt"), trust);
  EXPECT_EQ(manual.state, EvidenceState::unverified) << "the key of the manual's sample is not published";
  EXPECT_TRUE(manual.portrait);
}

TEST_F(AadhaarSamples, ContactHashesFitTheTruth) {
  for (const auto& t : boost::json::parse(slurp(folder / "synthetic/truth.json")).as_array()) {
    const auto e = read_secure_qr(slurp(folder / "synthetic" / std::string{t.at("file").as_string()}), trust);
    if (!e.contact.email.empty()) EXPECT_TRUE(*email_matches(e.contact, t.at("email").as_string()));
    if (!e.contact.mobile.empty()) EXPECT_TRUE(*mobile_matches(e.contact, t.at("mobile").as_string()));
    EXPECT_EQ(e.find("name")->normalised, t.at("name").as_string());
  }
}

TEST_F(AadhaarSamples, OfflineKycOfAnotherMakerIsVerified) {
  for (const char* good : {"okyc_0.xml", "okyc_1.xml", "okyc_0_rsasha1.xml", "okyc_1_rsasha1.xml"})
    EXPECT_EQ(read_offline_ekyc(as_bytes(slurp(folder / "synthetic" / good)), trust).state, EvidenceState::verified) << good;
  for (const char* bad : {"TAMPERED_okyc_0.xml", "TAMPERED_okyc_1.xml"})
    EXPECT_EQ(read_offline_ekyc(as_bytes(slurp(folder / "synthetic" / bad)), trust).state, EvidenceState::signature_invalid) << bad;
}

TEST_F(AadhaarSamples, NearlyEveryPictureOfACodeIsRead) {
  int read = 0;
  int all = 0;
  for (const auto& file : fs::directory_iterator{folder / "qr_img"}) {
    if (file.path().extension() != ".jpg") continue;
    const auto image = imaging::decode(as_bytes(slurp(file.path())));
    ASSERT_TRUE(image) << file.path();
    ++all;
    read += read_code_evidence(image->pages.front(), Side::front, trust, {}).empty() ? 0 : 1;
  }
  EXPECT_GE(read * 100, all * 97);
}

}  // namespace
}  // namespace authx::document
