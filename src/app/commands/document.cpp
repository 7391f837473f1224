#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "app/commands.h"
#include "base/time.h"
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
};

Result<imaging::Image> load(const std::string& path, const Deadline& deadline) {
  AX_TRY(const auto file, read_file(path, imaging::DecodeLimits{}.max_bytes));
  auto decoded = imaging::decode(file, {}, deadline);
  if (!decoded) {
    Error e = std::move(decoded).error();
    for (auto& fault : e.faults) fault.field = path;
    return e;
  }
  return std::move(decoded->pages.front());
}

json::value to_json(const std::optional<Date>& d) { return d ? json::value(format_date(*d)) : json::value(nullptr); }

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
                        {"limits", f.limits}});
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
    json::array outline;
    for (const auto& c : p.outline) outline.push_back(json::array{c.x, c.y});
    pages.push_back({{"side", document::to_string(p.side)},
                     {"outline_found", p.outline_found},
                     {"outline", outline},
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
  for (const auto& f : r.findings) out += fmt::format("\n  [{}] {}", document::to_string(f.outcome), f.explanation);
  return out;
}

Result<document::Reading> read_document(const Options& o) {
  const auto declared = document::parse_declared_type(o.type);
  if (!declared) return Error::invalid("type", "is none of aadhar, pan, passport, driving_license, voter_id, other");
  const auto deadline = Deadline::after(kTimeLimit);
  AX_TRY(const auto front, load(o.file, deadline));
  imaging::Image back;
  if (!o.back.empty()) {
    AX_TRY(back, load(o.back, deadline));
  }
  AX_TRY(auto reading, document::read(front, back.empty() ? nullptr : &back, *declared, date_of(SystemClock{}.now()), deadline));
  if (!o.rectified.empty()) {
    imaging::Image shown = reading.pages.front().rectified;
    imaging::black_out(shown, reading.pages.front().secret_on_rectified);
    AX_TRY(const auto file, imaging::encode_jpeg(shown, 90));
    AX_CHECK(write_file(o.rectified, file));
  }
  return reading;
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
  read->add_option("FILE", o->file, "Picture or PDF of the front")->required();
  read->add_option("--back", o->back, "Picture of the back");
  read->add_option("--type", o->type, "Declared type: aadhar, pan, passport, driving_license, voter_id, other")->capture_default_str();
  read->add_option("--rectified", o->rectified, "Write the upright document as JPEG, secret digits blacked out");
  read->callback([o, &cli] {
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
}

}  // namespace authx::app
