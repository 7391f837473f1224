// The authenticity checks on one picture. Argument: a folder of portraits, or nothing. Input lines:
//   genuine KIND LEVEL SEED    a drawn card through the camera, compressed once
//   ATTACK KIND LEVEL SEED     the same, attacked as `authx specimen attack` does, and saved again
//   read WHAT KIND LEVEL SEED  the same two through the reader, which has to find the values and the portrait itself
//   read_genuine passport LEVEL SEED, read_changed passport LEVEL SEED
//                              a passport through the reader, as it is or with another printed date of birth
//   file PATH                  a picture through the reader
// Answer: {"ms": CPU milliseconds of the checks, "width": …, "height": …, "findings": {id: [outcome, weight, score]}}.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "engines/document/authenticity/authenticity.h"
#include "engines/document/reader.h"
#include "engines/specimen/attacks.h"
#include "engines/specimen/specimen.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {

using namespace authx;
using specimen::Attack;

constexpr Date kToday{std::chrono::year{2026}, std::chrono::June, std::chrono::day{1}};

std::vector<imaging::Image> g_portraits;

void load_portraits(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& f : std::filesystem::directory_iterator{folder}) files.push_back(f.path());
  std::ranges::sort(files);
  for (const auto& f : files) {
    if (g_portraits.size() >= 24) break;
    const auto decoded = imaging::decode(bench::file_bytes(f.string()));
    if (!decoded) continue;
    const auto& p = decoded->pages.front();
    const double scale = std::min(1.0, 600.0 / std::max(p.width, p.height));
    g_portraits.push_back(
        imaging::resize(p, std::max(1, static_cast<int>(p.width * scale)), std::max(1, static_cast<int>(p.height * scale))));
  }
}

document::Type type_of(specimen::Kind kind) {
  const auto name = specimen::to_string(kind);
  for (const auto type : {document::Type::aadhaar, document::Type::pan, document::Type::passport, document::Type::driving_license,
                          document::Type::voter_id}) {
    if (name.starts_with(document::to_string(type))) return type;
  }
  return document::Type::unknown;
}

/// What the reader would find, from the truth: these figures are the checks' own, not the OCR's.
document::Reading reading_of(const specimen::Truth& t, const document::PageReading& page, bool located) {
  document::Reading r;
  r.type = type_of(t.kind);
  r.variant = t.kind == specimen::Kind::pan            ? "new"
              : t.kind == specimen::Kind::aadhaar_back ? "back"
              : t.kind == specimen::Kind::passport     ? "TD3"
                                                       : "front";
  r.name = t.name;
  r.dob = t.dob;
  const bool dated = t.kind == specimen::Kind::passport || t.kind == specimen::Kind::driving_license;
  if (dated) {
    r.issue_date = t.issue_date;
    r.expiry_date = t.expiry_date;
  }
  r.document_number = SecretText{t.number};
  const double sx = static_cast<double>(page.rectified.width) / t.card_width;
  const double sy = static_cast<double>(page.rectified.height) / t.card_height;
  for (const auto& v : t.values) {
    document::Field f;
    f.name = v.field;
    f.value = f.normalised = v.text;
    if (v.field == "dob") f.normalised = format_date(t.dob);
    if (v.field == "issue_date") f.normalised = format_date(*t.issue_date);
    if (v.field == "expiry_date") f.normalised = format_date(*t.expiry_date);
    if (v.field == "gender") f.normalised = t.gender;
    if (v.field == "document_number") f.normalised = t.number;
    f.confidence = 0.9;
    if (located)
      f.box = {static_cast<int>(v.box.x * sx), static_cast<int>(v.box.y * sy), static_cast<int>(v.box.width * sx),
               static_cast<int>(v.box.height * sy)};
    r.fields.push_back(std::move(f));
  }
  return r;
}

std::string answer(const document::AuthenticityInput& in) {
  std::vector<document::Finding> found;
  const std::clock_t from = std::clock();
  document::appraise_authenticity(in, found);
  const double ms = 1000.0 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
  std::string list;
  for (const auto& f : found)
    list += fmt::format(R"({}"{}": ["{}", "{}", {}])", list.empty() ? "" : ", ", f.id, document::to_string(f.outcome),
                        document::to_string(f.weight), f.score ? fmt::format("{:.4f}", *f.score) : "null");
  return fmt::format(R"({{"ms": {:.2f}, "width": {}, "height": {}, "findings": {{{}}}}})", ms, in.image->width, in.image->height, list);
}

std::string through_reader(BytesView file);

