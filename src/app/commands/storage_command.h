#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <utility>

#include "app/cli.h"
#include "app/runtime.h"
#include "services/oauth/logouts.h"

namespace authx::app {

/// For commands that end sessions: running servers learn of it, and tell clients that want to know.
class OperatorSessions {
 public:
  OperatorSessions(const Config& config, Storage& s)
      : queue_(*s.database, s.clock, {}), sessions_(*s.database, s.clock, *s.keyring, *s.audit, options(config)) {
    sessions_.on_end([this, &clock = s.clock](db::Tx& tx, const Uuid& session, const Uuid& user, std::string_view client_id) {
      return oauth::announce_end(tx, queue_, clock.now(), session, user, client_id);
    });
  }
  auth::Sessions& operator*() noexcept { return sessions_; }

 private:
  static auth::SessionOptions options(const Config& config) {
    auth::SessionOptions out;
    out.access_lifetime = std::chrono::minutes{config.jwt_expire_minutes};
    return out;
  }

  jobs::Queue queue_;
  auth::Sessions sessions_;
};

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
