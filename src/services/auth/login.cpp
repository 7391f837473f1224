#include <fmt/format.h>

#include "crypto/hash.h"
#include "services/auth/auth_service.h"
#include "services/auth/devices.h"
#include "services/auth/factors/factors.h"
#include "services/auth/pending_login.h"

namespace authx::auth {
namespace {

constexpr db::Query kAddPending{
    "pending.insert",
    "INSERT INTO pending_logins (token_hash, user_id, session_id, amr, device, failures, created_at, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, 0, $6, $7)"};
constexpr db::Query kPrunePending{"pending.prune", "DELETE FROM pending_logins WHERE user_id = $1 AND expires_at < $2"};
constexpr db::Query kFindPending{
    "pending.find",
    "SELECT p.user_id, p.session_id, p.amr, p.device, u.tenant_id FROM pending_logins p JOIN users u ON u.id = p.user_id "
    "WHERE p.token_hash = $1 AND p.used_at IS NULL AND p.failures < $2 AND p.expires_at > $3"};
constexpr db::Query kFailPending{"pending.fail", "UPDATE pending_logins SET failures = failures + 1 WHERE token_hash = $1"};
constexpr db::Query kUsePending{
    "pending.use", "UPDATE pending_logins SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND failures < $3 RETURNING user_id"};

constexpr int kTries = 5;

Error wrong_proof() {
  Error error{Errc::invalid_credentials, "second factor"};
  error.message = "This proof is wrong or has expired";
  return error;
}

std::string with_word(std::string words, std::string_view word) {
  if ((" " + words + " ").find(" " + std::string{word} + " ") == std::string::npos) {
    words += words.empty() ? "" : " ";
    words += word;
  }
  return words;
}

}  // namespace

Result<std::optional<AuthService::Pending>> AuthService::pending(db::Tx& tx, std::string_view token) const {
  Pending out;
  out.hash = digest_of(token);
  AX_TRY(const auto rows, tx.exec(kFindPending, out.hash, kTries, core_.clock.now()));
  if (rows.empty()) return std::optional<Pending>{};
  out.user = rows[0].uuid(0);
  out.session = rows[0].opt_uuid(1);
  out.amr = rows[0].text(2);
  out.device = rows[0].opt_bytes(3);
  out.tenant = rows[0].uuid(4);
  tx.enter(out.tenant);
  return std::optional{std::move(out)};
}

Result<ProofNeeded> AuthService::ask(db::Tx& tx, const Uuid& user, std::optional<Uuid> session, std::string_view amr,
                                     std::vector<std::string> methods, const std::optional<Bytes>& device) {
  const auto now = core_.clock.now();
  ProofNeeded out;
  out.token = SecretText{crypto::random_token()};
  out.methods = std::move(methods);
  out.lifetime = core_.options.pending_lifetime;
  AX_CHECK(tx.exec(kPrunePending, user, now));
  AX_CHECK(tx.exec(kAddPending, digest_of(out.token.expose()), user, session, amr, device, now, now + out.lifetime));
  return out;
}

awaitable<Result<Entered>> AuthService::login(std::string email, SecretText password, Client client) {
  struct Found {
    std::optional<users::Login> login;
    std::optional<Bytes> device;
    std::vector<GuessLimit> limits;
  };
  auto find = [this, &email, &client](db::Tx& tx) -> Result<Found> {
    Found out;
    AX_TRY(out.login, users::find_login(tx, core_.keyring, email));
    if (out.login) {
      AX_TRY(out.device, devices::known(tx, out.login->id, client.device_token));
    }
    out.limits = core_.guesses.limits("password", account_name(client.request.tenant, email), out.device, client.request.ip);
    return out;
  };
  AX_CO_TRY(const auto found, co_await core_.database.read(client.request.tenant, find));
  const auto held = core_.guesses.hold(found.limits);
  auto admit = [this, &found](db::Tx& tx) { return core_.guesses.admit(tx, found.limits); };
  AX_CO_CHECK(co_await core_.database.read(client.request.tenant, admit));

  const bool known = found.login && found.login->active && found.login->password_hash;
  struct Verified {
    bool right = false;
    std::optional<std::string> rehashed;
  };
  auto verify = [this, secret = std::move(password), hash = known ? *found.login->password_hash : decoy_, known]() -> Result<Verified> {
    Verified out;
    out.right = crypto::verify_password(secret.expose(), hash);
    if (known && out.right && crypto::needs_rehash(hash, core_.passwords.cost()))
      if (auto fresh = crypto::hash_password(secret.expose(), core_.passwords.cost())) out.rehashed = std::move(*fresh);
    return out;
  };
  AX_CO_TRY(const auto verified, co_await core_.hashing.run(std::move(verify)));
  if (!known || !verified.right) {
    auto note = [this, &found, &client](db::Tx& tx) -> Result<> {
      std::optional<Uuid> user;
      if (found.login) user = found.login->id;
      AX_CHECK(core_.guesses.failed(tx, found.limits));
      return core_.audit.append(tx, {user, "auth.login_failed", "{}", &client.request});
    };
    AX_CO_CHECK(co_await core_.database.write(client.request.tenant, note));
    Result<Entered> refused{Errc::invalid_credentials};
    co_return refused;
  }
  auto go_on = [this, &found, &verified, &client](db::Tx& tx) -> Result<Entered> {
    const auto& user = found.login->id;
    AX_CHECK(core_.guesses.succeeded(tx, found.limits));
    if (verified.rehashed) AX_CHECK(users::set_password(tx, user, *verified.rehashed, core_.clock.now()));
    AX_TRY(const auto factors, factors_of(tx, user));
    if (factors.any()) {
      AX_CHECK(core_.audit.append(tx, {user, "auth.password_accepted", "{}", &client.request}));
      AX_TRY(auto needed, ask(tx, user, std::nullopt, "pwd", factors.methods(), found.device));
      return Entered{std::move(needed)};
    }
    AX_TRY(auto tokens, enter(tx, user, "pwd", 1, client, found.device));
    return Entered{std::move(tokens)};
  };
  co_return co_await core_.database.write(client.request.tenant, go_on);
}

Result<Entered> AuthService::enter_from_outside(db::Tx& tx, const Uuid& user, const Client& client) {
  AX_TRY(const auto device, devices::known(tx, user, client.device_token));
  AX_TRY(const auto factors, factors_of(tx, user));
  if (factors.any()) {
    AX_TRY(const auto account, users::get(tx, core_.keyring, user));
    if (!account.active) return Errc::invalid_credentials;
    AX_CHECK(core_.audit.append(tx, {user, "auth.outside_accepted", "{}", &client.request}));
    AX_TRY(auto needed, ask(tx, user, std::nullopt, "fed", factors.methods(), device));
    return Entered{std::move(needed)};
  }
  AX_TRY(auto tokens, enter(tx, user, "fed", 1, client, device));
  return Entered{std::move(tokens)};
}

Result<Tokens> AuthService::enter(db::Tx& tx, const Uuid& id, std::string amr, std::uint8_t aal, const Client& client,
                                  const std::optional<Bytes>& device) {
  AX_TRY(auto user, users::get(tx, core_.keyring, id));
  if (!user.active || !core_.open_to(user.tenant)) return Errc::invalid_credentials;
  AX_CHECK(users::touch_login(tx, id, core_.clock.now()));
  AX_TRY(const bool is_new, devices::is_new(tx, id, client.request));
  const auto label = device_label(client.request.user_agent);
  if (is_new && !device) {
    AX_CHECK(core_.tell(tx, id, user.email, "New sign-in to your account",
                        "Your account was signed in to from " + label + " at " + client.request.ip +
                            ". If that was not you, change your password and end all sessions at " + core_.options.public_url +
                            "/security"));
    AX_CHECK(core_.audit.append(tx, {id, "auth.new_device", "{}", &client.request}));
  }
  if (core_.options.places) {
    AX_TRY(const auto travel, devices::impossible(tx, *core_.options.places, id, client.request, core_.clock.now()));
    if (travel) {
      AX_CHECK(core_.tell(tx, id, user.email, "Sign-in from far away",
                          "Your account was signed in to from " + label + " at " + client.request.ip +
                              ", too far from where it was used a short time before. If that was not you, change your password and end all "
                              "sessions at " +
                              core_.options.public_url + "/security"));
      AX_CHECK(core_.audit.append(tx, {id, "auth.impossible_travel",
                                       fmt::format(R"({{"from":"{}","to":"{}","least_km":{:.0f},"minutes":{}}})", travel->from, travel->to,
                                                   travel->least_km, travel->within.count() / 60),
                                       &client.request}));
    }
  }
  Opening opening;
  opening.user = id;
  opening.amr = std::move(amr);
  opening.aal = aal;
  opening.request = &client.request;
  AX_TRY(auto opened, core_.sessions.open(tx, opening));
  SecretText device_token;
  if (client.keeps_cookies) {
    AX_TRY(device_token, devices::remember(tx, core_, id, device, label));
  }
  AX_CHECK(core_.audit.append(
      tx, {id, "auth.logged_in", fmt::format(R"({{"session":"{}","amr":"{}"}})", opened.id.str(), opening.amr), &client.request}));
  Session session;
  session.id = opened.id;
  session.user = id;
  session.amr = opening.amr;
  session.aal = aal;
  session.auth_time = opened.auth_time;
  session.expires_at = opened.expires_at;
  auto out = tokens(std::move(user), session, std::move(opened.refresh_token));
  out.device_token = std::move(device_token);
  return out;
}

Result<Tokens> AuthService::finish(db::Tx& tx, const Pending& p, std::string amr, std::uint8_t aal, const Client& client) {
  AX_TRY(const auto used, tx.exec(kUsePending, p.hash, core_.clock.now(), kTries));
  if (used.empty()) return wrong_proof();
  if (!p.session) return enter(tx, p.user, std::move(amr), aal, client, p.device);
  AX_TRY(auto session, core_.sessions.find(tx, *p.session));
  if (!session) return wrong_proof();
  const auto now = core_.clock.now();
  AX_CHECK(core_.sessions.strengthen(tx, session->id, amr, aal, now));
  session->amr = amr;
  session->aal = aal;
  session->auth_time = now;
  AX_TRY(auto user, users::get(tx, core_.keyring, p.user));
  AX_CHECK(core_.audit.append(
      tx, {p.user, "auth.stepped_up", fmt::format(R"({{"session":"{}","amr":"{}"}})", session->id.str(), amr), &client.request}));
  return tokens(std::move(user), *session, SecretText{});
}

Result<bool> AuthService::check_proof(db::Tx& tx, const Pending& p, const SecondProof& proof, std::string& amr, std::uint8_t& aal,
                                      const http::RequestInfo& request) {
  AX_TRY(const auto factors, factors_of(tx, p.user));
  const auto methods = factors.methods();
  if (std::ranges::find(methods, proof.method) == methods.end()) return false;
  aal = 2;
  if (proof.method == "totp") {
    amr = with_word(p.amr, "otp");
    return totp::verify(tx, core_, p.user, proof.code);
  }
  if (proof.method == "recovery_code") {
    amr = with_word(p.amr, "otp");
    AX_TRY(const bool right, recovery::use(tx, core_, p.user, proof.code));
    if (right) {
      AX_TRY(const auto user, users::get(tx, core_.keyring, p.user));
      AX_CHECK(core_.tell(tx, p.user, user.email, "A recovery code was used",
                          "A recovery code of your account was used to sign in. If that was not you, change your password at once."));
      AX_CHECK(core_.audit.append(tx, {p.user, "auth.recovery_code_used", "{}", &request}));
    }
    return right;
  }
  if (proof.method == "email" || proof.method == "sms") {
    amr = with_word(p.amr, proof.method == "sms" ? "sms" : "otp");
    return codes::verify(tx, core_, p.user, "login", p.hash, proof.code);
  }
  if (proof.method == "passkey" && proof.assertion) {
    auto used = passkeys::use(tx, core_, p.user, *proof.assertion);
    if (!used && used.error().code != Errc::invalid_credentials) return used.error();
    if (!used || used->suspected) return false;
    amr = with_word(p.amr, used->device_bound ? "hwk" : "swk");
    if (used->verified && used->device_bound) aal = 3;
    return true;
  }
  return false;
}

awaitable<Result<Tokens>> AuthService::prove(SecretText token, SecondProof proof, Client client) {
  auto check = [this, &token, &proof, &client](db::Tx& tx) -> Result<std::optional<Tokens>> {
    AX_TRY(const auto p, pending(tx, token.expose()));
    if (!p) return std::optional<Tokens>{};
    const auto limits = core_.guesses.limits("factor", p->user.str(), p->device, client.request.ip);
    AX_CHECK(core_.guesses.admit(tx, limits));
    std::string amr;
    std::uint8_t aal = 1;
    AX_TRY(const bool right, check_proof(tx, *p, proof, amr, aal, client.request));
    if (!right) {  // committed: the failure counts
      AX_CHECK(tx.exec(kFailPending, p->hash));
      AX_CHECK(core_.guesses.failed(tx, limits));
      AX_CHECK(core_.audit.append(tx, {p->user, "auth.factor_failed", "{}", &client.request}));
      return std::optional<Tokens>{};
    }
    AX_CHECK(core_.guesses.succeeded(tx, limits));
    AX_TRY(auto tokens, finish(tx, *p, with_word(amr, "mfa"), aal, client));
    return std::optional{std::move(tokens)};
  };
  AX_CO_TRY(auto out, co_await core_.database.write(db::Scope::everyone(), check));
  if (!out) {
    Result<Tokens> refused{wrong_proof()};
    co_return refused;
  }
  co_return std::move(*out);
}

awaitable<Result<Tokens>> AuthService::prove_face(SecretText token, Bytes image, Client client) {
  auto begin = [this, &token, &client](db::Tx& tx) -> Result<std::optional<Pending>> {
    AX_TRY(auto p, pending(tx, token.expose()));
    if (!p) return p;
    AX_CHECK(core_.guesses.admit(tx, core_.guesses.limits("factor", p->user.str(), p->device, client.request.ip)));
    AX_TRY(const auto factors, factors_of(tx, p->user));
    if (std::ranges::find(factors.channels, "face") == factors.channels.end()) return std::optional<Pending>{};
    AX_CHECK(tx.exec(kFailPending, p->hash));  // counted before the face is looked at: tries at once must not slip through
    return p;
  };
  AX_CO_TRY(const auto p, co_await core_.database.write(db::Scope::everyone(), begin));
  if (!p) {
    Result<Tokens> refused{wrong_proof()};
    co_return refused;
  }
  if (!core_.face_check) {
    Result<Tokens> absent{Errc::capability_unavailable};
    co_return absent;
  }
  client.request.tenant = p->tenant;
  AX_CO_TRY(const bool same, co_await core_.face_check(p->user, std::move(image), client.request));
  auto end = [this, &p, &client, same](db::Tx& tx) -> Result<std::optional<Tokens>> {
    const auto limits = core_.guesses.limits("factor", p->user.str(), p->device, client.request.ip);
    if (!same) {
      AX_CHECK(core_.guesses.failed(tx, limits));
      AX_CHECK(core_.audit.append(tx, {p->user, "auth.factor_failed", R"({"method":"face"})", &client.request}));
      return std::optional<Tokens>{};
    }
    AX_CHECK(core_.guesses.succeeded(tx, limits));
    AX_TRY(auto tokens, finish(tx, *p, with_word(with_word(p->amr, "face"), "mfa"), 2, client));
    return std::optional{std::move(tokens)};
  };
  AX_CO_TRY(auto out, co_await core_.database.write(p->tenant, end));
  if (!out) {
    Result<Tokens> refused{wrong_proof()};
    co_return refused;
  }
  co_return std::move(*out);
}

awaitable<Result<>> AuthService::send_code(SecretText token, std::string channel, http::RequestInfo request) {
  auto send = [this, &token, &channel, &request](db::Tx& tx) -> Result<> {
    AX_TRY(const auto p, pending(tx, token.expose()));
    if (!p) return wrong_proof();
    AX_TRY(const auto enabled, codes::channels(tx, p->user));
    if (std::ranges::find(enabled, channel) == enabled.end()) return Error::invalid("method", "is not switched on for this account");
    AX_TRY(const auto user, users::get(tx, core_.keyring, p->user));
    return codes::send(tx, core_, user, "login", p->hash, channel == "sms" ? codes::Channel::sms : codes::Channel::email, request);
  };
  co_return co_await core_.database.write(db::Scope::everyone(), send);
}

awaitable<Result<std::string>> AuthService::second_passkey_options(SecretText token) {
  auto make = [this, &token](db::Tx& tx) -> Result<std::string> {
    AX_TRY(const auto p, pending(tx, token.expose()));
    if (!p) return wrong_proof();
    return passkeys::request_options(tx, core_, p->user);
  };
  co_return co_await core_.database.write(db::Scope::everyone(), make);
}

awaitable<Result<std::string>> AuthService::passkey_options(http::RequestInfo) {
  auto make = [this](db::Tx& tx) { return passkeys::request_options(tx, core_, std::nullopt); };
  co_return co_await core_.database.write(db::Scope::everyone(), make);
}

awaitable<Result<Tokens>> AuthService::login_with_passkey(passkeys::Assertion assertion, Client client) {
  auto check = [this, &assertion, &client](db::Tx& tx) -> Result<std::optional<Tokens>> {
    AX_TRY(const auto used, passkeys::use(tx, core_, std::nullopt, assertion));
    tx.enter(used.tenant);
    if (used.suspected) {  // committed: the flag stays
      AX_TRY(const auto user, users::get(tx, core_.keyring, used.user));
      AX_CHECK(core_.tell(tx, used.user, user.email, "A passkey was refused",
                          "A passkey of your account behaved like a copy and was refused. Remove it, and add it anew on your device."));
      AX_CHECK(
          core_.audit.append(tx, {used.user, "auth.passkey_suspected", R"({"passkey":")" + used.passkey.str() + "\"}", &client.request}));
      return std::optional<Tokens>{};
    }
    AX_TRY(const auto device, devices::known(tx, used.user, client.device_token));
    AX_TRY(auto tokens,
           enter(tx, used.user, used.device_bound ? "hwk user mfa" : "swk user mfa", used.device_bound ? 3 : 2, client, device));
    return std::optional{std::move(tokens)};
  };
  auto out = co_await core_.database.write(db::Scope::everyone(), check);
  if (!out || !*out) {
    Error error = out ? Error{Errc::invalid_credentials, "passkey counter"} : std::move(out).error();
    if (error.code == Errc::invalid_credentials) {
      error.message = "This passkey was not accepted";
      auto note = [this, &client](db::Tx& tx) {
        return core_.audit.append(tx, {std::nullopt, "auth.login_failed", "{}", &client.request});
      };
      AX_CO_CHECK(co_await core_.database.write(client.request.tenant, note));
    }
    Result<Tokens> refused{std::move(error)};
    co_return refused;
  }
  co_return std::move(**out);
}

