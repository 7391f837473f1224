#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/batch.h"
#include "app/commands.h"
#include "app/commands/search_report.h"
#include "engines/fingerprint/calibration.h"
#include "engines/fingerprint/evaluate.h"
#include "engines/fingerprint/exchange.h"
#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/gallery.h"
#include "engines/fingerprint/image_record.h"
#include "engines/fingerprint/input.h"
#include "engines/fingerprint/matcher.h"
#include "engines/fingerprint/narrowing.h"
#include "engines/fingerprint/protection.h"
#include "imaging/decode.h"
#include "imaging/geometry.h"
#include "imaging/wsq.h"

namespace authx::app {
namespace {

namespace fs = std::filesystem;
namespace fp = fingerprint;

constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;
constexpr std::string_view kOwnFormat = "authx";

struct FingerArgs {
  std::vector<std::string> files;
  std::string a, b, out, format{kOwnFormat}, from;
  std::optional<int> dpi;  ///< else as the file says, else 500
  int position = 0;
  bool hidden = false;     ///< bench: compare protected references
  bool narrowing = false;  ///< bench: how far the search's first stages narrow a gallery
  double rate = 0.75;
  double fmr = fp::kDefaultFmr;
  std::size_t shortlist = 200, max_bytes = 600;
};

bool is_template(BytesView bytes) {
  const auto begins = [&](std::string_view mark) {
    return bytes.size() > mark.size() && std::ranges::equal(bytes.first(mark.size()), as_bytes(mark));
  };
  return begins("AXFT") || begins(std::string_view{"FMR\0", 4});
}

Result<fp::Template> parse_template(BytesView bytes, const std::string& format) {
  if (format == kOwnFormat || (format.empty() && !bytes.empty() && bytes[0] == 'A')) return fp::deserialize(bytes);
  AX_TRY(const auto record, fp::read_record(bytes, format.empty() ? std::nullopt : fp::format_from(format)));
  return fp::to_template(record.views.front(), record.format);
}

/// The first image of a file, at the resolution that was given, or declared in it.
Result<fp::InputImage> read_image(BytesView bytes, std::optional<int> dpi) {
  AX_TRY(auto images, fp::read_input(bytes));
  fp::InputImage& first = images.front();
  first.dpi = dpi.value_or(first.dpi > 0 ? first.dpi : fp::kDpi);
  return std::move(first);
}

Result<fp::Extraction> extract_image(BytesView bytes, std::optional<int> dpi) {
  AX_TRY(const auto in, read_image(bytes, dpi));
  return fp::extract(in.image, in.dpi);
}

/// An image or a template of any format.
Result<fp::Template> load(const std::string& path, const FingerArgs& args) {
  AX_TRY(const Bytes bytes, read_file(path, std::size_t{50} << 20));
  if (is_template(bytes) || !args.from.empty()) {
    auto t = parse_template(bytes, args.from);
    return t ? std::move(t) : about_file(path, t.error());
  }
  auto e = extract_image(bytes, args.dpi);
  if (!e) return about_file(path, e.error());
  return std::move(e->finger);
}

json::object quality_json(const fp::Quality& q) {
  json::array issues;
  for (const auto issue : q.issues) issues.push_back(json::value{{"code", fp::to_string(issue)}, {"advice", fp::advice(issue)}});
  json::object out{{"score", q.score}};
  for (const auto& [name, value] : fp::measures(q)) out[json::string_view{name.data(), name.size()}] = value;
  out["issues"] = std::move(issues);
  return out;
}

json::object extraction_json(const fp::Extraction& e) {
  json::array points;
  for (const auto& p : e.singular_points) {
    points.push_back(json::value{{"kind", p.core ? "core" : "delta"}, {"x", p.x}, {"y", p.y}, {"strength", p.strength}});
  }
  json::object cues;
  for (const auto& cue : e.cues) cues[cue.name] = cue.value;
  return {{"minutiae", e.finger.minutiae.size()},
          {"pattern", fp::to_string(e.finger.pattern)},
          {"quality", quality_json(e.quality)},
          {"singular_points", points},
          {"unvalidated_cues", cues}};
}

std::string extraction_text(const fp::Extraction& e) {
  std::string issues;
  for (const auto issue : e.quality.issues) issues += fmt::format("{}{}", issues.empty() ? "" : ", ", fp::to_string(issue));
  return fmt::format("quality {:3}, {} minutiae, {}, {:.0f} mm2, issues: {}", e.quality.score, e.finger.minutiae.size(),
                     fp::to_string(e.finger.pattern), e.quality.area_mm2, issues.empty() ? "none" : issues);
}

Result<Bytes> encode(const fp::Template& t, const FingerArgs& args) {
  if (args.format == kOwnFormat) return fp::serialize(t);
  return fp::to_exchange(t, *fp::format_from(args.format), {.max_bytes = args.max_bytes});
}

/// `each` is told the file and what was read; a file that fails is reported and the rest goes on.
template <class Each>
Result<> for_each_image(const FingerArgs& args, Cli& cli, Each&& each) {
  AX_TRY(const auto files, expand_folders(args.files));
  json::array list;
  std::string human;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto bytes = read_file(files[i], std::size_t{50} << 20);
    const auto e = bytes ? extract_image(*bytes, args.dpi) : Result<fp::Extraction>{bytes.error()};
    const Result<> done = e ? each(files[i], *e) : Result<>{e.error()};
    json::object entry{{"file", files[i]}};
    if (!done) {
      const std::string why = reason_of(done.error());
      entry["error"] = why;
      human += fmt::format("{}{}: not enrolled: {}", human.empty() ? "" : "\n", files[i], why);
      cli.exit = Exit::negative;
    } else {
      for (auto& [key, value] : extraction_json(*e)) entry[key] = value;
      human += fmt::format("{}{}: {}", human.empty() ? "" : "\n", files[i], extraction_text(*e));
    }
    list.push_back(std::move(entry));
    cli.progress(i + 1, files.size(), "images");
  }
  cli.print(human, list);
  return {};
}

Result<> enroll(const FingerArgs& args, Cli& cli) {
  std::error_code error;
  if (!args.out.empty()) fs::create_directories(args.out, error);
  if (error) return Error::invalid(args.out, "cannot be created");
  return for_each_image(args, cli, [&](const std::string& file, const fp::Extraction& e) -> Result<> {
    if (args.out.empty()) return {};
    AX_TRY(const Bytes bytes, encode(e.finger, args));
    const std::string suffix = args.format == kOwnFormat ? ".axft" : ".fmr";
    return write_file((fs::path{args.out} / fs::path{file}.stem()).string() + suffix, bytes);
  });
}

Result<> quality(const FingerArgs& args, Cli& cli) {
  return for_each_image(args, cli, [](const std::string&, const fp::Extraction&) { return Result<>{}; });
}

json::object match_json(const fp::Match& m) {
  return {{"match", m.match},
          {"score", m.score},
          {"fmr", m.fmr},
          {"matched_minutiae", m.matched_minutiae},
          {"rotation", m.rotation},
          {"dx", m.dx},
          {"dy", m.dy},
          {"flow_agreement", m.evidence.flow},
          {"overlap_mm2", m.evidence.overlap * 100}};
}

Result<> match(const FingerArgs& args, Cli& cli) {
  AX_TRY(const auto a, load(args.a, args));
  AX_TRY(const auto b, load(args.b, args));
  const auto m = fp::match(a, b, args.fmr);
  const double threshold = fp::threshold_at(args.fmr, a.flow.empty() || b.flow.empty());
  cli.exit = m.match ? Exit::ok : Exit::negative;
  auto machine = match_json(m);
  machine["target_fmr"] = args.fmr, machine["threshold"] = threshold;
  cli.print(
      fmt::format(
          "{}\n  score {:.2f}, threshold {:.2f} at FMR {:g}; FMR at this score {:.2g}\n  {} minutiae coincide, turned by {:.0f} degrees",
          m.match ? "match" : "no match", m.score, threshold, args.fmr, m.fmr, m.matched_minutiae, m.rotation * 180 / 3.14159265358979),
      machine);
  return {};
}

Result<> search(const FingerArgs& args, Cli& cli) {
  AX_TRY(const auto probe, load(args.a, args));
  AX_TRY(const auto files, expand_folders(args.files));
  std::vector<fp::Template> templates;
  std::vector<std::string> names;
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto t = load(files[i], args);
    if (t)
      templates.push_back(std::move(*t)), names.push_back(files[i]);
    else
      ++skipped;
    cli.progress(i + 1, files.size(), "files");
  }
  const fp::Gallery gallery{std::move(templates)};
  report_search(
      cli, names, skipped, [&] { return gallery.search(probe, args.fmr, args.shortlist); },
      [](const fp::Match& m) { return fmt::format("score {:.2f}", m.score); }, &match_json);
  return {};
}

