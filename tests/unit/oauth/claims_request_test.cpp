#include "services/oauth/claims_request.h"

#include <gtest/gtest.h>

#include <limits>

namespace authx::oauth {
namespace {

const Time kNow{std::chrono::seconds{1'790'000'000}};

ClaimsRequest parsed(std::string_view text) {
  auto out = ClaimsRequest::parse(text);
  EXPECT_TRUE(out) << text << ": " << (out ? "" : out.error().description);
  return out ? std::move(*out) : ClaimsRequest{};
}

json::object person() {
  return parse_json(R"({"verification": {"trust_framework": "authx", "time": ")" + format_time(kNow - std::chrono::days{10}) +
                    R"(", "verification_process": "p-1", "evidence": [
    {"type": "document", "method": "uripp", "document_details": {"type": "idcard", "date_of_expiry": "2030-01-01"}},
    {"type": "document", "method": "uripp", "document_details": {"type": "passport"}}]},
    "claims": {"name": "Asha Rao", "birthdate": "1990-01-01"}})")
      .value()
      .as_object();
}

/// What a request for verified claims is answered with.
std::string answered(std::string_view wish) {
  const auto request = parsed(R"({"userinfo": {"verified_claims": )" + std::string{wish} + "}}");
  if (request.userinfo.verified.size() != 1) return "malformed";
  const auto out = answer_wish(person(), request.userinfo.verified[0], kNow);
  return out ? json::serialize(*out) : "nothing";
}

TEST(ClaimsRequest, ReadsTheStandardsExample) {
  const auto request = parsed(R"({"userinfo": {"given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
    "email_verified": {"essential": true}, "picture": null, "http://example.info/claims/groups": null},
    "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}})");
  EXPECT_EQ(request.userinfo.claims.size(), 6U);
  EXPECT_TRUE(request.userinfo.claims.at("email").essential);
  EXPECT_FALSE(request.userinfo.claims.at("nickname").essential);
  EXPECT_EQ(request.id_token.claims.at("acr").values.size(), 1U);
}

TEST(ClaimsRequest, IsWrittenAsItIsRead) {
  EXPECT_EQ(parsed("").text(), "");
  EXPECT_EQ(parsed("{}").text(), "");
  for (
      const auto* text :
      {R"({"userinfo":{"email":null}})", R"({"id_token":{"acr":{"essential":true,"values":["aal2","aal3"]},"email":{"essential":true}}})",
       R"({"userinfo":{"verified_claims":[{"verification":{"trust_framework":{"value":"authx"},"time":{"max_age":60}},"claims":{"name":null}}]}})"})
    EXPECT_EQ(parsed(text).text(), text);
  EXPECT_EQ(parsed(R"({"id_token":{"acr":{"value":"aal2"}}})").text(), R"({"id_token":{"acr":{"values":["aal2"]}}})");
}

TEST(ClaimsRequest, WhatIsMalformedIsRefused) {
  for (
      const auto* text :
      {"[]",
       "null",
       "1",
       "{",
       R"({"userinfo": []})",
       R"({"userinfo": {"email": true}})",
       R"({"userinfo": {"email": {"essential": 1}}})",
       R"({"userinfo": {"email": {"values": []}}})",
       R"({"userinfo": {"email": {"value": {}}}})",
       R"({"userinfo": {"email": {"value": "a", "values": ["a"]}}})",
       R"({"userinfo": {"": null}})",
       R"({"userinfo": {"verified_claims": null}})",
       R"({"userinfo": {"verified_claims": []}})",
       R"({"userinfo": {"verified_claims": {"claims": {"name": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {}, "claims": {"name": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": null}, "claims": {}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": "authx"}, "claims": {"name": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": null, "time": {"max_age": -1}}, "claims": {"name": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": null, "evidence": []}, "claims": {"name": null}}}})",
       R"({"userinfo": {"verified_claims": {"verification": {"trust_framework": null, "evidence": [null]}, "claims": {"name": null}}}})"})
    EXPECT_FALSE(ClaimsRequest::parse(text)) << text;
  std::string many = R"({"userinfo": {)";
  for (int i = 0; i < 60; ++i) many += "\"c" + std::to_string(i) + "\": null,";
  many.back() = '}';
  EXPECT_FALSE(ClaimsRequest::parse(many + "}"));
  EXPECT_FALSE(ClaimsRequest::parse("{\"userinfo\":" + std::string(ClaimsRequest::kLongest, ' ') + "{}}"));
}

TEST(ClaimsRequest, AClientGetsNothingBeyondItsScopes) {
  auto request = parsed(R"({"userinfo": {"email": null, "phone_number": null, "nickname": null,
    "verified_claims": {"verification": {"trust_framework": null}, "claims": {"name": null}}}, "id_token": {"sub": {"value": "x"}, "name": null}})");
  request.limit_to({"openid", "email"});
  EXPECT_EQ(request.text(), R"({"userinfo":{"email":null},"id_token":{"sub":{"values":["x"]}}})");
}

