#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keyring.h"
#include "db/db.h"

namespace authx::auth {

/// One thing that guesses are counted by, and what it allows.
struct GuessLimit {
  Bytes key;
  int free = 5;                                        ///< failures without a delay
  std::chrono::seconds longest{900};                   ///< the delay doubles from one second up to this
  std::chrono::seconds memory{std::chrono::hours{1}};  ///< after so long without a failure, the count starts anew
};

/// Growing delays for guessing at passwords and codes, kept in the database for all processes. Thread-safe.
///
/// A known device of the account (it holds a token) is counted by itself: whoever guesses elsewhere cannot lock its owner out. Unknown
/// devices are counted by account and address, and all of them together by account, so that many addresses do not help. Accounts that do
/// not exist are counted alike, so that a lock-out tells nothing.
class GuessGuard {
 public:
  GuessGuard(const Clock& clock, const crypto::Keyring& keyring, bool limit_addresses);

  /// `account`: an e-mail address or a user's id. `device`: the hash of a known device's token.
  std::vector<GuessLimit> limits(std::string_view purpose, std::string_view account, const std::optional<Bytes>& device,
                                 std::string_view address) const;
  /// For messages that a request causes: `free` of them in `memory`, by account and by address.
  std::vector<GuessLimit> message_limits(std::string_view account, std::string_view address) const;

  /// Counts guesses that are being checked now, so that many at once get no more than one after the other.
  class Hold {
   public:
    Hold(GuessGuard& guard, Bytes key);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    GuessGuard& guard_;
    Bytes key_;
  };
  [[nodiscard]] Hold hold(const std::vector<GuessLimit>& limits) { return Hold{*this, limits.front().key}; }

  /// Error: rate_limited with the time to wait.
  Result<> admit(db::Tx& tx, const std::vector<GuessLimit>& limits);
  Result<> failed(db::Tx& tx, const std::vector<GuessLimit>& limits) const;
  Result<> succeeded(db::Tx& tx, const std::vector<GuessLimit>& limits) const;
  /// Forgets what no longer counts.
  Result<> sweep(db::Tx& tx) const;

 private:
  Bytes key_of(std::string_view purpose, std::string_view what) const;

  const Clock& clock_;
  const crypto::Keyring& keyring_;
  bool limit_addresses_;
  std::mutex mutex_;
  std::map<Bytes, int> held_;
};

/// What guesses at an address are counted by: the same address in two organisations is two accounts.
std::string account_name(const Uuid& tenant, std::string_view email);

/// The part of an address that one holder can vary freely: IPv4 whole, IPv6 its /64.
std::string address_group(std::string_view address);

}  // namespace authx::auth