constexpr std::array<std::string_view, 4> kImageFormats{"wsq", "png", "fir-2005", "fir-2011"};

Result<Bytes> convert_image(BytesView bytes, const FingerArgs& args) {
  AX_TRY(auto in, read_image(bytes, args.dpi));
  if (in.image.channels != 1) in.image = imaging::to_gray(in.image);
  if (args.format == "wsq") return imaging::encode_wsq(in.image, args.rate, in.dpi);
  if (args.format == "png") return imaging::encode_png(in.image);
  fp::FingerImage finger;
  finger.position = args.position > 0 ? static_cast<std::uint8_t>(args.position) : in.position;
  finger.width = in.image.width, finger.height = in.image.height, finger.dpi = in.dpi;
  finger.compression = fp::ImageCompression::wsq;
  AX_TRY(finger.data, imaging::encode_wsq(in.image, args.rate, in.dpi));
  return fp::write_image_record(
      {args.format == "fir-2005" ? fp::ImageRecordFormat::iso_2005 : fp::ImageRecordFormat::iso_2011, {std::move(finger)}});
}

Result<> convert(const FingerArgs& args, Cli& cli) {
  AX_TRY(const Bytes bytes, read_file(args.a, std::size_t{50} << 20));
  const bool to_image = std::ranges::find(kImageFormats, args.format) != kImageFormats.end();
  const bool from_template = !args.from.empty() || is_template(bytes);
  if (to_image && from_template) return Error::invalid(args.a, "is a template, from which no image can be made");
  Bytes out;
  if (to_image) {
    AX_TRY(out, convert_image(bytes, args));
  } else if (!from_template) {
    AX_TRY(const auto e, extract_image(bytes, args.dpi));
    AX_TRY(out, encode(e.finger, args));
  } else if (bytes.size() > kMaxTemplateBytes) {
    return Error::invalid(args.a, "is too large for a template");
  } else if (args.format != kOwnFormat && args.from != kOwnFormat && (bytes.empty() || bytes[0] != 'A')) {
    AX_TRY(auto record, fp::read_record(bytes, args.from.empty() ? std::nullopt : fp::format_from(args.from)));
    AX_TRY(record, fp::convert(record, *fp::format_from(args.format)));
    AX_TRY(out, fp::write_record(record));
  } else {
    AX_TRY(const auto t, parse_template(bytes, args.from));
    AX_TRY(out, encode(t, args));
  }
  AX_CHECK(write_file(args.b, out));
  cli.print(fmt::format("{}: {} bytes, {}", args.b, out.size(), args.format),
            {{"file", args.b}, {"bytes", out.size()}, {"format", args.format}});
  return {};
}

