#include "crypto/hash.h"
#include "services/auth/auth_service.h"
#include "services/auth/factors/factors.h"
#include "services/auth/pending_login.h"

namespace authx::auth {

awaitable<Result<Tokens>> AuthService::begin_recovery(SecretText token, Client client) {
  auto begin = [this, &token, &client](db::Tx& tx) -> Result<Tokens> {
    AX_TRY(const auto p, pending(tx, token.expose()));
    if (!p || p->session) return Error{Errc::invalid_credentials, "challenge token"};
    if (!core_.proof_check) return Errc::capability_unavailable;
    AX_TRY(const bool proofed, core_.proof_check(tx, p->user, Time{}));
    if (!proofed) {
      Error error{Errc::conflict, "no verified identity"};
      error.message = "No identity is verified for this account: an administrator must help";
      return error;
    }
    AX_TRY(auto user, users::get(tx, core_.keyring, p->user));
    Opening opening;
    opening.user = p->user;
    opening.scope = kRecoveryScope;
    opening.request = &client.request;
    AX_TRY(auto opened, core_.sessions.open(tx, opening));
    AX_CHECK(
        core_.tell(tx, p->user, user.email, "Recovery of your account was begun",
                   "Someone who knows your password said that all second factors are lost, and has to prove your identity anew. If that "
                   "was not you, change your password at once."));
    AX_CHECK(core_.audit.append(tx, {p->user, "auth.recovery_begun", R"({"session":")" + opened.id.str() + "\"}", &client.request}));
    AX_TRY(const auto session, core_.sessions.find(tx, opened.id));
    if (!session) return Error{Errc::internal, "the new session is not live"};
    return tokens(std::move(user), *session, std::move(opened.refresh_token));
  };
  co_return co_await core_.database.write(db::Scope::everyone(), begin);
}

awaitable<Result<>> AuthService::finish_recovery(http::Principal caller) {
  auto finish = [this, &caller](db::Tx& tx) -> Result<> {
    if (!caller.session) return Errc::forbidden;
    AX_TRY(const auto session, core_.sessions.find(tx, *caller.session));
    if (!session || session->scope != kRecoveryScope) return Errc::forbidden;
    if (!core_.proof_check) return Errc::capability_unavailable;
    AX_TRY(const bool same, core_.proof_check(tx, caller.id, session->created_at));
    if (!same) {
      Error error{Errc::conflict, "not proofed"};
      error.message = "There is no new approved verification of the same person yet";
      return error;
    }
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    AX_CHECK(remove_factors(tx, caller.id));
    AX_CHECK(core_.sessions.revoke_all(tx, caller.id, "recovered"));
    AX_CHECK(core_.tell(tx, caller.id, user.email, "Your account was recovered",
                        "Your identity was proven anew. All second factors were removed and all sessions ended."));
    return core_.audit.append(tx, {caller.id, "auth.recovered", "{}", &caller.request});
  };
  co_return co_await core_.database.write(caller.request.tenant, finish);
}

}  // namespace authx::auth
