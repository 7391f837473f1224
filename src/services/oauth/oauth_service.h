#pragma once

#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "crypto/keyring.h"
#include "db/async.h"
#include "http/callers.h"
#include "jobs/queue.h"
#include "services/audit/audit_log.h"
#include "services/auth/sessions.h"
#include "services/oauth/claims_request.h"
#include "services/oauth/clients.h"
#include "services/oauth/key_sets.h"
#include "services/oauth/proofs.h"
#include "services/signing/signing_keys.h"
#include "services/users/users_service.h"

namespace authx::oauth {

using boost::asio::awaitable;

struct OAuthOptions {
  std::string issuer;                                            ///< the server's public URL, without a slash at its end
  crypto::JwsAlgorithm algorithm = crypto::JwsAlgorithm::ES256;  ///< of access tokens
  std::chrono::seconds access_lifetime{600};
  std::chrono::seconds id_token_lifetime{600};
  std::chrono::seconds code_lifetime{60};
  std::chrono::seconds request_lifetime{600};
  std::chrono::seconds pushed_lifetime{90};
  std::chrono::seconds device_lifetime{600};
  bool private_peers = false;                          ///< back-channel logout may go to private addresses
  std::array<std::uint8_t, 4> needed_aal{1, 1, 1, 1};  ///< by `http::Role`, of the person whom a program acts for
};

/// An authorization request after its checks (RFC 6749, 4.1.1; OpenID Connect Core, 3.1.2.1).
struct AuthorizationParams {
  std::string client_id, redirect_uri, scope, state, nonce, code_challenge, resource, dpop_jkt, prompt, acr_values;
  std::optional<std::int64_t> max_age;
  ClaimsRequest claims;       ///< what the client may have of what it asked for
  std::int64_t asked_at = 0;  ///< seconds

  /// Scopes, and what is asked for beside them.
  Words consent_words() const;

