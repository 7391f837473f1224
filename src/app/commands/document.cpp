#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>

#include "app/commands.h"
#include "base/time.h"
#include "engines/document/capture.h"
#include "engines/document/mrz.h"
#include "engines/document/mrz_image.h"
#include "engines/document/reader.h"
#include "imaging/decode.h"

namespace authx::app {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds{60};

struct Options {
  std::string file;
  std::string back;
  std::string type = "other";
  std::string text;
  std::string rectified;
  std::string csv;
  std::string truth;
};

struct Loaded {
  Bytes file;
  std::vector<imaging::Image> pages;
};

Result<Loaded> load_pages(const std::string& path, const Deadline& deadline) {
  Loaded out;
  AX_TRY(out.file, read_file(path, imaging::DecodeLimits{}.max_bytes));
  auto decoded = imaging::decode(out.file, {}, deadline);
  if (!decoded) {
    Error e = std::move(decoded).error();
    for (auto& fault : e.faults) fault.field = path;
    return e;
  }
  out.pages = std::move(decoded->pages);
  return out;
}

Result<imaging::Image> load(const std::string& path, const Deadline& deadline) {
  AX_TRY(auto loaded, load_pages(path, deadline));
  return std::move(loaded.pages.front());
}

json::value to_json(const std::optional<Date>& d) { return d ? json::value(format_date(*d)) : json::value(nullptr); }

json::value corners(const imaging::Quad& quad) {
  json::array out;
  for (const auto& c : quad) out.push_back(json::array{c.x, c.y});
  return out;
}

json::value to_json(const document::Reading& r) {
  json::array fields;
  for (const auto& f : r.fields) {
    fields.push_back({{"name", f.name},
                      {"value", f.value},
                      {"normalised", f.normalised},
                      {"confidence", f.confidence},
                      {"source", document::to_string(f.source)},
                      {"side", document::to_string(f.side)},
                      {"valid", f.valid},
                      {"reason", f.reason},
                      {"box", json::array{f.box.x, f.box.y, f.box.width, f.box.height}}});
  }
  json::array findings;
  for (const auto& f : r.findings)
    findings.push_back({{"id", f.id},
                        {"outcome", document::to_string(f.outcome)},
                        {"kind", document::to_string(f.kind)},
                        {"weight", document::to_string(f.weight)},
                        {"score", f.score ? json::value(*f.score) : json::value(nullptr)},
                        {"explanation", f.explanation},
                        {"limits", f.limits},
                        {"side", document::to_string(f.side)},
                        {"place", f.place ? corners(*f.place) : json::value(nullptr)}});
  json::array evidence;
  for (const auto& e : r.evidence)
    evidence.push_back({{"kind", document::to_string(e.kind)},
                        {"state", document::to_string(e.state)},
                        {"format", e.format},
                        {"key_name", e.key_name},
                        {"key_fingerprint", e.key_fingerprint},
                        {"warnings", json::value_from(e.warnings)}});
  json::array pages;
  for (const auto& p : r.pages) {
    pages.push_back({{"side", document::to_string(p.side)},
                     {"outline_found", p.outline_found},
                     {"outline", corners(p.outline)},
                     {"quarter_turns", p.quarter_turns},
                     {"width", p.rectified.width},
                     {"height", p.rectified.height},
                     {"quality",
                      {{"score", p.quality.score},
                       {"sharpness", p.quality.sharpness},
                       {"brightness", p.quality.brightness},
                       {"contrast", p.quality.contrast},
                       {"glare_share", p.quality.glare_share},
                       {"gray", p.quality.gray}}}});
  }
  json::value mrz = nullptr;
  if (r.mrz) {
    json::array lines;
    for (const auto& l : r.mrz->lines) lines.emplace_back(l);
    mrz = {{"format", r.mrz->format},
           {"lines", lines},
           {"valid", r.mrz->valid},
           {"corrected", r.mrz->corrected},
           {"confidence", r.mrz->confidence}};
  }
  return {{"type", document::to_string(r.type)},
          {"type_confidence", r.type_confidence},
          {"variant", r.variant},
          {"confidence", r.confidence},
          {"document_number", r.display_number},
          {"name", r.name},
          {"dob", to_json(r.dob)},
          {"gender", r.gender},
          {"address", r.address},
          {"issue_date", to_json(r.issue_date)},
          {"expiry_date", to_json(r.expiry_date)},
          {"fields", fields},
          {"findings", findings},
          {"mrz", mrz},
          {"assurance", document::to_string(r.assurance)},
          {"evidence", evidence},
          {"pages", pages}};
}

std::string to_text(const document::Reading& r) {
  std::string out = fmt::format("{}{}  (type {:.0f} %, fields {:.0f} %)", document::to_string(r.type),
                                r.variant.empty() ? "" : ", " + r.variant, 100 * r.type_confidence, 100 * r.confidence);
  for (const auto& f : r.fields) {
    out += fmt::format("\n  {:<16} {:<44} {:>3.0f} %  {}{}", f.name, f.normalised, 100 * f.confidence, document::to_string(f.source),
                       f.valid ? "" : "  ! " + f.reason);
  }
  for (const auto& f : r.findings) out += fmt::format("\n  [{}] {}: {}", document::to_string(f.outcome), f.id, f.explanation);
  return out;
}

Result<document::Reading> read_document(const Options& o) {
  const auto declared = document::parse_declared_type(o.type);
  if (!declared) return Error::invalid("type", "is none of aadhar, pan, passport, driving_license, voter_id, other");
  const auto deadline = Deadline::after(kTimeLimit);
  AX_TRY(const auto front, load_pages(o.file, deadline));
  Loaded back;
  if (!o.back.empty()) {
    AX_TRY(back, load_pages(o.back, deadline));
  }
  // A PDF may have the sides on pages of their own.
  const imaging::Image* second = !back.pages.empty() ? &back.pages.front() : front.pages.size() > 1 ? &front.pages[1] : nullptr;
  document::ReadOptions options;
  options.declared = *declared;
  options.today = date_of(SystemClock{}.now());
  options.front_file = front.file;
  options.back_file = back.file;
  AX_TRY(auto reading, document::read(front.pages.front(), second, options, deadline));
  if (!o.rectified.empty()) {
    imaging::Image shown = reading.pages.front().rectified;
    imaging::black_out(shown, reading.pages.front().secret_on_rectified);
    AX_TRY(const auto file, imaging::encode_jpeg(shown, 90));
    AX_CHECK(write_file(o.rectified, file));
  }
  return reading;
}

// --- A folder at once ------------------------------------------------------------------------------------------------------------

std::vector<std::string> pictures_in(const std::string& folder) {
  static constexpr std::string_view kEndings[] = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".jp2", ".pdf"};
  std::vector<std::string> out;
  std::error_code ec;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ec)) {
    std::string ending = entry.path().extension().string();
    std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (entry.is_regular_file(ec) && std::ranges::find(kEndings, ending) != std::end(kEndings)) out.push_back(entry.path().string());
  }
  std::ranges::sort(out);
  return out;
}

