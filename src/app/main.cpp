#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <exception>

#include "app/commands.h"
#include "telemetry/log.h"

int main(int argc, char** argv) {
  using namespace authx::app;
  authx::log::configure(authx::log::Level::warning, false);  // commands speak through Cli; `serve` and `worker` set their own
  CLI::App root{"AuthX: identity verification and authentication in one server", "authx"};
  Cli cli;
  root.add_flag("--json", cli.json, "Print JSON instead of text")->configurable(false);
  root.fallthrough();
  root.require_subcommand(1);
  const std::initializer_list<AddCommands> groups = {&add_serve_commands,
                                                     &add_storage_commands,
                                                     &add_role_commands,
                                                     &add_access_commands,
                                                     &add_organization_commands,
                                                     &add_doctor_commands,
                                                     &add_openapi_commands,
                                                     &add_policy_commands,
                                                     &add_verify_commands,
                                                     &add_document_commands,
                                                     &add_document_evidence_commands,
                                                     &add_documents_commands,
                                                     &add_specimen_commands,
                                                     &add_face_commands,
                                                     &add_lab_commands,
                                                     &add_finger_commands,
                                                     &add_iris_commands,
                                                     &add_models_commands};
  for (const auto add : groups) add(root, cli);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = root.exit(e);
    return code == 0 ? 0 : static_cast<int>(Exit::usage);
  } catch (const std::exception& e) {
    fmt::print(stderr, "authx: {}\n", e.what());
    return static_cast<int>(Exit::internal);
  }
  return static_cast<int>(cli.exit);
}