TEST(ClaimsRequest, EachClaimIsAgreedToOnce) {
  const auto request = parsed(R"({"userinfo": {"email": null, "name": null, "sub": null, "acr": null,
    "verified_claims": {"verification": {"trust_framework": null}, "claims": {"birthdate": null, "nationality": null}}}, "id_token": {"email": null}})");
  EXPECT_EQ(request.consent_words({"openid", "profile"}), (Words{"claim:email", "verified:birthdate"}));
  EXPECT_EQ(request.consent_words({"openid", "profile", "email", "verified_identity"}), Words{});
  EXPECT_TRUE(agreed("claim:email", {"email"}));
  EXPECT_TRUE(agreed("claim:email", {"claim:email"}));
  EXPECT_FALSE(agreed("claim:email", {"profile", "claim:name"}));
  EXPECT_FALSE(agreed("email", {"claim:email"})) << "agreement to one claim is none to the scope";
  EXPECT_FALSE(agreed("claim:", {"", "claim:x"}));
  EXPECT_TRUE(agreed("verified:name", {"verified_identity"}));
}

TEST(VerifiedClaims, OnlyWhatIsAskedForIsReleased) {
  EXPECT_EQ(answered(R"({"verification": {"trust_framework": null}, "claims": {"birthdate": null}})"),
            R"({"verification":{"trust_framework":"authx"},"claims":{"birthdate":"1990-01-01"}})");
  EXPECT_EQ(answered(R"({"verification": {"trust_framework": null, "evidence": [{"type": {"value": "document"},
              "document_details": {"type": {"values": ["passport"]}}}]}, "claims": {"name": {"essential": true}, "nationality": null}})"),
            R"({"verification":{"trust_framework":"authx","evidence":[{"type":"document","document_details":{"type":"passport"}}]},)"
            R"("claims":{"name":"Asha Rao"}})");
  EXPECT_EQ(
      answered(
          R"({"verification": {"trust_framework": null, "evidence": [{"document_details": {"type": {"value": "idcard"}, "date_of_expiry": null}}]},
              "claims": {"name": null}})"),
      R"({"verification":{"trust_framework":"authx","evidence":[{"type":"document","document_details":{"type":"idcard","date_of_expiry":"2030-01-01"}}]},)"
      R"("claims":{"name":"Asha Rao"}})");
}

TEST(VerifiedClaims, AConstraintThatIsNotMetLeavesTheWholeSetOut) {
  for (
      const auto* verification :
      {R"({"trust_framework": {"value": "de_aml"}})", R"({"trust_framework": {"values": ["eidas", "de_aml"]}})",
       R"({"trust_framework": null, "assurance_level": {"value": "high"}})", R"({"trust_framework": null, "time": {"max_age": 86400}})",
       R"({"trust_framework": null, "verification_process": {"max_age": 5}})",
       R"({"trust_framework": null, "evidence": [{"type": {"value": "electronic_record"}}]})",
       R"({"trust_framework": null, "evidence": {"type": {"value": "document"}}})",
       R"({"trust_framework": null, "evidence": [{"type": {"value": "document"}, "check_details": {"check_method": {"value": "vpip"}}}]})"})
    EXPECT_EQ(answered(R"({"verification": )" + std::string{verification} + R"(, "claims": {"name": null}})"), "nothing") << verification;
  const std::string any = R"({"verification": {"trust_framework": null}, "claims": )";
  EXPECT_EQ(answered(any + R"({"name": {"value": "Somebody Else"}}})"), "nothing");
  EXPECT_EQ(answered(any + R"({"name": null, "nationality": {"value": "IN"}}})"), "nothing");
  EXPECT_EQ(answered(any + R"({"nationality": null}})"), "nothing") << "nothing to tell";
  EXPECT_EQ(answered(any + R"({"name": {"values": ["X", "Asha Rao"]}}})"),
            R"({"verification":{"trust_framework":"authx"},"claims":{"name":"Asha Rao"}})");
}

TEST(VerifiedClaims, TheAgeOfAVerificationCounts) {
  const auto asked = [](std::int64_t age) {
    return answered(R"({"verification": {"trust_framework": null, "time": {"max_age": )" + std::to_string(age) +
                    R"(}}, "claims": {"name": null}})");
  };
  EXPECT_NE(asked(864'000), "nothing");
  EXPECT_EQ(asked(863'999), "nothing");
  EXPECT_NE(asked(std::numeric_limits<std::int64_t>::max()), "nothing");
}

TEST(Acr, APreferenceIsAPreferenceAndTheEssentialOnesAreMet) {
  const AcrWish none{{}, ""};
  EXPECT_TRUE(none.met_by(1));
  const AcrWish preferred{{}, "urn:x aal3 aal2"};
  EXPECT_FALSE(preferred.essential);
  EXPECT_FALSE(preferred.met_by(1));
  EXPECT_TRUE(preferred.met_by(2));
  EXPECT_EQ(preferred.to_ask(3), 3);
  EXPECT_EQ(preferred.to_ask(2), 2);
  EXPECT_EQ(preferred.to_ask(1), std::nullopt);
  EXPECT_EQ(preferred.told(1), 1);
  const AcrWish essential{parsed(R"({"id_token": {"acr": {"essential": true, "values": ["aal2"]}}})"), "aal1"};
  EXPECT_TRUE(essential.essential);
  EXPECT_FALSE(essential.met_by(1)) << "acr_values do not weaken it";
  EXPECT_EQ(essential.told(3), 2) << "the claim has one of the values";
  const AcrWish unknown{parsed(R"({"id_token": {"acr": {"essential": true, "value": "urn:gold"}}})"), ""};
  EXPECT_TRUE(unknown.impossible);
  EXPECT_FALSE(unknown.met_by(3));
  const AcrWish voluntary{parsed(R"({"id_token": {"acr": {"values": ["urn:gold"]}}})"), ""};
  EXPECT_TRUE(voluntary.met_by(1));
}

}  // namespace
}  // namespace authx::oauth