std::string csv_cell(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  // A spreadsheet must not take a cell for a formula.
  if (out.size() > 1 && std::string_view{"=+-@"}.find(out[1]) != std::string_view::npos) out.insert(1, "'");
  return out + "\"";
}

struct Line {
  std::string file;
  std::string error;
  double ms = 0;
  std::optional<document::Reading> reading;
};

std::string csv_of(const std::vector<Line>& lines) {
  std::string out = "file,type,variant,confidence,document_number,name,dob,gender,address,issue_date,expiry_date,failed,ms,error\n";
  for (const auto& l : lines) {
    std::vector<std::string> cells{l.file};
    if (l.reading) {
      const auto& r = *l.reading;
      std::string failed;
      for (const auto& f : r.findings) {
        if (f.outcome == document::Outcome::failed) failed += (failed.empty() ? "" : " ") + f.id;
      }
      const auto day = [](const std::optional<Date>& d) { return d ? format_date(*d) : std::string{}; };
      cells.insert(cells.end(), {std::string{document::to_string(r.type)}, r.variant, fmt::format("{:.2f}", r.confidence), r.display_number,
                                 r.name, day(r.dob), r.gender, r.address, day(r.issue_date), day(r.expiry_date), failed});
    } else {
      cells.resize(12);
    }
    cells.push_back(fmt::format("{:.0f}", l.ms));
    cells.push_back(l.error);
    for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + csv_cell(cells[i]);
    out += "\n";
  }
  return out;
}

