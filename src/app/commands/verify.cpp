#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "app/commands.h"
#include "app/runtime.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "engines/decision/decision.h"
#include "engines/document/reader.h"
#include "imaging/decode.h"
#include "services/documents/document_json.h"

namespace authx::app {
namespace {

struct Options {
  std::string document, back, selfie, type = "other", name, dob, config;
};

struct Picture {
  Bytes file;
  imaging::Image image;
};

Result<Picture> load(const std::string& path, std::string& digest) {
  Picture out;
  AX_TRY(out.file, read_file(path, std::size_t{10} << 20));
  digest = hex_encode(crypto::sha256(out.file));
  auto decoded = imaging::decode(out.file);
  if (!decoded) {
    auto error = std::move(decoded).error();
    for (auto& fault : error.faults) fault.field = path;
    return error;
  }
  out.image = std::move(decoded->pages.front());
  return out;
}

Result<> run(Cli& cli, const Options& o) {
  AX_TRY(const auto config, load_config(o.config));
  const auto type = document::parse_declared_type(o.type);
  if (!type) return Error::invalid("--type", "unknown document type");
  AX_TRY(const auto engine, load_face_engine(config));
  AX_TRY(const auto trust, load_trust(config));
  decision::Inputs inputs;
  decision::DocumentFacts facts;
  AX_TRY(const auto front, load(o.document, facts.image_sha256));
  std::optional<Picture> back;
  std::string back_digest;
  if (!o.back.empty()) {
    AX_TRY(back, load(o.back, back_digest));
  }
  cli.progress(1, 3, "reading the document");
  document::ReadOptions options;
  options.declared = *type;
  options.today = date_of(SystemClock{}.now());
  options.front_file = front.file;
  if (back) options.back_file = back->file;
  options.trust = trust.get();
  AX_TRY(const auto reading,
         document::read(front.image, back ? &back->image : nullptr, options, Deadline::after(std::chrono::seconds{60})));
  const auto grade = documents::grade(reading);
  const auto shown = documents::reading_json(reading, grade);
  facts.type = document::to_string(reading.type);
  facts.accepted = grade.accepted;
  facts.forged_or_invalid = grade.invalid;
  facts.expired = grade.expired;
  facts.confidence = reading.confidence;
  facts.name = reading.name;
  facts.dob = get_text(shown, "dob");
  facts.reasons = grade.reasons;
  facts.assurance = document::to_string(reading.assurance);
  facts.signature_invalid =
      std::ranges::any_of(reading.evidence, [](const auto& e) { return e.state == document::EvidenceState::signature_invalid; });
  for (const auto& f : reading.findings)
    if (f.kind == document::CheckKind::authenticity && f.outcome == document::Outcome::failed && f.weight != document::Weight::note)
      facts.doubts.push_back(f.id);
  cli.progress(2, 3, "comparing the faces");
  auto& face = inputs.face;
  AX_TRY(const auto selfie, load(o.selfie, face.image_sha256));
  AX_TRY(const auto live, engine->analyse(selfie.image));
  face.captured = true;
  face.accepted = live.quality.acceptable && live.embedding.has_value();
  face.liveness_model = live.liveness.available;
  face.liveness = live.liveness.score;
  face.liveness_method = live.liveness.method;
  face.model_id = engine->embedding_model_id();
  for (const auto& page : reading.pages) {
    AX_TRY(const auto portrait, engine->portrait(page.rectified));
    if (!portrait.embedding) continue;
    face.portrait_found = true;
    if (!face.accepted) break;
    AX_TRY(const auto compared, engine->compare(*live.embedding, *portrait.embedding));
    face.similarity = compared.similarity;
    face.threshold = compared.threshold;
    face.fmr = compared.fmr;
    face.probability = compared.probability;
    face.match = compared.match;
    break;
  }
  // Without an account to compare with, the document's own name and birth date stand for it.
  inputs.account_name = o.name.empty() ? facts.name : o.name;
  if (!o.dob.empty())
    inputs.account_dob = o.dob;
  else
    inputs.account_dob = facts.dob;
  inputs.documents.push_back(facts);
  decision::Policy policy;
  policy.liveness = decision::parse_liveness_policy(config.liveness_policy).value_or(decision::LivenessPolicy::basic);
  const auto verdict = decision::decide(inputs, policy);
  cli.progress(3, 3, "done");
  std::string text =
      fmt::format("{}  (confidence {:.2f}, face match {:.4f} at similarity {:.3f}, threshold {:.3f})\n",
                  decision::to_string(verdict.outcome), verdict.confidence, face.probability, face.similarity, face.threshold);
  for (const auto& reason : verdict.reasons) text += fmt::format("  [{}] {}\n", reason.severity, reason.message);
  for (const auto& reason : grade.reasons) text += fmt::format("  document: {}\n", reason);
  for (const auto issue : live.quality.issues) text += fmt::format("  selfie: {}\n", face::advice(issue));
  if (verdict.outcome != decision::Outcome::approved) cli.exit = Exit::negative;
  auto machine = decision::to_json(verdict);
  machine["document"] = shown;
  machine["inputs"] = decision::to_json(inputs);
  cli.print(text, machine);
  return {};
}

}  // namespace

void add_verify_commands(CLI::App& root, Cli& cli) {
  auto* command = root.add_subcommand(
      "verify", "Verify a person from pictures: read the document, compare the faces, decide. Exit code 1 unless approved");
  const auto o = std::make_shared<Options>();
  command->add_option("--document", o->document, "Picture of the document's front")->required();
  command->add_option("--back", o->back, "Picture of its back");
  command->add_option("--selfie", o->selfie, "Picture of the person")->required();
  command->add_option("--type", o->type, "aadhaar, pan, passport, driving_license, voter_id or other")->capture_default_str();
  command->add_option("--name", o->name, "Name to compare with the document's");
  command->add_option("--dob", o->dob, "Birth date to compare, YYYY-MM-DD");
  command->add_option("--config", o->config, "TOML file");
  command->callback([&cli, o] {
    if (auto done = run(cli, *o); !done) cli.fail(done.error());
  });
}

}  // namespace authx::app
