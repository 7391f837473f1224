#include "engines/document/secrets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engines/document/aadhaar.h"
#include "engines/document/digit_rows.h"
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

TEST(Secrets, NumbersWithinATextAreMasked) {
  EXPECT_EQ(mask_numbers_in("UID 2341 2341 2346, 12 Lake Road"), "UID XXXX XXXX 2346, 12 Lake Road");
  EXPECT_EQ(mask_numbers_in("12 234123412346"), "12 XXXXXXXX2346");
  EXPECT_EQ(mask_numbers_in("7 2341-2341-2346 9"), "7 XXXX-XXXX-2346 9");
  EXPECT_EQ(mask_numbers_in("2341 2341 2341 2341"), "XXXX XXXX XXXX 2341");
  EXPECT_EQ(mask_numbers_in("2341 2341 2347"), "2341 2341 2347");  // no check digit
  EXPECT_EQ(mask_numbers_in("1234123412346"), "1234123412346");    // thirteen digits
  EXPECT_EQ(mask_numbers_in(""), "");
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

/// A number set in type on a picture with its middle at (x, y).
imaging::Image with_number(const imaging::Image& picture, double x, double y, double degrees, const std::string& shown, double size) {
  specimen::Canvas canvas(picture.width, picture.height, {1, 1, 1});
  canvas.picture(0, 0, picture.width, picture.height, picture);
  canvas.rotated_text(x, y, degrees, shown, "Liberation Sans", size, {0.1, 0.1, 0.2});
  return canvas.image();
}

imaging::Image blank(int width, int height) { return imaging::Image(width, height, 3, 240); }

TEST(Secrets, ARowOfDigitsIsFoundAtAnyTilt) {
  int found = 0;
  int asked = 0;
  for (const int degrees : {0, 20, 45, 90, 137, 200, 270, 333}) {
    for (const auto* shown : {"2341 2341 2346", "234123412346", "2341 2341 2341 2341"}) {
      const auto picture = with_number(blank(700, 700), 350, 350, degrees, shown, 40);
      const auto gray = imaging::to_gray(picture);
      const auto rows = digit_rows(gray);
      ++asked;
      if (rows.empty()) continue;
      const auto swept = read_digit_rows(gray, {}, 8, Deadline::after(20s));
      found += swept.places.size() == 1 ? 1 : 0;
      // A place that is known is not read again.
      EXPECT_TRUE(read_digit_rows(gray, {swept.places, {}, {}}, 8, Deadline::after(20s)).places.empty() || swept.places.empty());
    }
  }
  EXPECT_GE(found, asked - 1) << "of " << asked;
}

/// Small print whose digits touch when it is enlarged: resized down and up again.
TEST(Secrets, ARowOfTouchingDigitsIsFound) {
  int found = 0;
  int asked = 0;
  for (const int degrees : {0, 35, 110, 290}) {
    for (const auto* shown : {"8886 5498 8738", "3558 5979 3779", "8886 5498 8738 7862"}) {
      auto gray = imaging::to_gray(with_number(blank(640, 640), 320, 320, degrees, shown, 42));
      gray = imaging::resize(imaging::resize(gray, 210, 210), 640, 640);
      const auto rows = digit_rows(gray);
      const auto digits = std::ranges::count_if(std::string_view{shown}, [](char c) { return c != ' '; });
      ++asked;
      found += std::ranges::any_of(rows, [&](const DigitRow& r) { return r.digits == digits; }) ? 1 : 0;
    }
  }
  EXPECT_GE(found, asked - 2) << "of " << asked;
}

TEST(Secrets, ANumberAndTheVidUnderItAreTwoRows) {
  for (const int degrees : {0, 25, 180}) {
    const double u = degrees * 3.14159265 / 180;
    const auto upper = with_number(blank(900, 900), 450, 450, degrees, "2341 2341 2346", 44);
    const auto both = with_number(upper, 450 - static_cast<int>(62 * std::sin(u)), 450 + static_cast<int>(62 * std::cos(u)), degrees,
                                  "2341 2341 2341 2341", 40);
    const auto rows = digit_rows(imaging::to_gray(both));
    for (const int digits : {12, 16})
      EXPECT_EQ(std::ranges::count(rows, digits, &DigitRow::digits), 1) << digits << " digits at " << degrees;
  }
}

TEST(Secrets, AVidIsHiddenFromEndToEnd) {
  for (const auto* shown : {"2341-2341-2341-2341", "2341  2341  2341  2341"}) {
    const auto gray = imaging::to_gray(with_number(blank(700, 700), 350, 350, 318, shown, 40));
    const auto swept = read_digit_rows(gray, {}, 8, Deadline::after(20s));
    const double u = 318 * 3.14159265 / 180;
    for (const double along : {-170.0, -100.0, 0.0, 100.0}) {
      imaging::Image mask(700, 700, 1, 255);
      imaging::black_out(mask, swept.places);
      const auto row = static_cast<int>(350 + along * std::sin(u));
      EXPECT_EQ(mask.row(row)[static_cast<int>(350 + along * std::cos(u))], 0) << shown << along;
    }
  }
}

/// Read surely, and neither an Aadhaar number nor a VID.
TEST(Secrets, NumbersOfOtherKindsOnAPageStandOpen) {
  specimen::Canvas canvas(1000, 600, {1, 1, 1});
  double y = 60;
  for (const auto* line : {"Account No. 50100234567812 at our branch in Pune", "Reference KYC/2024/118/7731 of 12 March",
                           "Mobile +91 98220 41785", "04/05/2025 UPI/100234567812 12,500.00 98,765.50"}) {
    canvas.text(60, y, line, "Liberation Sans", 26, {0.1, 0.1, 0.1});
    y += 90;
  }
  const auto reading = read(canvas.image(), nullptr, DeclaredType::other, kToday, Deadline::after(60s));
  ASSERT_TRUE(reading);
  for (const auto& q : reading->pages[0].secret_on_input)
    ADD_FAILURE() << "painted over: " << q[0].x << "," << q[0].y << " to " << q[2].x << "," << q[2].y;
  EXPECT_FALSE(reading->pages[0].number_unlocated);
}

TEST(Secrets, OtherNumbersStandOpen) {
  for (const auto* shown : {"98220 41785", "14/12/1976 - 13/12/2026", "INVOICE 2024-000187", "GOVERNMENT OF INDIA", "2341 2341"}) {
    const auto gray = imaging::to_gray(with_number(blank(700, 300), 350, 150, 10, shown, 40));
    const auto swept = read_digit_rows(gray, {}, 8, Deadline::after(20s));
    EXPECT_TRUE(swept.places.empty() && swept.hidden.empty()) << shown;
  }
}

TEST(Secrets, ANumberOnADocumentOfAnotherKindIsCovered) {
  for (const auto kind : {specimen::Kind::pan, specimen::Kind::voter_id, specimen::Kind::passport}) {
    specimen::Request r;
    r.kind = kind;
    r.seed = 41;
    r.today = kToday;
    const auto s = specimen::generate(r);
    ASSERT_TRUE(s);
    const imaging::Point at = kind == specimen::Kind::passport ? imaging::Point{800, 640} : imaging::Point{800, 460};
    const auto middle =
        imaging::apply(imaging::homography(imaging::quad_of({0, 0, s->truth.card_width, s->truth.card_height}), s->truth.outline), at);
    imaging::Image picture = with_number(s->image, middle.x, middle.y, 24, "2341 2341 2346", 30);
    const auto reading = read(picture, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
    ASSERT_TRUE(reading);
    imaging::black_out(picture, reading->pages[0].secret_on_input);
    const auto* pixel = picture.row(static_cast<int>(middle.y)) + static_cast<std::ptrdiff_t>(middle.x) * 3;
    EXPECT_TRUE(pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0) << specimen::to_string(kind);
    for (const auto& f : reading->fields) {
      EXPECT_EQ(f.value.find("2341 2341 2346"), std::string::npos);
      EXPECT_EQ(f.value.find("234123412346"), std::string::npos);
    }
  }
}

/// A number of which a scratch hides two digits can't be proved by its check digit; it is hidden, or the picture is not kept.
TEST(Secrets, AScratchedNumberIsNotKeptWhole) {
  for (std::uint64_t seed = 50; seed < 56; ++seed) {
    specimen::Request r;
    r.kind = specimen::Kind::aadhaar;
    r.seed = seed;
    r.today = kToday;
    const auto s = specimen::generate(r);
    ASSERT_TRUE(s);
    const auto& t = s->truth;
    const auto to_image = imaging::homography(imaging::quad_of({0, 0, t.card_width, t.card_height}), t.outline);
    imaging::Image picture = s->image;
    const auto& secret = t.secrets.at(0);
    // Over the end of the second group, as a scratch or a finger would lie.
    const imaging::Box scratch{secret.x + secret.width * 3 / 4, secret.y - 10, secret.width / 6, secret.height + 20};
    const auto place = imaging::bounds_of(imaging::apply(to_image, imaging::quad_of(scratch)));
    for (int y = std::max(0, place.y); y < std::min(picture.height, place.y + place.height); ++y)
      std::fill_n(picture.row(y) + static_cast<std::ptrdiff_t>(place.x) * 3, place.width * 3, static_cast<std::uint8_t>(200));
    const auto reading = read(picture, nullptr, DeclaredType::aadhaar, kToday, Deadline::after(60s));
    ASSERT_TRUE(reading);
    EXPECT_NE(reading->document_number.expose(), t.number);
    EXPECT_EQ(reading->display_number.find(t.number.substr(0, 4)), std::string::npos);
    imaging::black_out(picture, reading->pages[0].secret_on_input);
    const bool hidden = covered({secret.x, secret.y, secret.width * 3 / 4, secret.height}, to_image, picture);
    EXPECT_TRUE(hidden || reading->pages[0].number_unlocated) << seed;
  }
}

TEST(Outline, OfAScanCutToItsEdgesIsNotThePortrait) {
  for (const auto kind : {specimen::Kind::aadhaar, specimen::Kind::pan, specimen::Kind::pan_old, specimen::Kind::driving_license,
                          specimen::Kind::voter_id, specimen::Kind::passport}) {
    for (std::uint64_t seed = 5; seed < 8; ++seed) {
      specimen::Request r;
      r.kind = kind;
      r.seed = seed;
      r.today = kToday;
      const auto s = specimen::generate(r);
      ASSERT_TRUE(s);
      const auto scan = imaging::warp(s->image, s->truth.outline, s->truth.card_width, s->truth.card_height);
      const auto reading = read(scan, nullptr, DeclaredType::other, kToday, Deadline::after(60s));
      ASSERT_TRUE(reading);
      const double share = std::abs(imaging::area_of(reading->pages[0].outline)) / (static_cast<double>(scan.width) * scan.height);
      EXPECT_GT(share, 0.85) << specimen::to_string(kind) << ' ' << seed;
    }
  }
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

TEST(LocalName, OtherScriptsAreRomanisedToo) {
  for (const auto* rahul : {"রাহুল", "ਰਾਹੁਲ", "રાહુલ", "ରାହୁଲ", "రాహుల్", "ರಾಹುಲ್", "രാഹുൽ"}) EXPECT_EQ(romanise(rahul), "Rahul") << rahul;
  EXPECT_EQ(romanise("ராகுல்"), "Rakul") << "Tamil has no voiced letters";
  for (const auto* gopal : {"গোপাল", "ਗੋਪਾਲ", "ગોપાલ", "ଗୋପାଳ", "கோபால்", "గోపాల్", "ಗೋಪಾಲ್", "ഗോപാൽ", "گوپال"})
    EXPECT_GT(sounds_alike(romanise(gopal), "Gopal"), 0.99) << gopal << ' ' << romanise(gopal);
  EXPECT_GT(sounds_alike(romanise("وکرم ورما"), "Vikram Verma"), 0.99);
  EXPECT_LT(sounds_alike(romanise("దిచ్యా దానో"), "Divya Das"), 0.75) << "Kannada read as Telugu";
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
