#include "engines/document/reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "engines/document/aadhaar.h"
#include "engines/document/mrz_image.h"
#include "engines/specimen/specimen.h"
#include "imaging/decode.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;
constexpr Date kToday{2026y / std::chrono::June / 1d};

specimen::Specimen drawn(specimen::Kind kind, std::uint64_t seed, int level) {
  specimen::Request r;
  r.kind = kind;
  r.seed = seed;
  r.level = level;
  r.today = kToday;
  auto s = specimen::generate(r);
  EXPECT_TRUE(s) << (s ? "" : s.error().detail);
  return s ? std::move(*s) : specimen::Specimen{};
}

Reading reading_of(const imaging::Image& image, DeclaredType declared = DeclaredType::other) {
  auto r = read(image, nullptr, declared, kToday, Deadline::after(60s));
  EXPECT_TRUE(r) << (r ? "" : r.error().detail);
  return r ? std::move(*r) : Reading{};
}

TEST(Read, AadhaarSpecimensAtTheGoodLevels) {
  for (const int level : {0, 1}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto s = drawn(specimen::Kind::aadhaar, seed, level);
      const auto r = reading_of(s.image, DeclaredType::aadhaar);
      SCOPED_TRACE(fmt::format("seed {} level {}", seed, level));
      EXPECT_EQ(r.type, Type::aadhaar);
      EXPECT_EQ(r.document_number.expose(), s.truth.number);
      EXPECT_EQ(r.display_number, mask_aadhaar(s.truth.number));
      EXPECT_EQ(r.name, s.truth.name);
      EXPECT_EQ(r.dob, s.truth.dob);
      EXPECT_EQ(r.gender, s.truth.gender);
      EXPECT_FALSE(r.has_failures());
      EXPECT_GT(r.confidence, 0.8);
    }
  }
}

TEST(Read, NoFieldShowsAWholeAadhaarNumberAndItsDigitsAreLocated) {
  const auto s = drawn(specimen::Kind::aadhaar, 11, 1);
  const auto r = reading_of(s.image);
  ASSERT_EQ(r.document_number.expose(), s.truth.number);
  for (const auto& f : r.fields) {
    EXPECT_EQ(f.value.find(s.truth.number.substr(0, 8)), std::string::npos) << f.name;
    EXPECT_EQ(f.normalised.find(s.truth.number.substr(0, 8)), std::string::npos) << f.name;
  }
  ASSERT_FALSE(r.pages[0].secret_on_input.empty());
  imaging::Image copy = s.image;
  imaging::black_out(copy, r.pages[0].secret_on_input);
  const auto again = reading_of(copy);
  EXPECT_NE(again.document_number.expose(), s.truth.number) << "the blacked-out copy must not yield the number";
  EXPECT_EQ(again.name, s.truth.name) << "nothing else is covered";
}

TEST(Read, OtherIndianSpecimens) {
  for (const auto kind : {specimen::Kind::pan, specimen::Kind::driving_license, specimen::Kind::voter_id}) {
    const auto s = drawn(kind, 21, 1);
    const auto r = reading_of(s.image);
    SCOPED_TRACE(specimen::to_string(kind));
    EXPECT_EQ(to_string(r.type), specimen::to_string(kind));
    EXPECT_EQ(r.document_number.expose(), s.truth.number);
    EXPECT_EQ(r.name, s.truth.name);
    EXPECT_EQ(r.dob, s.truth.dob);
    if (kind == specimen::Kind::driving_license) EXPECT_EQ(r.expiry_date, s.truth.expiry_date);
  }
}

TEST(Read, AddressOfTheBackIsRead) {
  const auto s = drawn(specimen::Kind::aadhaar_back, 4, 0);
  const auto r = reading_of(s.image);
  EXPECT_EQ(r.type, Type::aadhaar);
  EXPECT_NE(r.address.find(s.truth.address.substr(s.truth.address.size() - 6)), std::string::npos) << r.address;
}

TEST(Read, PassportSpecimenIsReadFromItsZone) {
  const auto s = drawn(specimen::Kind::passport, 2, 0);
  const auto r = reading_of(s.image, DeclaredType::passport);
  EXPECT_EQ(r.type, Type::passport);
  ASSERT_TRUE(r.mrz);
  EXPECT_EQ(r.mrz->lines, s.truth.mrz);
  EXPECT_TRUE(r.mrz->valid);
  EXPECT_EQ(r.document_number.expose(), s.truth.number);
  EXPECT_EQ(r.dob, s.truth.dob);
  EXPECT_EQ(r.expiry_date, s.truth.expiry_date);
}

TEST(Read, EveryQuarterTurnIsPutUpright) {
  const auto s = drawn(specimen::Kind::aadhaar, 31, 1);
  for (int turns = 0; turns < 4; ++turns) {
    const auto r = reading_of(imaging::rotate_quarter(s.image, turns));
    EXPECT_EQ(r.document_number.expose(), s.truth.number) << turns;
    ASSERT_EQ(r.pages.size(), 1U);
    EXPECT_GT(r.pages[0].rectified.width, r.pages[0].rectified.height) << turns;
  }
}

TEST(Read, FrontAndBackTogetherGiveNameAndAddress) {
  const auto front = drawn(specimen::Kind::aadhaar, 41, 0);
  const auto back = drawn(specimen::Kind::aadhaar_back, 41, 0);
  const auto r = read(front.image, &back.image, DeclaredType::aadhaar, kToday, Deadline::after(60s));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->pages.size(), 2U);
  EXPECT_EQ(r->name, front.truth.name);
  EXPECT_FALSE(r->address.empty());
}

