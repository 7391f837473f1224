#include "engines/fingerprint/exchange.h"

#include <gtest/gtest.h>

#include <random>

#include "ridges.h"

namespace authx::fingerprint {
namespace {

constexpr std::array kFormats{Format::iso_2005, Format::iso_2011, Format::iso_2005_card, Format::iso_2005_card_compact, Format::ansi_2004};

Template some_template(std::size_t minutiae = 40) {
  Template t;
  t.width = 300, t.height = 400, t.quality = 77;
  std::mt19937 random{5};
  for (std::size_t i = 0; i < minutiae; ++i) {
    t.minutiae.push_back({static_cast<std::int16_t>(random() % 300), static_cast<std::int16_t>(random() % 400),
                          static_cast<std::uint8_t>(random()), i % 2 == 0 ? MinutiaType::ending : MinutiaType::bifurcation,
                          static_cast<std::uint8_t>(100 - i % 100)});
  }
  describe(t);
  return t;
}

Bytes written(Format format, std::size_t minutiae = 40) {
  auto bytes = to_exchange(some_template(minutiae), format, {.max_bytes = 4000});
  EXPECT_TRUE(bytes) << to_string(format);
  return bytes ? *bytes : Bytes{};
}

std::string reason(const Result<Record>& r) { return r || r.error().faults.empty() ? "" : r.error().faults.front().reason; }

TEST(Exchange, EveryFormatReadsBackToTheSameBytes) {
  for (const auto format : kFormats) {
    const Bytes bytes = written(format);
    const auto record = read_record(bytes, format);
    ASSERT_TRUE(record) << to_string(format) << ": " << reason(record);
    const auto again = write_record(*record);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, bytes) << to_string(format);
  }
}

TEST(Exchange, RecordsAreRecognisedByTheirHeader) {
  for (const auto format : {Format::iso_2005, Format::iso_2011, Format::ansi_2004}) {
    const auto record = read_record(written(format));
    ASSERT_TRUE(record) << reason(record);
    EXPECT_EQ(record->format, format);
  }
}

TEST(Exchange, TheLayoutIsThatOfTheStandards) {
  Template t;
  t.width = 0x0123, t.height = 0x0145, t.quality = 60;
  t.minutiae = {{0x0102, 0x0034, 0x40, MinutiaType::bifurcation, 90}};
  const auto iso = to_exchange(t, Format::iso_2005, {.position = 7});
  ASSERT_TRUE(iso);
  EXPECT_EQ(*iso, (Bytes{'F', 'M',  'R', 0,    ' ', '2', '0', 0, 0,  0, 0,    36,   0,    0,    0x01, 0x23, 0x01, 0x45,
                         0,   0xc5, 0,   0xc5, 1,   0,   7,   0, 60, 1, 0x81, 0x02, 0x00, 0x34, 0x40, 90,   0,    0}));
  const auto ansi = to_exchange(t, Format::ansi_2004, {.position = 7});
  ASSERT_TRUE(ansi);
  EXPECT_EQ(*ansi,
            (Bytes{'F', 'M',  'R', 0,    ' ', '2', '0', 0, 0,  38, 0,    0,    0,    0,    0,  0,  0x01, 0x23, 0x01, 0x45,
                   0,   0xc5, 0,   0xc5, 1,   0,   7,   0, 60, 1,  0x81, 0x02, 0x00, 0x34, 45, 90, 0,    0}));  // 90 degrees in steps of 2
  const auto compact = to_exchange(t, Format::iso_2005_card_compact);
  ASSERT_TRUE(compact);
  EXPECT_EQ(*compact, (Bytes{131, 26, 0x90}));  // 258 and 52 pixels in tenths of a millimetre, type 2, 16 of 64
  const auto normal = to_exchange(t, Format::iso_2005_card);
  ASSERT_TRUE(normal);
  EXPECT_EQ(*normal, (Bytes{0x85, 0x1f, 0x01, 0x08, 0x40}));  // 13.11 mm and 2.64 mm
}

TEST(Exchange, ConversionKeepsPlacesAndDirections) {
  const Template t = some_template(30);
  for (const auto format : kFormats) {
    const auto record = read_record(*to_exchange(t, format), format);
    ASSERT_TRUE(record);
    const auto back = to_template(record->views.front(), format);
    ASSERT_TRUE(back);
    ASSERT_EQ(back->minutiae.size(), t.minutiae.size());
    const bool compact = format == Format::iso_2005_card_compact;
    for (const auto& m : t.minutiae) {
      EXPECT_TRUE(std::ranges::any_of(back->minutiae, [&](const Minutia& o) {
        return std::abs(o.x - m.x) <= (compact ? 1 : 0) && std::abs(o.y - m.y) <= (compact ? 1 : 0) && o.type == m.type &&
               std::abs(static_cast<std::int8_t>(o.angle - m.angle)) <= (compact ? 2 : 1);
      })) << to_string(format);
    }
  }
}

TEST(Exchange, TheBestMinutiaeFillTheWantedSize) {
  for (const auto format : kFormats) {
    const auto bytes = to_exchange(some_template(200), format);
    ASSERT_TRUE(bytes);
    EXPECT_LE(bytes->size(), 600u);
    EXPECT_GT(bytes->size(), 590u);
    const auto record = read_record(*bytes, format);
    ASSERT_TRUE(record);
    EXPECT_GE(record->views.front().minutiae.size(), 90u);
  }
  EXPECT_FALSE(to_exchange(some_template(3), Format::iso_2005, {.max_bytes = 20}));
}

TEST(Exchange, EveryTruncationIsRefused) {
  for (const auto format : {Format::iso_2005, Format::iso_2011, Format::ansi_2004}) {
    const Bytes bytes = written(format, 5);
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(read_record(BytesView{bytes}.first(n))) << to_string(format) << " " << n;
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(read_record(longer));
  }
}

TEST(Exchange, WrongCountsSizesAndValuesAreNamed) {
  const Bytes good = written(Format::iso_2005, 5);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes b = good;
    b[at] = value;
    return reason(read_record(b, Format::iso_2005));
  };
  EXPECT_NE(with(0, 'X').find("FMR"), std::string::npos);
  EXPECT_NE(with(5, '9').find("version"), std::string::npos);
  EXPECT_NE(with(11, 0xff).find("bytes"), std::string::npos);
  EXPECT_NE(with(14, 0xff).find("image size"), std::string::npos);
  EXPECT_NE(with(19, 0).find("resolution"), std::string::npos);
  EXPECT_NE(with(22, 0).find("views"), std::string::npos);
  EXPECT_NE(with(22, 2).find("ends"), std::string::npos);
  EXPECT_NE(with(24, 99).find("position"), std::string::npos);
  EXPECT_NE(with(26, 101).find("quality"), std::string::npos);
  EXPECT_NE(with(27, 255).find("room"), std::string::npos);
  EXPECT_NE(with(28, 0xc0).find("type"), std::string::npos);
  EXPECT_NE(with(28, 0x7f).find("outside"), std::string::npos);
  EXPECT_NE(with(30, 0xc0).find("reserved"), std::string::npos);
  EXPECT_NE(with(good.size() - 1, 9).find("extended"), std::string::npos);
  Bytes ansi = written(Format::ansi_2004, 5);
  ansi[34] = 180;
  EXPECT_NE(reason(read_record(ansi)).find("angle"), std::string::npos);
  Bytes newer = written(Format::iso_2011, 5);
  newer[18] = 0xff;
  EXPECT_NE(reason(read_record(newer)).find("length"), std::string::npos);
}

