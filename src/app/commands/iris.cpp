#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numbers>

#include "app/batch.h"
#include "app/commands.h"
#include "app/commands/search_report.h"
#include "engines/accuracy/fusion.h"
#include "engines/accuracy/report.h"
#include "engines/iris/calibration.h"
#include "engines/iris/extract.h"
#include "engines/iris/fusion.h"
#include "engines/iris/gallery.h"
#include "engines/iris/matcher.h"
#include "engines/iris/record.h"
#include "imaging/decode.h"
#include "imaging/geometry.h"

namespace authx::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{50} << 20;

struct IrisArgs {
  std::vector<std::string> files, a, b;
  std::string probe, in, to, out, html, eye = "unknown", format = "iso-2011";
  double fmr = iris::kDefaultFmr;
  double gaze = 0;  ///< bench: degrees
};

iris::Eye eye_of(const std::string& name) {
  return name == "left" ? iris::Eye::left : name == "right" ? iris::Eye::right : iris::Eye::unknown;
}

struct Picture {
  imaging::Image image;
  iris::Eye eye = iris::Eye::unknown;
};

/// The pictures of a file: an image file's, or all of an iris image record.
Result<std::vector<Picture>> pictures(BytesView bytes, iris::Eye eye) {
  std::vector<Picture> out;
  if (iris::is_record(bytes)) {
    AX_TRY(const auto record, iris::read_record(bytes));
    for (const auto& each : record.images) {
      AX_TRY(auto image, iris::picture(each));
      out.push_back({std::move(image), each.eye == iris::Eye::unknown ? eye : each.eye});
    }
    return out;
  }
  AX_TRY(auto decoded, imaging::decode(bytes, {.max_bytes = kMaxFileBytes}));
  out.push_back({std::move(decoded.pages.front()), eye});
  return out;
}

bool is_template(BytesView bytes) { return bytes.size() > 4 && std::ranges::equal(bytes.first(4), as_bytes("AXIT")); }

/// Templates of an image, an iris image record or a template file; pictures that cannot be enrolled are an error.
Result<std::vector<iris::Template>> load(const std::string& path, const IrisArgs& args) {
  AX_TRY(const Bytes bytes, read_file(path, kMaxFileBytes));
  std::vector<iris::Template> out;
  if (is_template(bytes)) {
    auto t = iris::deserialize(bytes);
    if (!t) return about_file(path, t.error());
    out.push_back(*t);
    return out;
  }
  const auto images = pictures(bytes, eye_of(args.eye));
  if (!images) return about_file(path, images.error());
  for (const Picture& p : *images) {
    auto e = iris::extract(p.image, p.eye);
    if (!e) return about_file(path, e.error());
    out.push_back(e->iris);
  }
  return out;
}

json::object quality_json(const iris::Quality& q) {
  json::array issues;
  for (const auto issue : q.issues) issues.push_back(json::value{{"code", iris::to_string(issue)}, {"advice", iris::advice(issue)}});
  json::object out{{"score", q.score}};
  for (const auto& [name, value] : iris::measures(q)) out[json::string_view{name.data(), name.size()}] = value;
  out["issues"] = std::move(issues);
  return out;
}

json::object extraction_json(const iris::Extraction& e) {
  const auto border = [](const iris::Contour& c) { return json::object{{"x", c.x}, {"y", c.y}, {"radius", c.mean_radius()}}; };
  json::object cues;
  for (const auto& cue : e.cues) cues[cue.name] = cue.value;
  return {{"eye", iris::to_string(e.iris.eye)},
          {"light", iris::to_string(e.iris.light)},
          {"usable_bits", e.iris.code.usable_bits()},
          {"pupil", border(e.pupil)},
          {"limbus", border(e.limbus)},
          {"confidence", e.confidence},
          {"quality", quality_json(e.quality)},
          {"unvalidated_cues", cues}};
}