json::value json_of(const std::vector<Line>& lines) {
  json::array out;
  for (const auto& l : lines) {
    json::object item{{"file", l.file}, {"ms", l.ms}};
    if (l.reading) {
      item["reading"] = to_json(*l.reading);
    } else {
      item["error"] = l.error;
    }
    out.push_back(std::move(item));
  }
  return out;
}

Result<std::vector<Line>> read_folder(const Options& o, const Cli& cli) {
  const auto files = pictures_in(o.file);
  if (files.empty()) return Error::invalid(o.file, "holds no pictures");
  std::vector<Line> lines;
  for (const auto& file : files) {
    Options one = o;
    one.file = file;
    one.rectified.clear();
    one.back.clear();
    Line line{file, {}, 0, {}};
    const auto from = std::chrono::steady_clock::now();
    auto reading = read_document(one);
    line.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
    if (reading) {
      line.reading = std::move(*reading);
      for (auto& p : line.reading->pages) p.rectified = {};  // of thousands, only what was read is kept
    } else if (reading.error().code == Errc::capability_unavailable) {
      return reading.error();
    } else {
      line.error = reading.error().faults.empty() ? reading.error().detail : reading.error().faults.front().reason;
    }
    lines.push_back(std::move(line));
    cli.progress(lines.size(), files.size(), "documents");
  }
  if (!o.csv.empty()) AX_CHECK(write_file(o.csv, as_bytes(csv_of(lines))));
  return lines;
}

std::string folder_text(const std::vector<Line>& lines) {
  std::string out = fmt::format("{} documents", lines.size());
  for (const auto& l : lines) {
    if (l.reading) {
      out += fmt::format("\n  {:<48} {:<16} {:<18} {:<28} {:>5.0f} ms{}", std::filesystem::path{l.file}.filename().string(),
                         document::to_string(l.reading->type), l.reading->display_number, l.reading->name, l.ms,
                         l.reading->has_failures() ? "  ! checks failed" : "");
    } else {
      out += fmt::format("\n  {:<48} {}", std::filesystem::path{l.file}.filename().string(), l.error);
    }
  }
  return out;
}

// --- Against a truth file, as `specimen generate --truth` writes it ---------------------------------------------------------------

Result<json::value> bench_of(const Options& o, const Cli& cli) {
  AX_TRY(const auto lines, read_folder(o, cli));
  std::vector<double> ms;
  std::map<std::string, int> types;
  for (const auto& l : lines) {
    ms.push_back(l.ms);
    ++types[l.reading ? std::string{document::to_string(l.reading->type)} : "unreadable"];
  }
  std::ranges::sort(ms);
  json::object counts;
  for (const auto& [type, n] : types) counts[type] = n;
  json::object out{{"documents", lines.size()},
                   {"types", counts},
                   {"ms_p50", ms[ms.size() / 2]},
                   {"ms_p95", ms[std::min(ms.size() - 1, ms.size() * 95 / 100)]}};
  if (o.truth.empty()) return out;
  AX_TRY(const auto file, read_file(o.truth, 64U << 20U));
  AX_TRY(const auto truth, parse_json(std::string_view{reinterpret_cast<const char*>(file.data()), file.size()}));
  if (!truth.is_array()) return Error::invalid(o.truth, "is no array of what `specimen generate --truth` writes");
  int fields = 0;
  int exact = 0;
  int typed = 0;
  int known = 0;
  for (const auto& t : truth.as_array()) {
    const auto name = std::filesystem::path{get_text(t, "file").value_or("")}.filename();
    const auto it = std::ranges::find_if(lines, [&](const Line& l) { return std::filesystem::path{l.file}.filename() == name; });
    if (it == lines.end()) continue;
    ++known;
    const auto kind = get_text(t, "type").value_or("");
    const bool zone = it->reading && kind == "passport" && it->reading->type == document::Type::passport;
    typed += it->reading && (zone || kind.starts_with(document::to_string(it->reading->type))) ? 1 : 0;
    const auto compare = [&](std::string_view key, const std::string& got, bool masked = false) {
      auto want = get_text(t, key).value_or("");
      if (want.empty()) return;
      if (masked && want.size() == 12) want = "XXXXXXXX" + want.substr(8);
      ++fields;
      exact += want == got ? 1 : 0;
    };
    const auto& r = it->reading ? *it->reading : document::Reading{};
    compare("number", r.display_number, kind.starts_with("aadhaar"));
    if (kind == "aadhaar_back") continue;
    compare("name", r.name);
    compare("dob", r.dob ? format_date(*r.dob) : "");
    if (kind != "pan" && kind != "driving_license") compare("gender", r.gender);
  }
  out["with_truth"] = known;
  out["type_right"] = known > 0 ? static_cast<double>(typed) / known : 0.0;
  out["field_exact"] = fields > 0 ? static_cast<double>(exact) / fields : 0.0;
  return out;
}

