#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "app/commands.h"
#include "app/face_models.h"
#include "base/random.h"
#include "engines/accuracy/linkability.h"
#include "engines/accuracy/report.h"
#include "engines/face/face_engine.h"
#include "engines/face/protect.h"
#include "imaging/decode.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::app {
namespace {

namespace fs = std::filesystem;

struct LabArgs {
  std::string models, backend, pairs, scores_in, html, scores_out, calibration_out;
  std::size_t limit = 0;
  bool cross = false, print = false, probe = false, protect = false, pad = false;
  double threshold = 0.5;
};

/// Lines of a CSV without quoting, split at commas; the header line is dropped.
Result<std::vector<std::vector<std::string>>> read_csv(const std::string& path, std::size_t least) {
  AX_TRY(const Bytes bytes, read_file(path, std::size_t{256} << 20));
  std::vector<std::vector<std::string>> rows;
  std::string_view text = as_text(bytes);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number == 1 || line.empty()) continue;
    std::vector<std::string> cells;
    for (std::size_t from = 0; from <= line.size();) {
      const auto comma = std::min(line.find(',', from), line.size());
      cells.emplace_back(line.substr(from, comma - from));
      from = comma + 1;
    }
    if (cells.size() < least) return Error::invalid(path, fmt::format("line {} has fewer than {} columns", number, least));
    rows.push_back(std::move(cells));
  }
  if (rows.empty()) return Error::invalid(path, "holds no lines below its header");
  return rows;
}

std::string cell(const std::vector<std::string>& row, std::size_t i) { return i < row.size() ? row[i] : std::string{}; }

Result<> publish(const accuracy::Report& report, const LabArgs& args, Cli& cli) {
  if (!args.html.empty()) AX_CHECK(write_file(args.html, as_bytes(accuracy::to_html(report.page))));
  cli.print(accuracy::to_text(report.page), report.json);
  return {};
}

/// The lab's print: the face at 24 pixels between the eyes (a portrait of 12 mm scanned at 100 dpi), gray, strongly
/// compressed.
Result<imaging::Image> print_of(const imaging::Image& image, float inter_eye) {
  imaging::Image gray = imaging::to_gray(image);
  const double scale = 24.0 / std::max(inter_eye, 1.0f);
  if (scale < 1) {
    const auto side = [scale](int n) { return std::max(1, static_cast<int>(std::lround(n * scale))); };
    gray = imaging::resize(gray, side(gray.width), side(gray.height));
  }
  AX_TRY(const Bytes jpeg, imaging::encode_jpeg(gray, 50));
  AX_TRY(auto decoded, imaging::decode(jpeg));
  return std::move(decoded.pages.front());
}

struct Embedded {
  std::optional<face::Embedding> reference, probe;
  bool found = false;
};

Result<Embedded> embed(const face::FaceEngine& engine, const std::string& path, const LabArgs& args) {
  const imaging::DecodeLimits limits{.max_bytes = std::size_t{50} << 20};
  AX_TRY(const Bytes bytes, read_file(path, limits.max_bytes));
  auto decoded = imaging::decode(bytes, limits);
  if (!decoded) return Error::invalid(path, "is no readable picture");
  const auto& image = decoded->pages.front();
  Embedded out;
  AX_TRY(auto full, engine.analyse(image, {.liveness = false, .surroundings = false}));
  out.found = full.chosen.has_value();
  out.probe = full.embedding;
  out.reference = std::move(full.embedding);
  if (out.found && args.probe) {
    AX_TRY(auto quick, engine.analyse(image, {.liveness = false, .mirrored = false, .surroundings = false}));
    out.probe = std::move(quick.embedding);
  }
  if (out.found && args.print) {
    AX_TRY(const auto print, print_of(image, full.quality.inter_eye_px));
    AX_TRY(auto portrait, engine.portrait(print));
    out.reference = std::move(portrait.embedding);
  }
  return out;
}

double similarity(const face::Embedding& a, const face::Embedding& b) {
  double dot = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) dot += static_cast<double>(a.values[i]) * b.values[i];
  return dot;
}

/// What the protection of templates costs and hides: each template under two fresh keys, several times over.
struct Protected {
  double eer = 0, eer_plain = 0, linkability = 0, linkability_plain = 0, linkability_one_key = 0, largest_change = 0;
  std::size_t mated = 0, non_mated = 0;
};

