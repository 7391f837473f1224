#include "engines/decision/decision.h"

#include <gtest/gtest.h>

namespace authx::decision {
namespace {

Inputs good() {
  Inputs in;
  in.account_name = "Asha Verma";
  in.account_dob = "1990-01-01";
  DocumentFacts d;
  d.type = "aadhaar";
  d.accepted = true;
  d.confidence = 0.9;
  d.name = "Asha Verma";
  d.dob = "1990-01-01";
  in.documents.push_back(d);
  in.face = {.captured = true,
             .accepted = true,
             .portrait_found = true,
             .similarity = 0.6,
             .threshold = 0.4,
             .fmr = 1e-6,
             .probability = 0.99,
             .match = true,
             .liveness_model = true,
             .liveness = 0.9,
             .liveness_method = "m",
             .model_id = "x",
             .image_sha256 = ""};
  return in;
}

bool has(const Verdict& v, std::string_view code) {
  return std::ranges::any_of(v.reasons, [&](const Reason& r) { return r.code == code; });
}

TEST(Decide, BiometricsConfirmOrAskForAReview) {
  auto in = good();
  in.biometrics = {{"fingerprint", "matched", 1e-6}, {"iris", "enrolled", 1}};
  auto v = decide(in, {});
  EXPECT_EQ(v.outcome, Outcome::approved);
  EXPECT_TRUE(has(v, "biometric_matched"));
  EXPECT_TRUE(has(v, "biometric_enrolled"));
  const auto again = inputs_from_json(json::value(to_json(in)));
  ASSERT_TRUE(again);
  EXPECT_EQ(json::serialize(to_json(*again)), json::serialize(to_json(in)));
  for (const auto* outcome : {"differs", "unusable", "something new"}) {
    in.biometrics[0].outcome = outcome;
    v = decide(in, {});
    EXPECT_EQ(v.outcome, Outcome::needs_review) << outcome;
  }
}

TEST(Decide, ApprovesWhenEverythingAgrees) {
  const auto v = decide(good(), {});
  EXPECT_EQ(v.outcome, Outcome::approved);
  EXPECT_TRUE(v.reasons.empty());
  EXPECT_DOUBLE_EQ(v.confidence, 0.9);
}

TEST(Decide, AMissAgainstAnOldPortraitThatStaysAlikeGoesToAPersonAndAMatchCountsInFull) {
  const Policy policy{.old_portrait_days = 6 * 365};
  auto in = good();
  in.face.portrait_age_days = 9 * 365;
  EXPECT_EQ(decide(in, policy).outcome, Outcome::approved);
  EXPECT_TRUE(has(decide(in, policy), "portrait_old"));
  EXPECT_FALSE(has(decide(in, {}), "portrait_old"));
  in.face.match = false, in.face.fmr = 3e-3;
  EXPECT_EQ(decide(in, policy).outcome, Outcome::needs_review);
  EXPECT_TRUE(has(decide(in, policy), "face_unclear_old_portrait"));
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
  in.face.fmr = 0.2;
  EXPECT_EQ(decide(in, policy).outcome, Outcome::rejected) << "as alike as strangers are";
  in.face.fmr = 3e-3, in.face.portrait_age_days = 5 * 365;
  EXPECT_EQ(decide(in, policy).outcome, Outcome::rejected) << "not old";
  in.face.portrait_age_days.reset();
  EXPECT_EQ(decide(in, policy).outcome, Outcome::rejected) << "of unknown age";
  in.face.portrait_age_days = 4000;
  const auto again = inputs_from_json(json::value(to_json(in)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->face.portrait_age_days, 4000);
  const auto same = policy_from_json(json::value(to_json(policy)));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->old_portrait_days, policy.old_portrait_days);
}

TEST(Decide, RejectsExpiredInvalidForeignFaceWrongBirthDateAndCopies) {
  auto in = good();
  in.documents[0].expired = true;
  EXPECT_TRUE(has(decide(in, {}), "document_expired"));
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
  in = good();
  in.documents[0].forged_or_invalid = true;
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
  in = good();
  in.face.match = false;
  EXPECT_TRUE(has(decide(in, {}), "face_differs"));
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
  in = good();
  in.documents[0].dob = "1991-01-01";
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
  in = good();
  in.face.liveness = 0.1;
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
}

TEST(Decide, SendsDoubtToAPerson) {
  for (auto change : std::vector<void (*)(Inputs&)>{
           [](Inputs& i) { i.documents.clear(); }, [](Inputs& i) { i.documents[0].accepted = false; },
           [](Inputs& i) { i.documents[0].confidence = 0.3; }, [](Inputs& i) { i.documents[0].name = "Someone Else"; },
           [](Inputs& i) { i.documents[0].name.clear(); }, [](Inputs& i) { i.documents[0].dob.reset(); },
           [](Inputs& i) { i.face.captured = false; }, [](Inputs& i) { i.face.accepted = false; },
           [](Inputs& i) { i.face.portrait_found = false; }, [](Inputs& i) { i.face.liveness = 0.4; },
           [](Inputs& i) { i.unavailable_steps = {"biometric_verification"}; }}) {
    auto in = good();
    change(in);
    const auto v = decide(in, {});
    EXPECT_EQ(v.outcome, Outcome::needs_review);
    EXPECT_FALSE(v.reasons.empty());
  }
}

TEST(Decide, StrictPolicyNeedsALivenessModel) {
  auto in = good();
  in.face.liveness_model = false;
  in.face.liveness.reset();
  EXPECT_EQ(decide(in, {}).outcome, Outcome::approved);
  EXPECT_TRUE(has(decide(in, {}), "liveness_basic"));
  Policy strict;
  strict.liveness = LivenessPolicy::strict;
  EXPECT_EQ(decide(in, strict).outcome, Outcome::needs_review);
}

TEST(Decide, ActivePolicyDemandsAPassedChallenge) {
  Policy active;
  active.liveness = LivenessPolicy::active;
  auto in = good();
  EXPECT_EQ(decide(in, active).outcome, Outcome::needs_review);
  EXPECT_TRUE(has(decide(in, active), "liveness_challenge_missing"));
  in.face.liveness_method = kActiveChallenge;
  EXPECT_EQ(decide(in, active).outcome, Outcome::approved);
  in.face.liveness_model = false;
  in.face.liveness.reset();
  for (const auto liveness : {LivenessPolicy::basic, LivenessPolicy::strict, LivenessPolicy::active}) {
    Policy policy;
    policy.liveness = liveness;
    EXPECT_TRUE(decide(in, policy).reasons.empty()) << to_string(liveness);
    EXPECT_EQ(policy_from_json(to_json(policy))->liveness, liveness);
  }
}

TEST(Decide, AStillPicturesDoubtAboutAPassedChallengeIsForAPerson) {
  auto in = good();
  in.face.liveness = 0.1;
  in.face.liveness_method = kActiveChallenge;
  EXPECT_EQ(decide(in, {}).outcome, Outcome::needs_review);
}

TEST(Decide, AYearOfBirthIsComparedAsAYear) {
  auto in = good();
  in.documents[0].dob = "1990";
  EXPECT_EQ(decide(in, {}).outcome, Outcome::approved);
  in.documents[0].dob = "1989";
  EXPECT_EQ(decide(in, {}).outcome, Outcome::rejected);
}

TEST(Capsule, StoredInputsGiveTheSameVerdictAgain) {
  auto in = good();
  in.face.liveness = 0.4;
  in.documents[0].reasons = {"blurred"};
  Policy policy;
  policy.name_agrees = 0.9;
  const auto stored = json::parse(json::serialize(to_json(in)));
  const auto again = decide(*inputs_from_json(stored), *policy_from_json(json::parse(json::serialize(to_json(policy)))));
  EXPECT_EQ(json::serialize(to_json(decide(in, policy))), json::serialize(to_json(again)));
  EXPECT_EQ(json::serialize(to_json(*inputs_from_json(stored))), json::serialize(stored));
}

TEST(Capsule, OneStoredByEarlierRulesReplaysToItsVerdict) {
  // As rules 2026-11.1 stored it.
  const auto capsule = json::parse(R"({"inputs":{"account_name":"Asha Verma","documents":[{"id":"0190163d-8694-739b-aea5-966c26f8ad91",
    "type":"aadhaar","accepted":true,"forged_or_invalid":false,"expired":false,"confidence":9.2E-1,"name":"Asha Verma","image_sha256":"ab",
    "reasons":[],"dob":"1990-01-01"}],"face":{"captured":true,"accepted":true,"portrait_found":true,"similarity":6.1E-1,"threshold":4E-1,
    "fmr":1E-6,"probability":9.9E-1,"match":true,"liveness_model":false,"liveness_method":"cues","model_id":"m","image_sha256":"cd",
    "liveness":8E-1},"unavailable_steps":[],"account_dob":"1990-01-01"},
    "policy":{"version":"2026-11.1","min_document_confidence":6E-1,"name_agrees":8.5E-1,"name_differs":6E-1,"live_at":5E-1,
    "spoof_below":2E-1,"liveness":"basic"},
    "verdict":{"outcome":"approved","reasons":[{"code":"liveness_basic",
    "message":"Liveness was judged by image cues only: no liveness model is installed","severity":"info"}],"confidence":9.2E-1}})");
  const auto again = to_json(decide(*inputs_from_json(capsule.at("inputs")), *policy_from_json(capsule.at("policy"))));
  EXPECT_EQ(json::value(again), capsule.at("verdict"));
}