json::value mrz_json(const document::Mrz& m) {
  json::array lines;
  for (const auto& l : m.lines) lines.emplace_back(l);
  json::array checks;
  for (const auto& c : m.checks)
    checks.push_back({{"id", c.id}, {"passed", c.passed}, {"found", std::string(1, c.found)}, {"expected", std::string(1, c.expected)}});
  json::array doubts;
  for (const auto& d : m.doubts)
    doubts.push_back({{"line", d.line}, {"column", d.column}, {"other", std::string(1, d.other)}, {"probability", d.probability}});
  return {{"format", document::to_string(m.format)},
          {"lines", lines},
          {"checks_passed", m.checks_passed()},
          {"valid", m.valid()},
          {"corrected", m.corrected},
          {"doubts", doubts},
          {"document_code", m.document_code},
          {"issuer", m.issuer},
          {"nationality", m.nationality},
          {"surname", m.surname},
          {"given_names", m.given_names},
          {"name_truncated", m.name_truncated},
          {"document_number", m.document_number},
          {"birth", to_json(m.birth)},
          {"expiry", to_json(m.expiry)},
          {"sex", std::string(1, m.sex)},
          {"optional1", m.optional1},
          {"optional2", m.optional2},
          {"checks", checks}};
}

std::string mrz_text(const document::Mrz& m) {
  std::string out = fmt::format("{}, {}", document::to_string(m.format), m.checks_passed() ? "all check digits right" : "with faults");
  for (const auto& l : m.lines) out += "\n  " + l;
  out += fmt::format("\n  {} {} of {}, number {}, born {}, expires {}, sex {}", m.given_names, m.surname, m.issuer, m.document_number,
                     m.birth ? format_date(*m.birth) : m.birth_text, m.expiry ? format_date(*m.expiry) : m.expiry_text, m.sex);
  for (const auto& c : m.checks) {
    if (!c.passed) out += fmt::format("\n  check digit of {}: {} instead of {}", c.id, c.found, c.expected);
  }
  for (const auto& d : m.doubts)
    out += fmt::format("\n  line {}, character {} is not clear: it may be {}", d.line + 1, d.column + 1, d.other);
  return out;
}

Result<document::Mrz> mrz_of(const Options& o) {
  const auto today = date_of(SystemClock{}.now());
  if (!o.text.empty()) {
    std::string text = o.text;
    for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos;) text.replace(at, 2, "\n");
    return document::parse_mrz(text, today);
  }
  if (o.file.empty()) return Error::invalid("FILE", "give a file or --text");
  const auto deadline = Deadline::after(kTimeLimit);
  AX_TRY(const auto image, load(o.file, deadline));
  AX_TRY(const auto reading, document::read(image, nullptr, document::DeclaredType::other, today, deadline));
  if (!reading.mrz) return Error::invalid(o.file, "shows no machine-readable zone that can be read");
  std::string text;
  for (const auto& l : reading.mrz->lines) text += l + "\n";
  AX_TRY(auto m, document::parse_mrz(text, today));
  m.corrected = reading.mrz->corrected;
  m.doubts = reading.mrz->doubts;
  return m;
}

}  // namespace