awaitable<Result<Entered>> AuthService::step_up(http::Principal caller, SecretText password) {
  if (!caller.session) {
    Result<Entered> refused{Errc::forbidden};
    co_return refused;
  }
  const auto limits = core_.guesses.limits("step_up", caller.id.str(), std::nullopt, caller.request.ip);
  const auto held = core_.guesses.hold(limits);
  auto find = [this, &caller, &limits](db::Tx& tx) -> Result<std::optional<std::string>> {
    AX_CHECK(core_.guesses.admit(tx, limits));
    return users::password_hash(tx, caller.id);
  };
  AX_CO_TRY(const auto hash, co_await core_.database.read(caller.request.tenant, find));
  auto verify = [secret = std::move(password), hash = hash.value_or(decoy_)]() -> Result<bool> {
    return crypto::verify_password(secret.expose(), hash);
  };
  AX_CO_TRY(const bool right, co_await core_.hashing.run(std::move(verify)));
  auto go_on = [this, &caller, &limits, &hash, right](db::Tx& tx) -> Result<std::optional<Entered>> {
    if (!right || !hash) {
      AX_CHECK(core_.guesses.failed(tx, limits));
      AX_CHECK(core_.audit.append(tx, {caller.id, "auth.step_up_failed", "{}", &caller.request}));
      return std::optional<Entered>{};
    }
    AX_CHECK(core_.guesses.succeeded(tx, limits));
    AX_TRY(const auto factors, factors_of(tx, caller.id));
    AX_TRY(auto needed, ask(tx, caller.id, caller.session, "pwd", factors.methods(), std::nullopt));
    if (factors.any()) return std::optional<Entered>{std::move(needed)};
    Pending p;
    p.hash = digest_of(needed.token.expose());
    p.user = caller.id;
    p.tenant = caller.request.tenant;
    p.session = caller.session;
    Client client;
    client.request = caller.request;
    AX_TRY(auto tokens, finish(tx, p, "pwd", 1, client));
    return std::optional<Entered>{std::move(tokens)};
  };
  AX_CO_TRY(auto out, co_await core_.database.write(caller.request.tenant, go_on));
  if (!out) {
    Error error{Errc::invalid_credentials, "step-up"};
    error.message = "The password is wrong";
    Result<Entered> refused{std::move(error)};
    co_return refused;
  }
  co_return std::move(*out);
}

}  // namespace authx::auth
