#pragma once

#include <atomic>
#include <chrono>
#include <shared_mutex>
#include <unordered_map>

#include "async/ticker.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "db/db.h"

namespace authx::auth {

/// The sessions that were ended while access tokens of theirs may be alive, in memory: checking a token asks no database.
/// What this process ends counts at once; what another process ends is read from the database every second. Reads look back a minute,
/// so that processes whose clocks differ by less miss nothing. When the database could not be read for `kBlind`, `fresh` says no.
/// Thread-safe.
class Revocations {
 public:
  static constexpr std::chrono::seconds kInterval{1};
  static constexpr std::chrono::seconds kBlind{60};

  /// `horizon`: how long an access token lives at most.
  Revocations(db::Database& database, const Clock& clock, std::chrono::seconds horizon);
  Revocations(const Revocations&) = delete;
  Revocations& operator=(const Revocations&) = delete;

  /// Reads what counts now, then goes on reading on a thread of its own.
  Result<> start();
  bool contains(const Uuid& session) const;
  bool fresh() const noexcept;

  /// In the transaction that ends the session: stored there, and counted here when it is committed.
  Result<> add(db::Tx& tx, const Uuid& session);

 private:
  Result<> read(Time since);
  void forget();
  void tick();

  db::Database& database_;
  const Clock& clock_;
  std::chrono::seconds horizon_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<Uuid, Time> ended_;
  std::atomic<std::chrono::steady_clock::time_point> read_at_;
  bool started_ = false;
  Time last_{};  ///< the thread's own, as is `turn_`
  int turn_ = 0;
  Ticker ticker_;
};

}  // namespace authx::auth
