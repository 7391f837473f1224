#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "app/cli.h"
#include "app/runtime.h"

namespace authx::app {

/// For commands that end sessions of a running server.
inline auth::SessionOptions session_options(const Config& config) {
  auth::SessionOptions options;
  options.access_lifetime = std::chrono::minutes{config.jwt_expire_minutes};
  return options;
}

/// A command that works on the storage of the configured server, which may be running. `config`, which must outlive it, is where
/// `--config` goes.
inline CLI::App* add_storage_command(CLI::App& parent, Cli& cli, const char* name, const char* help, std::string& config,
                                     std::function<Result<>(const Config&, Storage&)> action) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("--config", config, "TOML file (default: authx.toml when it exists)");
  command->callback([&cli, &config, action = std::move(action)] {
    auto loaded = load_config(config);
    if (!loaded) return cli.fail(loaded.error());
    auto storage = Storage::open(*loaded);
    if (!storage) return cli.fail(storage.error());
    if (auto done = action(*loaded, **storage); !done) cli.fail(done.error());
  });
  return command;
}

}  // namespace authx::app
