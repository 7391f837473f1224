#pragma once

#include <string>

#include "services/auth/auth_core.h"
#include "services/auth/factors/factors.h"

namespace authx::auth {

/// Accounts as their owners change them and as administrators see and close them. Each change ends the sessions that it must end, tells the
/// owner, and is audited, in one transaction.
class AccountService {
 public:
  explicit AccountService(Core& core) : core_(core) {}

  /// Ends the other sessions. `Errc::invalid_credentials` for a wrong current password; validation for one that is not taken.
  awaitable<Result<>> change_password(http::Principal caller, SecretText current, SecretText next);
  /// Sends a link, if the address has an account. Answers before it looks: neither answer nor time tells.
  awaitable<Result<>> request_reset(std::string email, http::RequestInfo request);
  /// Ends all sessions; second factors stay needed. Validation for a token that is unknown, used or expired.
  awaitable<Result<>> reset_password(SecretText token, SecretText password, http::RequestInfo request);

  /// Sends a link to the new address and a notice to the old one. That the new address is taken, only its owner learns.
  awaitable<Result<>> request_email(http::Principal caller, std::string email);
  awaitable<Result<>> confirm_email(SecretText token, http::RequestInfo request);
  /// Sends a code to the new number; the returned token and the code confirm it.
  awaitable<Result<SecretText>> request_phone(http::Principal caller, std::string phone);
  awaitable<Result<>> confirm_phone(http::Principal caller, SecretText token, std::string code);

  awaitable<Result<FactorList>> factors(http::Principal caller);
  awaitable<Result<totp::Enrolment>> begin_totp(http::Principal caller);
  /// Returns recovery codes when the account had none. Validation for a wrong code.
  awaitable<Result<std::vector<std::string>>> confirm_totp(http::Principal caller, std::string code);
  awaitable<Result<std::vector<std::string>>> new_recovery_codes(http::Principal caller);
  /// email, sms or face as a second factor. Conflict when the address is not verified, no stronger factor stands beside SMS, or no
  /// identity is verified.
  awaitable<Result<>> enable_channel(http::Principal caller, std::string kind);
  /// totp, recovery_codes, email, sms or face. `Errc::not_found`.
  awaitable<Result<>> remove_factor(http::Principal caller, std::string kind);
  awaitable<Result<std::string>> passkey_creation(http::Principal caller);
  awaitable<Result<Uuid>> add_passkey(http::Principal caller, passkeys::NewPasskey credential);
  awaitable<Result<>> remove_passkey(http::Principal caller, Uuid passkey);

  /// Erases the person: key, sessions, and every row of theirs. The audit log keeps ids only.
  awaitable<Result<>> erase(http::Principal caller);

  // For administrators, of their organisation's accounts

  /// Newest first; with an address, the one account that has it, if any.
  awaitable<Result<std::vector<users::User>>> accounts(http::Principal admin, std::optional<std::string> email, std::optional<Uuid> before,
                                                       std::size_t limit);
  struct Detail {
    users::User user;
    FactorList factors;
    std::vector<Session> sessions;
  };
  awaitable<Result<Detail>> account(http::Principal admin, Uuid user);
  /// Ends one of the account's sessions (`Errc::not_found`), or all; how many. `Errc::forbidden` when the account may do more than the
  /// caller.
  awaitable<Result<int>> end_sessions(http::Principal admin, Uuid user, std::optional<Uuid> session);
  /// active, locked or disabled; what is not active is signed out everywhere at once. Conflict for the caller's own account.
  awaitable<Result<>> set_status(http::Principal admin, Uuid user, std::string status);

  /// Locks, disables or activates an account in a transaction of the caller's: the operator's command line.
  static Result<> set_status(db::Tx& tx, Sessions& sessions, const Uuid& user, std::string_view status, std::string_view reason, Time now);

 private:
  static awaitable<void> send_reset(Core& core, std::string email, http::RequestInfo request);
  /// Whoever has second factors must have used one in this session before changing them.
  Result<> must_be_strong(db::Tx& tx, const http::Principal& caller) const;
  /// An account that may not do more than the caller.
  Result<users::User> within_reach(db::Tx& tx, const http::Principal& admin, const Uuid& user) const;
  Result<> changed(db::Tx& tx, const http::Principal& caller, std::string_view action, std::string_view what) const;

  Core& core_;
};

}  // namespace authx::auth
