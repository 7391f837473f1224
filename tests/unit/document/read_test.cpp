#include "engines/document/reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
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
      for (const auto& f : r.findings)
        EXPECT_FALSE(f.outcome == Outcome::failed && f.weight != Weight::note) << f.id << ": " << f.explanation;
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

TEST(Read, TheNameOnALetterIsNotMixedWithTheAddressBesideIt) {
  int exact = 0;
  for (std::uint64_t seed = 71000; seed < 71003; ++seed) {
    const auto s = drawn(specimen::Kind::aadhaar_letter, seed, 0);
    const auto name = reading_of(s.image).name;
    exact += name == s.truth.name ? 1 : 0;
    EXPECT_FALSE(name.empty()) << seed;
    EXPECT_NE(s.truth.name.find(name), std::string::npos) << name << " holds more than " << s.truth.name;
  }
  EXPECT_GE(exact, 2) << "of 3";
}

TEST(Read, WhoseChildAPersonIsStaysInTheAddress) {
  for (std::uint64_t seed = 71000; seed < 71003; ++seed) {
    const auto s = drawn(specimen::Kind::aadhaar_back, seed, 0);
    const auto address = reading_of(s.image).address;
    EXPECT_TRUE(address.starts_with(s.truth.gender == "F" ? "D/O" : "S/O")) << address;
    EXPECT_NE(address.find(s.truth.father_name), std::string::npos) << address;
  }
}

