#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <memory>

#include "app/commands.h"
#include "app/face_models.h"
#include "app/processes.h"
#include "app/runtime.h"
#include "services/faces/renewal.h"
#include "services/organizations/organizations.h"

namespace authx::app {
namespace {

Result<> list_or_verify(const std::string& path, bool verify, Cli& cli) {
  AX_TRY(const auto config, load_config({}));
  AX_TRY(const auto pack, find_face_models(config, path));
  const auto backend = inference::openvino_available() ? inference::Backend::openvino : inference::Backend::opencv;
  std::string human =
      fmt::format("pack {} in {}, backend {} {}", pack.name, pack.folder, to_string(backend), inference::openvino_version());
  if (!pack.notice.empty()) human += "\n" + pack.notice;
  json::array models;
  bool good = true;
  for (const auto& m : pack.models) {
    json::object entry{
        {"id", m.id},         {"role", m.role},     {"pack", m.pack}, {"licence", m.licence},         {"commercial_use", m.commercial_use},
        {"sha256", m.sha256}, {"source", m.source}, {"path", m.path}, {"backend", to_string(backend)}};
    human += fmt::format("\n\n{}  ({})\n  licence  {}\n  source   {}\n  sha256   {}\n  path     {}", m.id, m.role, m.licence, m.source,
                         m.sha256, m.path);
    if (verify) {
      const auto loaded = inference::Model::load(m);
      good = good && loaded.has_value();
      entry["verified"] = loaded.has_value();
      std::string reason;
      if (!loaded) {
        reason = loaded.error().detail;
        entry["reason"] = reason;
      }
      human += loaded ? "\n  verified: hash, contract and self-test" : "\n  REFUSED: " + reason;
    }
    models.push_back(std::move(entry));
  }
  cli.exit = good ? Exit::ok : Exit::negative;
  cli.print(human, {{"pack", pack.name},
                    {"folder", pack.folder},
                    {"notice", pack.notice},
                    {"backend", to_string(backend)},
                    {"openvino_version", inference::openvino_version()},
                    {"models", models}});
  return {};
}

Result<> reload(Cli& cli) {
  AX_TRY(const auto config, load_config({}));
  AX_TRY(const int reached, signal_running(config.data_dir, SIGHUP));
  if (reached == 0) return Error{Errc::not_found, "no process serves or works with this data folder"};
  cli.print(fmt::format("{} told to load the face models anew; the log says how it went", reached), {{"processes", reached}});
  return {};
}

/// Another key for stored templates; the running server maps them anew and then destroys the old key.
Result<> revoke_key(Cli& cli, const std::string& organization) {
  AX_TRY(const auto config, load_config({}));
  AX_TRY(const auto storage, Storage::open(config));
  AX_CHECK(db::migrate(*storage->database));
  AX_TRY(const auto tenant, organizations::resolve(*storage->database, organization));
  jobs::Queue queue{*storage->database, storage->clock, {}};
  AX_TRY(const auto version,
         faces::revoke_template_key(*storage->database, *storage->keyring, storage->clock, *storage->audit, queue, tenant));
  cli.print(fmt::format("template key {} is in use; templates are renewed in the background", version), {{"version", version}});
  return {};
}

}  // namespace

void add_models_commands(CLI::App& root, Cli& cli) {
  auto* models = root.add_subcommand("models", "Face models: what is installed and under which licence")->require_subcommand(1);
  for (const bool verify : {false, true}) {
    auto* command = models->add_subcommand(verify ? "verify" : "list",
                                           verify ? "Load every model: hash, contract and self-test; exit code 1 when one is refused"
                                                  : "List the models with id, licence, SHA-256, source and path");
    const auto path = std::make_shared<std::string>();
    command->add_option("--models", *path, "Folder of a model pack")->envname("FACE_MODEL_PATH");
    command->callback([path, verify, &cli] {
      if (const auto done = list_or_verify(*path, verify, cli); !done) cli.fail(done.error());
    });
  }
  models->add_subcommand("reload", "Make the running processes load the configured pack anew, without a pause")->callback([&cli] {
    if (const auto done = reload(cli); !done) cli.fail(done.error());
  });
  const auto organization = std::make_shared<std::string>("default");
  auto* revoke = models->add_subcommand("revoke-key", "Replace the key that an organisation's stored face templates are protected with");
  revoke->add_option("--organization", *organization, "Its slug")->capture_default_str();
  revoke->callback([&cli, organization] {
    if (const auto done = revoke_key(cli, *organization); !done) cli.fail(done.error());
  });
}

}  // namespace authx::app
