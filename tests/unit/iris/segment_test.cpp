#include "engines/iris/segment.h"

#include <gtest/gtest.h>

#include "engines/iris/extract.h"
#include "eyes.h"

namespace authx::iris {
namespace {

using test::draw_eye;
using test::Drawing;

void expect_borders(const Drawing& d, double tolerance) {
  const auto e = extract(draw_eye(3, d));
  ASSERT_TRUE(e);
  EXPECT_NEAR(e->limbus.x, d.x, tolerance);
  EXPECT_NEAR(e->limbus.y, d.y, tolerance);
  EXPECT_NEAR(e->pupil.x, d.x + d.pupil_dx, tolerance);
  EXPECT_NEAR(e->pupil.y, d.y + d.pupil_dy * d.aspect, tolerance);
  EXPECT_NEAR(e->limbus.at(0), d.limbus, tolerance);
  EXPECT_NEAR(e->pupil.at(0), d.pupil, tolerance);
}

TEST(IrisBorders, AreFoundWhereTheyWereDrawn) { expect_borders({}, 2); }
TEST(IrisBorders, NeedNotBeConcentric) { expect_borders({.pupil_dx = 5, .pupil_dy = -3}, 2.5); }
TEST(IrisBorders, AreFoundAwayFromTheMiddle) { expect_borders({.x = 100, .y = 150}, 2); }

TEST(IrisBorders, AreFoundAtOtherSizes) {
  expect_borders({.limbus = 100, .pupil = 35}, 3);
  expect_borders({.width = 640, .height = 480, .x = 320, .y = 240, .limbus = 130, .pupil = 50}, 4);
  expect_borders({.width = 200, .height = 150, .x = 100, .y = 75, .limbus = 36, .pupil = 14}, 2);
}

TEST(IrisBorders, AreFoundUnderVisibleLight) {
  const auto e = extract(draw_eye(5, {.visible = true}));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->iris.light, Light::visible);
  EXPECT_NEAR(e->limbus.mean_radius(), 60, 3);
}

TEST(IrisBorders, APupilCutByTheLidIsCompleted) {
  const Drawing d{.upper_lid = -0.25};
  const auto e = extract(draw_eye(6, d));
  ASSERT_TRUE(e);
  EXPECT_NEAR(e->pupil.mean_radius(), d.pupil, 2.5);
  EXPECT_NEAR(e->pupil.y, d.y, 3);
}

TEST(IrisMask, LeavesOutTheLid) {
  const auto open = prepare(draw_eye(7)), half = prepare(draw_eye(7, {.upper_lid = -0.4}));
  ASSERT_TRUE(open && half);
  auto a = find_borders(*open), b = find_borders(*half);
  ASSERT_TRUE(a && b);
  mask_occlusions(*open, *a), mask_occlusions(*half, *b);
  EXPECT_LT(a->upper_lid, 0.12);
  EXPECT_GT(b->upper_lid, 0.15);
  EXPECT_EQ(b->mask(80, 160), 0);     // lid
  EXPECT_EQ(b->mask(120, 160), 0);    // pupil
  EXPECT_EQ(b->mask(120, 200), 255);  // iris
}

TEST(IrisRefusal, SaysWhy) {
  const auto why = [](const imaging::Image& image) {
    const auto e = extract(image);
    return e ? std::string{"enrolled"} : e.error().faults.front().reason;
  };
  EXPECT_EQ(why({}), "too_small");
  EXPECT_EQ(why(imaging::Image(40, 40, 1, 100)), "too_small");
  EXPECT_NE(why(imaging::Image(320, 240, 1, 100)), "enrolled");
  imaging::Image noise(320, 240, 1);
  std::mt19937 random{1};
  for (auto& p : noise.pixels) p = static_cast<std::uint8_t>(random());
  EXPECT_NE(why(noise), "enrolled");
}

TEST(IrisQuality, NamesWhatIsWrong) {
  const auto has = [](const Drawing& d, Issue issue) {
    const auto e = extract(draw_eye(8, d));
    return e && std::ranges::count(e->quality.issues, issue) > 0;
  };
  EXPECT_FALSE(has({}, Issue::occluded));
  EXPECT_TRUE(has({.upper_lid = -0.1}, Issue::occluded));
  EXPECT_TRUE(has({.pupil = 44}, Issue::extreme_pupil));
  EXPECT_TRUE(has({.width = 200, .height = 150, .x = 100, .y = 75, .limbus = 36, .pupil = 14}, Issue::too_small));
  const auto good = extract(draw_eye(8)), poor = extract(draw_eye(8, {.upper_lid = -0.1}));
  ASSERT_TRUE(good && poor);
  EXPECT_GT(good->quality.score, poor->quality.score);
  EXPECT_NEAR(good->quality.pupil_iris_ratio, 40, 3);
  EXPECT_GT(good->quality.pupil_circularity, 80);
}

TEST(IrisCues, AreQuietOnADrawnEyeAndRiseForAPrintersRaster) {
  imaging::Image image = draw_eye(9);
  const auto value = [](const imaging::Image& i, std::string_view name) {
    const auto e = extract(i);
    if (!e) return -1.0;
    return std::ranges::find(e->cues, name, &Cue::name)->value;
  };
  EXPECT_LT(value(image, "print_raster"), 0.3);
  EXPECT_EQ(value(image, "no_specular"), 0);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(std::clamp(image.row(y)[x] + ((x % 3 == 0) ? 14 : -7), 0, 255));
  }
  EXPECT_GT(value(image, "print_raster"), 0.7);
}

TEST(IrisCues, AnEyeWithoutReflectionsOrWithAPatternedLensIsNoticed) {
  const auto value = [](const imaging::Image& i, std::string_view name) {
    const auto e = extract(i);
    if (!e) return -1.0;
    return std::ranges::find(e->cues, name, &Cue::name)->value;
  };
  auto matt = draw_eye(9);
  for (auto& p : matt.pixels) p = p > 138 ? 138 : p;  // nothing shines
  EXPECT_EQ(value(matt, "no_specular"), 1);
  auto lens = draw_eye(9, {.noise = 0.5});
  EXPECT_LT(value(lens, "lens_pattern"), 0.3);
  for (int y = 0; y < lens.height; ++y) {
    for (int x = 0; x < lens.width; ++x) {
      const double dx = x - 160, dy = y - 120, r = std::hypot(dx, dy);
      if (r < 40 || r > 57) continue;  // dots on the outer iris only
      const int spoke = static_cast<int>(std::floor(std::atan2(dy, dx) * 60 / std::numbers::pi));
      lens.row(y)[x] = static_cast<std::uint8_t>(std::clamp(lens.row(y)[x] + (spoke % 2 == 0 ? 40 : -40), 0, 255));
    }
  }
  EXPECT_GT(value(lens, "lens_pattern"), 0.3);
}

}  // namespace
}  // namespace authx::iris
