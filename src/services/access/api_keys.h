#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crypto/keyring.h"
#include "db/async.h"
#include "http/router.h"
#include "services/audit/audit_log.h"

namespace authx::access {

/// Service accounts and their API keys. An account is a row of `users` without credentials, so that what it does has an owner; what it
/// may do is the intersection of its permissions and the key's.
///
/// A key is `axk_` id `.` secret `.` check. The check is keyed: a made-up key is refused without asking the database. Of the
/// secret, 32 random bytes, only the SHA-256 is stored.
class ApiKeys {
 public:
  ApiKeys(db::AsyncDatabase& database, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit)
      : database_(database), clock_(clock), keyring_(keyring), audit_(audit), check_key_(keyring.derive("api-key-check")) {}

  static bool is_key(std::string_view token) { return token.starts_with("axk_"); }

  /// `Errc::unauthenticated` whatever was wrong. What is known of a key is at most five seconds old.
  Result<http::Principal> authenticate(std::string_view token) const;
  /// Writes down which keys were used, and when; every minute.
  Result<> note_uses();

  struct Account {
    Uuid id;
    std::string name, description;
    std::vector<std::string> permissions;
    Time created_at;
    bool disabled = false;
  };
  struct Key {
    Uuid id, account;
    std::string name, hint;
    std::vector<std::string> permissions;
    Time created_at, expires_at;
    std::optional<Time> last_used_at, revoked_at;
  };
  struct NewKey {
    Key key;
    SecretText text;  ///< shown once
  };

  /// `Errc::conflict` for a name that is taken; `Errc::forbidden` for a permission that the caller does not have.
  Result<Account> create(db::Tx& tx, const http::Principal& by, std::string name, std::string description,
                         const std::vector<std::string>& permissions);
  Result<std::vector<Account>> list(db::Tx& tx) const;
  Result<> disable(db::Tx& tx, const http::Principal& by, const Uuid& account);
  Result<NewKey> add_key(db::Tx& tx, const http::Principal& by, const Uuid& account, std::string name,
                         const std::optional<std::vector<std::string>>& permissions, std::chrono::days lifetime);
  Result<std::vector<Key>> keys(db::Tx& tx, const Uuid& account) const;
  /// A key like the old one, which goes on for `overlap`.
  Result<NewKey> rotate(db::Tx& tx, const http::Principal& by, const Uuid& key, std::chrono::hours overlap, std::chrono::days lifetime);
  Result<> revoke(db::Tx& tx, const http::Principal& by, const Uuid& key);
  /// The same at the server's own command line; servers that run follow within five seconds.
  Result<> revoke_by_operator(db::Tx& tx, const Uuid& key);
  /// After a commit that changed keys or accounts.
  void forget();

  db::AsyncDatabase& database() noexcept { return database_; }

 private:
  struct Known {
    Bytes secret_hash;
    Uuid account, tenant;
    http::Permissions permissions;
    Time expires_at, until;
    bool live = false;
  };
  std::string check_of(std::string_view head) const;
  Result<NewKey> insert(db::Tx& tx, const http::Principal& by, const Uuid& account, std::string name, const std::string& permissions,
                        std::chrono::days lifetime);
  Result<Known> look_up(const Uuid& id, Time now) const;

  db::AsyncDatabase& database_;
  const Clock& clock_;
  const crypto::Keyring& keyring_;
  const audit::Log& audit_;
  SecretBytes check_key_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<Uuid, Known> known_;
  mutable std::unordered_map<Uuid, Time> used_;
};

void add_routes(http::Router& router, ApiKeys& keys);

}  // namespace authx::access