Result<Protected> measure_protection(const std::vector<const Embedded*>& pictures,
                                     const std::vector<std::tuple<std::size_t, std::size_t, bool>>& pairs) {
  constexpr int kKeys = 10;
  Protected out;
  const auto dot = [](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
  };
  std::vector<double> plain_same, plain_other, mated, non_mated;
  for (const auto& [a, b, same] : pairs)
    (same ? plain_same : plain_other).push_back(dot(pictures[a]->reference->values, pictures[b]->probe->values));
  if (plain_same.empty() || plain_other.empty()) return Error::invalid("pairs", "needs pairs of both kinds in which faces are found");
  for (int round = 0; round < kKeys; ++round) {
    std::array<std::uint8_t, 32> first{}, second{};
    random_bytes(first), random_bytes(second);
    const auto dimension = pictures.front()->reference->values.size();
    const face::TemplateProtection one{first, dimension}, two{second, dimension};
    std::vector<std::vector<float>> under_one, under_two;
    for (const auto* p : pictures) {
      under_one.push_back(one.protect(p->reference->values));
      under_two.push_back(two.protect(p->probe->values));
    }
    for (std::size_t i = 0; i < pictures.size(); ++i) mated.push_back(dot(under_one[i], under_two[i]));  // the very same picture
    std::vector<double> kept_same, kept_other;
    for (const auto& [a, b, same] : pairs) {
      (same ? mated : non_mated).push_back(dot(under_one[a], under_two[b]));
      const double kept = dot(under_one[a], one.protect(pictures[b]->probe->values));
      auto& list = same ? kept_same : kept_other;
      out.largest_change = std::max(out.largest_change, std::abs(kept - (same ? plain_same : plain_other)[list.size()]));
      list.push_back(kept);
    }
    out.eer += accuracy::Distribution{kept_same, kept_other}.equal_error().rate / kKeys;
    out.linkability_one_key += accuracy::linkability(kept_same, kept_other) / kKeys;
  }
  out.eer_plain = accuracy::Distribution{plain_same, plain_other}.equal_error().rate;
  out.linkability_plain = accuracy::linkability(plain_same, plain_other);
  out.linkability = accuracy::linkability(mated, non_mated);
  out.mated = mated.size(), out.non_mated = non_mated.size();
  return out;
}

Result<> write_calibration(const std::string& path, std::string_view model_id, const accuracy::Distribution& d) {
  json::array tail;
  for (int half = 2; half <= 12; ++half) {
    const auto threshold = d.threshold_at_fmr(std::pow(10, -half / 2.0));
    if (!threshold) break;
    tail.push_back(json::array{std::round(*threshold * 1e4) / 1e4, -half / 2.0});
  }
  if (tail.size() < 2) return Error::invalid("calibrate", "needs at least 500 impostor scores");
  const auto fit = accuracy::fit_logistic(d.genuine(), d.impostor());
  const json::object out{{"format", 1},
                         {"model", std::string{model_id.substr(0, model_id.find('@'))}},
                         {"genuine", d.genuine().size()},
                         {"impostor", d.impostor().size()},
                         {"tail", std::move(tail)},
                         {"logistic", {{"slope", fit.slope}, {"midpoint", fit.midpoint}}}};
  return write_file(path, as_bytes(json::serialize(out) + "\n"));
}

