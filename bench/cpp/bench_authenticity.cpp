// The checks of a document on one picture. Argument: a folder of portraits, or nothing. Input lines:
//   WHAT KIND LEVEL SEED       a drawn card through the camera, saved once: its values' and the portrait's places come from the truth.
//                              WHAT is genuine; an attack of `authx specimen attack`, after which it is saved again; a counterfeit of
//                              `authx specimen generate`; or what is done to the file: editor, generator, other_preview, camera_file
//   read WHAT KIND LEVEL SEED  the same through the reader, which has to find all that itself, as a server does
//   file PATH                  a picture through the reader
//   save PATH WHAT KIND LEVEL SEED   writes the picture to PATH and answers where its values and its portrait stand
// Answer: {"ms": CPU milliseconds of the checks, "width": …, "height": …, "findings": {id: [outcome, weight, score, kind]}}. Traces in
// pixels keep the weight that the check gives them. A case that a kind of document can't carry answers {"skipped": true}.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "engines/document/authenticity/authenticity.h"
#include "engines/document/reader.h"
#include "engines/specimen/attacks.h"
#include "engines/specimen/counterfeit.h"
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

/// `before`: what the reader had found already; a check made again replaces it.
std::string answer(const document::AuthenticityInput& in, const std::vector<document::Finding>& before = {}) {
  std::vector<document::Finding> found;
  const std::clock_t from = std::clock();
  document::appraise_authenticity(in, found);
  const double ms = 1000.0 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
  for (const auto& f : before) {
    if (std::ranges::find(found, f.id, &document::Finding::id) == found.end()) found.push_back(f);
  }
  std::string list;
  for (const auto& f : found)
    list += fmt::format(R"({}"{}": ["{}", "{}", {}, "{}"])", list.empty() ? "" : ", ", f.id, document::to_string(f.outcome),
                        document::to_string(f.weight), f.score ? fmt::format("{:.4f}", *f.score) : "null", document::to_string(f.kind));
  return fmt::format(R"({{"ms": {:.2f}, "width": {}, "height": {}, "findings": {{{}}}}})", ms, in.image->width, in.image->height, list);
}

constexpr std::string_view kSkipped = R"({"skipped": true})";

