#include "engines/document/print.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engines/specimen/specimen.h"
#include "imaging/geometry.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;

/// The gray page of a clean specimen, cut to its document, and its truth.
struct Drawn {
  imaging::Image page;
  specimen::Truth truth;
};

Drawn drawn(specimen::Kind kind) {
  specimen::Request r;
  r.kind = kind;
  r.seed = 5;
  r.level = 0;
  r.today = Date{2026y / std::chrono::June / 1d};
  auto s = specimen::generate(r);
  EXPECT_TRUE(s);
  if (!s) return {};
  return {imaging::to_gray(imaging::crop(s->image, imaging::bounds_of(s->truth.outline))), s->truth};
}

Print read_all(const imaging::Image& page, std::optional<int> turns = {}) {
  const auto deadline = Deadline::after(60s);
  auto reader = PrintReader::start(find_layout(page), turns, false, deadline);
  EXPECT_TRUE(reader);
  EXPECT_TRUE(reader->read(true, deadline));
  return reader->print();
}

bool says(const Print& print, std::string_view phrase) {
  return std::ranges::any_of(print.rows, [&](const Row& row) { return row.text().find(phrase) != std::string::npos; });
}

/// The lines that a word with `text` stands on.
std::vector<TextLine> lines_with(const Print& print, std::string_view text) {
  std::vector<TextLine> out;
  for (const auto& row : print.rows) {
    for (const auto& w : row.words) {
      if (w.text.find(text) == std::string::npos) continue;
      const int x = w.box.x + w.box.width / 2;
      const int y = w.box.y + w.box.height / 2;
      for (const auto& l : print.lines) {
        if (x >= l.box.x && x < l.box.x + l.box.width && y >= l.box.y && y < l.box.y + l.box.height) out.push_back(l);
      }
    }
  }
  return out;
}

TEST(Print, IsReadEitherWayUp) {
  const auto card = drawn(specimen::Kind::pan);
  for (const int turned : {0, 2}) {
    const auto print = read_all(imaging::rotate_quarter(card.page, turned));
    EXPECT_EQ(print.quarter_turns, turned);
    EXPECT_TRUE(says(print, "INCOME TAX DEPARTMENT")) << turned;
  }
}

TEST(Print, SureDatesAndWordsAreSettledAndLongNumbersAreNot) {
  const auto pan = read_all(drawn(specimen::Kind::pan).page);
  const auto dates = lines_with(pan, "/19");
  const auto words = lines_with(pan, "DEPARTMENT");
  ASSERT_FALSE(dates.empty() && words.empty());
  EXPECT_TRUE(std::ranges::all_of(dates, &TextLine::settled));
  EXPECT_TRUE(std::ranges::all_of(words, &TextLine::settled));

  const auto card = drawn(specimen::Kind::aadhaar);
  const auto print = read_all(card.page);
  const auto numbers = lines_with(print, card.truth.number.substr(4, 4));
  ASSERT_FALSE(numbers.empty());
  EXPECT_TRUE(std::ranges::none_of(numbers, &TextLine::settled)) << "twelve digits are always looked at again";
}

TEST(Print, LinesLikeAZonesAreReadOnRequest) {
  const auto card = drawn(specimen::Kind::passport);
  const auto deadline = Deadline::after(60s);
  const auto layout = find_layout(card.page);
  ASSERT_TRUE(may_hold_zone(layout));
  auto reader = PrintReader::start(layout, std::nullopt, true, deadline);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->quarter_turns(), 0);
  ASSERT_TRUE(reader->read(false, deadline));
  EXPECT_FALSE(says(reader->print(), "<<"));
  const auto before = reader->print().rows.size();
  ASSERT_TRUE(reader->read(true, deadline));
  EXPECT_GT(reader->print().rows.size(), before);
}

}  // namespace
}  // namespace authx::document