TEST(Capsule, ForgettingADocumentKeepsTheVerdictAndNothingThatItSaid) {
  for (const auto* name : {"Asha Verma", "A Verma", "Somebody Else", ""}) {
    for (const auto* dob : {"1990-01-01", "1990", "1985-05-05"}) {
      auto in = good();
      in.documents[0].id = "d";
      in.documents[0].name = name;
      in.documents[0].dob = dob;
      const auto before = json::serialize(to_json(decide(in, {})));
      forget_document(in, "d");
      const auto stored = json::serialize(to_json(in).at("documents"));
      EXPECT_EQ(stored.find("Verma"), std::string::npos);
      EXPECT_EQ(stored.find("Somebody"), std::string::npos);
      EXPECT_EQ(stored.find("19"), std::string::npos) << stored;
      EXPECT_EQ(json::serialize(to_json(decide(*inputs_from_json(json::parse(json::serialize(to_json(in)))), {}))), before) << name << dob;
    }
  }
}

TEST(Decide, SignaturesReuseDoubtsAndIssuersWeighAsTheyShould) {
  const auto with = [](auto change) {
    auto in = good();
    change(in.documents[0]);
    return decide(in, {});
  };
  const auto is = [](const Verdict& v, Outcome outcome, std::string_view code) { return v.outcome == outcome && has(v, code); };
  EXPECT_TRUE(is(with([](auto& d) { d.signature_invalid = true; }), Outcome::rejected, "signature_invalid"));
  EXPECT_TRUE(is(with([](auto& d) { d.image_reused = true; }), Outcome::needs_review, "image_reused"));
  EXPECT_TRUE(is(with([](auto& d) { d.number_reused = true; }), Outcome::needs_review, "number_reused"));
  EXPECT_TRUE(is(with([](auto& d) { d.doubts = {"recapture"}; }), Outcome::needs_review, "authenticity_doubtful"));
  EXPECT_TRUE(is(with([](auto& d) { d.assurance = "cryptographically_verified"; }), Outcome::approved, "document_signed"));
  const auto said = [&](const char* answer, const char* reason) {
    return with([=](auto& d) {
      d.lookup = answer;
      d.lookup_reason = reason;
    });
  };
  EXPECT_TRUE(is(said("confirmed", "matches"), Outcome::approved, "issuer_confirmed"));
  EXPECT_TRUE(is(said("refuted", "number_unknown"), Outcome::rejected, "issuer_refuted"));
  EXPECT_TRUE(is(said("refuted", "name_differs"), Outcome::needs_review, "issuer_differs"));
  EXPECT_TRUE(is(said("unknown", "provider_unavailable"), Outcome::needs_review, "issuer_unknown"));
  EXPECT_TRUE(is(said("not_checked", "no_consent"), Outcome::approved, "issuer_not_checked"));
  EXPECT_FALSE(has(said("not_checked", "no_consent"), "issuer_confirmed"));
}

