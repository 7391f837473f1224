#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::users {

/// Seals and opens what belongs to one person with that person's own key: erasing the key erases the person.
class PersonBox {
 public:
  PersonBox(crypto::Key key, std::string_view table, Uuid row) : key_(std::move(key)), table_(table), row_(row) {}

  Bytes seal(std::string_view column, std::string_view plain) const { return crypto::seal_field(key_, plain, {table_, column, row_}); }
  std::optional<Bytes> seal_optional(std::string_view column, const std::optional<std::string>& plain) const {
    if (!plain) return std::nullopt;
    return seal(column, std::string_view{*plain});
  }
  Result<std::string> open(std::string_view column, BytesView sealed) const {
    return crypto::open_field(key_, sealed, {table_, column, row_});
  }
  Result<std::optional<std::string>> open_optional(std::string_view column, const std::optional<Bytes>& sealed) const {
    if (!sealed) return std::optional<std::string>{};
    AX_TRY(auto text, open(column, BytesView{*sealed}));
    return std::optional<std::string>{std::move(text)};
  }
  const crypto::Key& key() const noexcept { return key_; }

 private:
  crypto::Key key_;
  std::string table_;
  Uuid row_;
};

/// The person's key. `Errc::not_found` when it was destroyed, or is of another organisation than the transaction's.
Result<crypto::Key> person_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user);
Result<crypto::Key> create_person_key(db::Tx& tx, const crypto::Keyring& keyring, const Uuid& user, Time now);

}  // namespace authx::users
