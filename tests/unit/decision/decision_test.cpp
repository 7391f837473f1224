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

TEST(Decide, ApprovesWhenEverythingAgrees) {
  const auto v = decide(good(), {});
  EXPECT_EQ(v.outcome, Outcome::approved);
  EXPECT_TRUE(v.reasons.empty());
  EXPECT_DOUBLE_EQ(v.confidence, 0.9);
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

TEST(Capsule, MalformedInputsAreAnError) {
  EXPECT_FALSE(inputs_from_json(json::parse("{}")));
  EXPECT_FALSE(policy_from_json(json::parse("[]")));
}

}  // namespace
}  // namespace authx::decision
