#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>

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
  out["mouth_openness"] = a.geometry.mouth_openness;
  json::array landmarks;
  for (const auto& p : a.geometry.landmarks) landmarks.push_back(json::array{p.x, p.y, p.z});
  out["landmarks"] = std::move(landmarks);
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
                    {"openness", q.openness},
                    {"expression", q.expression},
                    {"background", q.background},
                    {"compression", q.compression},
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
  std::string models, a, b, backend;
  std::optional<double> fmr;
  bool document = false, search = false;
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
  const auto use = args.document ? face::Use::document_to_live : args.search ? face::Use::search : face::Use::live_to_live;
  const double target = args.fmr.value_or(face::target_fmr(use));
  AX_TRY(const auto c, engine->compare(*a.embedding, *b.embedding, use, target));
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  cli.exit = c.match ? Exit::ok : Exit::negative;
  cli.print(
      fmt::format("{} (confidence {})\n  similarity {:.4f}, threshold {:.4f} at FMR {:g} ({})\n  probability of the same person {:.4f}, "
                  "likelihood ratio {:.3g}, FMR at this score {:.2g}\n  quality {:.2f} / {:.2f}, issues: {} / {}\n  model {}, {:.1f} ms",
                  c.match ? "match" : "no match", face::to_string(c.confidence), c.similarity, c.threshold, target, face::to_string(use),
                  c.probability, c.likelihood_ratio, c.fmr, a.quality.score, b.quality.score, issues_text(a.quality),
                  issues_text(b.quality), engine->embedding_model_id(), ms),
      {{"match", c.match},
       {"similarity", c.similarity},
       {"threshold", c.threshold},
       {"target_fmr", target},
       {"use", face::to_string(use)},
       {"likelihood_ratio", c.likelihood_ratio},
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
  compare_command->add_option("--fmr", args->fmr, "False-match rate that the threshold is set for (1e-4; 1e-6 with --search)")
      ->check(CLI::Range(1e-7, 0.1));
  compare_command->add_flag("--search", args->search, "The comparison is one of many against enrolled people");
  compare_command->add_flag("--document", args->document, "The first image is a document: look for its portrait");
  common(compare_command);
  compare_command->callback(run(&compare));
  auto* detect_command = face->add_subcommand("detect", "List the faces in an image and describe the main one; exit code 1: none");
  detect_command->add_option("FILE", args->a, "Image")->required();
  detect_command->add_flag("--document", args->document, "The image is a document: look for its portrait");
  common(detect_command);
  detect_command->callback(run(&detect));
}

}  // namespace authx::app
