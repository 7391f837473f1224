#pragma once

#include <string_view>

#include "base/time.h"
#include "base/uuid.h"
#include "db/db.h"
#include "jobs/queue.h"

namespace authx::oauth {

inline constexpr std::string_view kLogoutJob = "oauth.logout";

/// Queues word to the client that a session of its ended (OpenID Connect Back-Channel Logout 1.0), when it wants it; a server delivers it.
/// In the transaction that ends the session, and in the client's organisation.
Result<> announce_end(db::Tx& tx, jobs::Queue& queue, Time now, const Uuid& session, const Uuid& user, std::string_view client_id);

}  // namespace authx::oauth
