#pragma once

#include "crypto/keyring.h"
#include "db/async.h"
#include "http/router.h"
#include "services/audit/audit_log.h"

namespace authx::admin {

/// What administrators and auditors read: the outbox and the audit log.
struct AdminService {
  db::AsyncDatabase& database;
  const Clock& clock;
  const crypto::Keyring& keyring;
  const audit::Log& audit;
};

void add_routes(http::Router& router, AdminService& service);

}  // namespace authx::admin
