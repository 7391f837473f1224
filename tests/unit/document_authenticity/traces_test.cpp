#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engines/document/authenticity/authenticity.h"
#include "engines/document/authenticity/metadata.h"
#include "engines/specimen/attacks.h"
#include "engines/specimen/specimen.h"
#include "imaging/jpeg_blocks.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2026y / std::chrono::June / 1d};

specimen::Specimen draw(specimen::Kind kind, std::uint64_t seed, int level = 1) {
  specimen::Request r;
  r.kind = kind;
  r.seed = seed;
  r.level = level;
  r.today = kToday;
  r.compressed = false;
  return *specimen::generate(r);
}

/// Appraises a file of a drawn card whose values stand where the truth says.
std::vector<Finding> appraise(const Bytes& file, const specimen::Truth& t, Type type, bool located = true) {
  const auto decoded = imaging::decode(file);
  const auto& image = decoded->pages.front();
  PageReading page;
  page.outline = located ? t.outline : imaging::quad_of({0, 0, image.width, image.height});
  page.rectified = imaging::warp(image, page.outline, t.card_width, t.card_height);
  Reading r;
  r.type = type;
  r.variant = "front";
  for (const auto& v : t.values) {
    Field f;
    f.name = v.field;
    f.value = f.normalised = v.text;
    f.confidence = 0.9;
    if (located) f.box = v.box;
    r.fields.push_back(std::move(f));
  }
  AuthenticityInput in;
  in.file = file;
  in.format = decoded->format;
  in.image = &image;
  in.page = &page;
  in.reading = &r;
  in.today = kToday;
  in.allow_specimens = true;
  std::vector<Finding> out;
  appraise_authenticity(in, out);
  return out;
}

const Finding* find(const std::vector<Finding>& all, std::string_view id) {
  for (const auto& f : all) {
    if (f.id == id) return &f;
  }
  return nullptr;
}

imaging::Image forged(specimen::Attack kind, const imaging::Image& picture, const specimen::Specimen& s) {
  specimen::AttackTarget target;
  target.picture = &picture;
  const auto map = imaging::homography(imaging::quad_of({0, 0, s.truth.card_width, s.truth.card_height}), s.truth.outline);
  for (const auto& v : s.truth.values) {
    if (v.field == "document_number") target.values.push_back(imaging::apply(map, imaging::quad_of(v.box)));
  }
  target.portrait = imaging::apply(map, imaging::quad_of(s.truth.portrait));
  specimen::Dice dice{5};
  return *specimen::attack(kind, target, dice);
}

imaging::Image once(const imaging::Image& image, int quality) {
  return imaging::decode(*imaging::encode_jpeg(image, quality))->pages.front();
}

TEST(Traces, AGenuineCardPassesAndNothingRefuses) {
  for (const int level : {0, 1, 2}) {
    const auto s = draw(specimen::Kind::aadhaar, 40 + level, level);
    for (const auto& f : appraise(*imaging::encode_jpeg(s.image, 88), s.truth, Type::aadhaar)) {
      if (f.kind != CheckKind::authenticity || f.id == "not_a_specimen") continue;
      EXPECT_NE(f.outcome, Outcome::failed) << f.id << " at level " << level;
      EXPECT_NE(f.weight, Weight::refuse) << f.id << ": pixels alone never refuse";
      if (f.outcome == Outcome::not_checked) EXPECT_FALSE(f.explanation.empty()) << f.id;
    }
  }
}

TEST(Traces, ADisplayPhotographedIsSeen) {
  const auto s = draw(specimen::Kind::aadhaar, 50);
  const auto file = *imaging::encode_jpeg(forged(specimen::Attack::recapture, s.image, s), 90);
  EXPECT_EQ(find(appraise(file, s.truth, Type::aadhaar, false), "no_screen_pattern")->outcome, Outcome::failed);
}

TEST(Traces, AGrayCopyIsSeen) {
  const auto s = draw(specimen::Kind::pan, 51);
  const auto file = *imaging::encode_jpeg(forged(specimen::Attack::gray_copy, s.image, s), 85);
  EXPECT_EQ(find(appraise(file, s.truth, Type::pan), "in_colour")->outcome, Outcome::failed);
}

TEST(Traces, AScreenshotIsSeen) {
  const auto s = draw(specimen::Kind::pan, 52);
  const auto file = *imaging::encode_png(forged(specimen::Attack::screenshot, s.image, s));
  EXPECT_EQ(find(appraise(file, s.truth, Type::pan, false), "camera_noise_present")->outcome, Outcome::failed);
}

TEST(Traces, ACleanScanSavedTwiceIsNoScreenshot) {
  for (std::uint64_t seed = 60; seed < 66; ++seed) {
    const auto s = draw(specimen::Kind::passport, seed, 0);
    const auto file = *imaging::encode_jpeg(once(s.image, 88), 93);
    EXPECT_NE(find(appraise(file, s.truth, Type::passport), "camera_noise_present")->outcome, Outcome::failed) << seed;
  }
}

TEST(Traces, ASecondCompressionIsNotedAndNeverMore) {
  const auto s = draw(specimen::Kind::voter_id, 53);
  const auto file = *imaging::encode_jpeg(once(s.image, 75), 93);
  const auto all = appraise(file, s.truth, Type::voter_id);
  const auto* f = find(all, "compressed_once");
  EXPECT_EQ(f->outcome, Outcome::failed);
  EXPECT_EQ(f->weight, Weight::note);
  EXPECT_NE(find(all, "compression_uniform")->outcome, Outcome::failed);
}