TEST(Exchange, RandomDamageNeverPassesUnnoticedOrCrashes) {
  std::mt19937 random{11};
  for (const auto format : kFormats) {
    const Bytes good = written(format, 12);
    for (int i = 0; i < 3000; ++i) {
      Bytes bad = good;
      for (unsigned k = 0; k <= random() % 3; ++k) bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
      if (const auto record = read_record(bad, format)) {
        const auto again = write_record(*record);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, bad);
      }
    }
  }
}

TEST(Exchange, TheTemplatesOfAnotherMakerAreReadAndWrittenUnchanged) {
  const auto folder = test::data() / "iso19794-2";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no templates in " << folder;
  std::size_t files = 0;
  for (const auto& f : std::filesystem::recursive_directory_iterator(folder)) {
    if (!f.is_regular_file()) continue;
    ++files;
    const Bytes bytes = test::file(f.path());
    const auto record = read_record(bytes);
    ASSERT_TRUE(record) << f.path() << ": " << reason(record);
    EXPECT_EQ(record->format, Format::iso_2005);
    const auto again = write_record(*record);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, bytes);
    const auto newer = convert(*record, Format::iso_2011);
    ASSERT_TRUE(newer);
    const auto newer_bytes = write_record(*newer);
    ASSERT_TRUE(newer_bytes);
    EXPECT_TRUE(read_record(*newer_bytes));
    EXPECT_TRUE(to_template(record->views.front(), record->format));
  }
  EXPECT_GE(files, 80u);
}

}  // namespace
}  // namespace authx::fingerprint
