#pragma once

#include <cstdint>

#include "crypto/keyring.h"
#include "db/db.h"
#include "jobs/queue.h"
#include "services/audit/audit_log.h"

namespace authx::faces {

/// Replaces the key that templates are protected with and queues their renewal; the new key's version. Blocking.
Result<std::int64_t> revoke_template_key(db::Database& database, const crypto::Keyring& keyring, const Clock& clock,
                                         const audit::Log& audit, jobs::Queue& queue, const Uuid& tenant);

}  // namespace authx::faces