TEST(Traces, ValuesPaintedOverAreOftenSeenAndThenPlaced) {
  int seen = 0;
  for (std::uint64_t seed = 54; seed < 62; ++seed) {
    const auto s = draw(specimen::Kind::aadhaar, seed);
    const auto file = *imaging::encode_jpeg(forged(specimen::Attack::text_overwrite, once(s.image, 65), s), 94);
    const auto all = appraise(file, s.truth, Type::aadhaar);
    bool here = false;
    for (const auto id : {"compression_uniform", "noise_uniform", "text_uniform", "no_copied_text"}) {
      const auto* f = find(all, id);
      ASSERT_NE(f, nullptr) << id;
      if (f->outcome != Outcome::failed) continue;
      here = true;
      EXPECT_EQ(f->weight, Weight::review) << id;
      EXPECT_TRUE(f->place.has_value()) << id;
    }
    seen += here ? 1 : 0;
  }
  EXPECT_GE(seen, 2);  // of eight; docs/accuracy.md has the share
}

TEST(Metadata, EditorsAreNamedAndCamerasPass) {
  const auto s = draw(specimen::Kind::pan, 55);
  const auto plain = *imaging::encode_jpeg(s.image, 90);
  // A comment segment right after the start of the picture.
  const auto with = [&](std::string_view text) {
    Bytes out{0xFF, 0xD8, 0xFF, 0xFE, 0, static_cast<std::uint8_t>(text.size() + 2)};
    out.insert(out.end(), text.begin(), text.end());
    out.insert(out.end(), plain.begin() + 2, plain.end());
    return out;
  };
  const auto outcome = [&](std::string_view text) {
    return find(appraise(with(text), s.truth, Type::pan), "no_editing_software")->outcome;
  };
  EXPECT_EQ(outcome("Adobe Photoshop 24.1 (Windows)"), Outcome::failed);
  EXPECT_EQ(outcome("created with GIMP"), Outcome::failed);
  EXPECT_EQ(outcome("Canvas camera firmware 1.2"), Outcome::passed);
  EXPECT_EQ(find(appraise(plain, s.truth, Type::pan), "no_editing_software")->outcome, Outcome::not_checked);
}

TEST(Metadata, DamagedFilesYieldWhatIsWhole) {
  const Bytes exif{0xFF, 0xD8, 0xFF, 0xE1, 0, 40, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 0xFF, 0xFF, 0xFF, 0x7F};
  EXPECT_TRUE(authenticity::read_metadata(exif).text.empty());
  for (std::size_t n = 0; n < exif.size(); ++n) EXPECT_TRUE(authenticity::read_metadata(BytesView{exif}.first(n)).preview.empty());
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0xFF, 0xFF, 0xFF, 0xFF, 't', 'E', 'X', 't', 'x'};
  EXPECT_TRUE(authenticity::read_metadata(png).text.empty());
}

TEST(JpegBlocks, HoldTheQuantisedLevels) {
  const imaging::Image even(64, 48, 3, 200);
  const auto blocks = imaging::read_jpeg_blocks(*imaging::encode_jpeg(even, 90));
  ASSERT_TRUE(blocks);
  EXPECT_GE(blocks->columns, 8);
  EXPECT_GE(blocks->rows, 6);
  const auto& b = blocks->at(2, 2);
  EXPECT_TRUE(b.flat);
  EXPECT_NEAR(b.quantised[0] * blocks->step[0] / 8.0 + 128, 200, 2);
  EXPECT_FALSE(imaging::read_jpeg_blocks(*imaging::encode_png(even)));
  EXPECT_FALSE(imaging::read_jpeg_blocks(*imaging::encode_jpeg(even, 90), 100)) << "too many pixels";
}

TEST(JpegBlocks, BoxesFollowTheOrientation) {
  imaging::JpegBlocks b;
  b.width = 100;
  b.height = 60;
  b.orientation = 6;  // shown turned clockwise: 60 wide, 100 high
  const auto s = b.stored({0, 10, 20, 30});
  ASSERT_TRUE(s);
  EXPECT_EQ(s->x, 10);
  EXPECT_EQ(s->y, 40);
  EXPECT_EQ(s->width, 30);
  EXPECT_EQ(s->height, 20);
  for (const int turn : {1, 3, 6, 8}) {
    b.orientation = turn;
    const auto back = b.shown(*b.stored({2, 10, 20, 30}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->x, 2) << turn;
    EXPECT_EQ(back->y, 10) << turn;
    EXPECT_EQ(back->width, 20) << turn;
  }
  b.orientation = 2;
  EXPECT_FALSE(b.stored({0, 0, 8, 8}));
}

TEST(Attacks, SameDiceForgeTheSamePictureAndWrongTargetsAreRefused) {
  const auto s = draw(specimen::Kind::aadhaar, 62);
  for (const auto kind : specimen::all_attacks()) {
    EXPECT_EQ(specimen::parse_attack(specimen::to_string(kind)), kind);
    const auto a = forged(kind, s.image, s);
    EXPECT_EQ(a.pixels, forged(kind, s.image, s).pixels) << specimen::to_string(kind);
    if (kind != specimen::Attack::resave) EXPECT_NE(a.pixels, s.image.pixels) << specimen::to_string(kind);
  }
  specimen::Dice dice{1};
  specimen::AttackTarget nothing;
  EXPECT_FALSE(specimen::attack(specimen::Attack::resave, nothing, dice));
  nothing.picture = &s.image;
  EXPECT_FALSE(specimen::attack(specimen::Attack::copy_move, nothing, dice));
  EXPECT_FALSE(specimen::attack(specimen::Attack::portrait_splice, nothing, dice));
}

}  // namespace
}  // namespace authx::document
