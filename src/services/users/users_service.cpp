#include "services/users/users_service.h"

#include <algorithm>

#include "base/collect.h"
#include "services/users/person_box.h"

namespace authx::users {
namespace {

constexpr db::Query kInsert{
    "users.insert",
    "INSERT INTO users (id, name, email, email_index, phone, phone_index, dob, address, role, status, created_at, updated_at, tenant_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $10, $11)"};
constexpr db::Query kFindLogin{
    "users.find_login",
    "SELECT u.id, u.status, c.password_hash FROM users u LEFT JOIN credentials c ON c.user_id = u.id WHERE u.email_index = $1 "
    "AND u.tenant_id = $2"};
constexpr db::Query kGet{
    "users.get",
    "SELECT u.name, u.email, u.phone, u.dob, u.address, u.role, u.status, u.email_verified, u.phone_verified, u.created_at, u.tenant_id, "
    "g.role, r.permissions, r.needed_aal FROM users u LEFT JOIN role_grants g ON g.user_id = u.id LEFT JOIN roles r ON r.name = g.role AND "
    "r.tenant_id = u.tenant_id WHERE u.id = $1 AND u.tenant_id = COALESCE($2, u.tenant_id)"};
constexpr db::Query kSetPassword{"users.set_password",
                                 "INSERT INTO credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3) "
                                 "ON CONFLICT (user_id) DO UPDATE SET password_hash = $2, changed_at = $3"};
constexpr db::Query kTouch{"users.touch_login", "UPDATE users SET last_login = $2 WHERE id = $1"};
constexpr db::Query kVerified{"users.mark_email_verified", "UPDATE users SET email_verified = TRUE, updated_at = $2 WHERE id = $1"};
constexpr db::Query kPassword{"users.password_hash", "SELECT password_hash FROM credentials WHERE user_id = $1"};
constexpr db::Query kEmailTaken{"users.email_taken", "SELECT 1 FROM users WHERE email_index = $1 AND id <> $2 AND tenant_id = $3"};
constexpr db::Query kSetEmail{"users.set_email",
                              "UPDATE users SET email = $2, email_index = $3, email_verified = TRUE, updated_at = $4 WHERE id = $1"};
constexpr db::Query kReplaceContact{"users.replace_contact",
                                    "UPDATE users SET name = $2, email = $3, email_index = $4, email_verified = CASE WHEN email_index = $4 "
                                    "THEN email_verified ELSE FALSE END, updated_at = $5 WHERE id = $1"};
constexpr db::Query kSetPhone{"users.set_phone",
                              "UPDATE users SET phone = $2, phone_index = $3, phone_verified = TRUE, updated_at = $4 WHERE id = $1"};
constexpr db::Query kSetStatus{"users.set_status",
                               "UPDATE users SET status = $2, status_reason = $3, updated_at = $4 WHERE id = $1 AND tenant_id = "
                               "COALESCE($5, tenant_id) RETURNING id"};
constexpr db::Query kErase{"users.erase", "DELETE FROM users WHERE id = $1"};
constexpr db::Query kEraseKey{"users.erase_key", "DELETE FROM person_keys WHERE user_id = $1"};
constexpr db::Query kAnyAdmin{"users.any_admin", "SELECT 1 FROM users WHERE role = 'admin' AND tenant_id = $1 LIMIT 1"};
#define NO_PROGRAM " AND NOT EXISTS (SELECT 1 FROM service_accounts s WHERE s.id = users.id)"
constexpr db::Query kNewest{"users.newest", "SELECT id FROM users WHERE tenant_id = $2" NO_PROGRAM " ORDER BY id DESC LIMIT $1"};
constexpr db::Query kBefore{"users.before",
                            "SELECT id FROM users WHERE tenant_id = $2 AND id < $3" NO_PROGRAM " ORDER BY id DESC LIMIT $1"};

Bytes email_index(const db::Tx& tx, const crypto::Keyring& keyring, std::string_view email) {
  return keyring.blind_index("users.email", tx.scope().home(), email);
}

}  // namespace

Result<Uuid> create(db::Tx& tx, const crypto::Keyring& keyring, Time now, const NewUser& user) {
  const auto id = Uuid::generate(now);
  AX_TRY(auto key, create_person_key(tx, keyring, id, now));
  const PersonBox box{std::move(key), "users", id};
  std::optional<Bytes> phone_index;
  if (user.phone) phone_index = keyring.blind_index("users.phone", tx.scope().home(), *user.phone);
  AX_CHECK(tx.exec(kInsert, id, box.seal("name", user.name), box.seal("email", user.email), email_index(tx, keyring, user.email),
                   box.seal_optional("phone", user.phone), phone_index, box.seal_optional("dob", user.dob),
                   box.seal_optional("address", user.address), http::to_string(user.role), now, tx.scope().home()));
  if (user.password_hash) AX_CHECK(set_password(tx, id, *user.password_hash, now));
  return id;
}

Result<std::optional<Login>> find_login(db::Tx& tx, const crypto::Keyring& keyring, std::string_view email) {
  AX_TRY(const auto rows, tx.exec(kFindLogin, email_index(tx, keyring, email), tx.scope().home()));
  if (rows.empty()) return std::optional<Login>{};
  return std::optional<Login>{Login{rows[0].uuid(0), rows[0].text(1) == "active", rows[0].opt_text(2)}};
}

Result<User> get(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id) {
  AX_TRY(const auto rows, tx.exec(kGet, id, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  const auto& row = rows[0];
  AX_TRY(auto key, person_key(tx, keyring, id));
  const PersonBox box{std::move(key), "users", id};
  User user;
  user.id = id;
  AX_TRY(user.name, box.open("name", row.bytes(0)));
  AX_TRY(user.email, box.open("email", row.bytes(1)));
  AX_TRY(user.phone, box.open_optional("phone", row.opt_bytes(2)));
  AX_TRY(user.dob, box.open_optional("dob", row.opt_bytes(3)));
  AX_TRY(user.address, box.open_optional("address", row.opt_bytes(4)));
  user.role = http::parse_role(row.text(5)).value_or(http::Role::user);
  user.permissions = http::permissions_of(user.role);
  for (const auto& held : rows) {
    const auto word = held.opt_text(11);
    if (!word || std::ranges::find(user.more_roles, *word) != user.more_roles.end()) continue;
    user.more_roles.push_back(*word);
    if (const auto built_in = http::parse_role(*word)) user.permissions.add(http::permissions_of(*built_in));
    if (const auto words = held.opt_text(12)) user.permissions.add(http::parse_permissions(*words));
    user.needed_aal = std::max(user.needed_aal, static_cast<std::uint8_t>(held.opt_integer(13).value_or(1)));
  }
  user.status = row.text(6);
  user.active = user.status == "active";
  user.email_verified = row.boolean(7);
  user.phone_verified = row.boolean(8);
  user.created_at = row.time(9);
  user.tenant = row.uuid(10);
  user.permissions = http::within(user.permissions, user.tenant);
  return user;
}

Result<> set_password(db::Tx& tx, const Uuid& id, std::string_view hash, Time now) {
  AX_CHECK(tx.exec(kSetPassword, id, hash, now));
  return {};
}

Result<std::optional<std::string>> password_hash(db::Tx& tx, const Uuid& id) {
  AX_TRY(const auto rows, tx.exec(kPassword, id));
  return rows.empty() ? std::optional<std::string>{} : std::optional{rows[0].text(0)};
}

Result<> set_email(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view email, Time now) {
  auto index = email_index(tx, keyring, email);
  AX_TRY(const auto taken, tx.exec(kEmailTaken, index, id, tx.scope().home()));
  if (!taken.empty()) return Errc::conflict;
  AX_TRY(auto key, person_key(tx, keyring, id));
  const PersonBox box{std::move(key), "users", id};
  AX_CHECK(tx.exec(kSetEmail, id, box.seal("email", email), std::move(index), now));
  return {};
}

Result<> replace_contact(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view name, std::string_view email,
                         Time now) {
  auto index = email_index(tx, keyring, email);
  AX_TRY(const auto taken, tx.exec(kEmailTaken, index, id, tx.scope().home()));
  if (!taken.empty()) return Errc::conflict;
  AX_TRY(auto key, person_key(tx, keyring, id));
  const PersonBox box{std::move(key), "users", id};
  AX_CHECK(tx.exec(kReplaceContact, id, box.seal("name", name), box.seal("email", email), std::move(index), now));
  return {};
}

Result<> set_phone(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view phone, Time now) {
  AX_TRY(auto key, person_key(tx, keyring, id));
  const PersonBox box{std::move(key), "users", id};
  AX_CHECK(tx.exec(kSetPhone, id, box.seal("phone", phone), keyring.blind_index("users.phone", tx.scope().home(), phone), now));
  return {};
}

Result<> set_status(db::Tx& tx, const Uuid& id, std::string_view status, std::string_view reason, Time now) {
  AX_TRY(const auto rows, tx.exec(kSetStatus, id, status, reason, now, tx.scope().only()));
  if (rows.empty()) return Errc::not_found;
  return {};
}

Result<> erase(db::Tx& tx, const Uuid& id) {
  AX_CHECK(tx.exec(kErase, id));
  AX_CHECK(tx.exec(kEraseKey, id));
  return {};
}

Result<> touch_login(db::Tx& tx, const Uuid& id, Time now) {
  AX_CHECK(tx.exec(kTouch, id, now));
  return {};
}

Result<> mark_email_verified(db::Tx& tx, const Uuid& id, Time now) {
  AX_CHECK(tx.exec(kVerified, id, now));
  return {};
}

Result<bool> any_admin(db::Tx& tx) {
  AX_TRY(const auto rows, tx.exec(kAnyAdmin, tx.scope().home()));
  return !rows.empty();
}

Result<std::vector<Uuid>> list(db::Tx& tx, std::optional<Uuid> before, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(limit);
  AX_TRY(const auto rows, before ? tx.exec(kBefore, count, tx.scope().home(), *before) : tx.exec(kNewest, count, tx.scope().home()));
  return collect(rows, [](const db::Row& row) { return row.uuid(0); });
}

}  // namespace authx::users
