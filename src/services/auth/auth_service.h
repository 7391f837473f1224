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
#include "services/auth/sessions.h"
#include "services/users/users_service.h"

namespace authx::auth {

struct AuthOptions {
  crypto::PasswordCost cost;
  SessionOptions sessions;
  std::chrono::hours link_lifetime{24};
  std::string public_url = "http://localhost:8000";  ///< for links in messages
};

/// A session's tokens, for the client that holds it.
struct Tokens {
  std::string access_token;
  std::chrono::seconds lifetime{};  ///< of the access token
  SecretText refresh_token;
  Uuid session;
  users::User user;
};

/// Accounts' entrance: registration, login, the link that sets a first password, sessions, and checking access tokens.
/// Nothing here reveals whether an address has an account: same answer, same work.
class AuthService {
 public:
  AuthService(db::AsyncDatabase& database, WorkPool& hashing, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit,
              crypto::JwtHs256 tokens, AuthOptions options);

  /// The new account's id; for an address that has an account already, an id that leads nowhere, and a message to its owner.
  awaitable<Result<Uuid>> register_user(users::NewUser user, std::optional<SecretText> password, http::RequestInfo request);

  /// `Errc::invalid_credentials` whatever was wrong.
  awaitable<Result<Tokens>> login(std::string email, SecretText password, http::RequestInfo request);

  /// Sets the password with a token from a message. `Errc::validation` for a token that is unknown, used or expired.
  awaitable<Result<>> set_password(SecretText token, SecretText password, http::RequestInfo request);

  /// Confirms the address that a token was sent to. Errors as `set_password`.
  awaitable<Result<>> verify_email(SecretText token, http::RequestInfo request);

  awaitable<Result<users::User>> me(Uuid id, http::RequestInfo request);

  /// New tokens for a refresh token. `csrf`: the value that must belong to a token that came in a cookie. `Errc::unauthenticated`
  /// whatever was wrong.
  awaitable<Result<Tokens>> refresh(SecretText token, std::optional<std::string> csrf, http::RequestInfo request);
  awaitable<Result<>> logout(http::Principal caller);
  awaitable<Result<std::vector<Session>>> list_sessions(Uuid user);
  /// `Errc::not_found` for a session that is not the caller's or not live.
  awaitable<Result<>> revoke_session(http::Principal caller, Uuid session);
  awaitable<Result<int>> revoke_sessions(http::Principal caller, bool keep_current);

  /// Asks no database. `Errc::unauthenticated`; `Errc::unavailable` when revocations could not be read for a minute.
  Result<http::Principal> authenticate(std::string_view token) const;
  /// An access token of the product itself; it does not outlive its session.
  std::string issue(const users::User& user, const Session& session) const;

  Sessions& sessions() noexcept { return sessions_; }

 private:
  Tokens tokens(users::User user, const Session& session, SecretText refresh_token) const;

  db::AsyncDatabase& database_;
  WorkPool& hashing_;
  const Clock& clock_;
  const crypto::Keyring& keyring_;
  const audit::Log& audit_;
  crypto::JwtHs256 tokens_;
  AuthOptions options_;
  Sessions sessions_;
  std::string decoy_;  ///< a hash that no password has: verified for unknown addresses, so that they cost the same
};

}  // namespace authx::auth
