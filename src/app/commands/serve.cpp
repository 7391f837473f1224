#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <memory>
#include <thread>

#include "app/commands.h"
#include "app/memory.h"
#include "app/processes.h"
#include "app/runtime.h"
#include "app/sweep.h"
#include "app/version.h"
#include "http/server.h"
#include "services/documents/documents_api.h"
#include "services/verifications/verifications_api.h"
#include "telemetry/log.h"

namespace authx::app {
namespace {

void configure_log(const Config& config) {
  const auto level = config.log_level == "DEBUG"     ? log::Level::debug
                     : config.log_level == "WARNING" ? log::Level::warning
                     : config.log_level == "ERROR"   ? log::Level::error
                                                     : log::Level::info;
  log::configure(level, config.log_format == "json");
}

/// One malloc heap a core instead of eight: what one thread frees serves the others, so that a loaded server stays smaller.
void limit_heaps() { ::mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency()))); }

/// Waits for SIGINT or SIGTERM on a thread of its own, and reloads the face models on SIGHUP; meanwhile writes an audit checkpoint every
/// minute and sweeps orphaned objects every hour, and starts what recurs.
class Signals {
 public:
  /// Before any other thread starts, so that all of them leave the signals to this one.
  static void block() {
    ::sigset_t set = wanted();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  Signals(Runtime& runtime, std::function<void()> stop)
      : thread_([&runtime, stop = std::move(stop)] {
          const ::sigset_t set = wanted();
          int minutes = 0;
          while (true) {
            const ::timespec minute{60, 0};
            const int signal = ::sigtimedwait(&set, nullptr, &minute);
            if (signal == SIGINT || signal == SIGTERM) break;
            if (signal == SIGUSR1) return;
            if (signal == SIGHUP) {
              reload(runtime);
              continue;
            }
            checkpoint(runtime);
            if (auto done = runtime.api_keys->note_uses(); !done) log::warning("api_key_uses_lost", {{"detail", done.error().detail}});
            if (runtime.serves("auth"))
              if (auto done = runtime.oauth->sweep(); !done) log::warning("oauth_sweep_failed", {{"detail", done.error().detail}});
            if (runtime.serves("auth"))
              if (auto done = runtime.federation->sweep(); !done)
                log::warning("federation_sweep_failed", {{"detail", done.error().detail}});
            if (runtime.documents && runtime.serves("documents"))
              if (auto done = runtime.documents->schedule(); !done) log::warning("schedule_failed", {{"detail", done.error().detail}});
            if (runtime.biometrics && runtime.serves("biometrics"))
              if (auto done = runtime.biometrics->schedule(); !done) log::warning("schedule_failed", {{"detail", done.error().detail}});
            if (minutes++ % 60 == 0) sweep(runtime);
          }
          log::info("stopping");
          stop();
        }) {}
  ~Signals() {
    if (thread_.joinable()) {
      ::pthread_kill(thread_.native_handle(), SIGUSR1);
      thread_.join();
    }
  }
  static void checkpoint(Runtime& runtime) {
    if (auto done = runtime.storage->audit->checkpoint(*runtime.storage->database, runtime.storage->checkpoint_file); !done)
      log::warning("audit_checkpoint_failed", {{"detail", done.error().detail}});
  }

 private:
  static void sweep(Runtime& runtime) {
    if (auto done = runtime.auth->sweep(); !done) log::warning("auth_sweep_failed", {{"detail", done.error().detail}});
    const auto removed = sweep_orphans(*runtime.storage->database, *runtime.blobs, runtime.storage->clock.now());
    if (!removed)
      log::warning("orphan_sweep_failed", {{"detail", removed.error().detail}});
    else if (*removed > 0)
      log::info("orphans_removed", {{"count", *removed}});
  }
  static void reload(Runtime& runtime) {
    if (!runtime.models) return;
    if (auto done = runtime.models->reload(); !done) log::warning("face_models_not_reloaded", {{"detail", done.error().detail}});
  }
  static ::sigset_t wanted() {
    ::sigset_t set;
    ::sigemptyset(&set);
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::sigaddset(&set, s);
    return set;
  }
  std::thread thread_;
};

std::unordered_map<std::string, http::Rate> rates(const Config& config) {
  if (!config.rate_limits) return {};
  return {{"auth", {20, 120}}, {"refresh", {20, 200}}, {"upload", {20, 100}}, {"api", {0, 0}}};
}

Result<> serve(Config config) {
  Signals::block();
  limit_heaps();
  configure_log(config);
  AX_TRY(auto runtime, Runtime::create(std::move(config)));
  const Config& c = runtime->config;
  AX_TRY(const auto running, Running::announce(c.data_dir));
  AX_TRY(const auto admin_password, ensure_admin(*runtime->storage, c));
  AX_TRY(const auto files, http::StaticFiles::load(c.web_dir));
  http::RateLimiter limiter{rates(c)};
  http::Router router{runtime->storage->clock, "/v1"};
  mount(router, *runtime);
  http::ServerOptions options;
  options.host = c.host;
  options.port = static_cast<std::uint16_t>(c.port);
  options.threads = c.threads > 0 ? static_cast<std::size_t>(c.threads) : std::max(1U, std::thread::hardware_concurrency());
  options.tls_certificate = c.tls_certificate;
  options.tls_key = c.tls_key;
  options.file_limit = static_cast<std::size_t>(c.max_file_size);
  options.spool_folder = c.data_dir;
  options.cors_origins = c.cors_origins;
  AX_TRY(options.trusted_proxies, http::Networks::parse(c.trusted_proxies));
  options.access_log = c.access_log;
  http::WebSocketHandler socket;
  std::map<std::string, progress::Topic> topics;
  if (runtime->serves("documents")) topics.emplace("document", documents::progress_topic(*runtime->documents));
  if (runtime->serves("verifications")) topics.emplace("verification", verifications::progress_topic(*runtime->verifications));
  if (!topics.empty())
    socket = progress::socket(runtime->progress, std::move(topics),
                              [auth = runtime->auth.get()](std::string_view token) { return auth->authenticate(token); });
  AX_TRY(const auto server, http::create_server(options, router, files, limiter, std::move(socket)));
  if (runtime->models) runtime->models->start();
  runtime->queue->start();
  fmt::print("AuthX {} serves on {} (port {})\n", kVersion, c.public_url, server->port());
  fmt::print("  API description: {0}/docs   health: {0}/health\n", c.public_url);
  if (files.empty()) fmt::print("  The web page is not built: only the API is served.\n");
  if (admin_password)
    fmt::print("\n  First administrator (shown once, keep it):\n    e-mail:   {}\n    password: {}\n\n", c.admin_email, *admin_password);
  std::fflush(stdout);
  log::info("started", {{"port", static_cast<std::int64_t>(server->port())}, {"version", kVersion}});
  if (!runtime->models) give_back_start_up_memory();
  {
    const Signals signals{*runtime, [&] { server->stop(); }};
    server->run();
  }
  runtime->join();
  Signals::checkpoint(*runtime);
  log::info("stopped");
  log::flush();
  return {};
}

Result<> work(Config config) {
  Signals::block();
  limit_heaps();
  configure_log(config);
  AX_TRY(auto runtime, Runtime::create(std::move(config)));
  AX_TRY(const auto running, Running::announce(runtime->config.data_dir));
  if (runtime->models) runtime->models->start();
  runtime->queue->start();
  fmt::print("AuthX {} works on jobs\n", kVersion);
  std::fflush(stdout);
  if (!runtime->models) give_back_start_up_memory();
  std::promise<void> stopped;
  {
    const Signals signals{*runtime, [&] { stopped.set_value(); }};
    stopped.get_future().wait();
  }
  runtime->queue->stop();
  Signals::checkpoint(*runtime);
  log::flush();
  return {};
}

struct Options {
  std::string config, services;
};

void add(CLI::App& root, Cli& cli, const char* name, const char* help, Result<> (*run)(Config)) {
  auto* command = root.add_subcommand(name, help);
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->config, "TOML file (default: authx.toml when it exists)");
  command->add_option("--services", options->services,
                      "Only these modules, comma-separated: auth, documents, faces, biometrics, verifications, admin");
  command->callback([options, &cli, run] {
    if (!options->services.empty()) ::setenv("AUTHX_SERVICES", options->services.c_str(), 1);
    auto config = load_config(options->config);
    if (!config) return cli.fail(config.error());
    if (auto done = run(std::move(*config)); !done) cli.fail(done.error());
  });
}

}  // namespace

void add_serve_commands(CLI::App& root, Cli& cli) {
  add(root, cli, "serve", "Serve the API and the web page, and work on jobs", &serve);
  add(root, cli, "worker", "Work on jobs only", &work);
}

}  // namespace authx::app