json::object rates_json(const fp::Rates& r) {
  return {{"eer", r.eer}, {"fmr100", r.fmr100}, {"fmr1000", r.fmr1000}, {"zero_fmr", r.zero_fmr}};
}

std::string rates_text(const fp::Rates& r) {
  return fmt::format("EER {:5.2f} %  FNMR at FMR 1/100 {:5.2f} %, 1/1000 {:5.2f} %, zero {:5.2f} %", 100 * r.eer, 100 * r.fmr100,
                     100 * r.fmr1000, 100 * r.zero_fmr);
}

/// FVC's protocol over folders of F_I.* files (finger, impression); FOLDER:DPI for another resolution.
Result<> bench(const FingerArgs& args, Cli& cli) {
  std::string human;
  json::array sets;
  std::vector<fp::Trial> pooled, across;  // across: references under two keys
  std::vector<fp::Enrolled> enrolled;
  double eer = 0, fmr1000 = 0;
  for (std::string folder : args.files) {
    int dpi = args.dpi.value_or(fp::kDpi);
    if (const auto colon = folder.rfind(':'); colon != std::string::npos && std::sscanf(folder.c_str() + colon, ":%d", &dpi) == 1)
      folder.resize(colon);
    AX_TRY(const auto files, expand_folders({folder}));
    struct Labelled {
      unsigned finger = 0, impression = 0;
      fp::Template t;
    };
    std::vector<Labelled> all;
    std::size_t failures = 0, template_bytes = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      Labelled l;
      if (std::sscanf(fs::path{files[i]}.filename().c_str(), "%u_%u", &l.finger, &l.impression) != 2) continue;
      FingerArgs with = args;
      with.dpi = dpi;
      auto t = load(files[i], with);
      failures += t ? 0 : 1;  // takes part with an empty template: never matches
      if (t) l.t = std::move(*t);
      if (const auto iso = fp::to_exchange(l.t, fp::Format::iso_2005); iso && t) template_bytes = std::max(template_bytes, iso->size());
      all.push_back(std::move(l));
      cli.progress(i + 1, files.size(), "images");
    }
    std::vector<fp::Trial> trials;
    std::vector<fp::ProtectedProbe> probes;
    std::vector<fp::ProtectedTemplate> hidden, renewed;
    if (args.hidden) {
      const fp::Protection one{Bytes(32, 1)}, two{Bytes(32, 2)};
      for (const auto& l : all) probes.emplace_back(one, l.t), hidden.push_back(one.apply(l.t)), renewed.push_back(two.apply(l.t));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = 0; j < renewed.size(); ++j)
        across.push_back({probes[i].match(renewed[j]).score, all[i].finger, all[j].finger, all[i].impression, all[j].impression});
      for (std::size_t j = i + 1; j < all.size(); ++j) {
        const double score = args.hidden ? probes[i].match(hidden[j]).score : fp::match(all[i].t, all[j].t).score;
        trials.push_back({score, all[i].finger, all[j].finger, all[i].impression, all[j].impression});
      }
    }
    const auto set = static_cast<std::uint32_t>(sets.size());
    for (const auto& l : all) enrolled.push_back({set, l.finger, l.t});
    std::vector<fp::Trial> fvc;
    std::ranges::copy_if(trials, std::back_inserter(fvc), [](const fp::Trial& t) { return t.genuine() || t.first_impressions(); });
    const auto rates = fp::rates_of(trials), by_fvc = fp::rates_of(fvc);
    const auto interval = fp::eer_interval(trials);
    const auto genuine = static_cast<std::size_t>(std::ranges::count_if(trials, &fp::Trial::genuine));
    eer += rates.eer, fmr1000 += rates.fmr1000;
    human += fmt::format(
        "{}: {}\n    EER's 90 % interval {:.2f} .. {:.2f} %; EER with first impressions only {:.2f} %; {} genuine, {} impostor pairs; {} "
        "of {} not "
        "enrolled; largest exchange template {} bytes\n",
        folder, rates_text(rates), 100 * interval.low, 100 * interval.high, 100 * by_fvc.eer, genuine, trials.size() - genuine, failures,
        all.size(), template_bytes);
    json::object entry = rates_json(rates);
    entry["set"] = folder, entry["eer_low"] = interval.low, entry["eer_high"] = interval.high, entry["eer_first_impressions"] = by_fvc.eer;
    entry["genuine"] = genuine, entry["impostors"] = trials.size() - genuine, entry["images"] = all.size(),
    entry["not_enrolled"] = failures;
    entry["largest_exchange_template"] = template_bytes;
    sets.push_back(std::move(entry));
    for (auto& t : trials) t.finger_a += 100'000 * set, t.finger_b += 100'000 * set;
    pooled.insert(pooled.end(), trials.begin(), trials.end());
  }
  const auto n = static_cast<double>(sets.size());
  const auto frozen = fp::rates_of(pooled);
  human += fmt::format("mean of {} sets: EER {:.2f} %, FNMR at FMR 1/1000 {:.2f} %\none threshold for all: {}", sets.size(), 100 * eer / n,
                       100 * fmr1000 / n, rates_text(frozen));
  json::object linkability;
  if (args.hidden) {
    std::vector<double> mated, others;
    for (const auto& t : across) (t.genuine() ? mated : others).push_back(t.score);
    const double eer_across = fp::rates_of(across).eer, d_sys = fp::linkability(mated, others);
    linkability = {{"eer", eer_across}, {"d_sys", d_sys}, {"mated", mated.size()}, {"others", others.size()}};
    human += fmt::format("\nunder two keys: EER {:.2f} % (50: nothing to link by), global linkability {:.3f} (0: none), {} mated scores",
                         100 * eer_across, d_sys, mated.size());
  }
  json::array narrowing;
  for (std::uint32_t set = 0; args.narrowing && set < sets.size(); ++set) {
    const auto points = fp::narrowing(enrolled, set);
    human += fmt::format("\n{}: {} probe and target pairs, {} others a target, share of targets kept", args.files[set],
                         points.front().targets, points.front().others);
    for (const auto& p : points) {
      human += fmt::format("\n  handing on {:5.1f} %: first stage {:6.2f} %, both {:6.2f} %, of those that match at FMR 1e-4 {:6.2f} %",
                           100 * p.share, 100 * p.first, 100 * p.both, 100 * p.matching);
      narrowing.push_back(
          json::value{{"set", args.files[set]}, {"share", p.share}, {"first", p.first}, {"both", p.both}, {"matching", p.matching}});
    }
  }
  cli.print(human, {{"narrowing", narrowing},
                    {"across_keys", linkability},
                    {"sets", sets},
                    {"mean_eer", eer / n},
                    {"mean_fmr1000", fmr1000 / n},
                    {"pooled", rates_json(frozen)}});
  return {};
}

}  // namespace