void append(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

/// A JPEG with Exif as cameras and editors write it: the program's name and, when given, a preview.
Bytes with_exif(BytesView jpeg, std::string_view program, BytesView preview) {
  const auto word = [](Bytes& out, std::uint32_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  };
  Bytes tiff;
  append(tiff, "II*");
  word(tiff, 0, 1);
  word(tiff, 8, 4);
  const auto text_at = static_cast<std::uint32_t>(8 + 2 + 12 + 4);
  const auto second_at = static_cast<std::uint32_t>(text_at + program.size() + 1);
  word(tiff, 1, 2);
  word(tiff, 0x0131, 2);
  word(tiff, 2, 2);
  word(tiff, static_cast<std::uint32_t>(program.size() + 1), 4);
  word(tiff, text_at, 4);
  word(tiff, preview.empty() ? 0 : second_at, 4);
  append(tiff, program);
  word(tiff, 0, 1);
  if (!preview.empty()) {
    word(tiff, 2, 2);
    for (const auto& [tag, value] : {std::pair{0x0201U, second_at + 2 + 24 + 4}, {0x0202U, static_cast<std::uint32_t>(preview.size())}}) {
      word(tiff, tag, 2);
      word(tiff, 4, 2);
      word(tiff, 1, 4);
      word(tiff, value, 4);
    }
    word(tiff, 0, 4);
    tiff.insert(tiff.end(), preview.begin(), preview.end());
  }
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  const auto length = tiff.size() + 6 + 2;
  out.push_back(0xFF);
  out.push_back(0xE1);
  out.push_back(static_cast<std::uint8_t>(length >> 8));
  out.push_back(static_cast<std::uint8_t>(length));
  append(out, std::string_view{"Exif\0\0", 6});
  out.insert(out.end(), tiff.begin(), tiff.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

Bytes preview_of(const imaging::Image& picture) {
  return *imaging::encode_jpeg(imaging::resize(picture, 160, std::max(1, 160 * picture.height / picture.width)), 75);
}

/// What is done to the file alone. Nothing: `what` is no such thing.
std::optional<Bytes> marked_file(const std::string& what, BytesView jpeg, const imaging::Image& picture, const imaging::Image& other,
                                 specimen::Dice& dice) {
  constexpr std::string_view kCameras[] = {"HDR+ 1.0.540104767zd", "17.5.1",    "Microsoft Windows Photo Viewer 6.1",
                                           "S918BXXU3BWK5",        "Canon DPP", "Scan 4.2 Document Capture"};
  constexpr std::string_view kEditors[] = {
      "Adobe Photoshop 25.3 (Windows)", "GIMP 2.10.34", "PicsArt", "Snapseed 2.0", "Pixelmator Pro 3.4", "paint.net 5.0.11", "Photopea"};
  constexpr std::string_view kGenerators[] = {"Stable Diffusion XL", "ComfyUI", "Midjourney v6", "Adobe Firefly"};
  if (what == "editor") return with_exif(jpeg, dice.pick(kEditors), {});
  if (what == "generator") return with_exif(jpeg, dice.pick(kGenerators), {});
  if (what == "camera_file") return with_exif(jpeg, dice.pick(kCameras), preview_of(picture));
  if (what == "other_preview") return with_exif(jpeg, dice.pick(kCameras), preview_of(other));
  return std::nullopt;
}

specimen::Request request_of(specimen::Kind kind, int level, std::uint64_t seed) {
  specimen::Request request;
  request.kind = kind;
  request.level = level;
  request.seed = seed;
  request.today = kToday;
  request.compressed = false;
  if (!g_portraits.empty()) request.portrait = &g_portraits[seed % g_portraits.size()];
  return request;
}

/// What a forger would write over a value: another name, another birth, another number of the same form.
std::string forged_text(const specimen::Placed& value, specimen::Dice& dice) {
  if (value.field == "name") {
    std::string name = specimen::random_indian(dice).full();
    const bool capitals = std::ranges::none_of(value.text, [](char c) { return c >= 'a' && c <= 'z'; });
    if (capitals) std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return name;
  }
  std::string text = value.text;
  int left = value.field == "dob" ? 1 : 4;
  for (auto c = text.rbegin(); c != text.rend() && left > 0; ++c) {
    if (*c < '0' || *c > '9') continue;
    *c = static_cast<char>('0' + (*c - '0' + dice.between(1, 9)) % 10);
    --left;
  }
  return text;
}

/// A picture as it is uploaded, and what is true of it.
struct Case {
  Bytes file;
  specimen::Truth truth;
  imaging::Quad outline{};
  bool located = true;  ///< the truth's places hold on the picture
};

std::optional<Case> make_case(const std::string& what, specimen::Kind kind, int level, std::uint64_t seed) {
  specimen::Dice dice{seed * 7919 + static_cast<std::uint64_t>(kind) * 101 + static_cast<std::uint64_t>(level) * 13};
  auto request = request_of(kind, level, seed);
  request.counterfeit = specimen::parse_counterfeit(what);
  if (request.counterfeit && !specimen::fits(*request.counterfeit, kind)) return std::nullopt;
  auto made = specimen::generate(request);
  if (!made) bench::give_up("no specimen: " + made.error().detail);
  Case out;
  out.truth = made->truth;
  out.outline = made->truth.outline;
  imaging::Image image = std::move(made->image);
  if (dice.chance(0.5)) {
    const double scale = dice.range(0.65, 0.95);
    image = imaging::resize(image, static_cast<int>(image.width * scale), static_cast<int>(image.height * scale));
    for (auto& p : out.outline) p = {p.x * scale, p.y * scale};
  }
  const int first = dice.between(70, 95);
  const auto attack = specimen::parse_attack(what);
  if (!attack) {
    out.file = *imaging::encode_jpeg(image, first);
    if (what == "genuine" || request.counterfeit) return out;
    const auto other = specimen::generate(request_of(specimen::Kind::passport, 1, seed + 5000));
    auto marked = marked_file(what, out.file, image, other->image, dice);
    if (!marked) bench::give_up("no such case: " + what);
    out.file = std::move(*marked);
    return out;
  }
  const auto once = imaging::encode_jpeg(image, first);
  image = std::move(imaging::decode(*once)->pages.front());
  specimen::AttackTarget target;
  target.picture = &image;
  const auto to_picture = imaging::homography(imaging::quad_of({0, 0, out.truth.card_width, out.truth.card_height}), out.outline);
  for (const auto& v : out.truth.values) {
    if (v.field == "document_number" || v.field == "dob" || v.field == "name")
      target.values.push_back(imaging::apply(to_picture, imaging::quad_of(v.box)));
  }
  if (attack == Attack::text_overwrite && !out.truth.values.empty()) {
    std::vector<const specimen::Placed*> worth;
    for (const auto& v : out.truth.values) {
      if (v.field == "document_number" || v.field == "dob" || v.field == "name") worth.push_back(&v);
    }
    if (worth.empty()) return std::nullopt;
    const auto& v = *worth[static_cast<std::size_t>(dice.between(0, static_cast<int>(worth.size()) - 1))];
    target.values = {imaging::apply(to_picture, imaging::quad_of(v.box))};
    target.text = forged_text(v, dice);
  }
  if (!out.truth.portrait.empty()) target.portrait = imaging::apply(to_picture, imaging::quad_of(out.truth.portrait));
  if (!g_portraits.empty()) target.other_portrait = &g_portraits[(seed * 5 + 11) % g_portraits.size()];
  auto forged = specimen::attack(*attack, target, dice);
  if (!forged) return std::nullopt;
  const bool camera = attack == Attack::recapture || attack == Attack::gray_copy;
  const int last = camera ? dice.between(75, 95) : dice.between(85, 96);
  const bool lossless = !camera && attack != Attack::resave && dice.chance(0.25);
  out.file = *(lossless ? imaging::encode_png(*forged) : imaging::encode_jpeg(*forged, last));
  if (attack == Attack::recapture || attack == Attack::screenshot) {
    out.located = false;
    out.outline = imaging::quad_of({0, 0, forged->width, forged->height});
  }
  return out;
}

std::string placed(const Case& c) {
  const auto decoded = imaging::decode(c.file);
  if (!decoded) bench::give_up("cannot decode its own picture");
  const auto& image = decoded->pages.front();
  document::PageReading page;
  page.outline = c.outline;
  page.outline_found = true;
  const double w = std::hypot(c.outline[1].x - c.outline[0].x, c.outline[1].y - c.outline[0].y);
  const double h = std::hypot(c.outline[3].x - c.outline[0].x, c.outline[3].y - c.outline[0].y);
  const double scale = std::min(1.0, 1400 / std::max(w, h));
  page.rectified = imaging::warp(image, c.outline, static_cast<int>(w * scale), static_cast<int>(h * scale));
  const auto reading = reading_of(c.truth, page, c.located);
  document::AuthenticityInput in;
  in.file = c.file;
  in.format = decoded->format;
  in.image = &image;
  in.page = &page;
  in.reading = &reading;
  in.today = kToday;
  in.allow_specimens = true;
  if (c.located && !c.truth.portrait.empty()) {
    const auto& p = c.truth.portrait;
    const double sx = static_cast<double>(page.rectified.width) / c.truth.card_width;
    const double sy = static_cast<double>(page.rectified.height) / c.truth.card_height;
    in.portrait = imaging::Box{static_cast<int>(p.x * sx), static_cast<int>(p.y * sy), static_cast<int>(p.width * sx),
                               static_cast<int>(p.height * sy)};
  }
  return answer(in);
}

std::string through_reader(BytesView file) {
  const auto decoded = imaging::decode(file);
  if (!decoded) return std::string{kSkipped};
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
  return answer(in, reading->findings);
}

std::string saved(const std::string& path, const Case& c) {
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(c.file.data()), static_cast<std::streamsize>(c.file.size()));
  const auto map = imaging::homography(imaging::quad_of({0, 0, c.truth.card_width, c.truth.card_height}), c.outline);
  const auto corners = [&](const imaging::Box& b) {
    std::string list;
    for (const auto& p : imaging::apply(map, imaging::quad_of(b)))
      list += fmt::format("{}[{:.1f}, {:.1f}]", list.empty() ? "" : ", ", p.x, p.y);
    return "[" + list + "]";
  };
  std::string values;
  for (const auto& v : c.truth.values) values += fmt::format(R"({}"{}": {})", values.empty() ? "" : ", ", v.field, corners(v.box));
  return fmt::format(R"({{"located": {}, "values": {{{}}}, "portrait": {}}})", c.located, values, corners(c.truth.portrait));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) load_portraits(argv[1]);
  return authx::bench::answer_lines([](const std::string& line) {
    std::istringstream words{line};
    std::string what;
    words >> what;
    if (what == "file") return through_reader(bench::file_bytes(line.substr(5)));
    std::string path;
    if (what == "save") words >> path >> what;
    const bool read = what == "read";
    if (read) words >> what;
    std::string kind;
    int level = 0;
    std::uint64_t seed = 0;
    words >> kind >> level >> seed;
    const auto parsed = specimen::parse_kind(kind);
    if (!parsed || !words) bench::give_up("cannot read the line: " + line);
    const auto made = make_case(what, *parsed, level, seed);
    if (!made) return std::string{kSkipped};
    return !path.empty() ? saved(path, *made) : read ? through_reader(made->file) : placed(*made);
  });
}