TEST(Read, AnotherTypeThanDeclaredIsAFinding) {
  const auto s = drawn(specimen::Kind::pan, 5, 0);
  const auto r = reading_of(s.image, DeclaredType::aadhaar);
  EXPECT_EQ(r.type, Type::pan);
  ASSERT_NE(r.finding("type_matches"), nullptr);
  EXPECT_EQ(r.finding("type_matches")->outcome, Outcome::failed);
}

TEST(Read, ExpiredDocumentIsAFinding) {
  specimen::Request request;
  request.kind = specimen::Kind::driving_license;
  request.seed = 8;
  request.today = 1995y / std::chrono::June / 1d;
  const auto s = specimen::generate(request);
  ASSERT_TRUE(s);
  const auto r = reading_of(s->image);
  ASSERT_NE(r.finding("not_expired"), nullptr);
  EXPECT_EQ(r.finding("not_expired")->outcome, Outcome::failed);
}

TEST(Read, PictureWithoutDocumentIsUnknown) {
  imaging::Image blank(640, 480, 3, 128);
  const auto r = reading_of(blank);
  EXPECT_EQ(r.type, Type::unknown);
  EXPECT_TRUE(r.has_failures());
  const auto tiny = reading_of(imaging::Image(2, 2, 1, 9));
  EXPECT_EQ(tiny.type, Type::unknown);
}

TEST(Read, EmptyImageAndPassedDeadlineAreErrors) {
  EXPECT_EQ(read(imaging::Image{}, nullptr, DeclaredType::other, kToday, {}).error().code, Errc::validation);
  const auto s = drawn(specimen::Kind::pan, 5, 0);
  const auto late = read(s.image, nullptr, DeclaredType::other, kToday, Deadline::after(-1ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::request_timeout);
}

TEST(Read, DeclaredTypesAreParsed) {
  EXPECT_EQ(parse_declared_type("aadhar"), DeclaredType::aadhaar);
  EXPECT_EQ(parse_declared_type("aadhaar"), DeclaredType::aadhaar);
  EXPECT_EQ(parse_declared_type("driving_license"), DeclaredType::driving_license);
  EXPECT_EQ(parse_declared_type("visa"), std::nullopt);
}

// --- On development data, when it is there ---------------------------------------------------------

std::filesystem::path shared_data() {
  const char* set = std::getenv("AUTHX_SHARED_DATA");
  return std::filesystem::path{set != nullptr ? std::string{set} : std::string{AUTHX_SOURCE_DIR} + "/../shared/data"} / "documents";
}

imaging::Image load(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  const Bytes file{std::istreambuf_iterator<char>(in), {}};
  auto decoded = imaging::decode(file);
  EXPECT_TRUE(decoded) << path;
  return decoded ? std::move(decoded->pages[0]) : imaging::Image{};
}

TEST(SharedData, IndianLookAlikesAreReadAboveTheFloor) {
  const auto folder = shared_data() / "india_synth";
  std::ifstream in{folder / "truth.json"};
  if (!in) GTEST_SKIP() << folder << " is absent";
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto truth = parse_json(text);
  ASSERT_TRUE(truth);
  int types = 0;
  int numbers = 0;
  int total = 0;
  for (const auto& item : truth->as_array()) {
    const auto file = *get_text(item, "file");
    if (file.find("_0") == std::string::npos || (file.find("_00") == std::string::npos && file.find("_02") == std::string::npos)) continue;
    const auto doc = *get_text(item, "doc");
    const auto r = reading_of(load(folder / file));
    ++total;
    const auto type = to_string(r.type);
    types +=
        (doc.starts_with(type) || (doc == "dl" && r.type == Type::driving_license) || (doc == "epic" && r.type == Type::voter_id)) ? 1 : 0;
    auto number = *get_text(item, "number");
    if (r.type == Type::aadhaar) number = mask_aadhaar(number);
    numbers += r.display_number == number ? 1 : 0;
  }
  ASSERT_GE(total, 14);
  EXPECT_GE(types, total - 1);
  EXPECT_GE(numbers, total - 1);
}

TEST(SharedData, GeneratedZonesAreReadAboveTheFloor) {
  const auto folder = shared_data() / "mrz_synth";
  std::ifstream in{folder / "truth.csv"};
  if (!in) GTEST_SKIP() << folder << " is absent";
  std::string line;
  std::getline(in, line);
  int total = 0;
  int exact = 0;
  int wrong_but_valid = 0;
  while (std::getline(in, line)) {
    if (!line.starts_with("L0_") && !line.starts_with("L1_")) continue;
    if (line.back() == '\r') line.pop_back();
    const auto mrz = line.substr(line.rfind(',') + 1);
    const auto m = read_mrz(load(folder / line.substr(0, line.find(','))), kToday, {});
    ++total;
    if (!m) continue;
    std::string got;
    for (const auto& l : m->mrz.lines) got += (got.empty() ? "" : "|") + l;
    exact += got == mrz ? 1 : 0;
    wrong_but_valid += got != mrz && m->mrz.valid() ? 1 : 0;
  }
  ASSERT_EQ(total, 50);
  RecordProperty("exact", exact);
  EXPECT_GE(exact, 42) << "of " << total;
  EXPECT_LE(wrong_but_valid, 5);
}

}  // namespace
}  // namespace authx::document