void add_finger_commands(CLI::App& root, Cli& cli) {
  const auto args = std::make_shared<FingerArgs>();
  const auto run = [args, &cli](auto function) {
    return [args, &cli, function] {
      if (const auto done = function(*args, cli); !done) cli.fail(done.error());
    };
  };
  const std::vector<std::string> formats{std::string{kOwnFormat}, "iso-2005", "iso-2011", "iso-card", "iso-card-compact", "ansi-2004"};
  const auto dpi = [args](CLI::App* c) {
    c->add_option("--dpi", args->dpi, "Resolution of images; 0: unknown. Else as the file says, else 500")->check(CLI::Range(0, 2500));
  };
  const auto fmr = [args](CLI::App* c) {
    c->add_option("--fmr", args->fmr, "False-match rate that the threshold is set for")
        ->check(CLI::Range(1e-9, 0.1))
        ->capture_default_str();
  };
  const auto from = [args, formats](CLI::App* c) {
    c->add_option("--from", args->from, "Format of templates without a mark of their own (card formats)")->check(CLI::IsMember(formats));
  };
  const auto to = [args](CLI::App* c, const std::vector<std::string>& possible) {
    c->add_option("--format", args->format, "Format to write")->check(CLI::IsMember(possible))->capture_default_str();
    c->add_option("--max-bytes", args->max_bytes, "Size of an exchange template; the best minutiae are kept")
        ->check(CLI::Range(40, 65535))
        ->capture_default_str();
  };
  auto* finger = root.add_subcommand("finger", "Fingerprints: enroll, match, search, appraise, convert")->require_subcommand(1);

  auto* enroll_command = finger->add_subcommand("enroll", "Extract templates from images; exit code 1 when some cannot be enrolled");
  enroll_command->add_option("FILES", args->files, "Images, or folders of them")->required();
  enroll_command->add_option("--out", args->out, "Folder for the templates");
  dpi(enroll_command), to(enroll_command, formats);
  enroll_command->callback(run(&enroll));

  auto* match_command = finger->add_subcommand("match", "Compare two impressions; exit code 0: match, 1: no match");
  match_command->add_option("A", args->a, "Image or template")->required();
  match_command->add_option("B", args->b, "Image or template")->required();
  dpi(match_command), fmr(match_command), from(match_command);
  match_command->callback(run(&match));

  auto* search_command = finger->add_subcommand("search", "Find an impression among many; exit code 1: not found");
  search_command->add_option("PROBE", args->a, "Image or template")->required();
  search_command->add_option("FILES", args->files, "Images or templates, or folders of them")->required();
  search_command->add_option("--shortlist", args->shortlist, "Templates that are compared in full")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  dpi(search_command), fmr(search_command), from(search_command);
  search_command->callback(run(&search));

  auto* quality_command = finger->add_subcommand("quality", "Measures of quality by ISO/IEC 29794-4 and a score from them");
  quality_command->add_option("FILES", args->files, "Images, or folders of them")->required();
  dpi(quality_command);
  quality_command->callback(run(&quality));

  auto* convert_command = finger->add_subcommand("convert", "Write an image or a template in another format");
  convert_command->add_option("IN", args->a, "Image (also WSQ and ISO/IEC 19794-4) or template")->required();
  convert_command->add_option("OUT", args->b, "File to write")->required();
  auto convertible = formats;
  convertible.insert(convertible.end(), kImageFormats.begin(), kImageFormats.end());
  from(convert_command), to(convert_command, convertible), dpi(convert_command);
  convert_command->add_option("--rate", args->rate, "WSQ: bits a pixel; 0.75 is about 15:1")
      ->check(CLI::Range(0.1, 8.0))
      ->capture_default_str();
  convert_command->add_option("--position", args->position, "Finger, by ISO/IEC 19794")->check(CLI::Range(0, 10));
  convert_command->callback(run(&convert));

  auto* bench_command = finger->add_subcommand("bench", "Accuracy by FVC's protocol over folders of FINGER_IMPRESSION images or templates");
  bench_command->add_option("FOLDERS", args->files, "Folders, each FOLDER or FOLDER:DPI")->required();
  bench_command->add_flag("--protected", args->hidden, "Compare protected references under one key, and under two");
  bench_command->add_flag("--narrowing", args->narrowing,
                          "How often a search's first stages keep the finger, by the share of a gallery that they hand on");
  dpi(bench_command), from(bench_command);
  bench_command->callback(run(&bench));
}

}  // namespace authx::app