std::string drawn(const std::string& what, specimen::Kind kind, int level, std::uint64_t seed, bool read) {
  specimen::Dice dice{seed * 7919 + static_cast<std::uint64_t>(kind) * 101 + static_cast<std::uint64_t>(level) * 13};
  specimen::Request request;
  request.kind = kind;
  request.level = level;
  request.seed = seed;
  request.today = kToday;
  request.compressed = false;
  if (!g_portraits.empty()) request.portrait = &g_portraits[seed % g_portraits.size()];
  auto made = specimen::generate(request);
  if (!made) bench::give_up("no specimen: " + made.error().detail);
  imaging::Image image = std::move(made->image);
  imaging::Quad outline = made->truth.outline;
  if (dice.chance(0.5)) {
    const double scale = dice.range(0.65, 0.95);
    image = imaging::resize(image, static_cast<int>(image.width * scale), static_cast<int>(image.height * scale));
    for (auto& p : outline) p = {p.x * scale, p.y * scale};
  }
  const int first = dice.between(70, 95);
  bool located = true;
  bool lossless = false;
  int last = first;
  if (what != "genuine") {
    const auto attack = specimen::parse_attack(what);
    if (!attack) bench::give_up("no such attack: " + what);
    const auto once = imaging::encode_jpeg(image, first);
    image = std::move(imaging::decode(*once)->pages.front());
    specimen::AttackTarget target;
    target.picture = &image;
    const auto to_picture = imaging::homography(imaging::quad_of({0, 0, made->truth.card_width, made->truth.card_height}), outline);
    for (const auto& v : made->truth.values) {
      if (v.field == "document_number" || v.field == "dob" || v.field == "name")
        target.values.push_back(imaging::apply(to_picture, imaging::quad_of(v.box)));
    }
    if (!made->truth.portrait.empty()) target.portrait = imaging::apply(to_picture, imaging::quad_of(made->truth.portrait));
    if (!g_portraits.empty()) target.other_portrait = &g_portraits[(seed * 5 + 11) % g_portraits.size()];
    auto forged = specimen::attack(*attack, target, dice);
    if (!forged) return R"({"skipped": true})";
    image = std::move(*forged);
    const bool camera = attack == Attack::recapture || attack == Attack::gray_copy;
    last = camera ? dice.between(75, 95) : dice.between(85, 96);
    lossless = !camera && attack != Attack::resave && dice.chance(0.25);
    if (attack == Attack::recapture || attack == Attack::screenshot) {
      located = false;
      outline = imaging::quad_of({0, 0, image.width, image.height});
    }
  }
  const auto file = lossless ? imaging::encode_png(image) : imaging::encode_jpeg(image, last);
  if (read) return through_reader(*file);
  const auto decoded = imaging::decode(*file);
  if (!decoded) bench::give_up("cannot decode its own picture");
  image = decoded->pages.front();

  document::PageReading page;
  page.outline = outline;
  page.outline_found = true;
  const double w = std::hypot(outline[1].x - outline[0].x, outline[1].y - outline[0].y);
  const double h = std::hypot(outline[3].x - outline[0].x, outline[3].y - outline[0].y);
  const double scale = std::min(1.0, 1400 / std::max(w, h));
  page.rectified = imaging::warp(image, outline, static_cast<int>(w * scale), static_cast<int>(h * scale));
  const auto reading = reading_of(made->truth, page, located);
  document::AuthenticityInput in;
  in.file = *file;
  in.format = decoded->format;
  in.image = &image;
  in.page = &page;
  in.reading = &reading;
  in.today = kToday;
  in.allow_specimens = true;
  if (located && !made->truth.portrait.empty()) {
    const auto& p = made->truth.portrait;
    const double sx = static_cast<double>(page.rectified.width) / made->truth.card_width;
    const double sy = static_cast<double>(page.rectified.height) / made->truth.card_height;
    in.portrait = imaging::Box{static_cast<int>(p.x * sx), static_cast<int>(p.y * sy), static_cast<int>(p.width * sx),
                               static_cast<int>(p.height * sy)};
  }
  return answer(in);
}

std::string through_reader(BytesView file) {
  const auto decoded = imaging::decode(file);
  if (!decoded) return R"({"skipped": true})";
  const auto reading =
      document::read(decoded->pages.front(), nullptr, document::DeclaredType::other, kToday, Deadline::after(std::chrono::seconds{60}));
  if (!reading) bench::give_up(reading.error().detail);
  document::AuthenticityInput in;
  in.file = file;
  in.format = decoded->format;
  in.image = &decoded->pages.front();
  in.page = &reading->pages.front();
  in.reading = &*reading;
  in.today = kToday;
  in.allow_specimens = true;
  return answer(in);
}

/// A passport's data page, as it is or with another date of birth set over the printed one, through the reader.
std::string passport(bool changed, int level, std::uint64_t seed) {
  specimen::Request request;
  request.kind = specimen::Kind::passport;
  request.level = level;
  request.seed = seed;
  request.today = kToday;
  const auto made = specimen::generate(request);
  if (!made) bench::give_up("no specimen: " + made.error().detail);
  imaging::Image image = made->image;
  if (changed) {
    specimen::Dice dice{seed};
    specimen::AttackTarget target;
    target.picture = &made->image;
    target.text = fmt::format("{:02} {} {}", dice.between(1, 28), dice.chance(0.5) ? "MAR" : "OCT", dice.between(1955, 2005));
    const auto to_picture =
        imaging::homography(imaging::quad_of({0, 0, made->truth.card_width, made->truth.card_height}), made->truth.outline);
    for (const auto& v : made->truth.values) {
      if (v.field == "dob") target.values.push_back(imaging::apply(to_picture, imaging::quad_of(v.box)));
    }
    auto forged = specimen::attack(Attack::text_overwrite, target, dice);
    if (!forged) return R"({"skipped": true})";
    image = std::move(*forged);
  }
  return through_reader(*imaging::encode_jpeg(image, 92));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) load_portraits(argv[1]);
  return authx::bench::answer_lines([](const std::string& line) {
    std::istringstream words{line};
    std::string what;
    words >> what;
    if (what == "file") return through_reader(bench::file_bytes(line.substr(5)));
    std::string kind;
    int level = 0;
    std::uint64_t seed = 0;
    const bool read = what == "read";
    if (read) words >> what;
    words >> kind >> level >> seed;
    if (what == "read_genuine" || what == "read_changed") return passport(what == "read_changed", level, seed);
    const auto parsed = specimen::parse_kind(kind);
    if (!parsed || !words) bench::give_up("cannot read the line: " + line);
    return drawn(what, *parsed, level, seed, read);
  });
}