Result<> lab_face(const LabArgs& args, Cli& cli) {
  AX_TRY(const auto config, load_config({}));
  AX_TRY(const auto pack, find_face_models(config, args.models));
  face::EngineOptions options;
  if (!args.backend.empty()) options.load.backend = args.backend == "opencv" ? inference::Backend::opencv : inference::Backend::openvino;
  AX_TRY(const auto engine, face::FaceEngine::create(pack, options));
  AX_TRY(auto rows, read_csv(args.pairs, 3));
  if (args.limit != 0 && args.limit < rows.size()) {
    std::vector<std::vector<std::string>> some;  // evenly spread, so that both classes stay represented
    some.reserve(args.limit);
    for (std::size_t i = 0; i < args.limit; ++i) some.push_back(rows[i * rows.size() / args.limit]);
    rows = std::move(some);
  }
  const auto folder = fs::path{args.pairs}.parent_path();
  std::map<std::string, Embedded> pictures;
  for (const auto& row : rows) {
    if (row[2] != "0" && row[2] != "1") return Error::invalid(args.pairs, "the third column is not 0 or 1 everywhere");
    pictures[row[0]], pictures[row[1]];
  }
  std::vector<decltype(pictures)::value_type*> work;
  work.reserve(pictures.size());
  for (auto& entry : pictures) work.push_back(&entry);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  const auto started = std::chrono::steady_clock::now();
  {
    const auto worker = [&] {
      for (std::size_t i; (i = next++) < work.size();) {
        auto embedded = embed(*engine, (folder / work[i]->first).string(), args);
        std::lock_guard lock{mutex};
        if (!embedded) {
          failure = embedded.error();
          return;
        }
        work[i]->second = *std::move(embedded);
        cli.progress(i + 1, work.size(), "images");
      }
    };
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(worker);
  }
  if (failure) return *failure;
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();

  const auto person = [](const std::string& path) { return fs::path{path}.parent_path().string(); };
  const auto compared = [](const Embedded& a, const Embedded& b) {
    return a.reference && b.probe ? similarity(*a.reference, *b.probe) : -1.0;  // a face that was not found can't match
  };
  std::vector<accuracy::Score> scores;
  for (const auto& row : rows) {
    const bool same = row[2] == "1";
    const std::string a = person(row[0]);
    scores.push_back({compared(pictures[row[0]], pictures[row[1]]), same, cell(row, 3), a, same ? a : person(row[1])});
  }
  std::vector<double> cross;
  if (args.cross) {  // the folder names the person
    for (std::size_t i = 0; i < work.size(); ++i) {
      for (std::size_t j = i + 1; j < work.size(); ++j) {
        if (person(work[i]->first) == person(work[j]->first)) continue;
        if (work[i]->second.reference && work[j]->second.probe) cross.push_back(compared(work[i]->second, work[j]->second));
      }
    }
  }
  const auto genuine = std::ranges::count_if(scores, &accuracy::Score::genuine);
  if (genuine == 0 || genuine == std::ssize(scores)) return Error::invalid(args.pairs, "needs pairs of both kinds");
  auto report = accuracy::verification_report("Face verification", scores, cross);
  const auto found = std::ranges::count_if(work, [](const auto* entry) { return entry->second.found; });
  const auto per_image = ms / static_cast<double>(work.size());
  auto& facts = report.page.facts;
  facts.insert(facts.begin(), {{"pack", engine->pack_name()},
                               {"embedding", engine->embedding_model_id()},
                               {"pictures with a face", fmt::format("{} of {}", found, work.size())},
                               {"milliseconds a picture", fmt::format("{:.1f}", per_image)}});
  report.json["pack"] = engine->pack_name();
  report.json["model"] = engine->embedding_model_id();
  report.json["images"] = work.size();
  report.json["faces_found"] = found;
  report.json["pairs"] = scores.size();
  report.json["ms_per_image"] = per_image;
  if (args.protect) {
    std::vector<const Embedded*> pictured;
    std::map<std::string, std::size_t> place;
    for (const auto* entry : work)
      if (entry->second.reference && entry->second.probe) {
        place[entry->first] = pictured.size();
        pictured.push_back(&entry->second);
      }
    std::vector<std::tuple<std::size_t, std::size_t, bool>> pairs;
    for (const auto& row : rows)
      if (place.contains(row[0]) && place.contains(row[1])) pairs.emplace_back(place[row[0]], place[row[1]], row[2] == "1");
    AX_TRY(const auto p, measure_protection(pictured, pairs));
    report.json["protection"] = json::object{{"eer_plain", p.eer_plain},
                                             {"eer_protected", p.eer},
                                             {"largest_change", p.largest_change},
                                             {"linkability_plain", p.linkability_plain},
                                             {"linkability_one_key", p.linkability_one_key},
                                             {"linkability_two_keys", p.linkability},
                                             {"mated", p.mated},
                                             {"non_mated", p.non_mated}};
    facts.emplace_back("EER plain / protected", fmt::format("{:.3f} % / {:.3f} %", 100 * p.eer_plain, 100 * p.eer));
    facts.emplace_back("largest change of a similarity", fmt::format("{:.2g}", p.largest_change));
    facts.emplace_back("linkability D_sys plain / one key / two keys",
                       fmt::format("{:.3f} / {:.3f} / {:.3f}", p.linkability_plain, p.linkability_one_key, p.linkability));
    facts.emplace_back("comparisons across two keys", fmt::format("{} of one person, {} of two", p.mated, p.non_mated));
  }
  if (!args.scores_out.empty()) {
    std::string csv = "label,score,group,subject_a,subject_b\n";
    for (const auto& s : scores) csv += fmt::format("{:d},{:.6f},{},{},{}\n", s.genuine, s.value, s.group, s.subject_a, s.subject_b);
    AX_CHECK(write_file(args.scores_out, as_bytes(csv)));
  }
  if (!args.calibration_out.empty()) {
    const accuracy::Distribution listed{scores};
    AX_CHECK(write_calibration(args.calibration_out, engine->embedding_model_id(),
                               cross.empty() ? listed : accuracy::Distribution{listed.genuine(), cross}));
  }
  return publish(report, args, cli);
}

