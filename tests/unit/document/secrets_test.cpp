#include "engines/document/secrets.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engines/document/aadhaar.h"
#include "engines/document/local_name.h"
#include "engines/document/reader.h"
#include "engines/specimen/canvas.h"
#include "engines/specimen/specimen.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2026y / std::chrono::June / 1d};

Row row_of(std::initializer_list<const char*> words) {
  Row row;
  int x = 10;
  for (const auto* w : words) {
    const int width = 12 * static_cast<int>(std::string_view{w}.size());
    row.words.push_back({w, 0.9, {x, 10, width, 20}});
    row.box = join(row.box, row.words.back().box);
    x += width + 14;
  }
  return row;
}

std::vector<GroupedNumber> numbers(std::initializer_list<const char*> words) {
  return find_numbers(imaging::Image(900, 60, 1, 255), {row_of(words)}, Deadline::after(20s));
}

TEST(Secrets, NumbersAreFoundHoweverTheirDigitsAreGrouped) {
  for (const auto& words : {std::initializer_list<const char*>{"2341", "2341", "2346"},
                            {"234123412346"},
                            {"23412341", "2346"},
                            {"Your", "Aadhaar", "No.:", "2341", "2341", "2346"},
                            {"2341", "2341", "2346", "|"}}) {
    const auto found = numbers(words);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].digits, "234123412346");
    EXPECT_TRUE(found[0].valid());
  }
  EXPECT_EQ(numbers({"VID", ":", "2341", "2341", "2341", "2341"}).at(0).digits, "2341234123412341");
  EXPECT_TRUE(numbers({"XXXX", "XXXX", "2346"}).at(0).masked());
  EXPECT_TRUE(numbers({"14/12/1976"}).empty());
}

TEST(Secrets, OnlyTheLastFourDigitsStayVisible) {
  PageReading page;
  hide_numbers(numbers({"2341", "2341", "2346"}), page);
  ASSERT_EQ(page.secret_on_rectified.size(), 2U);
  const auto last = row_of({"2341", "2341", "2346"}).words[2].box;
  for (const auto& q : page.secret_on_rectified) EXPECT_LE(q[1].x, last.x);
  PageReading whole;
  hide_numbers(numbers({"234123412346"}), whole);
  ASSERT_EQ(whole.secret_on_rectified.size(), 1U);
  EXPECT_NEAR(whole.secret_on_rectified[0][1].x, 10 + 12 * 8, 3);
  PageReading masked;
  hide_numbers(numbers({"XXXX", "XXXX", "2346"}), masked);
  EXPECT_TRUE(masked.secret_on_rectified.empty());
}

/// Every corner of the box lies in one of the quads or on the other side of a quad that covers its middle.
bool covered(const imaging::Box& box, const imaging::Homography& to_input, const imaging::Image& blacked) {
  int dark = 0;
  int all = 0;
  for (int y = box.y; y < box.y + box.height; y += 3) {
    for (int x = box.x; x < box.x + box.width; x += 3) {
      const auto p = imaging::apply(to_input, imaging::Point{static_cast<double>(x), static_cast<double>(y)});
      const int px = static_cast<int>(p.x);
      const int py = static_cast<int>(p.y);
      if (px < 0 || py < 0 || px >= blacked.width || py >= blacked.height) continue;
      ++all;
      const auto* at = blacked.row(py) + static_cast<std::ptrdiff_t>(px) * 3;
      dark += at[0] == 0 && at[1] == 0 && at[2] == 0 ? 1 : 0;
    }
  }
  return all > 0 && dark > 0.88 * all;
}

TEST(Secrets, NumbersAreCoveredOnEveryLayoutAndAnyWayUp) {
  int good = 0;
  int total = 0;
  for (const auto kind :
       {specimen::Kind::aadhaar, specimen::Kind::aadhaar_back, specimen::Kind::aadhaar_pvc, specimen::Kind::aadhaar_letter}) {
    for (int turns = 0; turns < 4; ++turns) {
      specimen::Request r;
      r.kind = kind;
      r.seed = 60 + static_cast<std::uint64_t>(turns);
      r.level = turns % 3;
      r.today = kToday;
      const auto s = specimen::generate(r);
      ASSERT_TRUE(s);
      const auto& t = s->truth;
      imaging::Image image = imaging::rotate_quarter(s->image, turns);
      imaging::Quad outline = t.outline;
      for (int k = 0, w = s->image.width, h = s->image.height; k < turns; ++k, std::swap(w, h)) {
        for (auto& p : outline) p = {h - p.y, p.x};
      }
      const auto reading = read(image, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
      ASSERT_TRUE(reading);
      imaging::black_out(image, reading->pages[0].secret_on_input);
      const auto to_input = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), outline);
      for (const auto& box : t.secrets) {
        good += covered(box, to_input, image) ? 1 : 0;
        ++total;
      }
    }
  }
  EXPECT_GE(good, total - 1) << "of " << total;
}

