#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "app/commands.h"
#include "app/endpoints.h"

namespace authx::app {
namespace {

using http::Role;
constexpr Role kRoles[] = {Role::user, Role::verifier, Role::auditor, Role::admin};

/// Who may call an endpoint, in words.
std::string who(const http::Endpoint& endpoint) {
  std::string out;
  if (endpoint.permission) {
    for (const auto role : kRoles)
      if (http::permissions_of(role).has(*endpoint.permission)) out += fmt::format("{}{}", out.empty() ? "" : ", ", http::to_string(role));
    out = fmt::format("`{}`: {}", http::to_string(*endpoint.permission), out);
  } else if (endpoint.needs_token) {
    out = "the signed-in person";
  } else {
    out = endpoint.about.error_form == http::ErrorForm::envelope ? "anyone" : "by its standard";
  }
  if (endpoint.max_age) out += fmt::format(", signed in within {} s", endpoint.max_age->count());
  return out;
}

std::string table(const http::Router& router) {
  std::string out = "# Who may do what\n\nMade by `authx policy` from the declarations that the server enforces; do not edit.\n\n";
  out +=
      "Programs (API keys, OAuth access tokens) reach only endpoints that name a permission, with the permissions that they were "
      "given.\n\nRoles made by administrators (`/v1/admin/roles`) are sets of these permissions; who holds one has its permissions beside "
      "those of the account's own role.\n\n"
      "Whatever a caller may do ends at their organisation: an object of another is not found, and no list, search or count holds it. "
      "`manage_organizations` counts in the default organisation only.\n\n";
  out += "## Permissions of the roles\n\n| permission |";
  for (const auto role : kRoles) out += fmt::format(" {} |", http::to_string(role));
  out += "\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < http::kPermissions; ++i) {
    const auto permission = static_cast<http::Permission>(i);
    out += fmt::format("| `{}` |", http::to_string(permission));
    for (const auto role : kRoles) out += http::permissions_of(role).has(permission) ? " yes |" : " – |";
    out += '\n';
  }
  out += "\n## Endpoints\n\n| endpoint | who |\n|---|---|\n";
  std::vector<std::string> lines;
  for (const auto& endpoint : router.endpoints())
    lines.push_back(fmt::format("| `{} {}` | {} |\n", http::to_string(endpoint->method), endpoint->path, who(*endpoint)));
  std::ranges::sort(lines, {}, [](const std::string& line) { return line.substr(line.find('/')) + line; });
  for (const auto& line : lines) out += line;
  return out;
}

}  // namespace

void add_policy_commands(CLI::App& root, Cli& cli) {
  auto* command = root.add_subcommand("policy", "Print who may do what, as Markdown");
  command->callback([&cli] {
    const auto done = with_endpoints([&cli](const http::Router& router) {
      const auto text = table(router);
      cli.print(text, json::value{{"markdown", text}});
    });
    if (!done) cli.fail(done.error());
  });
}

}  // namespace authx::app
