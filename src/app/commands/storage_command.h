#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <utility>

#include "app/cli.h"
#include "app/runtime.h"

namespace authx::app {

/// For commands that end sessions of a running server.
inline auth::SessionOptions session_options(const Config& config) {
  auth::SessionOptions options;
  options.access_lifetime = std::chrono::minutes{config.jwt_expire_minutes};
  return options;
}

template <class Options>
using StorageAction = std::function<Result<>(Cli&, const Config&, Storage&, const Options&)>;

/// A command that works on the storage of the configured server, which may be running. `Options` has `config`, the path of the TOML file.
template <class Options>
CLI::App* add_storage_command(CLI::App& parent, Cli& cli, const char* name, const char* help, const std::shared_ptr<Options>& options,
                              StorageAction<Options> action) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("--config", options->config, "TOML file (default: authx.toml when it exists)");
  command->callback([&cli, options, action = std::move(action)] {
    auto config = load_config(options->config);
    if (!config) return cli.fail(config.error());
    auto storage = Storage::open(*config);
    if (!storage) return cli.fail(storage.error());
    if (auto done = action(cli, *config, **storage, *options); !done) cli.fail(done.error());
  });
  return command;
}

}  // namespace authx::app
