#include <unistd.h>
#include <CLI/CLI.hpp>

#include <filesystem>

#include "app/commands.h"
#include "app/runtime.h"
#include "app/version.h"

namespace authx::app {

void add_openapi_commands(CLI::App& root, Cli& cli) {
  auto* command = root.add_subcommand("openapi", "Print the OpenAPI description of every endpoint");
  command->callback([&cli] {
    // The description comes from the mounted endpoints, so a runtime is made, on storage that lives as long as this command.
    const auto folder = std::filesystem::temp_directory_path() / ("authx-openapi-" + std::to_string(::getpid()));
    auto run = [&]() -> Result<> {
      Config config;
      config.data_dir = folder.string();
      config.upload_dir = config.data_dir + "/objects";
      AX_TRY(const auto runtime, Runtime::create(std::move(config)));
      http::Router router{runtime->storage->clock, "/v1"};
      mount(router, *runtime);
      const auto document = json::serialize(router.openapi(kVersion));
      cli.print(document, json::parse(document));
      return {};
    };
    if (auto done = run(); !done) cli.fail(done.error());
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  });
}

}  // namespace authx::app
