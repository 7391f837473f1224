#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/work_pool.h"
#include "crypto/keyring.h"
#include "db/async.h"
#include "http/callers.h"
#include "services/audit/audit_log.h"
#include "services/auth/guess_guard.h"
#include "services/auth/passwords.h"
#include "services/auth/places.h"
#include "services/auth/sessions.h"
#include "services/auth/webauthn.h"

namespace authx::auth {

/// Whether a picture shows the account's verified owner, alive. Another service knows; `Errc::capability_unavailable` when none does.
using FaceCheck =
    std::function<awaitable<Result<bool>>(Uuid user, Bytes image, http::RequestInfo request)>;  ///< `request.tenant`: the account's
/// Whether a person's verification that began after `since` was approved and is of the same person as an earlier approved one.
using ProofCheck = std::function<Result<bool>(db::Tx& tx, const Uuid& user, Time since)>;

/// What else of a person goes, in the transaction that erases the account.
using EraseHook = std::function<Result<>(db::Tx& tx, const Uuid& user)>;

struct AuthOptions {
  crypto::PasswordCost cost;
  double password_bits = 14;
  SessionOptions sessions;
  std::chrono::hours link_lifetime{24};
  std::chrono::minutes reset_lifetime{30};
  std::chrono::minutes code_lifetime{10};
  std::chrono::minutes pending_lifetime{10};
  std::string public_url = "http://localhost:8000";  ///< for links in messages
  webauthn::RelyingParty passkeys;
  std::array<std::uint8_t, 4> needed_aal{1, 1, 1, 1};  ///< by `http::Role`
  bool limit_addresses = true;
  std::shared_ptr<const Places> places = nullptr;  ///< none: nobody travels too fast
};

/// What the parts of authentication share.
struct Core {
  Core(db::AsyncDatabase& db, WorkPool& pool, const Clock& c, const crypto::Keyring& ring, const audit::Log& log, AuthOptions o,
       std::shared_ptr<const BreachedList> breached)
      : database(db),
        hashing(pool),
        clock(c),
        keyring(ring),
        audit(log),
        options(std::move(o)),
        sessions(db.sync(), c, ring, log, options.sessions),
        guesses(c, ring, options.limit_addresses),
        passwords(options.cost, options.password_bits, std::move(breached)) {}

  db::AsyncDatabase& database;
  WorkPool& hashing;
  const Clock& clock;
  const crypto::Keyring& keyring;
  const audit::Log& audit;
  AuthOptions options;
  Sessions sessions;
  GuessGuard guesses;
  Passwords passwords;
  FaceCheck face_check;
  ProofCheck proof_check;
  EraseHook on_erase;
  std::function<bool(const Uuid& tenant)> tenant_open;  ///< whether people of an organisation may sign in; none: always

  bool open_to(const Uuid& tenant) const { return !tenant_open || tenant_open(tenant); }

  /// A message to a person, in the transaction of what it tells of.
  Result<> tell(db::Tx& tx, const Uuid& user, std::string_view email, std::string_view subject, std::string_view body) const;
};

/// SHA-256, for tokens whose hash alone is kept.
Bytes digest_of(std::string_view token);

}  // namespace authx::auth
