#include "services/users/person_box.h"

namespace authx::users {
namespace {

constexpr db::Query kInsert{"person_keys.insert",
                            "INSERT INTO person_keys (user_id, wrapped_key, created_at, tenant_id) VALUES ($1, $2, $3, $4)"};
constexpr db::Query kFind{"person_keys.find",
                          "SELECT wrapped_key FROM person_keys WHERE user_id = $1 AND tenant_id = COALESCE($2, tenant_id)"};

std::string context(const Uuid& user) { return "person:" + user.str(); }

}  // namespace

Result<crypto::Key> person_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kFind, user, tx.scope().only()));
  if (rows.empty()) return Error{Errc::not_found, "person key"};
  return keyring.unwrap(rows[0].bytes(0), context(user));
}

Result<crypto::Key> create_person_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user, Time now) {
  auto key = keyring.new_key();
  AX_CHECK(tx.exec(kInsert, user, keyring.wrap(key, context(user)), now, tx.scope().home()));
  return key;
}

}  // namespace authx::users