std::string extraction_text(const iris::Extraction& e) {
  std::string issues;
  for (const auto issue : e.quality.issues) issues += fmt::format("{}{}", issues.empty() ? "" : ", ", iris::to_string(issue));
  return fmt::format("quality {:3}, iris radius {:.0f} pixels, pupil {:.0f} % of it, {:.0f} % usable, {}, issues: {}", e.quality.score,
                     e.quality.iris_radius, e.quality.pupil_iris_ratio, e.quality.usable_iris_area, iris::to_string(e.iris.light),
                     issues.empty() ? "none" : issues);
}

/// `each` is told the file, the picture's number in it (from 1; 0: the only one) and what was read; a picture that fails is
/// reported and the rest goes on.
template <class Each>
Result<> for_each_picture(const IrisArgs& args, Cli& cli, Each&& each) {
  AX_TRY(const auto files, expand_folders(args.files));
  json::array list;
  std::string human;
  const auto refused = [&](const std::string& file, const Error& error) {
    list.push_back(json::value{{"file", file}, {"error", reason_of(error)}});
    human += fmt::format("{}{}: not enrolled: {}", human.empty() ? "" : "\n", file, reason_of(error));
    cli.exit = Exit::negative;
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    cli.progress(i + 1, files.size(), "files");
    const auto bytes = read_file(files[i], kMaxFileBytes);
    const auto images = bytes ? pictures(*bytes, eye_of(args.eye)) : Result<std::vector<Picture>>{bytes.error()};
    if (!images) {
      refused(files[i], images.error());
      continue;
    }
    for (std::size_t n = 0; n < images->size(); ++n) {
      const auto e = iris::extract((*images)[n].image, (*images)[n].eye);
      const Result<> done = e ? each(files[i], images->size() > 1 ? n + 1 : 0, *e) : Result<>{e.error()};
      if (!done) {
        refused(files[i], done.error());
        continue;
      }
      auto entry = extraction_json(*e);
      entry["file"] = files[i];
      if (images->size() > 1) entry["image"] = n + 1;
      list.push_back(std::move(entry));
      human += fmt::format("{}{}: {}", human.empty() ? "" : "\n", files[i], extraction_text(*e));
    }
  }
  cli.print(human, list);
  return {};
}

Result<> enroll(const IrisArgs& args, Cli& cli) {
  std::error_code error;
  if (!args.out.empty()) fs::create_directories(args.out, error);
  if (error) return Error::invalid(args.out, "cannot be created");
  return for_each_picture(args, cli, [&](const std::string& file, std::size_t n, const iris::Extraction& e) -> Result<> {
    if (args.out.empty()) return {};
    const std::string number = n == 0 ? "" : fmt::format("-{}", n);
    return write_file((fs::path{args.out} / fs::path{file}.stem()).string() + number + ".axit", iris::serialize(e.iris));
  });
}

Result<> quality(const IrisArgs& args, Cli& cli) {
  return for_each_picture(args, cli, [](const std::string&, std::size_t, const iris::Extraction&) { return Result<>{}; });
}

json::object match_json(const iris::Match& m) {
  return {{"match", m.match}, {"distance", m.distance}, {"hamming", m.hamming}, {"bits", m.bits}, {"rotation", m.rotation}, {"fmr", m.fmr}};
}

