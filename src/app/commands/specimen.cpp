#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "base/time.h"
#include "engines/document/outline.h"
#include "engines/specimen/attacks.h"
#include "engines/specimen/counterfeit.h"
#include "engines/specimen/specimen.h"
#include "imaging/decode.h"

namespace authx::app {
namespace {

struct Options {
  std::string type = "aadhaar";
  std::string out;
  std::string out_dir;
  std::string truth;
  std::string portrait;
  std::string name;
  std::string dob;
  std::string gender;
  std::string number;
  std::string script;
  std::uint64_t seed = 1;
  int level = 0;
  int count = 1;
  bool masked = false;
  std::string counterfeit;
};

json::value truth_json(const specimen::Truth& t, const std::string& file) {
  const auto date = [](const std::optional<Date>& d) { return d ? json::value(format_date(*d)) : json::value(nullptr); };
  json::array outline;
  for (const auto& p : t.outline) outline.push_back(json::array{p.x, p.y});
  json::array mrz;
  for (const auto& line : t.mrz) mrz.emplace_back(line);
  return {{"file", file},
          {"type", specimen::to_string(t.kind)},
          {"level", t.level},
          {"name", t.name},
          {"name_local", t.name_local},
          {"dob", format_date(t.dob)},
          {"gender", t.gender},
          {"number", t.number},
          {"vid", t.vid},
          {"father_name", t.father_name},
          {"address", t.address},
          {"issue_date", date(t.issue_date)},
          {"expiry_date", date(t.expiry_date)},
          {"mrz", mrz},
          {"outline", outline}};
}

Result<json::value> make_one(const Options& o, std::uint64_t seed, const std::string& path, const imaging::Image* portrait) {
  specimen::Request r;
  const auto kind = specimen::parse_kind(o.type);
  if (!kind)
    return Error::invalid(
        "type", "is none of aadhaar, aadhaar_back, aadhaar_pvc, aadhaar_letter, pan, pan_old, passport, driving_license, voter_id");
  r.kind = *kind;
  r.seed = seed;
  r.level = o.level;
  r.today = date_of(SystemClock{}.now());
  r.name = o.name;
  r.gender = o.gender;
  r.number = o.number;
  r.script = o.script;
  r.portrait = portrait;
  r.masked = o.masked;
  if (!o.counterfeit.empty()) {
    r.counterfeit = specimen::parse_counterfeit(o.counterfeit);
    if (!r.counterfeit) return Error::invalid("counterfeit", "is none that `authx specimen generate --help` names");
  }
  if (!o.dob.empty()) {
    r.dob = parse_date(o.dob);
    if (!r.dob) return Error::invalid("dob", "must be YYYY-MM-DD");
  }
  AX_TRY(const auto made, specimen::generate(r));
  const bool png = path.ends_with(".png");
  AX_TRY(const auto file, png ? imaging::encode_png(made.image) : imaging::encode_jpeg(made.image, 92));
  AX_CHECK(write_file(path, file));
  return truth_json(made.truth, path);
}

Result<> run(const Options& o, Cli& cli) {
  imaging::Image portrait;
  if (!o.portrait.empty()) {
    AX_TRY(const auto file, read_file(o.portrait, imaging::DecodeLimits{}.max_bytes));
    AX_TRY(auto decoded, imaging::decode(file));
    portrait = std::move(decoded.pages.front());
  }
  const imaging::Image* face = portrait.empty() ? nullptr : &portrait;
  if (o.out.empty() == o.out_dir.empty()) return Error::invalid("out", "give either --out or --out-dir");
  json::array truths;
  if (!o.out.empty()) {
    AX_TRY(auto truth, make_one(o, o.seed, o.out, face));
    truths.push_back(std::move(truth));
  } else {
    std::error_code ec;
    std::filesystem::create_directories(o.out_dir, ec);
    for (int i = 0; i < o.count; ++i) {
      const auto seed = o.seed + static_cast<std::uint64_t>(i);
      AX_TRY(auto truth, make_one(o, seed, fmt::format("{}/{}_L{}_{:05}.jpg", o.out_dir, o.type, o.level, seed), face));
      truths.push_back(std::move(truth));
      cli.progress(static_cast<std::size_t>(i) + 1, static_cast<std::size_t>(o.count), "specimens");
    }
  }
  const json::value machine = o.out.empty() ? json::value(truths) : truths.front();
  if (!o.truth.empty()) AX_CHECK(write_file(o.truth, as_bytes(json::serialize(machine) + "\n")));
  const std::string human = o.out.empty() ? fmt::format("{} specimens in {}", truths.size(), o.out_dir)
                                          : fmt::format("{}: {} of {}", o.out, o.type, std::string{truths.front().at("name").as_string()});
  cli.print(human, machine);
  return {};
}

struct AttackOptions {
  std::string kind;
  std::string in;
  std::string out;
  std::vector<int> value;
  std::vector<int> portrait;
  std::string photo;
  std::string text;
  std::uint64_t seed = 1;
  int quality = 92;
};

Result<imaging::Image> load_picture(const std::string& path) {
  AX_TRY(const auto file, read_file(path, imaging::DecodeLimits{}.max_bytes));
  AX_TRY(auto decoded, imaging::decode(file));
  return std::move(decoded.pages.front());
}

imaging::Quad quad_of_option(const std::vector<int>& b) { return imaging::quad_of({b[0], b[1], b[2], b[3]}); }

Result<> run_attack(const AttackOptions& o, Cli& cli) {
  const auto kind = specimen::parse_attack(o.kind);
  if (!kind) return Error::invalid("kind", "is no attack that `authx specimen attack --help` names");
  AX_TRY(const auto picture, load_picture(o.in));
  imaging::Image photo;
  if (!o.photo.empty()) {
    AX_TRY(photo, load_picture(o.photo));
  }
  specimen::AttackTarget target;
  target.picture = &picture;
  target.text = o.text;
  if (!photo.empty()) target.other_portrait = &photo;
  if (o.portrait.size() == 4) target.portrait = quad_of_option(o.portrait);
  if (o.value.size() == 4) {
    target.values.push_back(quad_of_option(o.value));
  } else {
    for (const auto& line : document::text_strips(imaging::to_gray(picture))) target.values.push_back(imaging::quad_of(line));
  }
  specimen::Dice dice{o.seed};
  AX_TRY(const auto forged, specimen::attack(*kind, target, dice));
  AX_TRY(const auto file, o.out.ends_with(".png") ? imaging::encode_png(forged) : imaging::encode_jpeg(forged, o.quality));
  AX_CHECK(write_file(o.out, file));
  cli.print(fmt::format("{}: {} of {}", o.out, o.kind, o.in), {{"file", o.out}, {"kind", o.kind}, {"from", o.in}});
  return {};
}

}  // namespace

void add_specimen_commands(CLI::App& root, Cli& cli) {
  auto* group = root.add_subcommand("specimen", "Draw synthetic identity documents for tests; each says SPECIMEN");
  group->require_subcommand(1);
  auto* generate = group->add_subcommand("generate", "Draw one specimen, or a folder of them");
  auto o = std::make_shared<Options>();
  generate
      ->add_option("--type", o->type,
                   "aadhaar, aadhaar_back, aadhaar_pvc, aadhaar_letter, pan, pan_old, passport, driving_license or voter_id")
      ->capture_default_str();
  generate->add_option("--out", o->out, "File to write (.jpg or .png)");
  generate->add_option("--out-dir", o->out_dir, "Folder to write --count specimens to");
  generate->add_option("--count", o->count, "How many, with --out-dir; seeds count up")->check(CLI::Range(1, 100000));
  generate->add_option("--portrait", o->portrait, "Photo to place on the card");
  generate->add_option("--name", o->name, "Person's name, Latin letters");
  generate->add_option("--dob", o->dob, "Birth date, YYYY-MM-DD");
  generate->add_option("--gender", o->gender, "M or F");
  generate->add_option("--number", o->number, "Document number; must be valid for the type");
  generate->add_option("--script", o->script, "Of the local name: Deva, Beng, Guru, Gujr, Orya, Taml, Telu, Knda, Mlym or Aran (Urdu)");
  generate->add_option("--seed", o->seed, "The same seed gives the same picture")->capture_default_str();
  generate->add_option("--level", o->level, "Capture: 0 clean scan, 1 good, 2 fair, 3 poor photo, 4 in clutter or held in a hand")
      ->check(CLI::Range(0, 4));
  generate->add_option("--truth", o->truth, "Write what was drawn as JSON");
  generate->add_flag("--masked", o->masked, "Aadhaar: print only the last four digits");
  std::string wrongs;
  for (const auto c : specimen::all_counterfeits()) wrongs += (wrongs.empty() ? "" : ", ") + std::string{specimen::to_string(c)};
  generate->add_option("--counterfeit", o->counterfeit, "Print one thing wrong: " + wrongs);
  generate->callback([o, &cli] {
    if (const auto done = run(*o, cli); !done) cli.fail(done.error());
  });

  auto* attack = group->add_subcommand("attack", "Forge a picture of a document as forgers do, to measure what the checks catch");
  auto a = std::make_shared<AttackOptions>();
  std::string kinds;
  for (const auto k : specimen::all_attacks()) kinds += (kinds.empty() ? "" : ", ") + std::string{specimen::to_string(k)};
  attack->add_option("--kind", a->kind, kinds)->required();
  attack->add_option("IN", a->in, "Picture of a document")->required();
  attack->add_option("OUT", a->out, "File to write (.jpg or .png)")->required();
  attack->add_option("--value", a->value, "Box of the text to edit: x y width height; without it a line of text is searched")->expected(4);
  attack->add_option("--portrait-at", a->portrait, "Box of the portrait, for portrait_splice: x y width height")->expected(4);
  attack->add_option("--photo", a->photo, "Photo to lay over the portrait; without it a drawn figure");
  attack->add_option("--text", a->text, "What text_overwrite writes; without it random digits");
  attack->add_option("--seed", a->seed, "The same seed gives the same forgery")->capture_default_str();
  attack->add_option("--quality", a->quality, "Of the JPEG written")->check(CLI::Range(1, 100))->capture_default_str();
  attack->callback([a, &cli] {
    if (const auto done = run_attack(*a, cli); !done) cli.fail(done.error());
  });
}

}  // namespace authx::app
