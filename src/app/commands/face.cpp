#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "app/commands.h"
#include "app/face_models.h"
#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "imaging/image.h"

namespace authx::app {
namespace {

Result<imaging::Image> read_image(const std::string& path) {
  const imaging::DecodeLimits limits{.max_bytes = std::size_t{50} << 20};
  AX_TRY(const Bytes bytes, read_file(path, limits.max_bytes));
  auto decoded = imaging::decode(bytes, limits);
  if (!decoded) {
    Error error = std::move(decoded).error();
    error.detail = path + (error.detail.empty() ? "" : ": " + error.detail);
    return error;
  }
  return std::move(decoded->pages.front());
}

json::array point_json(const face::FivePoints& points) {
  json::array out;
  for (const auto& p : points) out.push_back(json::array{p.x, p.y});
  return out;
}

json::object face_json(const face::DetectedFace& f) {
  return {{"score", f.score}, {"box", json::array{f.box.x, f.box.y, f.box.width, f.box.height}}, {"points", point_json(f.points)}};
}

json::object analysis_json(const face::Analysis& a) {
  json::object out{{"faces", a.faces.size()}, {"quarter_turns", a.quarter_turns}};
  if (a.chosen) out["face"] = face_json(a.faces[*a.chosen]);
  out["pose"] = {{"yaw", a.geometry.pose.yaw}, {"pitch", a.geometry.pose.pitch}, {"roll", a.geometry.pose.roll}};
  out["eye_openness"] = a.geometry.eye_openness;
  const auto& q = a.quality;
  json::array issues;
  for (const auto issue : q.issues) issues.push_back(json::value{{"code", face::to_string(issue)}, {"advice", face::advice(issue)}});
  out["quality"] = {{"score", q.score},
                    {"acceptable", q.acceptable},
                    {"sharpness", q.sharpness},
                    {"exposure", q.exposure},
                    {"contrast", q.contrast},
                    {"evenness", q.evenness},
                    {"resolution", q.resolution},
                    {"frontality", q.frontality},
                    {"inter_eye_px", q.inter_eye_px},
                    {"issues", issues}};
  json::object cues;
  for (const auto& cue : a.liveness.cues) cues[cue.name] = cue.value;
  out["liveness"] = {{"available", a.liveness.available},
                     {"score", a.liveness.score ? json::value(*a.liveness.score) : json::value(nullptr)},
                     {"method", a.liveness.method},
                     {"cues", cues}};
  return out;
}

std::string issues_text(const face::Quality& q) {
  std::string out;
  for (const auto issue : q.issues) out += fmt::format("{}{}", out.empty() ? "" : ", ", face::to_string(issue));
  return out.empty() ? "none" : out;
}

struct FaceArgs {
  std::string models, a, b, pairs, backend;
  double fmr = face::kDocumentToLiveFmr;
  bool document = false, cross = false, calibrate = false;
  std::size_t limit = 0;
};

Result<std::shared_ptr<const face::FaceEngine>> engine_for(const FaceArgs& args) {
  AX_TRY(const auto config, load_config({}));
  AX_TRY(const auto pack, find_face_models(config, args.models));
  face::EngineOptions options;
  if (!args.backend.empty()) options.load.backend = args.backend == "opencv" ? inference::Backend::opencv : inference::Backend::openvino;
  return face::FaceEngine::create(pack, options);
}

Result<> compare(const FaceArgs& args, Cli& cli) {
  AX_TRY(const auto engine, engine_for(args));
  AX_TRY(const auto image_a, read_image(args.a));
  AX_TRY(const auto image_b, read_image(args.b));
  const auto started = std::chrono::steady_clock::now();
  AX_TRY(const auto a, args.document ? engine->portrait(image_a) : engine->analyse(image_a));
  AX_TRY(const auto b, engine->analyse(image_b));
  for (const auto& [analysis, path] : {std::pair{&a, &args.a}, std::pair{&b, &args.b}}) {
    if (!analysis->embedding) return Error::invalid(*path, "shows no face");
  }
  AX_TRY(const auto c, engine->compare(*a.embedding, *b.embedding, args.fmr));
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  cli.exit = c.match ? Exit::ok : Exit::negative;
  cli.print(
      fmt::format("{} (confidence {})\n  similarity {:.4f}, threshold {:.4f} at FMR {:g}\n  probability of the same person {:.4f}, "
                  "FMR at this score {:.2g}\n  quality {:.2f} / {:.2f}, issues: {} / {}\n  model {}, {:.1f} ms",
                  c.match ? "match" : "no match", face::to_string(c.confidence), c.similarity, c.threshold, args.fmr, c.probability, c.fmr,
                  a.quality.score, b.quality.score, issues_text(a.quality), issues_text(b.quality), engine->embedding_model_id(), ms),
      {{"match", c.match},
       {"similarity", c.similarity},
       {"threshold", c.threshold},
       {"target_fmr", args.fmr},
       {"probability", c.probability},
       {"fmr", c.fmr},
       {"confidence_level", face::to_string(c.confidence)},
       {"model", engine->embedding_model_id()},
       {"milliseconds", ms},
       {"a", analysis_json(a)},
       {"b", analysis_json(b)}});
  return {};
}

Result<> detect(const FaceArgs& args, Cli& cli) {
  AX_TRY(const auto engine, engine_for(args));
  AX_TRY(const auto image, read_image(args.a));
  AX_TRY(const auto faces, engine->detect(image));
  AX_TRY(const auto analysis, args.document ? engine->portrait(image) : engine->analyse(image));
  std::string human = fmt::format("{} face{}", faces.size(), faces.size() == 1 ? "" : "s");
  json::array list;
  for (const auto& f : faces) {
    human += fmt::format("\n  score {:.3f}  box {:.0f},{:.0f} {:.0f}x{:.0f}", f.score, f.box.x, f.box.y, f.box.width, f.box.height);
    list.push_back(face_json(f));
  }
  if (analysis.chosen) {
    const auto& pose = analysis.geometry.pose;
    human += fmt::format(
        "\nmain face: quality {:.2f}, issues: {}\n  yaw {:.0f}, pitch {:.0f}, roll {:.0f} degrees; eyes {:.2f}\n  liveness {} ({})",
        analysis.quality.score, issues_text(analysis.quality), pose.yaw, pose.pitch, pose.roll, analysis.geometry.eye_openness,
        analysis.liveness.score ? fmt::format("{:.2f}", *analysis.liveness.score) : "not available", analysis.liveness.method);
  }
  cli.exit = faces.empty() ? Exit::negative : Exit::ok;
  cli.print(human, {{"faces", list}, {"main", analysis_json(analysis)}, {"model_pack", engine->pack_name()}});
  return {};
}

struct Pair {
  std::string a, b;
  bool same = false;
};

Result<std::vector<Pair>> read_pairs(const std::string& path) {
  AX_TRY(const Bytes bytes, read_file(path, std::size_t{64} << 20));
  std::vector<Pair> pairs;
  std::string_view text = as_text(bytes);
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number == 1 || line.empty()) continue;
    const auto first = line.find(','), second = line.find(',', first + 1);
    const auto last = second == line.npos ? line : line.substr(second + 1);
    if (second == line.npos || (last != "0" && last != "1"))
      return Error::invalid(path, fmt::format("line {} is not a,b,0|1", line_number));
    pairs.push_back({std::string{line.substr(0, first)}, std::string{line.substr(first + 1, second - first - 1)}, last == "1"});
  }
  if (pairs.empty()) return Error::invalid(path, "holds no pairs");
  return pairs;
}

