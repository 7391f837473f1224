#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "async/work_pool.h"
#include "crypto/jwt.h"
#include "crypto/keyring.h"
#include "crypto/password.h"
#include "db/async.h"
#include "http/callers.h"
#include "services/audit/audit_log.h"
#include "services/users/users_service.h"

namespace authx::auth {

struct AuthOptions {
  crypto::PasswordCost cost;
  std::chrono::seconds token_lifetime{3600};
  std::chrono::hours link_lifetime{24};
  std::string public_url = "http://localhost:8000";  ///< for links in messages
};

struct LoggedIn {
  std::string token;
  std::chrono::seconds lifetime{};
  users::User user;
};

/// Accounts' entrance: registration, login, the link that sets a first password, and checking access tokens.
/// Nothing here reveals whether an address has an account: same answer, same work.
class AuthService {
 public:
  AuthService(db::AsyncDatabase& database, WorkPool& hashing, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit,
              crypto::JwtHs256 tokens, AuthOptions options);

  /// The new account's id; for an address that has an account already, an id that leads nowhere, and a message to its owner.
  awaitable<Result<Uuid>> register_user(users::NewUser user, std::optional<SecretText> password, http::RequestInfo request);

  /// `Errc::invalid_credentials` whatever was wrong.
  awaitable<Result<LoggedIn>> login(std::string email, SecretText password, http::RequestInfo request);

  /// Sets the password with a token from a message. `Errc::validation` for a token that is unknown, used or expired.
  awaitable<Result<>> set_password(SecretText token, SecretText password, http::RequestInfo request);

  /// Confirms the address that a token was sent to. Errors as `set_password`.
  awaitable<Result<>> verify_email(SecretText token, http::RequestInfo request);

  awaitable<Result<users::User>> me(Uuid id, http::RequestInfo request);

  Result<http::Principal> authenticate(std::string_view token) const;
  std::string issue(const users::User& user) const;

 private:
  db::AsyncDatabase& database_;
  WorkPool& hashing_;
  const Clock& clock_;
  const crypto::Keyring& keyring_;
  const audit::Log& audit_;
  crypto::JwtHs256 tokens_;
  AuthOptions options_;
  std::string decoy_;  ///< a hash that no password has: verified for unknown addresses, so that they cost the same
};

}  // namespace authx::auth
