#include "engines/face/calibration.h"

#include <gtest/gtest.h>

namespace authx::face {
namespace {

class CalibrationOf : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, CalibrationOf, ::testing::Values("mobilefacenet@b4236d01", "dlib-resnet34@12cfdad5"));

TEST_P(CalibrationOf, FalseMatchRateFallsAndProbabilityGrowsWithSimilarity) {
  const Calibration* c = calibration_of(GetParam());
  ASSERT_NE(c, nullptr);
  for (double s = -1; s < 1; s += 0.001) {
    ASSERT_GE(c->fmr(s), c->fmr(s + 0.001)) << s;
    ASSERT_LE(c->probability(s), c->probability(s + 0.001)) << s;
    ASSERT_GT(c->fmr(s), 0);
    ASSERT_LE(c->fmr(s), 1);
  }
}

TEST_P(CalibrationOf, TheThresholdForARateHasThatRate) {
  const Calibration* c = calibration_of(GetParam());
  for (const double fmr : {1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) EXPECT_NEAR(c->fmr(c->threshold(fmr)) / fmr, 1, 1e-6) << fmr;
  EXPECT_LT(c->threshold(1e-3), c->threshold(1e-4));
}

TEST_P(CalibrationOf, NoClaimGoesFurtherThanTwoDecadesBeyondTheData) {
  const Calibration* c = calibration_of(GetParam());
  EXPECT_GE(c->fmr(1.0), 0.99e-7);
  EXPECT_DOUBLE_EQ(c->threshold(1e-9), c->threshold(1e-7));
}

TEST_P(CalibrationOf, TheLikelihoodRatioIsOneWhereTheProbabilityIsOneHalf) {
  for (const Medium medium : {Medium::live, Medium::print}) {
    const Calibration* c = calibration_of(GetParam(), medium);
    ASSERT_NE(c, nullptr);
    EXPECT_NEAR(c->likelihood_ratio(c->logistic_midpoint), 1, 1e-9);
    EXPECT_LE(c->likelihood_ratio(1), 1e6);
    EXPECT_GE(c->likelihood_ratio(-1), 1e-6);
    const double p = c->probability(c->logistic_midpoint + 0.02);
    EXPECT_NEAR(c->likelihood_ratio(c->logistic_midpoint + 0.02), p / (1 - p), 1e-6);
  }
}

TEST(Uses, SearchIsStricterThanOneToOne) {
  EXPECT_LT(target_fmr(Use::search), target_fmr(Use::live_to_live));
  EXPECT_EQ(to_string(Use::document_to_live), "document_to_live");
}

TEST(Calibration, UnknownModelsHaveNone) {
  EXPECT_EQ(calibration_of("unheard-of@12345678"), nullptr);
  EXPECT_EQ(calibration_of(""), nullptr);
}

TEST(Confidence, BandsFollowTheFalseMatchRate) {
  EXPECT_EQ(confidence_of(1e-6), ConfidenceLevel::high);
  EXPECT_EQ(confidence_of(1e-5), ConfidenceLevel::high);
  EXPECT_EQ(confidence_of(5e-5), ConfidenceLevel::medium);
  EXPECT_EQ(confidence_of(5e-4), ConfidenceLevel::low);
  EXPECT_EQ(confidence_of(5e-3), ConfidenceLevel::none);
  EXPECT_EQ(to_string(ConfidenceLevel::high), "high");
}

}  // namespace
}  // namespace authx::face
