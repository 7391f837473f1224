#include "imaging/geometry.h"

#include <gtest/gtest.h>

#include "imaging/quality.h"

namespace authx::imaging {
namespace {

TEST(Geometry, HomographyMapsCornersAndInverseMapsThemBack) {
  const Quad from = quad_of({0, 0, 100, 50});
  const Quad to{{{10, 20}, {210, 30}, {190, 140}, {15, 120}}};
  const auto h = homography(from, to);
  const auto back = inverse(h);
  for (std::size_t i = 0; i < 4; ++i) {
    const Point p = apply(h, from[i]);
    EXPECT_NEAR(p.x, to[i].x, 1e-3);
    EXPECT_NEAR(p.y, to[i].y, 1e-3);
    const Point q = apply(back, p);
    EXPECT_NEAR(q.x, from[i].x, 1e-3);
    EXPECT_NEAR(q.y, from[i].y, 1e-3);
  }
}

TEST(Geometry, DegenerateQuadGivesTheIdentity) {
  const Quad line{{{0, 0}, {1, 1}, {2, 2}, {3, 3}}};
  const Point p = apply(homography(line, quad_of({0, 0, 5, 5})), Point{3, 4});
  EXPECT_EQ(p.x, 3);
  EXPECT_EQ(p.y, 4);
}

TEST(Geometry, QuarterTurnsMovePixelsClockwise) {
  Image image(3, 2, 1);
  image.row(0)[0] = 9;
  const Image once = rotate_quarter(image, 1);
  EXPECT_EQ(once.width, 2);
  EXPECT_EQ(once.row(0)[1], 9);
  EXPECT_EQ(rotate_quarter(once, -1).pixels, image.pixels);
  EXPECT_EQ(rotate_quarter(image, 4).pixels, image.pixels);
}

TEST(Geometry, CropIsClippedToTheImage) {
  const Image image(10, 10, 3, 5);
  EXPECT_EQ(crop(image, {-5, -5, 8, 8}).width, 3);
  EXPECT_TRUE(crop(image, {20, 20, 5, 5}).empty());
}

TEST(Geometry, BlackOutLeavesNothingInside) {
  Image image(60, 40, 3, 200);
  const std::vector<Quad> quads{quad_of({10, 10, 20, 10}), {{{1e9, 0}, {1e9, 1}, {2e9, 5}, {0, 1e9}}}};
  black_out(image, std::span{quads}.first(1));
  for (int y = 10; y < 20; ++y) {
    for (int x = 10; x < 30; ++x) EXPECT_EQ(image.row(y)[x * 3], 0);
  }
  EXPECT_EQ(image.row(5)[5 * 3], 200);
  black_out(image, quads);  // corners far outside must not fail
}

TEST(Quality, BlurLowersSharpnessAndGrayIsSeen) {
  Image sharp(400, 200, 3, 230);
  for (int x = 0; x < 400; ++x) {
    for (int y = 0; y < 200; ++y) {
      if (x / 5 % 2 == 0) {
        for (int c = 0; c < 3; ++c) sharp.row(y)[x * 3 + c] = 20;
      }
    }
  }
  const Image soft = resize(resize(sharp, 60, 30), 400, 200);
  EXPECT_GT(measure(sharp).sharpness, 3 * measure(soft).sharpness + 1);
  EXPECT_TRUE(measure(sharp).gray);
  EXPECT_GT(measure(sharp).contrast, 150);
  EXPECT_EQ(measure(Image{}).score, 0);
}

}  // namespace
}  // namespace authx::imaging
