#pragma once

#include <optional>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "base/uuid.h"
#include "db/db.h"

/// Tokens in links of messages. Only their hashes are stored, each serves once, for one purpose.
namespace authx::auth::one_time_tokens {

Result<SecretText> issue(db::Tx& tx, const Uuid& user, std::string_view purpose, Time until);
/// Whose it was, in whose organisation the transaction goes on; nothing for a token that is unknown, used, expired, or of another purpose.
Result<std::optional<Uuid>> use(db::Tx& tx, std::string_view token, std::string_view purpose, Time now);
/// Forgets a person's unused tokens of one purpose.
Result<> drop(db::Tx& tx, const Uuid& user, std::string_view purpose);

}  // namespace authx::auth::one_time_tokens
