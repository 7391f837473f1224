#include "services/auth/account_service.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "crypto/hash.h"
#include "services/auth/one_time_tokens.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"

namespace authx::auth {
namespace {

constexpr db::Query kAddChange{
    "accounts.add_change",
    "INSERT INTO contact_changes (token_hash, user_id, kind, row_id, value, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Query kDropChanges{"accounts.drop_changes", "DELETE FROM contact_changes WHERE user_id = $1 AND kind = $2"};
constexpr db::Query kFindChange{"accounts.find_change",
                                "SELECT c.user_id, c.row_id, c.value, u.tenant_id FROM contact_changes c JOIN users u ON u.id = c.user_id "
                                "WHERE c.token_hash = $1 AND c.kind = $2 AND c.used_at IS NULL AND c.expires_at > $3"};
constexpr db::Query kUseChange{"accounts.use_change",
                               "UPDATE contact_changes SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING user_id"};

Error bad_token() { return Error::invalid("token", "is unknown, used or expired"); }

struct Change {
  Uuid user;
  std::string value;
};

Result<> add_change(db::Tx& tx, const Core& core, const Uuid& user, std::string_view kind, std::string_view value, std::string_view token,
                    Time until) {
  const auto now = core.clock.now();
  const auto row = Uuid::generate(now);
  AX_TRY(auto key, users::person_key(tx, core.keyring, user));
  const users::PersonBox box{std::move(key), "contact_changes", row};
  AX_CHECK(tx.exec(kDropChanges, user, kind));
  AX_CHECK(tx.exec(kAddChange, digest_of(token), user, kind, row, box.seal("value", value), now, until));
  return {};
}

Result<std::optional<Change>> find_change(db::Tx& tx, const Core& core, std::string_view kind, std::string_view token) {
  AX_TRY(const auto rows, tx.exec(kFindChange, digest_of(token), kind, core.clock.now()));
  if (rows.empty()) return std::optional<Change>{};
  Change out;
  out.user = rows[0].uuid(0);
  if (!tx.scope().only()) tx.enter(rows[0].uuid(3));
  AX_TRY(auto key, users::person_key(tx, core.keyring, out.user));
  const users::PersonBox box{std::move(key), "contact_changes", rows[0].uuid(1)};
  AX_TRY(out.value, box.open("value", rows[0].bytes(2)));
  return std::optional{std::move(out)};
}

}  // namespace

Result<> AccountService::must_be_strong(db::Tx& tx, const http::Principal& caller) const {
  AX_TRY(const auto factors, factors_of(tx, caller.id));
  if (factors.any() && caller.aal < 2) return http::step_up(2, http::RecentlySignedIn::max_age);
  return {};
}

Result<> AccountService::changed(db::Tx& tx, const http::Principal& caller, std::string_view action, std::string_view what) const {
  AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
  AX_CHECK(core_.tell(
      tx, caller.id, user.email, "Your account was changed",
      std::string{what} + " If that was not you, change your password and end all sessions at " + core_.options.public_url + "/security"));
  return core_.audit.append(tx, {caller.id, action, "{}", &caller.request});
}

awaitable<Result<>> AccountService::change_password(http::Principal caller, SecretText current, SecretText next) {
  struct Found {
    std::string hash;
    std::vector<std::string> words;
    std::vector<GuessLimit> limits;
  };
  auto find = [this, &caller](db::Tx& tx) -> Result<Found> {
    Found out;
    out.limits = core_.guesses.limits("step_up", caller.id.str(), std::nullopt, caller.request.ip);
    AX_CHECK(core_.guesses.admit(tx, out.limits));
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(auto hash, users::password_hash(tx, caller.id));
    out.hash = std::move(hash).value_or("");
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    out.words = context_words(user.name, user.email);
    return out;
  };
  AX_CO_TRY(const auto found, co_await core_.database.read(caller.request.tenant, find));
  struct Made {
    bool right = false;
    std::string hash;
  };
  auto work = [this, current = std::move(current), next = std::move(next), hash = found.hash, words = found.words]() -> Result<Made> {
    Made out;
    out.right = crypto::verify_password(current.expose(), hash);
    if (out.right) {
      AX_TRY(out.hash, core_.passwords.hash_new("new_password", next.expose(), words));
    }
    return out;
  };
  AX_CO_TRY(const auto made, co_await core_.hashing.run(std::move(work)));
  auto store = [this, &caller, &found, &made](db::Tx& tx) -> Result<> {
    if (!made.right) {
      AX_CHECK(core_.guesses.failed(tx, found.limits));
      return core_.audit.append(tx, {caller.id, "auth.password_change_refused", "{}", &caller.request});
    }
    AX_CHECK(core_.guesses.succeeded(tx, found.limits));
    AX_CHECK(users::set_password(tx, caller.id, made.hash, core_.clock.now()));
    AX_CHECK(core_.sessions.revoke_all(tx, caller.id, "password_changed", caller.session));
    return changed(tx, caller, "auth.password_changed", "Its password was changed.");
  };
  AX_CO_CHECK(co_await core_.database.write(caller.request.tenant, store));
  if (!made.right) {
    Error error{Errc::invalid_credentials, "current password"};
    error.message = "The current password is wrong";
    co_return Result<>{std::move(error)};
  }
  co_return Result<>{};
}

awaitable<void> AccountService::send_reset(Core& core, std::string email, http::RequestInfo request) {
  auto send = [&core, &email, &request](db::Tx& tx) -> Result<> {
    AX_TRY(const auto found, users::find_login(tx, core.keyring, email));
    const auto limits = core.guesses.message_limits(account_name(request.tenant, email), request.ip);
    AX_CHECK(core.guesses.admit(tx, limits));
    AX_CHECK(core.guesses.failed(tx, limits));
    if (!found || !found->active) return core.audit.append(tx, {std::nullopt, "auth.reset_for_nobody", "{}", &request});
    const auto now = core.clock.now();
    AX_CHECK(one_time_tokens::drop(tx, found->id, "password_reset"));
    AX_TRY(const auto token, one_time_tokens::issue(tx, found->id, "password_reset", now + core.options.reset_lifetime));
    AX_CHECK(core.tell(tx, found->id, email, "Reset your password",
                       "Choose a new password: " + core.options.public_url + "/reset-password#token=" + token.expose() +
                           " The link is valid for half an hour. If you did not ask for it, do nothing."));
    return core.audit.append(tx, {found->id, "auth.reset_requested", "{}", &request});
  };
  const auto done = co_await core.database.write(request.tenant, send);
  if (!done) log::warning("reset_not_sent", {{"request_id", request.id}, {"detail", done.error().detail}});
}

awaitable<Result<>> AccountService::request_reset(std::string email, http::RequestInfo request) {
  auto work = send_reset(core_, std::move(email), std::move(request));
  asio::co_spawn(co_await asio::this_coro::executor, std::move(work), asio::detached);
  co_return Result<>{};
}

awaitable<Result<>> AccountService::reset_password(SecretText token, SecretText password, http::RequestInfo request) {
  auto hash = [this, secret = std::move(password)] { return core_.passwords.hash_new("password", secret.expose(), context_words("", "")); };
  AX_CO_TRY(const auto hashed, co_await core_.hashing.run(std::move(hash)));
  auto store = [this, &token, &hashed, &request](db::Tx& tx) -> Result<> {
    const auto now = core_.clock.now();
    AX_TRY(const auto whose, one_time_tokens::use(tx, token.expose(), "password_reset", now));
    if (!whose) return bad_token();
    const auto& id = *whose;
    AX_TRY(const auto user, users::get(tx, core_.keyring, id));
    if (!user.active) return bad_token();
    AX_CHECK(users::set_password(tx, id, hashed, now));
    AX_CHECK(users::mark_email_verified(tx, id, now));
    AX_CHECK(core_.sessions.revoke_all(tx, id, "password_changed"));
    // Whoever holds the address may sign in now, however many strangers guessed before.
    AX_CHECK(
        core_.guesses.succeeded(tx, core_.guesses.limits("password", account_name(user.tenant, user.email), std::nullopt, request.ip)));
    AX_CHECK(core_.tell(tx, id, user.email, "Your password was changed", "Your password was reset, and all sessions were ended."));
    return core_.audit.append(tx, {id, "auth.password_reset", "{}", &request});
  };
  co_return co_await core_.database.write(db::Scope::everyone(), store);
}

awaitable<Result<>> AccountService::request_email(http::Principal caller, std::string email) {
  auto store = [this, &caller, &email](db::Tx& tx) -> Result<> {
    AX_CHECK(must_be_strong(tx, caller));
    const auto limits = core_.guesses.message_limits(caller.id.str(), caller.request.ip);
    AX_CHECK(core_.guesses.admit(tx, limits));
    AX_CHECK(core_.guesses.failed(tx, limits));
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    AX_TRY(const auto taken, users::find_login(tx, core_.keyring, email));
    if (taken) {
      AX_CHECK(core_.tell(
          tx, taken->id, email, "You already have an account",
          "Someone, perhaps you, wanted to use this address for another account. Sign in at " + core_.options.public_url + "/login"));
    } else {
      const auto token = crypto::random_token();
      AX_CHECK(add_change(tx, core_, caller.id, "email", email, token, core_.clock.now() + core_.options.link_lifetime));
      AX_CHECK(core_.tell(tx, caller.id, email, "Confirm your new e-mail address",
                          "Confirm that this address is yours: " + core_.options.public_url + "/change-email#token=" + token));
    }
    AX_CHECK(core_.tell(
        tx, caller.id, user.email, "Your e-mail address is to be changed",
        "A new address was given for your account. It counts once it is confirmed. If that was not you, change your password at once."));
    return core_.audit.append(tx, {caller.id, "user.email_change_requested", "{}", &caller.request});
  };
  co_return co_await core_.database.write(caller.request.tenant, store);
}

awaitable<Result<>> AccountService::confirm_email(SecretText token, http::RequestInfo request) {
  auto store = [this, &token, &request](db::Tx& tx) -> Result<> {
    AX_TRY(const auto change, find_change(tx, core_, "email", token.expose()));
    if (!change) return bad_token();
    const auto now = core_.clock.now();
    AX_TRY(const auto used, tx.exec(kUseChange, digest_of(token.expose()), now));
    if (used.empty()) return bad_token();
    AX_TRY(const auto user, users::get(tx, core_.keyring, change->user));
    AX_CHECK(users::set_email(tx, core_.keyring, change->user, change->value, now));
    AX_CHECK(core_.tell(tx, change->user, user.email, "Your e-mail address was changed", "Messages go to your new address from now on."));
    return core_.audit.append(tx, {change->user, "user.email_changed", "{}", &request});
  };
  co_return co_await core_.database.write(db::Scope::everyone(), store);
}

awaitable<Result<SecretText>> AccountService::request_phone(http::Principal caller, std::string phone) {
  auto store = [this, &caller, &phone](db::Tx& tx) -> Result<SecretText> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    SecretText token{crypto::random_token()};
    AX_CHECK(add_change(tx, core_, caller.id, "phone", phone, token.expose(), core_.clock.now() + core_.options.code_lifetime));
    AX_CHECK(codes::send(tx, core_, user, "phone_change", digest_of(token.expose()), codes::Channel::sms, caller.request, phone));
    return token;
  };
  co_return co_await core_.database.write(caller.request.tenant, store);
}

awaitable<Result<>> AccountService::confirm_phone(http::Principal caller, SecretText token, std::string code) {
  auto store = [this, &caller, &token, &code](db::Tx& tx) -> Result<bool> {
    AX_TRY(const auto change, find_change(tx, core_, "phone", token.expose()));
    if (!change || change->user != caller.id) return false;
    AX_TRY(const bool right, codes::verify(tx, core_, caller.id, "phone_change", digest_of(token.expose()), code));
    if (!right) return false;
    const auto now = core_.clock.now();
    AX_CHECK(tx.exec(kUseChange, digest_of(token.expose()), now));
    AX_CHECK(users::set_phone(tx, core_.keyring, caller.id, change->value, now));
    AX_CHECK(changed(tx, caller, "user.phone_changed", "Its phone number was changed."));
    return true;
  };
  AX_CO_TRY(const bool right, co_await core_.database.write(caller.request.tenant, store));
  if (!right) co_return Result<>{Error::invalid("code", "is wrong, used or expired")};
  co_return Result<>{};
}

awaitable<Result<FactorList>> AccountService::factors(http::Principal caller) {
  auto read = [&caller](db::Tx& tx) { return factors_of(tx, caller.id); };
  co_return co_await core_.database.read(caller.request.tenant, read);
}

awaitable<Result<totp::Enrolment>> AccountService::begin_totp(http::Principal caller) {
  auto begin = [this, &caller](db::Tx& tx) -> Result<totp::Enrolment> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    return totp::begin(tx, core_, caller.id, user.email);
  };
  co_return co_await core_.database.write(caller.request.tenant, begin);
}

