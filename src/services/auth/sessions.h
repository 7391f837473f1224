#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "crypto/keyring.h"
#include "db/db.h"
#include "http/request.h"
#include "services/audit/audit_log.h"
#include "services/auth/revocations.h"

namespace authx::auth {

/// The client of sessions that people have with the product itself.
inline constexpr std::string_view kOwnClient = "authx";

struct SessionOptions {
  std::chrono::seconds idle{std::chrono::days{14}};      ///< unused for so long, a session ends
  std::chrono::seconds absolute{std::chrono::days{90}};  ///< used or not
  std::chrono::seconds grace{10};                        ///< in which a used refresh token answers with the same successor again
  std::chrono::seconds access_lifetime{3600};            ///< of access tokens
};

/// What a new session is to be.
struct Opening {
  Uuid user;
  std::string client_id{kOwnClient};
  std::string scope = {};                   ///< space-separated; may hold `offline_access`
  std::optional<std::string> binding = {};  ///< thumbprint of the key that must present the tokens (RFC 9449 `jkt`)
  std::optional<Uuid> parent = {};          ///< the person's own session that a client's session was granted from
  std::string amr = "pwd";                  ///< RFC 8176 values, space-separated
  std::uint8_t aal = 1;
  std::optional<Time> auth_time = {};  ///< when the person proved who they are; empty: now
  const http::RequestInfo* request = nullptr;
};

struct Opened {
  Uuid id;
  SecretText refresh_token;
  Time auth_time, expires_at;
};

struct Session {
  Uuid id, user, tenant;
  std::optional<Uuid> parent;
  std::string client_id, scope;
  std::optional<std::string> binding;
  std::string device, ip;
  std::uint8_t aal = 1;
  std::string amr;
  Time auth_time, created_at, last_used_at, expires_at;  ///< `expires_at`: the earlier of idle and absolute expiry
};

enum class Rotation : std::uint8_t {
  done,     ///< the token was current and now has a successor
  again,    ///< it was used a moment ago, its successor not yet: the same successor once more (the answer was lost, or two tabs asked)
  refused,  ///< unknown, expired, revoked, or another client's
  reused,   ///< a used token: the session is revoked now
};

struct Rotated {
  Rotation outcome = Rotation::refused;
  Session session;
  SecretText refresh_token;  ///< when `done` or `again`
  bool ok() const noexcept { return outcome == Rotation::done || outcome == Rotation::again; }
};

/// Sign-ins and their refresh tokens. Thread-safe; all state is in the database and in `Revocations`.
///
/// A refresh token is base64url(session id | number | HMAC-SHA256(key, session id | number | salt)): without the keyring's key the
/// database gives no token, and without the database's salt the key gives none. Only the newest number is valid. Using an older one
/// revokes the session (RFC 9700, section 4.14.2), except for the last one within `grace` while its successor is unused.
class Sessions {
 public:
  Sessions(db::Database& database, const Clock& clock, const crypto::Keyring& keyring, const audit::Log& audit, SessionOptions options);

  Result<> start() { return revocations_.start(); }
  /// Called for every session of a client that ends before its time, in the transaction that ends it. Set once, before serving.
  using OnEnd = std::function<Result<>(db::Tx& tx, const Uuid& session, const Uuid& user, std::string_view client_id)>;
  void on_end(OnEnd action) { on_end_ = std::move(action); }
  const SessionOptions& options() const noexcept { return options_; }

  Result<Opened> open(db::Tx& tx, const Opening& opening);

  /// One UPDATE decides between callers at the same time. Commit whatever the outcome: a reuse has revoked the session and audited
  /// that. An error rolls back. `client_id` must be the session's.
  /// The transaction goes on in the organisation of the session that it finds.
  Result<Rotated> rotate(db::Tx& tx, std::string_view token, std::string_view client_id, const http::RequestInfo* request);

  /// The live session of a current refresh token, without using it (RFC 7662). Nothing when it is not current.
  Result<std::optional<Session>> inspect(db::Tx& tx, std::string_view token) const;
  /// A live session.
  Result<std::optional<Session>> find(db::Tx& tx, const Uuid& id) const;
  /// A person's live sessions, newest first, at most 100.
  Result<std::vector<Session>> list(db::Tx& tx, const Uuid& user) const;

  /// A later proof within the same session.
  Result<> strengthen(db::Tx& tx, const Uuid& session, std::string_view amr, std::uint8_t aal, Time auth_time);

  /// Ends a session and those that clients were granted from it, except with `offline_access`. False when it was not live.
  /// `why` is a code: logged_out, revoked, reused, password_changed, disabled, erased.
  Result<bool> revoke(db::Tx& tx, const Uuid& session, std::string_view why);
  /// Ends all of a person's sessions but one; how many.
  Result<int> revoke_all(db::Tx& tx, const Uuid& user, std::string_view why, std::optional<Uuid> except = std::nullopt);
  /// All of an organisation, in which the transaction must be; how many.
  Result<std::size_t> revoke_tenant(db::Tx& tx, const Uuid& tenant, std::string_view why);

  /// Whether access tokens of the session still count, as this process knows: cheap, asks no database.
  bool is_live(const Uuid& session) const { return !revocations_.contains(session); }
  /// False when other processes' revocations could not be read for a minute: then nothing may be let in.
  bool knows() const noexcept { return revocations_.fresh(); }

  /// Forgets sessions that ended long ago; returns how many.
  Result<std::size_t> sweep(db::Tx& tx);

  /// For a cookie-borne refresh token: the value that the page must send beside it (signed double-submit).
  std::string csrf_token(const Uuid& session) const;
  /// The session that a token of the right form names; its hash is not checked.
  static std::optional<Uuid> session_of(std::string_view token);

 private:
  struct Parts;
  static std::optional<Parts> parse(std::string_view token);
  SecretText token(const Uuid& session, std::int64_t generation, BytesView salt) const;
  bool authentic(const Parts& parts, BytesView salt) const;
  Result<> ended(db::Tx& tx, const db::Row& row);

  const Clock& clock_;
  const audit::Log& audit_;
  SessionOptions options_;
  SecretBytes key_, csrf_key_;
  Revocations revocations_;
  OnEnd on_end_;
};

/// "Firefox on Linux", from a User-Agent header; "Unknown device" when it says nothing.
std::string device_label(std::string_view user_agent);

}  // namespace authx::auth