void add_document_commands(CLI::App& root, Cli& cli) {
  auto* group = root.add_subcommand("document", "Read identity documents");
  group->require_subcommand(1);

  auto o = std::make_shared<Options>();
  auto* read = group->add_subcommand("read", "Read and check a document; leaves with 1 when a check fails");
  read->add_option("FILE", o->file, "Picture or PDF of the front (a PDF's second page is the back), or a folder of them")->required();
  read->add_option("--csv", o->csv, "Of a folder: write one line for each document");
  read->add_option("--back", o->back, "Picture of the back");
  read->add_option("--type", o->type, "Declared type: aadhar, pan, passport, driving_license, voter_id, other")->capture_default_str();
  read->add_option("--rectified", o->rectified, "Write the upright document as JPEG, secret digits blacked out");
  read->callback([o, &cli] {
    if (std::filesystem::is_directory(o->file)) {
      const auto lines = read_folder(*o, cli);
      if (!lines) return cli.fail(lines.error());
      cli.print(folder_text(*lines), json_of(*lines));
      if (std::ranges::any_of(*lines, [](const Line& l) { return !l.reading || l.reading->has_failures(); })) cli.exit = Exit::negative;
      return;
    }
    const auto reading = read_document(*o);
    if (!reading) return cli.fail(reading.error());
    cli.print(to_text(*reading), to_json(*reading));
    if (reading->has_failures()) cli.exit = Exit::negative;
  });

  auto* classify = group->add_subcommand("classify", "Tell the type of a document; leaves with 1 when it is unknown");
  classify->add_option("FILE", o->file, "Picture or PDF")->required();
  classify->callback([o, &cli] {
    const auto reading = read_document(*o);
    if (!reading) return cli.fail(reading.error());
    cli.print(fmt::format("{} ({:.0f} %)", document::to_string(reading->type), 100 * reading->type_confidence),
              {{"type", document::to_string(reading->type)}, {"confidence", reading->type_confidence}, {"variant", reading->variant}});
    if (reading->type == document::Type::unknown) cli.exit = Exit::negative;
  });

  auto* mrz = group->add_subcommand("mrz", "Read a machine-readable zone from a picture, or check one given as text");
  mrz->add_option("FILE", o->file, "Picture or PDF");
  mrz->add_option("--text", o->text, "The zone's lines, separated by \\n or |");
  mrz->callback([o, &cli] {
    const auto m = mrz_of(*o);
    if (!m) return cli.fail(m.error());
    cli.print(mrz_text(*m), mrz_json(*m));
    if (!m->valid()) cli.exit = Exit::negative;
  });

  auto* bench = group->add_subcommand("bench", "Read a folder of documents and say how long it took, and how much was right");
  bench->add_option("FOLDER", o->file, "Pictures and PDFs")->required();
  bench->add_option("--truth", o->truth, "What they show, as `specimen generate --truth` writes it");
  bench->add_option("--csv", o->csv, "Write one line for each document");
  bench->callback([o, &cli] {
    const auto result = bench_of(*o, cli);
    if (!result) return cli.fail(result.error());
    std::string human;
    for (const auto& [key, value] : result->as_object())
      human += fmt::format("{}{:<14} {}", human.empty() ? "" : "\n", std::string{key}, json::serialize(value));
    cli.print(human, *result);
  });

  auto* capture = group->add_subcommand("capture", "Judge a picture before it is read; leaves with 1 when it should be taken again");
  capture->add_option("FILE", o->file, "Picture or PDF")->required();
  capture->callback([o, &cli] {
    const auto image = load(o->file, Deadline::after(kTimeLimit));
    if (!image) return cli.fail(image.error());
    const auto judged = document::appraise_capture(*image);
    std::string human = judged.ready ? "ready" : std::string{document::advice(judged)};
    json::array findings;
    for (const auto& f : judged.findings) {
      human += fmt::format("\n  [{}] {}", document::to_string(f.outcome), f.explanation);
      findings.push_back({{"id", f.id},
                          {"outcome", document::to_string(f.outcome)},
                          {"weight", document::to_string(f.weight)},
                          {"score", f.score ? json::value(*f.score) : json::value(nullptr)},
                          {"place", f.place ? corners(*f.place) : json::value(nullptr)}});
    }
    cli.print(human, {{"ready", judged.ready},
                      {"advice", document::advice(judged)},
                      {"outline", judged.outline ? corners(*judged.outline) : json::value(nullptr)},
                      {"findings", findings}});
    if (!judged.ready) cli.exit = Exit::negative;
  });
}

}  // namespace authx::app
