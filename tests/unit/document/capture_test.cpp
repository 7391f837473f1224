#include "engines/document/capture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/specimen/scene.h"
#include "engines/specimen/specimen.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;

specimen::Specimen drawn(specimen::Kind kind, std::uint64_t seed, int level) {
  specimen::Request r;
  r.kind = kind;
  r.seed = seed;
  r.level = level;
  r.today = Date{2026y / std::chrono::June / 1d};
  auto s = specimen::generate(r);
  EXPECT_TRUE(s);
  return s ? std::move(*s) : specimen::Specimen{};
}

double overlap(const imaging::Quad& a, const imaging::Quad& b) {
  const auto polygon = [](const imaging::Quad& q) {
    std::vector<cv::Point2f> p;
    for (const auto& c : q) p.emplace_back(static_cast<float>(c.x), static_cast<float>(c.y));
    std::vector<cv::Point2f> hull;
    cv::convexHull(p, hull);
    return hull;
  };
  const auto p = polygon(a);
  const auto q = polygon(b);
  std::vector<cv::Point2f> common;
  const double shared = cv::intersectConvexConvex(p, q, common);
  return shared / (cv::contourArea(p) + cv::contourArea(q) - shared);
}

Outcome outcome(const CaptureAppraisal& a, std::string_view id) {
  const auto it = std::ranges::find(a.findings, id, &Finding::id);
  EXPECT_NE(it, a.findings.end()) << id;
  return it == a.findings.end() ? Outcome::not_checked : it->outcome;
}

/// The light of a lamp on the card: burnt out in the middle, falling off around it.
imaging::Image with_reflection(const imaging::Image& picture, const imaging::Point& at, double radius) {
  imaging::Image out = picture;
  for (int y = 0; y < out.height; ++y) {
    auto* row = out.row(y);
    for (int x = 0; x < out.width; ++x) {
      const double d = std::hypot(x - at.x, (y - at.y) * 1.3) / radius;
      const double light = 330 * std::exp(-0.5 * d * d);
      for (int c = 0; c < 3; ++c) row[3 * x + c] = static_cast<std::uint8_t>(std::min(255.0, row[3 * x + c] + light));
    }
  }
  return out;
}

TEST(Capture, ALargeReflectionIsNamedWithItsPlace) {
  int found = 0;
  int clean = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto s = drawn(seed % 2 == 0 ? specimen::Kind::pan : specimen::Kind::aadhaar, seed, 1);
    const auto middle = imaging::apply(imaging::homography(imaging::quad_of({0, 0, 100, 100}), s.truth.outline), imaging::Point{55, 50});
    const double width = std::hypot(s.truth.outline[1].x - s.truth.outline[0].x, s.truth.outline[1].y - s.truth.outline[0].y);
    const auto glaring = appraise_capture(with_reflection(s.image, middle, width / 9));
    const auto it = std::ranges::find(glaring.findings, "free_of_glare", &Finding::id);
    ASSERT_NE(it, glaring.findings.end());
    if (it->outcome == Outcome::failed && it->place) {
      const auto box = imaging::bounds_of(*it->place);
      const bool here = middle.x >= box.x && middle.x < box.x + box.width && middle.y >= box.y && middle.y < box.y + box.height;
      found += here ? 1 : 0;
    }
    clean += outcome(appraise_capture(s.image), "free_of_glare") == Outcome::passed ? 1 : 0;
  }
  EXPECT_GE(found, 5);
  EXPECT_EQ(clean, 6);
}

TEST(Capture, EmptyPictureHasOneFault) {
  const auto a = appraise_capture(imaging::Image{});
  ASSERT_EQ(a.findings.size(), 1U);
  EXPECT_EQ(a.findings[0].id, "document_found");
  EXPECT_FALSE(a.ready);
  EXPECT_EQ(advice(a), "Show the document");
}

TEST(Capture, GoodPhotoIsReadyAndItsDocumentOutlined) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto s = drawn(specimen::Kind::aadhaar, seed, 1);
    const auto a = appraise_capture(s.image);
    SCOPED_TRACE(seed);
    EXPECT_TRUE(a.ready) << advice(a);
    EXPECT_EQ(advice(a), "");
    ASSERT_TRUE(a.outline);
    EXPECT_GT(overlap(*a.outline, s.truth.outline), 0.9);
    for (const auto& f : a.findings) EXPECT_EQ(f.kind, CheckKind::capture) << f.id;
  }
}

