#pragma once

#include "app/cli.h"

namespace authx::app {

void add_document_commands(CLI::App& root, Cli& cli);   // document read | classify | mrz | verify-qr
void add_specimen_commands(CLI::App& root, Cli& cli);   // specimen generate
void add_face_commands(CLI::App& root, Cli& cli);       // face compare | detect
void add_models_commands(CLI::App& root, Cli& cli);     // models list | verify

}  // namespace authx::app
