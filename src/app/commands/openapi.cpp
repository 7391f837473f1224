#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/endpoints.h"
#include "app/version.h"

namespace authx::app {

void add_openapi_commands(CLI::App& root, Cli& cli) {
  auto* command = root.add_subcommand("openapi", "Print the OpenAPI description of every endpoint");
  command->callback([&cli] {
    const auto done = with_endpoints([&cli](const http::Router& router) {
      const auto document = json::serialize(router.openapi(kVersion));
      cli.print(document, json::parse(document));
    });
    if (!done) cli.fail(done.error());
  });
}

}  // namespace authx::app
