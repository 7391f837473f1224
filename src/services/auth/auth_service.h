#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/auth/access_tokens.h"
#include "services/auth/auth_core.h"
#include "services/auth/factors/passkeys.h"
#include "services/auth/known_tokens.h"
#include "services/users/users_service.h"

namespace authx::auth {

/// A session's tokens, for the client that holds it.
struct Tokens {
  std::string access_token;
  std::chrono::seconds lifetime{};  ///< of the access token
  SecretText refresh_token;         ///< empty after a step-up: the session's goes on
  SecretText device_token;          ///< for a browser that should be known from now on; may be empty
  Uuid session;
  users::User user;
};

/// A sign-in that needs one more proof.
struct ProofNeeded {
  SecretText token;                  ///< names the sign-in in the next calls
  std::vector<std::string> methods;  ///< passkey totp sms email face recovery_code: those that the account has
  std::chrono::seconds lifetime{};
};
using Entered = std::variant<Tokens, ProofNeeded>;

/// Who asks, beyond the request.
struct Client {
  http::RequestInfo request;
  std::string device_token;  ///< of the browser, if it has one
  bool keeps_cookies = false;
};

/// The second proof.
struct SecondProof {
  std::string method;
  std::string code;                              ///< of totp, sms, email, recovery_code
  std::optional<passkeys::Assertion> assertion;  ///< of passkey
};

/// Accounts' entrance: registration, login with all its factors, step-up, the link that sets a first password, sessions, and checking
/// access tokens. Nothing here reveals whether an address has an account: same answer, same work.
class AuthService {
 public:
  AuthService(db::AsyncDatabase& database, WorkPool& hashing, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit,
              AccessTokens tokens, AuthOptions options, std::shared_ptr<const BreachedList> breached = nullptr);

  /// The new account's id; for an address that has an account already, an id that leads nowhere, and a message to its owner.
  awaitable<Result<Uuid>> register_user(users::NewUser user, std::optional<SecretText> password, http::RequestInfo request);

  /// `Errc::invalid_credentials` whatever was wrong; `Errc::rate_limited` after too many failures, for accounts that don't exist too.
  awaitable<Result<Entered>> login(std::string email, SecretText password, Client client);
  /// Finishes a sign-in or a step-up. `Errc::invalid_credentials` for a wrong proof, or a token that is unknown, used, expired or tried
  /// too often.
  awaitable<Result<Tokens>> prove(SecretText token, SecondProof proof, Client client);
  /// The same with a picture of the person's face.
  awaitable<Result<Tokens>> prove_face(SecretText token, Bytes image, Client client);
  /// Sends a code for it by e-mail or SMS.
  awaitable<Result<>> send_code(SecretText token, std::string channel, http::RequestInfo request);
  /// Passkey options for it (JSON).
  awaitable<Result<std::string>> second_passkey_options(SecretText token);

  /// Sign-in without a name: options (JSON), then the assertion.
  awaitable<Result<std::string>> passkey_options(http::RequestInfo request);
  awaitable<Result<Tokens>> login_with_passkey(passkeys::Assertion assertion, Client client);

  /// Proves anew who is there, for what needs a recent or stronger sign-in; with second factors, `ProofNeeded` first.
  awaitable<Result<Entered>> step_up(http::Principal caller, SecretText password);

  /// For a person whom an outside provider has signed in: their second factors are asked for as after a password. In the transaction that
  /// found them. `Errc::invalid_credentials` when the account is not active.
  Result<Entered> enter_from_outside(db::Tx& tx, const Uuid& user, const Client& client);

  /// For who lost every second factor: a session that may do nothing but verify its identity. Conflict without a verified identity.
  awaitable<Result<Tokens>> begin_recovery(SecretText token, Client client);
  /// Removes the second factors and ends all sessions, once that session has a new approved verification of the same person.
  awaitable<Result<>> finish_recovery(http::Principal caller);

  /// Sets the first password with a token from a message. `Errc::validation` for a token that is unknown, used or expired.
  awaitable<Result<>> set_password(SecretText token, SecretText password, http::RequestInfo request);

  /// Confirms the address that a token was sent to. Errors as `set_password`.
  awaitable<Result<>> verify_email(SecretText token, http::RequestInfo request);

  awaitable<Result<users::User>> me(Uuid id, http::RequestInfo request);

  /// New tokens for a refresh token. `csrf`: the value that must belong to a token that came in a cookie. `Errc::unauthenticated`
  /// whatever was wrong.
  awaitable<Result<Tokens>> refresh(SecretText token, std::optional<std::string> csrf, http::RequestInfo request);
  awaitable<Result<>> logout(http::Principal caller);
  awaitable<Result<std::vector<Session>>> list_sessions(http::Principal caller);
  /// `Errc::not_found` for a session that is not the caller's or not live.
  awaitable<Result<>> revoke_session(http::Principal caller, Uuid session);
  awaitable<Result<int>> revoke_sessions(http::Principal caller, bool keep_current);

  /// Asks no database. `Errc::unauthenticated`; `Errc::unavailable` when revocations could not be read for a minute.
  Result<http::Principal> authenticate(std::string_view token) const;
  /// An access token of the product itself; it does not outlive its session.
  std::string issue(const users::User& user, const Session& session) const;

  /// Forgets sessions, counters, codes, links and challenges that ended long ago. Blocks.
  Result<> sweep();

  Sessions& sessions() noexcept { return core_.sessions; }
  Core& core() noexcept { return core_; }

 private:
  struct Pending;
  Tokens tokens(users::User user, const Session& session, SecretText refresh_token) const;
  Result<std::optional<Pending>> pending(db::Tx& tx, std::string_view token) const;
  Result<ProofNeeded> ask(db::Tx& tx, const Uuid& user, std::optional<Uuid> session, std::string_view amr, std::vector<std::string> methods,
                          const std::optional<Bytes>& device);
  Result<Tokens> finish(db::Tx& tx, const Pending& pending, std::string amr, std::uint8_t aal, const Client& client);
  /// Opens the session of a sign-in that is complete.
  Result<Tokens> enter(db::Tx& tx, const Uuid& user, std::string amr, std::uint8_t aal, const Client& client,
                       const std::optional<Bytes>& device);
  Result<bool> check_proof(db::Tx& tx, const Pending& pending, const SecondProof& proof, std::string& amr, std::uint8_t& aal,
                           const http::RequestInfo& request);
  Result<http::Principal> principal_of(const json::object& claims) const;

  Core core_;
  AccessTokens tokens_;
  KnownTokens known_;
  std::string decoy_;  ///< a hash that no password has: verified for unknown addresses, so that they cost the same
};

}  // namespace authx::auth