awaitable<Result<std::vector<std::string>>> AccountService::confirm_totp(http::Principal caller, std::string code) {
  using Codes = std::vector<std::string>;
  auto confirm = [this, &caller, &code](db::Tx& tx) -> Result<std::optional<Codes>> {
    const auto limits = core_.guesses.limits("enrol", caller.id.str(), std::nullopt, caller.request.ip);
    AX_CHECK(core_.guesses.admit(tx, limits));
    AX_TRY(const bool right, totp::confirm(tx, core_, caller.id, code));
    if (!right) {
      AX_CHECK(core_.guesses.failed(tx, limits));
      return std::optional<Codes>{};
    }
    AX_CHECK(changed(tx, caller, "factor.totp_added", "An authenticator app was added."));
    AX_TRY(const int left, recovery::left(tx, caller.id));
    Codes out;
    if (left == 0) {
      AX_TRY(out, recovery::issue(tx, core_, caller.id));
    }
    return std::optional{std::move(out)};
  };
  AX_CO_TRY(auto out, co_await core_.database.write(caller.request.tenant, confirm));
  if (!out) {
    Result<Codes> refused{Error::invalid("code", "is wrong")};
    co_return refused;
  }
  co_return std::move(*out);
}

awaitable<Result<std::vector<std::string>>> AccountService::new_recovery_codes(http::Principal caller) {
  auto make = [this, &caller](db::Tx& tx) -> Result<std::vector<std::string>> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto factors, factors_of(tx, caller.id));
    if (!factors.any()) return Errc::conflict;
    AX_CHECK(changed(tx, caller, "factor.recovery_codes_made", "New recovery codes were made."));
    return recovery::issue(tx, core_, caller.id);
  };
  co_return co_await core_.database.write(caller.request.tenant, make);
}