TEST(Secrets, ANumberOnAnotherKindOfDocumentIsCoveredWhicheverWayItRuns) {
  int good = 0;
  for (const auto kind : {specimen::Kind::pan, specimen::Kind::voter_id}) {
    for (int turns = 0; turns < 4; ++turns) {
      specimen::Request r;
      r.kind = kind;
      r.seed = 80;
      r.today = kToday;
      const auto s = specimen::generate(r);
      ASSERT_TRUE(s);
      specimen::Canvas canvas(s->image.width, s->image.height, {1, 1, 1});
      canvas.picture(0, 0, s->image.width, s->image.height, s->image);
      canvas.rotated_text(830, 420, 90 * turns, "2341 2341 2346", "Liberation Sans", 32, {0.1, 0.1, 0.2});
      auto image = canvas.image();
      const auto reading = read(image, nullptr, DeclaredType::pan, kToday, Deadline::after(60s));
      ASSERT_TRUE(reading);
      imaging::black_out(image, reading->pages[0].secret_on_input);
      // The first eight digits, around the middle of the text: about 230 pixels long.
      const imaging::Box upright{-108, -8, 130, 16};
      const imaging::Box across{-8, -108, 16, 130};
      const imaging::Box reach = turns % 2 == 0 ? upright : across;
      const bool turned = turns >= 2;
      const imaging::Box place{830 + (turned ? -reach.x - reach.width : reach.x), 420 + (turned ? -reach.y - reach.height : reach.y),
                               reach.width, reach.height};
      good += covered(place, imaging::Homography{1, 0, 0, 0, 1, 0, 0, 0, 1}, image) ? 1 : 0;
    }
  }
  EXPECT_GE(good, 7) << "of 8";
}

TEST(Secrets, TwoCardsOnOnePictureAreBothCovered) {
  specimen::Request r;
  r.kind = specimen::Kind::aadhaar;
  r.seed = 90;
  r.level = 1;
  r.today = kToday;
  const auto a = specimen::generate(r);
  r.seed = 91;
  const auto b = specimen::generate(r);
  ASSERT_TRUE(a && b);
  imaging::Image both(a->image.width, a->image.height + b->image.height, 3);
  std::copy(a->image.pixels.begin(), a->image.pixels.end(), both.pixels.begin());
  std::copy(
      b->image.pixels.begin(),
      b->image.pixels.begin() + static_cast<std::ptrdiff_t>(std::min(b->image.pixels.size(), both.pixels.size() - a->image.pixels.size())),
      both.pixels.begin() + static_cast<std::ptrdiff_t>(a->image.pixels.size()));
  if (a->image.width != b->image.width) GTEST_SKIP() << "pictures of different widths";
  const auto reading = read(both, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
  ASSERT_TRUE(reading);
  imaging::black_out(both, reading->pages[0].secret_on_input);
  for (int i = 0; i < 2; ++i) {
    const auto& t = (i == 0 ? a : b)->truth;
    imaging::Quad outline = t.outline;
    for (auto& p : outline) p.y += i * a->image.height;
    const auto to_input = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), outline);
    for (const auto& box : t.secrets) EXPECT_TRUE(covered(box, to_input, both)) << i;
  }
}

TEST(Secrets, APictureWhoseNumberCannotBeFoundIsNotForKeeping) {
  specimen::Request r;
  r.kind = specimen::Kind::aadhaar;
  r.seed = 61;
  r.level = 0;
  r.today = kToday;
  const auto s = specimen::generate(r);
  ASSERT_TRUE(s);
  imaging::Image image = s->image;
  const auto good = read(image, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
  ASSERT_TRUE(good);
  EXPECT_FALSE(good->pages[0].number_unlocated);
  // A scratch through the digits: a person still reads them.
  const auto to_input = imaging::homography(imaging::quad_of({0, 0, s->truth.card_width, s->truth.card_height}), s->truth.outline);
  for (const auto& b : s->truth.secrets) {
    const imaging::Quad scratch = imaging::apply(to_input, imaging::quad_of({b.x - 20, b.y + b.height / 2 - 3, b.width + 260, 7}));
    imaging::black_out(image, std::vector<imaging::Quad>{scratch});
  }
  const auto bad = read(image, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
  ASSERT_TRUE(bad);
  EXPECT_TRUE(bad->pages[0].number_unlocated || !bad->pages[0].secret_on_input.empty());
}

TEST(LocalName, DevanagariIsRomanisedAsItIsSpoken) {
  EXPECT_EQ(romanise("राजेश कुमार"), "Rajesh Kumar");
  EXPECT_EQ(romanise("मीरा"), "Mira");
  EXPECT_EQ(romanise("सुनील"), "Sunil");
  EXPECT_EQ(romanise(""), "");
  EXPECT_GT(sounds_alike(romanise("लक्ष्मी वेंकटरमन"), "Lakshmi Venkataraman"), 0.8);
  EXPECT_GT(sounds_alike(romanise("फातिमा बेगम"), "Fatima Begum"), 0.9);
  EXPECT_LT(sounds_alike(romanise("प्रिया नायर"), "Sunil Deshmukh"), 0.4);
}

TEST(LocalName, IsReadFromTheLineAboveTheLatinName) {
  int right = 0;
  for (std::uint64_t seed = 70; seed < 76; ++seed) {
    specimen::Request r;
    r.kind = specimen::Kind::aadhaar;
    r.seed = seed;
    r.level = 1;
    r.today = kToday;
    const auto s = specimen::generate(r);
    ASSERT_TRUE(s);
    const auto reading = read(s->image, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
    ASSERT_TRUE(reading);
    const auto* f = reading->find("name_local");
    right += f != nullptr && f->value == s->truth.name_local ? 1 : 0;
  }
  EXPECT_GE(right, 5);
}

}  // namespace
}  // namespace authx::document