/// The photograph's side, the number's base line and the card's edges make an outline that leaves the head of the card out.
TEST(Read, AnOutlineThroughTheNumberIsNotTheCards) {
  for (const std::uint64_t seed : {71000, 72000}) {
    const auto s = drawn(specimen::Kind::voter_id, seed, 0);
    EXPECT_EQ(reading_of(s.image).document_number.expose(), s.truth.number) << seed;
  }
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

TEST(Read, SidesGivenSwappedAreExchanged) {
  specimen::Request request;
  request.kind = specimen::Kind::aadhaar;
  request.seed = 41;
  request.today = kToday;
  request.number = "234123412346";
  const auto front = specimen::generate(request);
  request.kind = specimen::Kind::aadhaar_back;
  const auto back = specimen::generate(request);
  ASSERT_TRUE(front && back);
  const auto r = read(back->image, &front->image, DeclaredType::aadhaar, kToday, Deadline::after(60s));
  ASSERT_TRUE(r);
  ASSERT_EQ(r->pages.size(), 2U);
  EXPECT_EQ(r->pages[0].side, Side::front);
  EXPECT_EQ(r->pages[0].input, 1U) << "the front is the second picture given";
  ASSERT_NE(r->finding("sides_in_order"), nullptr);
  EXPECT_EQ(r->finding("sides_in_order")->weight, Weight::note);
  ASSERT_NE(r->finding("sides_agree"), nullptr);
  EXPECT_EQ(r->finding("sides_agree")->outcome, Outcome::passed);

  request.number = "613539875271";
  const auto other = specimen::generate(request);
  ASSERT_TRUE(other);
  const auto mixed = read(front->image, &other->image, DeclaredType::aadhaar, kToday, Deadline::after(60s));
  ASSERT_TRUE(mixed);
  ASSERT_NE(mixed->finding("sides_agree"), nullptr);
  EXPECT_EQ(mixed->finding("sides_agree")->outcome, Outcome::failed);
}

TEST(Read, VariantSaysWhichLayout) {
  const auto variant = [](specimen::Kind kind, bool masked = false) {
    specimen::Request r;
    r.kind = kind;
    r.seed = 12;
    r.today = kToday;
    r.masked = masked;
    const auto s = specimen::generate(r);
    EXPECT_TRUE(s);
    return s ? reading_of(s->image).variant : std::string{};
  };
  EXPECT_EQ(variant(specimen::Kind::aadhaar), "front");
  EXPECT_EQ(variant(specimen::Kind::aadhaar, true), "masked");
  EXPECT_EQ(variant(specimen::Kind::aadhaar_back), "back");
  EXPECT_EQ(variant(specimen::Kind::aadhaar_pvc), "front_new");
  EXPECT_EQ(variant(specimen::Kind::aadhaar_letter), "letter");
  EXPECT_EQ(variant(specimen::Kind::pan), "new");
  EXPECT_EQ(variant(specimen::Kind::pan_old), "old");
  EXPECT_EQ(variant(specimen::Kind::passport), "TD3");
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

/// Case folded, punctuation to spaces, single spaces: how values are compared.
std::string folded(std::string_view text) {
  std::string out;
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (std::isalnum(c) != 0 || c >= 0x80) {
      out += static_cast<char>(std::toupper(c));
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

TEST(SharedData, IndianLookAlikesAreReadAboveTheFloor) {
  const auto folder = shared_data() / "india_synth";
  std::ifstream in{folder / "truth.json"};
  if (!in) GTEST_SKIP() << folder << " is absent";
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto truth = parse_json(text);
  ASSERT_TRUE(truth);
  int types = 0;
  int total = 0;
  int fields[2] = {};
  int exact[2] = {};
  for (const auto& item : truth->as_array()) {
    const auto doc = *get_text(item, "doc");
    const auto r = reading_of(load(folder / *get_text(item, "file")));
    ++total;
    types += doc.starts_with(to_string(r.type)) || (doc == "dl" && r.type == Type::driving_license) ||
                     (doc == "epic" && r.type == Type::voter_id)
                 ? 1
                 : 0;
    const std::size_t poor = get_number(item, "level").value_or(0) >= 2 ? 1 : 0;
    const auto compare = [&](const char* key, const std::string& got) {
      const auto want = get_text(item, key).value_or("");
      if (want.empty()) return;
      ++fields[poor];
      const bool right = folded(want) == folded(got);
      exact[poor] += right ? 1 : 0;
      if (!right) std::cout << *get_text(item, "file") << ": " << key << " differs\n";
    };
    const auto value = [&](const char* name) { return r.find(name) != nullptr ? r.find(name)->value : std::string{}; };
    const auto day = [&](const char* name) {
      // Printed day first, with one of two separators.
      std::string out = value(name);
      std::ranges::replace(out, '/', '-');
      return out;
    };
    compare("number", r.document_number.empty() ? r.display_number : r.document_number.expose());
    compare("name", r.name);
    compare("name_hi", value("name_local"));
    compare("father", value("father_name"));
    compare("dob", day("dob"));
    compare("issue", day("issue_date"));
    compare("validity", day("expiry_date"));
    compare("pincode", value("pincode"));
    compare("address", r.address);
    const auto gender = get_text(item, "gender").value_or("");
    if (!gender.empty()) {
      ++fields[poor];
      exact[poor] += r.gender == gender.substr(0, 1) ? 1 : 0;
    }
  }
  ASSERT_EQ(total, 63);
  EXPECT_GE(types, 62);
  EXPECT_GE(exact[0], 0.95 * fields[0]) << "clean: " << exact[0] << " of " << fields[0];
  EXPECT_GE(exact[1], 0.85 * fields[1]) << "poor: " << exact[1] << " of " << fields[1];
}

TEST(SharedData, OtherPicturesAreUnknown) {
  const auto folder = shared_data().parent_path() / "face";
  std::vector<std::filesystem::path> files;
  std::error_code ec;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  }
  if (files.size() < 20) GTEST_SKIP() << folder << " is absent";
  std::ranges::sort(files);
  int unknown = 0;
  int total = 0;
  for (std::size_t i = 0; i < files.size(); i += files.size() / 12) {
    unknown += reading_of(load(files[i])).type == Type::unknown ? 1 : 0;
    ++total;
  }
  EXPECT_EQ(unknown, total);
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
