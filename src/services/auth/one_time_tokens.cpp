#include "services/auth/one_time_tokens.h"

#include "crypto/hash.h"
#include "services/auth/auth_core.h"

namespace authx::auth::one_time_tokens {
namespace {

constexpr db::Query kInsert{"tokens.insert",
                            "INSERT INTO one_time_tokens (token_hash, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4)"};
constexpr db::Query kUse{"tokens.use",
                         "UPDATE one_time_tokens SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND "
                         "expires_at > $3 RETURNING user_id, (SELECT tenant_id FROM users WHERE id = user_id)"};
constexpr db::Query kDrop{"tokens.drop", "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2"};

}  // namespace

Result<SecretText> issue(db::Tx& tx, const Uuid& user, std::string_view purpose, Time until) {
  SecretText token{crypto::random_token()};
  AX_CHECK(tx.exec(kInsert, digest_of(token.expose()), user, purpose, until));
  return token;
}

Result<std::optional<Uuid>> use(db::Tx& tx, std::string_view token, std::string_view purpose, Time now) {
  AX_TRY(const auto rows, tx.exec(kUse, digest_of(token), purpose, now));
  if (rows.empty()) return std::optional<Uuid>{};
  tx.enter(rows[0].uuid(1));
  return std::optional{rows[0].uuid(0)};
}

Result<> drop(db::Tx& tx, const Uuid& user, std::string_view purpose) {
  AX_CHECK(tx.exec(kDrop, user, purpose));
  return {};
}

}  // namespace authx::auth::one_time_tokens