double similarity(const face::Embedding& a, const face::Embedding& b) {
  double dot = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) dot += static_cast<double>(a.values[i]) * b.values[i];
  return dot;
}

/// The error rate where false matches and false non-matches are equally frequent.
std::pair<double, double> equal_error(std::vector<double> same, std::vector<double> other) {
  std::ranges::sort(same);
  std::ranges::sort(other);
  double best = 1, rate = 1, at = 0;
  for (const double t : same) {
    const double fnmr = static_cast<double>(std::ranges::lower_bound(same, t) - same.begin()) / static_cast<double>(same.size());
    const double fmr = static_cast<double>(other.end() - std::ranges::lower_bound(other, t)) / static_cast<double>(other.size());
    if (std::abs(fnmr - fmr) < best) best = std::abs(fnmr - fmr), rate = (fnmr + fmr) / 2, at = t;
  }
  return {rate, at};
}

/// Logistic regression of one variable, both classes weighing the same, with a slight pull towards a flat curve
/// (separable data has no finite optimum). The loss is convex: damped Newton steps, from standardised scores.
std::pair<double, double> fit_logistic(const std::vector<double>& same, const std::vector<double>& other) {
  const auto mean = [](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size()); };
  const double middle = (mean(same) + mean(other)) / 2, unit = std::max(mean(same) - mean(other), 1e-6);
  constexpr double kRidge = 1e-4;
  const auto loss = [&](double slope, double bias) {
    const auto part = [&](const std::vector<double>& scores, double sign) {
      double sum = 0;
      for (const double s : scores) sum += std::log1p(std::exp(std::min(-sign * (slope * (s - middle) / unit + bias), 500.0)));
      return sum / static_cast<double>(scores.size());
    };
    return part(same, 1) + part(other, -1) + kRidge * (slope * slope + bias * bias);
  };
  double slope = 1, bias = 0, current = loss(slope, bias);
  for (int step = 0; step < 40; ++step) {
    double g0 = -2 * kRidge * bias, g1 = -2 * kRidge * slope, h00 = 2 * kRidge, h01 = 0, h11 = 2 * kRidge;
    const auto add = [&](const std::vector<double>& scores, double label) {
      const double w = 1.0 / static_cast<double>(scores.size());
      for (const double s : scores) {
        const double x = (s - middle) / unit, p = 1 / (1 + std::exp(-(slope * x + bias))), d = w * (label - p), v = w * p * (1 - p);
        g0 += d, g1 += d * x, h00 += v, h01 += v * x, h11 += v * x * x;
      }
    };
    add(same, 1);
    add(other, 0);
    const double det = h00 * h11 - h01 * h01, d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
    double pace = 1;
    while (pace > 1e-6 && !(loss(slope + pace * d1, bias + pace * d0) <= current)) pace /= 2;
    slope += pace * d1, bias += pace * d0;
    const double reached = loss(slope, bias);
    if (current - reached < 1e-10) break;
    current = reached;
  }
  return {slope / unit, middle - bias * unit / slope};
}