/// Several images of one eye: the best pair. Known left and right eyes: each by itself, then fused.
Result<> match(const IrisArgs& args, Cli& cli) {
  std::vector<iris::Template> sides[2];
  for (const auto side : {0, 1}) {
    for (const auto& path : side == 0 ? args.a : args.b) {
      AX_TRY(const auto loaded, load(path, args));
      sides[side].insert(sides[side].end(), loaded.begin(), loaded.end());
    }
  }
  const auto of_eye = [](const std::vector<iris::Template>& all, iris::Eye eye) {
    std::vector<iris::Template> out;
    std::ranges::copy_if(all, std::back_inserter(out), [eye](const iris::Template& t) { return t.eye == eye; });
    return out;
  };
  const bool both = std::ranges::all_of(sides, [&](const auto& s) {
    return !of_eye(s, iris::Eye::left).empty() && !of_eye(s, iris::Eye::right).empty() && of_eye(s, iris::Eye::unknown).empty();
  });
  json::array comparisons;
  double fmr = 1;
  std::string human;
  const auto report = [&](const iris::Match& m, std::string_view what) {
    auto entry = match_json(m);
    entry["eye"] = what;
    comparisons.push_back(std::move(entry));
    human += fmt::format("\n  {} eye: distance {:.4f} over {} bits, turned by {:.1f} degrees; FMR at this distance {:.2g}", what,
                         m.distance, m.bits, m.rotation, m.fmr);
  };
  if (both) {
    std::vector<double> rates;
    for (const auto eye : {iris::Eye::right, iris::Eye::left}) {
      const auto m = iris::match_images(of_eye(sides[0], eye), of_eye(sides[1], eye), args.fmr);
      rates.push_back(m.fmr);
      report(m, iris::to_string(eye));
    }
    fmr = accuracy::fuse_rates(rates);
  } else {
    const auto m = iris::match_images(sides[0], sides[1], args.fmr);
    fmr = m.fmr;
    report(m, "one");
  }
  const bool accepted = fmr <= args.fmr;
  cli.exit = accepted ? Exit::ok : Exit::negative;
  cli.print(fmt::format("{}, FMR {:.2g}, wanted {:g}{}", accepted ? "match" : "no match", fmr, args.fmr, human),
            {{"match", accepted},
             {"fmr", fmr},
             {"target_fmr", args.fmr},
             {"threshold", iris::threshold_at(args.fmr)},
             {"comparisons", comparisons}});
  return {};
}

Result<> search(const IrisArgs& args, Cli& cli) {
  AX_TRY(const auto probes, load(args.probe, args));
  AX_TRY(const auto files, expand_folders(args.files));
  std::vector<iris::Template> templates;
  std::vector<std::string> names;
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto loaded = load(files[i], args);
    skipped += loaded ? 0 : 1;
    if (loaded) {
      for (const auto& t : *loaded) templates.push_back(t), names.push_back(files[i]);
    }
    cli.progress(i + 1, files.size(), "files");
  }
  const iris::Gallery gallery{std::move(templates)};
  report_search(
      cli, names, skipped, [&] { return gallery.search(probes.front(), args.fmr); },
      [](const iris::Match& m) { return fmt::format("distance {:.4f}", m.distance); }, &match_json);
  return {};
}

/// Between image files and iris image records.
Result<> convert(const IrisArgs& args, Cli& cli) {
  AX_TRY(const Bytes bytes, read_file(args.in, kMaxFileBytes));
  AX_TRY(const auto images, pictures(bytes, eye_of(args.eye)));
  Bytes out;
  if (args.format == "png") {
    AX_TRY(out, imaging::encode_png(images.front().image));
  } else {
    const auto gray = imaging::to_gray(images.front().image);
    AX_TRY(out, iris::write_record(gray, images.front().eye, args.format == "iso-2005" ? 2005 : 2011));
  }
  AX_CHECK(write_file(args.to, out));
  cli.print(fmt::format("{}: {} bytes, {}", args.to, out.size(), args.format),
            {{"file", args.to}, {"bytes", out.size()}, {"format", args.format}, {"images_read", images.size()}});
  return {};
}

/// As if the eye's plane were turned about the vertical axis by so many degrees, seen from three image widths away. The
/// cornea's refraction and the iris' depth are left out.
imaging::Image looking_aside(const imaging::Image& image, double degrees) {
  const double turn = degrees * std::numbers::pi / 180, c = std::cos(turn), s = std::sin(turn) / (3.0 * image.width);
  const double cx = image.width / 2.0, cy = image.height / 2.0;
  const auto source = [&](double x, double y) {
    const double across = (x - cx) / (c - (x - cx) * s);
    return imaging::Point{cx + across, cy + (y - cy) * (1 + across * s)};
  };
  const double w = image.width, h = image.height;
  return imaging::warp(image, {source(0, 0), source(w, 0), source(w, h), source(0, h)}, image.width, image.height);
}

