#include "services/oauth/logouts.h"

#include "services/oauth/clients.h"

namespace authx::oauth {
namespace {

constexpr db::Query kInsert{"oauth_logouts.insert",
                            "INSERT INTO oauth_logouts (id, client_id, user_id, session_id, created_at) VALUES ($1, $2, $3, $4, $5)"};

}  // namespace

Result<> announce_end(db::Tx& tx, jobs::Queue& queue, Time now, const Uuid& session, const Uuid& user, std::string_view client_id) {
  AX_TRY(const auto known, find_client(tx, client_id));
  if (!known || known->metadata.backchannel_logout_uri.empty()) return {};
  const auto id = Uuid::generate(now);
  AX_CHECK(tx.exec(kInsert, id, known->id, user, session, now));
  AX_CHECK(queue.enqueue(tx, kLogoutJob, id));
  return {};
}

}  // namespace authx::oauth