awaitable<Result<>> AccountService::enable_channel(http::Principal caller, std::string kind) {
  auto enable = [this, &caller, &kind](db::Tx& tx) -> Result<> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    AX_TRY(const auto factors, factors_of(tx, caller.id));
    const auto conflict = [](const char* message) {
      Error error{Errc::conflict};
      error.message = message;
      return error;
    };
    if (kind == "email" && !user.email_verified) return conflict("Confirm your e-mail address first");
    if (kind == "sms" && !user.phone_verified) return conflict("Confirm your phone number first");
    if (kind != "email" && !factors.strong()) return conflict("Add a passkey or an authenticator app first");
    if (kind == "face") {
      if (!core_.proof_check) return Errc::capability_unavailable;
      AX_TRY(const bool proofed, core_.proof_check(tx, caller.id, Time{}));
      if (!proofed) return conflict("Verify your identity first");
    }
    AX_CHECK(codes::enable(tx, core_, caller.id, kind));
    return changed(tx, caller, "factor.channel_added", "A second factor was added.");
  };
  co_return co_await core_.database.write(caller.request.tenant, enable);
}

awaitable<Result<>> AccountService::remove_factor(http::Principal caller, std::string kind) {
  auto remove = [this, &caller, &kind](db::Tx& tx) -> Result<> {
    AX_CHECK(must_be_strong(tx, caller));
    bool had = false;
    if (kind == "totp") {
      AX_TRY(had, totp::remove(tx, caller.id));
    } else {
      AX_TRY(had, codes::disable(tx, caller.id, kind));
    }
    if (!had) return Errc::not_found;
    return changed(tx, caller, "factor.removed", "A second factor was removed.");
  };
  co_return co_await core_.database.write(caller.request.tenant, remove);
}