/// All pairs of a folder's PERSON_EYE_n.* files; an eye is a subject. What cannot be enrolled matches nothing.
Result<> bench(const IrisArgs& args, Cli& cli) {
  AX_TRY(const auto files, expand_folders(args.files));
  struct Labelled {
    std::string subject;
    std::optional<iris::Template> t, aside;  ///< aside: as the other of a pair sees it when `gaze` is given
  };
  std::vector<Labelled> all;
  json::array failures;
  std::size_t aside_failures = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string stem = fs::path{files[i]}.stem().string();
    const auto cut = stem.rfind('_');
    if (cut == std::string::npos) continue;
    Labelled l{stem.substr(0, cut), {}, {}};
    const auto loaded = load(files[i], args);
    if (loaded)
      l.t = loaded->front();
    else
      failures.push_back(json::value{{"file", files[i]}, {"error", reason_of(loaded.error())}});
    l.aside = l.t;
    if (args.gaze > 0) {
      AX_TRY(const Bytes bytes, read_file(files[i], kMaxFileBytes));
      AX_TRY(const auto images, pictures(bytes, eye_of(args.eye)));
      const auto turned = iris::extract(looking_aside(images.front().image, args.gaze));
      l.aside = turned ? std::optional{turned->iris} : std::nullopt;
      aside_failures += turned ? 0 : 1;
    }
    all.push_back(std::move(l));
    cli.progress(i + 1, files.size(), "files");
  }
  std::vector<accuracy::Score> scores;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const iris::Probe probe{all[i].t ? all[i].t->code : iris::Code{}};
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const double distance = all[i].t && all[j].aside ? probe.compare(all[j].aside->code).distance : 0.5;
      scores.push_back({-distance, all[i].subject == all[j].subject, {}, all[i].subject, all[j].subject});
    }
  }
  const auto of = [&](bool genuine) { return std::ranges::count(scores, genuine, &accuracy::Score::genuine); };
  if (of(true) == 0 || of(false) == 0) return Error::invalid("files", "hold no pairs of the same eye, or none of different eyes");
  auto report = accuracy::verification_report("iris", scores);
  // The lab's intervals need few scores; the subject bootstrap of the EER is taken whatever their number.
  const accuracy::Distribution d{scores};
  const auto interval = accuracy::bootstrap(scores, [](const accuracy::Distribution& x) { return x.equal_error().rate; }, 60);
  const auto eer = d.equal_error();
  const double zero = d.fnmr(d.impostor().back() + 1e-12).value;
  report.json["eer"] = eer.rate, report.json["zero_fmr"] = zero;
  for (const auto& [name, rate] : {std::pair{"fmr100", 1e-2}, {"fmr1000", 1e-3}, {"fmr10000", 1e-4}}) {
    if (const auto at = d.threshold_at_fmr(rate)) report.json[name] = d.fnmr(*at).value;
  }
  if (interval) report.json["eer_low"] = interval->low, report.json["eer_high"] = interval->high;
  report.json["images"] = all.size(), report.json["not_enrolled"] = failures.size(), report.json["failures"] = failures;
  if (args.gaze > 0) {
    report.json["gaze"] = args.gaze, report.json["aside_not_enrolled"] = aside_failures;
    report.page.facts.emplace_back("one of each pair turned", fmt::format("{:.0f} degrees; {} not enrolled", args.gaze, aside_failures));
  }
  report.json["genuine"] = of(true), report.json["impostors"] = of(false), report.json["template_bytes"] = iris::kTemplateBytes;
  report.page.facts.emplace_back("not enrolled", fmt::format("{} of {}", failures.size(), all.size()));
  report.page.facts.emplace_back(
      "EER", interval ? fmt::format("{:.2f} % (95 %: {:.2f} .. {:.2f})", 100 * eer.rate, 100 * interval->low, 100 * interval->high)
                      : fmt::format("{:.2f} %", 100 * eer.rate));
  if (!args.html.empty()) AX_CHECK(write_file(args.html, as_bytes(accuracy::to_html(report.page))));
  cli.print(accuracy::to_text(report.page), report.json);
  return {};
}

}  // namespace