  std::string json() const;
  static AuthorizationParams from_json(std::string_view text);
};

/// The parameters of an authorization request as they came, empty when absent.
struct RawAuthorization {
  std::string response_type, client_id, redirect_uri, scope, state, nonce, code_challenge, code_challenge_method, resource, dpop_jkt,
      prompt, acr_values, max_age, response_mode, request, request_uri, claims;
};

/// What a client says at the token endpoint and its neighbours.
struct ClientCredentials {
  SecretText authorization;  ///< header
  std::string client_id;
  SecretText client_secret, client_assertion;
  std::string client_assertion_type;
};

struct TokenParams {
  std::string grant_type, code, redirect_uri, code_verifier, scope, resource, device_code;
  SecretText refresh_token, subject_token;
  std::string subject_token_type, requested_token_type, audience;
};

struct Tokens {
  std::string access_token, token_type = "Bearer";
  std::int64_t expires_in = 0;
  std::optional<std::string> refresh_token, id_token, scope, issued_token_type;
  using omits_empty = void;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Tokens, (), (access_token, token_type, expires_in, refresh_token, id_token, scope, issued_token_type))

/// Where the browser goes next; or that the request cannot be answered by a redirect, and why.
struct Onward {
  std::string location;
  std::string fault;
};

/// A request as the person who decides sees it.
struct Pending {
  AuthorizationParams params;
  std::shared_ptr<const Client> client;
  bool consent_needed = true;
  bool sign_in_again = false;
  bool another_person = false;             ///< the application asked for someone else (`sub`)
  std::optional<std::uint8_t> step_up_to;  ///< assurance that was asked for, that the caller lacks and can reach
  bool unmet = false;                      ///< assurance that was asked for as essential, that the caller cannot reach
};

struct DeviceStart {
  std::string device_code, user_code, verification_uri, verification_uri_complete;
  std::int64_t expires_in = 0, interval = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DeviceStart, (), (device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval))

struct Consent {
  std::string client_id, client_name;
  Words scope;
  Time granted_at;
};

/// Whether a token's header says that it is an OAuth access token (RFC 9068 `at+jwt`): chooses who checks it, and proves nothing.
bool is_access_token(std::string_view token);
/// The organisation of an access token: the default one when it names none. Nothing when what it names is no id.
std::optional<Uuid> tenant_of(const json::object& claims);

/// An OAuth 2.1 authorization server and OpenID Connect provider.
class OAuthService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& work;     ///< for making keys
    WorkPool& outside;  ///< for reading clients' key sets
    KeySets& key_sets;
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    jobs::Queue& queue;
    auth::Sessions& sessions;
    signing::SigningKeys& keys;
    OAuthOptions options;
    /// OpenID Connect for Identity Assurance `verified_claims` of a person; nothing when nothing is verified.
    std::function<Result<std::optional<json::object>>(db::Tx&, const Uuid&)> verified_claims;
    std::function<bool(const Uuid& tenant)> tenant_open = {};  ///< whether an organisation's clients are served; none: always
  };
  explicit OAuthService(Parts parts) : p_(std::move(parts)) {}

  /// Makes the first key of an algorithm that a client asks for.
  awaitable<Result<>> ensure_key(crypto::JwsAlgorithm algorithm);

  // Front channel
  awaitable<Result<Onward>> authorize(RawAuthorization raw, http::RequestInfo request);
  awaitable<Result<Outcome<std::string>>> push(ClientCredentials credentials, RawAuthorization raw, std::string dpop,
                                               http::RequestInfo request);
  /// `Errc::not_found` for a request that is unknown, decided or expired.
  awaitable<Result<Pending>> pending(const http::Principal& caller, std::string handle);
  awaitable<Result<std::string>> decide(const http::Principal& caller, std::string handle, bool approve);
  /// Answers `login_required`, for a request whose visitor has no session and may not be asked.
  awaitable<Result<std::string>> give_up(std::string handle);
  awaitable<Result<Onward>> logout(std::string id_token_hint, std::string post_logout_redirect_uri, std::string state,
                                   std::string client_id, http::RequestInfo request);

  // Back channel
  awaitable<Result<Outcome<Tokens>>> token(ClientCredentials credentials, TokenParams params, std::string dpop, http::RequestInfo request);
  awaitable<Result<Outcome<DeviceStart>>> start_device(ClientCredentials credentials, std::string scope, std::string resource,
                                                       http::RequestInfo request);
  awaitable<Result<Outcome<json::object>>> introspect(ClientCredentials credentials, SecretText token);
  awaitable<Result<Outcome<Done>>> revoke(ClientCredentials credentials, SecretText token, http::RequestInfo request);
  awaitable<Result<Outcome<json::object>>> userinfo(SecretText authorization, std::string dpop, std::string_view method);

  // A device's code, at the person's browser
  awaitable<Result<Pending>> device(const http::Principal& caller, std::string user_code);
  awaitable<Result<>> decide_device(const http::Principal& caller, std::string user_code, bool approve);

  // Consents
  awaitable<Result<std::vector<Consent>>> consents(const http::Principal& caller);
  awaitable<Result<>> withdraw(const http::Principal& caller, std::string client_id);

  /// An access token of ours that carries permissions of this server's own API. For the router.
  Result<http::Principal> authenticate(std::string_view token) const;

  awaitable<Result<std::shared_ptr<const Client>>> client(std::string client_id);  ///< null when unknown or disabled
  void forget_client(std::string_view client_id) { cache_.forget(client_id); }
  const OAuthOptions& options() const noexcept { return p_.options; }
  signing::SigningKeys& keys() noexcept { return p_.keys; }
  const Parts& parts() const noexcept { return p_; }

  /// Also lets every session's end be told to its client, whoever ended it.
  void register_jobs();
  /// Removes what expired; every minute.
  Result<> sweep();

 private:
  awaitable<Result<Outcome<std::shared_ptr<const Client>>>> authenticate_client(ClientCredentials credentials, http::RequestInfo request);
  /// The claims of a client's assertion that one of its keys signed.
  awaitable<Result<Outcome<json::object>>> check_assertion(const Client& client, const SecretText& assertion);
  Outcome<AuthorizationParams> check(const Client& client, const RawAuthorization& raw) const;
  Result<std::string> store(db::Tx& tx, const Client& client, const AuthorizationParams& params, bool pushed,
                            std::chrono::seconds lifetime);
  std::string answer(const AuthorizationParams& params, std::initializer_list<std::pair<std::string_view, std::string_view>> more) const;

  struct Subject {
    const Client& client;
    Uuid user;
    std::optional<Uuid> parent;
    std::string scope, resource, nonce, amr;
    std::uint8_t aal = 1;
    Time auth_time;
    std::optional<std::string> jkt = {};
    ClaimsRequest claims = {};
  };
  Result<Outcome<Tokens>> open(db::Tx& tx, const Subject& subject, const http::RequestInfo& request, Uuid* session);
  /// `subject.scope` and `subject.resource`: of this token.
  Result<Tokens> mint(db::Tx& tx, const Subject& subject, const users::User& user, const Uuid& session);
  Result<Outcome<Tokens>> by_code(db::Tx& tx, const Client& client, const TokenParams& in, const std::optional<DpopProof>& proof,
                                  const http::RequestInfo& request);
  Result<Outcome<Tokens>> by_refresh(db::Tx& tx, const Client& client, const TokenParams& in, const std::optional<DpopProof>& proof,
                                     const http::RequestInfo& request);
  Result<Outcome<Tokens>> by_client(db::Tx& tx, const Client& client, const TokenParams& in, const std::optional<DpopProof>& proof,
                                    const http::RequestInfo& request);
  Result<Outcome<Tokens>> by_device(db::Tx& tx, const Client& client, const TokenParams& in, const std::optional<DpopProof>& proof,
                                    const http::RequestInfo& request);
  Result<Outcome<Tokens>> by_exchange(db::Tx& tx, const Client& client, const TokenParams& in, const std::optional<DpopProof>& proof,
                                      const http::RequestInfo& request);
  Outcome<std::string> audience(const Client& client, const std::string& resource) const;
  /// What scopes and wishes release of a person, for one of the two places of claims.
  Result<json::object> claims_of(db::Tx& tx, const users::User& user, const Words& scope, const ClaimsPart& wishes) const;
  Result<> deliver_logout(const jobs::Job& job);
  Result<bool> consented(db::Tx& tx, const Uuid& user, const Client& client, const Words& words) const;
  bool live(const json::object& claims) const;

  Parts p_;
  ClientCache cache_;
};

}  // namespace authx::oauth