Result<> lab(const FaceArgs& args, Cli& cli) {
  AX_TRY(const auto engine, engine_for(args));
  AX_TRY(auto pairs, read_pairs(args.pairs));
  if (args.limit != 0 && args.limit < pairs.size()) {
    std::vector<Pair> some;  // evenly spread, so that both classes stay represented
    for (std::size_t i = 0; i < args.limit; ++i) some.push_back(pairs[i * pairs.size() / args.limit]);
    pairs = std::move(some);
  }
  const auto folder = std::filesystem::path{args.pairs}.parent_path();
  std::map<std::string, std::optional<face::Embedding>> embeddings;
  for (const auto& p : pairs) embeddings[p.a], embeddings[p.b];
  std::vector<decltype(embeddings)::value_type*> work;
  for (auto& entry : embeddings) work.push_back(&entry);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  std::size_t found = 0;
  const auto started = std::chrono::steady_clock::now();
  const auto worker = [&] {
    for (std::size_t i; (i = next++) < work.size();) {
      const auto image = read_image((folder / work[i]->first).string());
      auto analysis = image ? engine->analyse(*image, {.liveness = false}) : Result<face::Analysis>{image.error()};
      std::lock_guard lock{mutex};
      if (!analysis) {
        failure = analysis.error();
        return;
      }
      found += analysis->chosen ? 1 : 0;
      work[i]->second = std::move(analysis->embedding);
      cli.progress(i + 1, work.size(), "images");
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(worker);
  }
  if (failure) return *failure;
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  std::vector<double> same, other, cross;
  for (const auto& p : pairs) {
    const auto &a = embeddings[p.a], &b = embeddings[p.b];
    (p.same ? same : other).push_back(a && b ? similarity(*a, *b) : -1.0);  // a face that was not found can't match
  }
  if (same.empty() || other.empty()) return Error::invalid(args.pairs, "needs pairs of both kinds");
  if (args.cross) {  // the folder names the person
    for (std::size_t i = 0; i < work.size(); ++i) {
      for (std::size_t j = i + 1; j < work.size(); ++j) {
        const auto person = [](const std::string& path) { return std::filesystem::path{path}.parent_path().string(); };
        if (!work[i]->second || !work[j]->second || person(work[i]->first) == person(work[j]->first)) continue;
        cross.push_back(similarity(*work[i]->second, *work[j]->second));
      }
    }
  }
  const auto [eer, at] = equal_error(same, other);
  auto& impostors = cross.empty() ? other : cross;
  std::ranges::sort(impostors);
  std::string human = fmt::format(
      "{}, {}\n{} images, face found in {}; {} pairs of the same person, {} of different persons, {:.1f} ms an image\nEER {:.2f} % at "
      "similarity {:.4f}",
      engine->pack_name(), engine->embedding_model_id(), work.size(), found, same.size(), impostors.size(),
      ms / static_cast<double>(work.size()), eer * 100, at);
  json::array rates;
  std::string table;
  for (double log10 = -1; log10 >= -6; log10 -= 0.5) {
    const double fmr = std::pow(10, log10), expected = fmr * static_cast<double>(impostors.size());
    if (expected < 5) break;  // fewer false matches than that say nothing
    const double threshold = impostors[impostors.size() - 1 - static_cast<std::size_t>(expected)];
    const auto accepted = std::ranges::count_if(same, [&](double s) { return s > threshold; });
    const double tar = static_cast<double>(accepted) / static_cast<double>(same.size());
    human += fmt::format("\nTAR {:6.2f} % at FMR {:.1g} (similarity {:.4f})", tar * 100, fmr, threshold);
    rates.push_back(json::value{{"fmr", fmr}, {"tar", tar}, {"similarity", threshold}});
    table += fmt::format("{}{{{:.4f}, {:.1f}}}", table.empty() ? "" : ", ", threshold, log10);
  }
  json::value report{{"pack", engine->pack_name()},
                     {"model", engine->embedding_model_id()},
                     {"images", work.size()},
                     {"faces_found", found},
                     {"pairs", pairs.size()},
                     {"eer", eer},
                     {"tar", rates},
                     {"ms_per_image", ms / static_cast<double>(work.size())}};
  if (args.calibrate) {
    const auto [slope, midpoint] = fit_logistic(same, impostors);
    human += fmt::format("\ntail {{{}}}\nlogistic slope {:.2f}, midpoint {:.4f}", table, slope, midpoint);
    report.as_object()["logistic"] = {{"slope", slope}, {"midpoint", midpoint}};
  }
  cli.print(human, report);
  return {};
}

}  // namespace