void add_iris_commands(CLI::App& root, Cli& cli) {
  const auto args = std::make_shared<IrisArgs>();
  const auto run = [args, &cli](auto function) {
    return [args, &cli, function] {
      if (const auto done = function(*args, cli); !done) cli.fail(done.error());
    };
  };
  const auto eye = [args](CLI::App* c) {
    c->add_option("--eye", args->eye, "Which eye of the person an image shows")
        ->check(CLI::IsMember({"unknown", "left", "right"}))
        ->capture_default_str();
  };
  const auto fmr = [args](CLI::App* c) {
    c->add_option("--fmr", args->fmr, "False-match rate that the threshold is set for")
        ->check(CLI::Range(1e-12, 0.1))
        ->capture_default_str();
  };
  auto* command = root.add_subcommand("iris", "Irises: enroll, match, search, appraise, convert")->require_subcommand(1);

  auto* enroll_command = command->add_subcommand("enroll", "Make templates of images; exit code 1 when some cannot be enrolled");
  enroll_command->add_option("FILES", args->files, "Images or ISO/IEC 19794-6 records, or folders of them")->required();
  enroll_command->add_option("--out", args->out, "Folder for the templates");
  eye(enroll_command);
  enroll_command->callback(run(&enroll));

  auto* match_command = command->add_subcommand("match", "Compare two persons' images or templates; exit code 0: match, 1: no match");
  match_command->add_option("-a,--first", args->a, "Images, records or templates of the one")->required();
  match_command->add_option("-b,--second", args->b, "Images, records or templates of the other")->required();
  eye(match_command), fmr(match_command);
  match_command->callback(run(&match));

  auto* search_command = command->add_subcommand("search", "Find an eye among many; exit code 1: not found");
  search_command->add_option("PROBE", args->probe, "Image, record or template")->required();
  search_command->add_option("FILES", args->files, "Images, records or templates, or folders of them")->required();
  eye(search_command), fmr(search_command);
  search_command->callback(run(&search));

  auto* quality_command = command->add_subcommand("quality", "Measures of quality by ISO/IEC 29794-6 and a score from them");
  quality_command->add_option("FILES", args->files, "Images or records, or folders of them")->required();
  eye(quality_command);
  quality_command->callback(run(&quality));

  auto* convert_command =
      command->add_subcommand("convert", "Write an image as an ISO/IEC 19794-6 record, or a record's first image as PNG");
  convert_command->add_option("IN", args->in, "Image or record")->required();
  convert_command->add_option("OUT", args->to, "File to write")->required();
  convert_command->add_option("--format", args->format, "What to write")
      ->check(CLI::IsMember({"iso-2011", "iso-2005", "png"}))
      ->capture_default_str();
  eye(convert_command);
  convert_command->callback(run(&convert));

  auto* bench_command = command->add_subcommand("bench", "Accuracy over all pairs of PERSON_EYE_NUMBER images or templates");
  bench_command->add_option("FILES", args->files, "Files or folders")->required();
  bench_command->add_option("--gaze", args->gaze, "Turns one of each pair's eyes aside by so many degrees, by a projective map of images")
      ->check(CLI::Range(0.0, 60.0));
  bench_command->add_option("--html", args->html, "File for the laboratory's report");
  bench_command->callback(run(&bench));
}

}  // namespace authx::app