TEST(Capture, EachFaultIsNamed) {
  const auto s = drawn(specimen::Kind::pan, 3, 1);
  imaging::Image dark = s.image;
  for (auto& p : dark.pixels) p = static_cast<std::uint8_t>(p / 6);
  EXPECT_EQ(outcome(appraise_capture(dark), "bright_enough"), Outcome::failed);

  imaging::Image blurred = s.image;
  cv::Mat m = imaging::as_mat(blurred);
  cv::GaussianBlur(m, m, {}, 5);
  EXPECT_EQ(outcome(appraise_capture(blurred), "sharp_enough"), Outcome::failed);

  const auto small = appraise_capture(imaging::resize(s.image, 440, 330));
  EXPECT_EQ(outcome(small, "large_enough"), Outcome::failed);
  EXPECT_EQ(advice(small), "Move closer");

  const auto gray = appraise_capture(imaging::to_bgr(imaging::to_gray(s.image)));
  EXPECT_EQ(outcome(gray, "in_color"), Outcome::failed);
  EXPECT_TRUE(gray.ready) << "a gray copy can still be read";
}

TEST(Capture, BlurAlongOneDirectionIsBlur) {
  for (const double angle : {0.0, 0.8, 1.57, 2.4}) {
    const auto s = drawn(specimen::Kind::driving_license, 9, 1);
    EXPECT_EQ(outcome(appraise_capture(s.image), "sharp_enough"), Outcome::passed);
    cv::Mat way(31, 31, CV_32F, cv::Scalar(0));
    const cv::Point half(static_cast<int>(std::cos(angle) * 15), static_cast<int>(std::sin(angle) * 15));
    cv::line(way, cv::Point(15, 15) - half, cv::Point(15, 15) + half, cv::Scalar(1));
    way /= cv::sum(way)[0];
    cv::Mat moved;
    cv::filter2D(imaging::as_mat(s.image), moved, -1, way);
    EXPECT_EQ(outcome(appraise_capture(imaging::from_mat(moved)), "sharp_enough"), Outcome::failed) << angle;
  }
}

TEST(Capture, TwoDocumentsAreNoticed) {
  const auto a = drawn(specimen::Kind::pan, 1, 1);
  const auto b = drawn(specimen::Kind::aadhaar, 2, 1);
  imaging::Image both(a.image.width, a.image.height * 2, 3);
  std::copy(a.image.pixels.begin(), a.image.pixels.end(), both.pixels.begin());
  std::copy(b.image.pixels.begin(), b.image.pixels.end(), both.pixels.begin() + static_cast<std::ptrdiff_t>(a.image.pixels.size()));
  EXPECT_EQ(outcome(appraise_capture(both), "one_document"), Outcome::failed);
}

TEST(Capture, ScanCutToItsEdgesCountsAsWhole) {
  const auto s = drawn(specimen::Kind::pan, 4, 0);
  const auto& q = s.truth.outline;
  const auto a = appraise_capture(imaging::crop(s.image, imaging::bounds_of(q)));
  ASSERT_TRUE(a.outline);
  EXPECT_EQ(outcome(a, "document_found"), Outcome::passed);
  EXPECT_EQ(outcome(a, "document_whole"), Outcome::passed);
}

TEST(Capture, ScanShavedByAFewPixelsCountsAsWhole) {
  for (int shaved = 1; shaved <= 5; ++shaved) {
    const auto s = drawn(specimen::Kind::pan, 4, 0);
    const auto b = imaging::bounds_of(s.truth.outline);
    const auto a = appraise_capture(imaging::crop(s.image, {b.x + shaved, b.y + shaved, b.width - 2 * shaved, b.height - 2 * shaved}));
    EXPECT_NE(outcome(a, "document_whole"), Outcome::failed) << shaved;
  }
}