TEST(Decide, AFaceThatIsKnownElsewhereIsLookedAtAndListsStayUnnamed) {
  auto in = good();
  in.face.enrolled_elsewhere = 1;
  EXPECT_EQ(decide(in, {}).outcome, Outcome::needs_review);
  EXPECT_TRUE(has(decide(in, {}), "face_enrolled_elsewhere"));
  EXPECT_EQ(decide(in, {.duplicate_needs_review = false}).outcome, Outcome::approved);
  for (const bool blocked : {false, true}) {
    in = good();
    (blocked ? in.face.blocked : in.face.watched) = 2;
    EXPECT_EQ(decide(in, {}).outcome, Outcome::needs_review);
    EXPECT_EQ(decide(in, {.blocklist_rejects = true}).outcome, blocked ? Outcome::rejected : Outcome::needs_review);
    for (const bool rejects : {false, true})
      EXPECT_EQ(json::serialize(to_json(decide(in, {.blocklist_rejects = rejects}))).find("list"), std::string::npos);
  }
  in.face.enrolled_elsewhere = 3;
  const Policy policy{.duplicate_needs_review = false, .blocklist_rejects = true};
  const auto again = decide(*inputs_from_json(json::value(to_json(in))), *policy_from_json(json::value(to_json(policy))));
  EXPECT_EQ(json::serialize(to_json(again)), json::serialize(to_json(decide(in, policy))));
}

TEST(Capsule, MalformedInputsAreAnError) {
  EXPECT_FALSE(inputs_from_json(json::parse("{}")));
  EXPECT_FALSE(policy_from_json(json::parse("[]")));
}

}  // namespace
}  // namespace authx::decision