void add_face_commands(CLI::App& root, Cli& cli) {
  const auto args = std::make_shared<FaceArgs>();
  const auto common = [args](CLI::App* command) {
    command->add_option("--models", args->models, "Folder of a model pack")->envname("FACE_MODEL_PATH");
    command->add_option("--backend", args->backend, "openvino or opencv")->check(CLI::IsMember({"openvino", "opencv"}));
  };
  const auto run = [args, &cli](auto function) {
    return [args, &cli, function] {
      if (const auto done = function(*args, cli); !done) cli.fail(done.error());
    };
  };
  auto* face = root.add_subcommand("face", "Detect and compare faces")->require_subcommand(1);
  auto* compare_command = face->add_subcommand("compare", "Compare the main faces of two images; exit code 0: match, 1: no match");
  compare_command->add_option("A", args->a, "First image")->required();
  compare_command->add_option("B", args->b, "Second image")->required();
  compare_command->add_option("--fmr", args->fmr, "False-match rate that the threshold is set for")
      ->check(CLI::Range(1e-7, 0.1))
      ->capture_default_str();
  compare_command->add_flag("--document", args->document, "The first image is a document: look for its portrait");
  common(compare_command);
  compare_command->callback(run(&compare));
  auto* detect_command = face->add_subcommand("detect", "List the faces in an image and describe the main one; exit code 1: none");
  detect_command->add_option("FILE", args->a, "Image")->required();
  detect_command->add_flag("--document", args->document, "The image is a document: look for its portrait");
  common(detect_command);
  detect_command->callback(run(&detect));

  auto* lab_command = root.add_subcommand("lab", "Measure accuracy on labelled data")->require_subcommand(1);
  auto* lab_face = lab_command->add_subcommand("face", "Verification accuracy: EER and TAR at false-match rates");
  lab_face->add_option("--pairs", args->pairs, "CSV with header a,b,same; paths relative to its folder")->required();
  lab_face->add_option("--limit", args->limit, "Use this many pairs only, evenly spread");
  lab_face->add_flag("--cross", args->cross, "Score every pair of different folders as different persons");
  lab_face->add_flag("--calibrate", args->calibrate, "Print the model's calibration table");
  common(lab_face);
  lab_face->callback(run(&lab));
}

}  // namespace authx::app
