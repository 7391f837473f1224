#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"
#include "http/callers.h"

namespace authx::users {

struct User {
  Uuid id;
  Uuid tenant;
  std::string name, email;
  std::optional<std::string> phone, dob, address;  ///< dob as YYYY-MM-DD
  http::Role role = http::Role::user;
  std::vector<std::string> more_roles;  ///< what was granted beside it
  http::Permissions permissions;        ///< of all of them
  std::uint8_t needed_aal = 1;          ///< the strictest of the granted ones' policies; the built-in roles' is configuration
  std::string status = "active";        ///< active locked disabled
  bool active = true;
  bool email_verified = false;
  bool phone_verified = false;
  Time created_at;
};

struct NewUser {
  std::string name, email;
  std::optional<std::string> phone, dob, address;
  http::Role role = http::Role::user;
  std::optional<std::string> password_hash;
};

/// In the transaction's organisation. `Errc::conflict` when the e-mail address has an account there.
Result<Uuid> create(db::Tx& tx, const crypto::Keyring& keyring, Time now, const NewUser& user);

struct Login {
  Uuid id;
  bool active = true;
  std::optional<std::string> password_hash;
};
/// By the transaction's organisation's blind index; nothing is opened.
Result<std::optional<Login>> find_login(db::Tx& tx, const crypto::Keyring& keyring, std::string_view email);

Result<User> get(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id);  ///< `Errc::not_found`
Result<> set_password(db::Tx& tx, const Uuid& id, std::string_view hash, Time now);
Result<std::optional<std::string>> password_hash(db::Tx& tx, const Uuid& id);
/// `Errc::conflict` when another account has the address. The new address counts as verified.
Result<> set_email(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view email, Time now);
Result<> set_phone(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view phone, Time now);  ///< verified too
/// `Errc::conflict` as above; nothing is verified by it: another system says so.
Result<> replace_contact(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& id, std::string_view name, std::string_view email,
                         Time now);
/// active, locked or disabled; `Errc::not_found`.
Result<> set_status(db::Tx& tx, const Uuid& id, std::string_view status, std::string_view reason, Time now);
/// Destroys the person's key and all rows of theirs; what is left of them anywhere opens no more.
Result<> erase(db::Tx& tx, const Uuid& id);
Result<> touch_login(db::Tx& tx, const Uuid& id, Time now);
Result<> mark_email_verified(db::Tx& tx, const Uuid& id, Time now);
Result<bool> any_admin(db::Tx& tx);  ///< in the transaction's organisation
/// Newest first; of the transaction's organisation.
Result<std::vector<Uuid>> list(db::Tx& tx, std::optional<Uuid> before, std::size_t limit);

}  // namespace authx::users