awaitable<Result<std::string>> AccountService::passkey_creation(http::Principal caller) {
  auto make = [this, &caller](db::Tx& tx) -> Result<std::string> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto user, users::get(tx, core_.keyring, caller.id));
    return passkeys::creation_options(tx, core_, user);
  };
  co_return co_await core_.database.write(caller.request.tenant, make);
}

awaitable<Result<Uuid>> AccountService::add_passkey(http::Principal caller, passkeys::NewPasskey credential) {
  auto add = [this, &caller, &credential](db::Tx& tx) -> Result<Uuid> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const auto id, passkeys::add(tx, core_, caller.id, credential));
    AX_CHECK(changed(tx, caller, "factor.passkey_added", "A passkey was added."));
    return id;
  };
  co_return co_await core_.database.write(caller.request.tenant, add);
}

awaitable<Result<>> AccountService::remove_passkey(http::Principal caller, Uuid passkey) {
  auto remove = [this, &caller, passkey](db::Tx& tx) -> Result<> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_TRY(const bool had, passkeys::remove(tx, caller.id, passkey));
    if (!had) return Errc::not_found;
    return changed(tx, caller, "factor.passkey_removed", "A passkey was removed.");
  };
  co_return co_await core_.database.write(caller.request.tenant, remove);
}

awaitable<Result<>> AccountService::erase(http::Principal caller) {
  auto erase = [this, &caller](db::Tx& tx) -> Result<> {
    AX_CHECK(must_be_strong(tx, caller));
    AX_CHECK(core_.sessions.revoke_all(tx, caller.id, "erased"));
    if (core_.on_erase) AX_CHECK(core_.on_erase(tx, caller.id));
    AX_CHECK(users::erase(tx, caller.id));
    return core_.audit.append(tx, {caller.id, "user.erased", "{}", &caller.request});
  };
  co_return co_await core_.database.write(caller.request.tenant, erase);
}

Result<> AccountService::set_status(db::Tx& tx, Sessions& sessions, const Uuid& user, std::string_view status, std::string_view reason,
                                    Time now) {
  AX_CHECK(users::set_status(tx, user, status, reason, now));
  if (status != "active") AX_CHECK(sessions.revoke_all(tx, user, status));
  return {};
}

}  // namespace authx::auth
