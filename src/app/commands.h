#pragma once

#include "app/cli.h"

namespace authx::app {

void add_serve_commands(CLI::App& root, Cli& cli);              // serve, worker
void add_storage_commands(CLI::App& root, Cli& cli);            // migrate, user, audit, outbox, decision
void add_role_commands(CLI::App& root, Cli& cli);               // roles, user role; after the former
void add_access_commands(CLI::App& root, Cli& cli);             // user session, client, signing-keys, api-keys; after `user`
void add_organization_commands(CLI::App& root, Cli& cli);       // organization
void add_doctor_commands(CLI::App& root, Cli& cli);             // doctor, config
void add_policy_commands(CLI::App& root, Cli& cli);             // policy
void add_openapi_commands(CLI::App& root, Cli& cli);            // openapi
void add_verify_commands(CLI::App& root, Cli& cli);             // verify
void add_document_commands(CLI::App& root, Cli& cli);           // document read | classify | mrz | bench
void add_document_evidence_commands(CLI::App& root, Cli& cli);  // document verify-qr | verify-file; after the former
void add_documents_commands(CLI::App& root, Cli& cli);          // documents reread | expiring | delete | number | receipt verify
void add_specimen_commands(CLI::App& root, Cli& cli);           // specimen generate | attack | scene
void add_face_commands(CLI::App& root, Cli& cli);               // face compare | detect
void add_lab_commands(CLI::App& root, Cli& cli);                // lab face | scores
void add_finger_commands(CLI::App& root, Cli& cli);             // finger enroll | match | search | quality | convert
void add_iris_commands(CLI::App& root, Cli& cli);               // iris enroll | match | search | quality | convert | bench
void add_models_commands(CLI::App& root, Cli& cli);             // models list | verify

}  // namespace authx::app
