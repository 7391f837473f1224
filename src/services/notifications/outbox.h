#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::notifications {

struct Message {
  Uuid id, user;
  std::string channel;  ///< "email" | "sms"
  std::string recipient, subject, body;
  std::string status;  ///< "kept": no provider is configured, an administrator reads it from the outbox
  Time created_at;
};

/// Writes a message in the transaction of what it tells of. Without a configured provider it stays in the outbox, where the
/// page and `authx outbox` show it. Recipient and body are sealed with the person's key.
Result<> add(db::Tx& tx, const crypto::Keyring& keyring, Time now, const Uuid& user, std::string_view channel, std::string_view recipient,
             std::string_view subject, std::string_view body);

/// Newest first; of the transaction's organisation.
Result<std::vector<Message>> list(db::Tx& tx, const crypto::Keyring& keyring, std::optional<Uuid> before, std::size_t limit);

}  // namespace authx::notifications
