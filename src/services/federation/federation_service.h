#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/work_pool.h"
#include "services/auth/auth_service.h"
#include "services/federation/outside_provider.h"

namespace authx::federation {

using boost::asio::awaitable;

/// An account that a person has with an outside provider, linked to theirs here.
struct Identity {
  Uuid id, provider;
  std::string provider_name;
  Time linked_at;
  std::optional<Time> used_at;
};

/// Where to send the person, and what their browser keeps meanwhile.
struct Begun {
  std::string url;
  SecretText binding;  ///< of a sign-in; empty for a link, which is bound to the session
};

/// What comes back from the provider, through the browser.
struct Returned {
  std::string code, state, iss, error;
};

/// Sign-in through outside OpenID providers (authorization code, PKCE, nonce, RFC 9207), and linking them to accounts.
///
/// An account is never found by its e-mail address: a provider's person who is not linked gets a new account (if the provider may make
/// any) or is told to sign in and link. Nobody who can make an account at a provider with somebody's address reaches the account that
/// has this address here, and nobody who registered somebody's address here waits in it for them. A person's second factors are asked for
/// after the provider's sign-in as after a password.
///
/// `state` is random; nonce and PKCE verifier are keyed hashes of it, and the database keeps its hash only. A sign-in belongs to the
/// browser that began it (cookie), a link to the session that began it; each serves once, for ten minutes.
class FederationService {
 public:
  static constexpr std::size_t kMost = 50;  ///< providers
  static constexpr std::chrono::minutes kPatience{10};

  struct Parts {
    db::AsyncDatabase& database;
    WorkPool& work;  ///< for conversations with providers
    auth::AuthService& auth;
    oauth::KeySets& key_sets;
    std::string redirect_uri;  ///< the page that providers send back to
    bool allow_private = false;
  };
  explicit FederationService(Parts parts);

  awaitable<Result<std::vector<Provider>>> providers(Uuid tenant);
  awaitable<Result<Begun>> begin(Uuid tenant, Uuid provider);
  awaitable<Result<Begun>> begin_link(http::Principal caller, Uuid provider);
  awaitable<Result<auth::Entered>> finish(Returned returned, SecretText binding, auth::Client client);
  awaitable<Result<>> finish_link(http::Principal caller, Returned returned);
  awaitable<Result<std::vector<Identity>>> identities(http::Principal caller);
  /// `Errc::conflict` when it is the only way into the account.
  awaitable<Result<>> unlink(http::Principal caller, Uuid identity);

  /// For administrators. `Errc::conflict` for an issuer and client that are configured already, or too many.
  awaitable<Result<Provider>> add(http::Principal by, Provider provider);
  /// All but the issuer: who is who is only known by it. An empty secret keeps the present one.
  awaitable<Result<Provider>> change(http::Principal by, Provider provider);
  awaitable<Result<>> remove(http::Principal by, Uuid provider);

  Result<> sweep();

  auth::AuthService& auth() noexcept { return p_.auth; }
  bool allow_private() const noexcept { return p_.allow_private; }

 private:
  struct Attempt;
  Result<Provider> provider(db::Tx& tx, const Uuid& id) const;
  Result<Provider> read(const db::Row& row) const;
  std::string derived(std::string_view what, std::string_view state) const;
  awaitable<Result<Begun>> begin(Uuid tenant, Uuid provider, std::optional<Uuid> user, std::optional<Uuid> session);
  /// The claims that the provider answers, for an attempt that is now used up.
  awaitable<Result<std::pair<Provider, json::object>>> redeem(Returned returned, std::optional<SecretText> binding,
                                                              std::optional<http::Principal> caller);

  Parts p_;
  OutsideProviders outside_;
  SecretBytes key_;
};

}  // namespace authx::federation