TEST(Capture, ADocumentCutOffByThePictureIsNamedWithItsPlace) {
  int named = 0;
  int placed = 0;
  constexpr int kSeeds = 8;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto s = drawn(specimen::Kind::pan, seed, 1);
    EXPECT_EQ(outcome(appraise_capture(s.image), "document_whole"), Outcome::passed) << seed;
    const auto box = imaging::bounds_of(s.truth.outline);
    const int width = box.x + box.width * 4 / 5;
    const auto a = appraise_capture(imaging::crop(s.image, {0, 0, width, s.image.height}));
    EXPECT_FALSE(a.ready) << seed;
    const auto it = std::ranges::find(a.findings, "document_whole", &Finding::id);
    if (it->outcome != Outcome::failed) continue;
    ++named;
    ASSERT_TRUE(it->place);
    const auto at = imaging::bounds_of(*it->place);
    placed += at.x + at.width >= width - 2 && at.width < width / 4 && it->explanation.ends_with("at the right") ? 1 : 0;
  }
  EXPECT_GE(named, kSeeds - 1);
  EXPECT_GE(placed, kSeeds - 1);
}

TEST(Capture, SeveralSidesCutOffAreNamed) {
  const auto s = drawn(specimen::Kind::driving_license, 3, 1);
  const auto box = imaging::bounds_of(s.truth.outline);
  const auto a = appraise_capture(imaging::crop(s.image, {box.x + box.width / 6, box.y + box.height / 6, s.image.width, s.image.height}));
  EXPECT_EQ(outcome(a, "document_whole"), Outcome::failed);
  EXPECT_EQ(advice(a), "Show the whole document");
}

TEST(Outline, IsFoundInClutterHandsAndLowContrast) {
  int good = 0;
  int total = 0;
  for (const auto kind : {specimen::Kind::aadhaar, specimen::Kind::pan, specimen::Kind::passport, specimen::Kind::driving_license}) {
    for (std::uint64_t seed = 500; seed < 510; ++seed) {
      const auto s = drawn(kind, seed, 4);
      const auto found = find_outline(s.image);
      good += found && overlap(*found, s.truth.outline) >= 0.9 ? 1 : 0;
      ++total;
    }
  }
  RecordProperty("good", good);
  EXPECT_GE(good, 35) << "of " << total;
}

TEST(Outline, ASideHiddenByAHandIsSupposedFromTheOtherThree) {
  // A printed card on a dark desk; a hand covers most of its right side.
  cv::Mat desk(960, 1280, CV_8UC3, cv::Scalar(60, 70, 80));
  const cv::Rect card(220, 210, 800, 504);
  cv::rectangle(desk, card, cv::Scalar(235, 238, 240), cv::FILLED);
  for (int y = card.y + 60; y < card.y + card.height - 40; y += 50) {
    for (int x = card.x + 50; x < card.x + 600; x += 14) cv::line(desk, {x, y}, {x + 6, y + 18}, cv::Scalar::all(30), 2, cv::LINE_AA);
  }
  for (const double share : {0.5, 0.8}) {
    cv::Mat held = desk.clone();
    const int height = static_cast<int>(card.height * share);
    cv::ellipse(held, {card.x + card.width + 120, card.y + card.height / 2}, {180, height / 2}, 0, 0, 360, cv::Scalar(120, 150, 200),
                cv::FILLED, cv::LINE_AA);
    cv::GaussianBlur(held, held, {}, 0.8);
    const auto found = find_outline(imaging::from_mat(held));
    ASSERT_TRUE(found) << share;
    EXPECT_GE(overlap(*found, imaging::quad_of({card.x, card.y, card.width, card.height})), 0.9) << share;
  }
}

TEST(Outline, ThinAndTinyPicturesHaveNone) {
  for (const auto& size : {cv::Size(4000, 20), cv::Size(20, 4000), cv::Size(50, 50), cv::Size(3, 1)}) {
    EXPECT_TRUE(find_outlines(imaging::from_mat(cv::Mat(size, CV_8UC3, cv::Scalar::all(200)))).empty()) << size.width;
  }
}

TEST(Outline, ScenesWithoutDocumentSeldomShowOne) {
  int ready = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    specimen::Dice dice{seed};
    ready += appraise_capture(specimen::scene_without_document(dice)).ready ? 1 : 0;
  }
  EXPECT_LE(ready, 4);
}

}  // namespace
}  // namespace authx::document