Result<double> number(const std::string& text, const std::string& path) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value))
    return Error::invalid(path, fmt::format("\"{}\" is no score", text.substr(0, 40)));
  return value;
}

Result<> lab_scores(const LabArgs& args, Cli& cli) {
  AX_TRY(const auto rows, read_csv(args.scores_in, 2));
  if (args.pad) {
    std::vector<accuracy::PadScore> scores;
    for (const auto& row : rows) {
      AX_TRY(const double value, number(row[1], args.scores_in));
      scores.push_back({value, row[0] == "bonafide" ? std::string{} : row[0]});
    }
    const auto live = std::ranges::count_if(scores, [](const auto& s) { return s.instrument.empty(); });
    if (live == 0 || live == std::ssize(scores)) return Error::invalid(args.scores_in, "needs lines of bonafide and of attack instruments");
    return publish(accuracy::pad_report("Presentation-attack detection", scores, args.threshold), args, cli);
  }
  std::vector<accuracy::Score> scores;
  for (const auto& row : rows) {
    if (row[0] != "0" && row[0] != "1") return Error::invalid(args.scores_in, "the first column is not 0 or 1 everywhere");
    AX_TRY(const double value, number(row[1], args.scores_in));
    scores.push_back({value, row[0] == "1", cell(row, 2), cell(row, 3), cell(row, 4)});
  }
  const auto genuine = std::ranges::count_if(scores, &accuracy::Score::genuine);
  if (genuine == 0 || genuine == std::ssize(scores)) return Error::invalid(args.scores_in, "needs scores of both kinds");
  return publish(accuracy::verification_report("Verification", scores), args, cli);
}

}  // namespace

void add_lab_commands(CLI::App& root, Cli& cli) {
  const auto args = std::make_shared<LabArgs>();
  const auto run = [args, &cli](auto function) {
    return [args, &cli, function] {
      if (const auto done = function(*args, cli); !done) cli.fail(done.error());
    };
  };
  auto* lab = root.add_subcommand("lab", "Measure accuracy on labelled data")->require_subcommand(1);
  auto* face = lab->add_subcommand("face", "Face verification: error rates with confidence intervals, curves, calibration");
  face->add_option("--pairs", args->pairs, "CSV with header a,b,same[,group]; paths relative to its folder, whose names are the persons")
      ->required();
  face->add_option("--limit", args->limit, "Use this many pairs only, evenly spread");
  face->add_flag("--cross", args->cross, "Score every pair of different folders as different persons");
  face->add_flag("--print", args->print, "Make the first picture of each pair a print: small, gray, compressed");
  face->add_flag("--probe", args->probe, "Embed the second picture without its mirror image, as POST /face/verify does");
  face->add_flag("--protect", args->protect, "Measure what the protection of templates costs (EER) and hides (linkability across keys)");
  face->add_option("--calibrate", args->calibration_out,
                   "Write the model's calibration to this file (calibration.json in the model folder)");
  face->add_option("--scores", args->scores_out, "Write the scores to this file, for `lab scores`");
  face->add_option("--html", args->html, "Write the report to this file");
  face->add_option("--models", args->models, "Folder of a model pack")->envname("FACE_MODEL_PATH");
  face->add_option("--backend", args->backend, "openvino or opencv")->check(CLI::IsMember({"openvino", "opencv"}));
  face->callback(run(&lab_face));

  auto* scores = lab->add_subcommand("scores", "The same report from scores of any engine, or one on presentation attacks");
  scores
      ->add_option(
          "--file", args->scores_in,
          "CSV with header label,score[,group[,subject_a,subject_b]], label 1: same; with --pad label,score, label bonafide or the "
          "attack's instrument. Higher scores speak for 1 and bonafide")
      ->required();
  scores->add_flag("--pad", args->pad, "Presentation attacks: APCER by instrument and BPCER");
  scores->add_option("--threshold", args->threshold, "With --pad: accepted at or above it")->capture_default_str();
  scores->add_option("--html", args->html, "Write the report to this file");
  scores->callback(run(&lab_scores));
}

}  // namespace authx::app
