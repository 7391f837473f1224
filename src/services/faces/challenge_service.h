#pragma once

#include <optional>
#include <string>

#include "async/work_pool.h"
#include "crypto/keyring.h"
#include "db/async.h"
#include "engines/face/active.h"
#include "http/callers.h"
#include "services/audit/audit_log.h"

namespace authx::faces {

struct Challenge {
  Uuid id;
  Bytes nonce;
  face::active::Plan plan;
  Time issued_at, expires_at;
};

/// Coloured lights bind a recording to its session: no earlier one was lit by them.
enum class LightPolicy {
  required,  ///< a challenge without them, for whom they may harm, can be asked for; whether its answer counts is a person's decision
  optional,  ///< the answer to one without them counts as much
  off,       ///< none has them
};
std::optional<LightPolicy> parse_light_policy(std::string_view word) noexcept;

/// What a page says of itself with its answer. Nothing here is trusted: it can only count against it.
struct ClientWord {
  std::optional<std::string> camera;     ///< the camera's label
  std::optional<std::string> signature;  ///< hex HMAC-SHA256 over the video's SHA-256, see `recording_signature`
};

/// A challenge that was used up by one capture.
struct Answered {
  Uuid id;
  face::active::Plan plan;
  std::optional<std::string> client;  ///< JSON
  /// The answer that this one completes.
  struct First {
    Uuid challenge, face;
    face::active::FollowUp open;
  };
  std::optional<First> first;
};

/// HMAC-SHA256 with the challenge's nonce as the key over "authx-live-1", the challenge's id and the video's SHA-256. It shows
/// that the recording was not altered on its way from the page, no more: who runs the page has the nonce.
std::string recording_signature(BytesView nonce, const Uuid& challenge, BytesView video_sha256);

/// Whether a camera's label is that of a program known to feed cameras with made pictures.
bool is_virtual_camera(std::string_view label);

/// Issues active liveness challenges and lets each be answered once, in time, by the person and browser that got it.
///
/// An answer that was in order but for one task, or for the head's depth, may be followed once, within five minutes and by the same
/// browser, by a shorter challenge with fresh tasks and lights; it counts against the limits as any other.
///
/// Of one person at most one is open: a new one replaces it. Limits: ten issued in three minutes; after every fifth failure since
/// the last success within a day a pause of 3, 6, 12 … minutes, at most three hours; and five failures in three minutes from one
/// address and browser, whoever the person is. An answer that is not judged yet counts as a failure, so that guesses sent at the
/// same time do not slip through.
class ChallengeService {
 public:
  struct Parts {
    db::AsyncDatabase& database;
    const Clock& clock;
    const crypto::Keyring& keyring;
    const audit::Log& audit;
    LightPolicy lights = LightPolicy::required;
  };
  explicit ChallengeService(Parts parts);

  /// `lights`: wanted by the person; the policy has the last word. `follows`: the challenge whose answer left something open; its
  /// lights decide. Errors: rate_limited with the pause; validation on `follows` (unknown, another's, too old, followed already, or
  /// nothing was left open).
  awaitable<Result<Challenge>> issue(Uuid user, bool lights, std::optional<Uuid> follows, http::RequestInfo request);

  /// Refuses an answer that cannot count, before anything is stored. Errors: validation on `challenge_id` (unknown, another's,
  /// used, expired, or answered sooner than its tasks take) or on `live_video_signature`.
  Result<> check(db::Tx& tx, const Uuid& challenge, const Uuid& user, const http::RequestInfo& request, const ClientWord& word,
                 BytesView video_sha256) const;
  /// `check`, then uses the challenge up for `face`; in the transaction that stores the capture.
  Result<> use(db::Tx& tx, const Uuid& challenge, const Uuid& user, const Uuid& face, const http::RequestInfo& request,
               const ClientWord& word, BytesView video_sha256) const;

  /// The challenge that `face` answers; nothing when it answers none.
  static Result<std::optional<Answered>> of_face(db::Tx& tx, const Uuid& face);
  /// The challenge of `face` when it may be followed now.
  Result<std::optional<Uuid>> may_follow(db::Tx& tx, const Uuid& face) const;
  /// Whether a passed answer proves a living person without anybody looking at it.
  bool proves(const Answered& answered, const face::active::Verdict& verdict) const;
  /// In the transaction that stores the judgement.
  Result<> settle(db::Tx& tx, const Answered& answered, const Uuid& user, const face::active::Verdict& verdict) const;
  /// When the answer could not be judged at all.
  static Result<> abandon(db::Tx& tx, const Uuid& face);

 private:
  Bytes hash_of(std::string_view label, std::string_view text) const;
  Bytes device_of(const http::RequestInfo& request) const;
  Bytes browser_of(const http::RequestInfo& request) const;
  Result<> admit(db::Tx& tx, const Uuid& user, const Bytes& device, Time now) const;
  struct Followed {
    face::active::FollowUp open;
    bool lights = false;
  };
  Result<Followed> followed(db::Tx& tx, const Uuid& challenge, const Uuid& user, const Bytes& browser, Time now) const;

  Parts p_;
  SecretBytes key_;
};

}  // namespace authx::faces
