#include "engines/fingerprint/extract.h"

#include <gtest/gtest.h>

#include "engines/fingerprint/matcher.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

TEST(Extract, FindsTheDislocationsOfAGeneratedFinger) {
  const auto e = extract(test::Finger{1, 20}.image());
  ASSERT_TRUE(e);
  EXPECT_GE(e->finger.minutiae.size(), 14u);
  EXPECT_LE(e->finger.minutiae.size(), 30u);
  EXPECT_GT(e->quality.score, 60);
  EXPECT_EQ(e->quality.minutiae, static_cast<int>(e->finger.minutiae.size()));
}

TEST(Extract, ImagesWithoutRidgesAreRefusedWithAReason) {
  for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{128}, std::uint8_t{255}}) {
    const auto e = extract(imaging::Image{300, 300, 1, level});
    ASSERT_FALSE(e);
    EXPECT_EQ(e.error().code, Errc::validation);
    ASSERT_FALSE(e.error().faults.empty());
    EXPECT_FALSE(e.error().faults.front().reason.empty());
  }
}

TEST(Extract, NoiseAndStrangeShapesAreSurvived) {
  std::mt19937 random{7};
  for (const auto& [w, h, c] : {std::tuple{1, 1, 1}, {64, 64, 1}, {65, 71, 3}, {1, 900, 1}, {900, 70, 3}, {320, 240, 1}}) {
    imaging::Image image{w, h, c};
    for (auto& p : image.pixels) p = static_cast<std::uint8_t>(random());
    for (const int dpi : {0, 200, 500, 1000}) (void)extract(image, dpi);
  }
  EXPECT_EQ(extract(imaging::Image{}).error().code, Errc::validation);
  EXPECT_EQ(extract(imaging::Image{300, 300, 1, 0}, 3).error().code, Errc::validation);
  EXPECT_EQ(extract(imaging::Image{9000, 9000, 1, 0}, 500).error().code, Errc::validation);
}

TEST(Extract, StopsWhenItsTimeIsOver) {
  const auto e = extract(test::Finger{1}.image(), 500, Deadline::after(std::chrono::milliseconds{-1}));
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, Errc::request_timeout);
}

TEST(Extract, IsTheSameEveryTime) {
  const auto image = test::Finger{2}.image();
  EXPECT_EQ(extract(image)->finger, extract(image)->finger);
}

TEST(Extract, UnknownResolutionIsFoundFromTheRidges) {
  const test::Finger finger{4};
  const auto usual = extract(finger.image());
  const auto large = extract(finger.image(0, 0, 0, 2, 720, 800), 0);
  ASSERT_TRUE(usual && large);
  EXPECT_NEAR(large->finger.width, 360, 60);
  EXPECT_TRUE(match(usual->finger, large->finger).match);
}

TEST(Extract, AnImageOf1000DpiMatchesOneOf500) {
  const test::Finger finger{5};
  const auto usual = extract(finger.image()), fine = extract(finger.image(0, 0, 0, 2, 720, 800), 1000);
  ASSERT_TRUE(usual && fine);
  EXPECT_TRUE(match(usual->finger, fine->finger).match);
}

TEST(Quality, SmallFaintAndNoisyImpressionsScoreLowerAndSayWhy) {
  const test::Finger finger{6};
  const auto good = extract(finger.image());
  const auto small = extract(finger.image(0, 0, 0, 1, 150, 150));
  ASSERT_TRUE(good && small);
  EXPECT_LT(small->quality.score, good->quality.score);
  EXPECT_TRUE(std::ranges::find(small->quality.issues, QualityIssue::too_small) != small->quality.issues.end());
  auto image = finger.image();
  std::mt19937 random{3};
  std::normal_distribution<double> noise{0, 70};
  for (auto& p : image.pixels) p = static_cast<std::uint8_t>(std::clamp(p + noise(random), 0.0, 255.0));
  const auto noisy = extract(image);
  ASSERT_TRUE(noisy);
  EXPECT_LT(noisy->quality.score, good->quality.score);
  auto faint = finger.image();
  for (auto& p : faint.pixels) p = static_cast<std::uint8_t>(200 + p / 10);
  const auto weak = extract(faint);
  ASSERT_TRUE(weak);
  EXPECT_TRUE(std::ranges::find(weak->quality.issues, QualityIssue::low_contrast) != weak->quality.issues.end());
}

double cue(const imaging::Image& image, std::string_view name) {
  const auto e = extract(image);
  if (!e) return -1;
  const auto found = std::ranges::find(e->cues, name, &Cue::name);
  return found == e->cues.end() ? -1 : found->value;
}

void add_grain(imaging::Image& image, double strength) {
  std::mt19937 random{5};
  std::normal_distribution<double> grain{0, strength};
  for (auto& p : image.pixels) p = static_cast<std::uint8_t>(std::clamp(p + grain(random), 0.0, 255.0));
}

TEST(FingerCues, ADrawingHasNoPoresAndFlatRidgesAndGrainTakesThatAway) {
  auto image = test::Finger{7}.image();
  EXPECT_GT(cue(image, "no_pores"), 0.9);
  const double flat = cue(image, "flat_ridges");
  add_grain(image, 22);
  EXPECT_LT(cue(image, "no_pores"), 0.2);
  EXPECT_LT(cue(image, "flat_ridges"), 0.5 * flat);
}

TEST(FingerCues, APrintersRasterRises) {
  auto image = test::Finger{7}.image();
  add_grain(image, 12);
  EXPECT_LT(cue(image, "print_raster"), 0.3);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(std::clamp(image.row(y)[x] + ((x + y) % 3 == 0 ? 60 : -30), 0, 255));
  }
  EXPECT_GT(cue(image, "print_raster"), 0.7);
}

TEST(FingerCues, RidgesThatTouchOrFadeAllOverAreUnusuallyMoist) {
  const auto image = test::Finger{7}.image();
  EXPECT_LT(cue(image, "unusual_moisture"), 0.1);
  auto wet = image;
  for (auto& p : wet.pixels) p = p < 250 ? p < 215 ? 60 : 215 : p;
  EXPECT_GT(cue(wet, "unusual_moisture"), cue(image, "unusual_moisture") + 0.3);
}

TEST(Quality, EveryIssueHasANameAndAdvice) {
  for (const auto issue : {QualityIssue::too_small, QualityIssue::low_contrast, QualityIssue::too_dark, QualityIssue::too_dry,
                           QualityIssue::unclear_ridges, QualityIssue::few_minutiae}) {
    EXPECT_FALSE(to_string(issue).empty());
    EXPECT_TRUE(advice(issue).ends_with('.'));
  }
}

}  // namespace
}  // namespace authx::fingerprint
