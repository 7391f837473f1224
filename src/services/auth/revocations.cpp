#include "services/auth/revocations.h"

#include "telemetry/log.h"

namespace authx::auth {
namespace {

constexpr db::Query kSince{"revocations.since", "SELECT session_id, revoked_at FROM session_revocations WHERE revoked_at > $1"};
constexpr db::Query kInsert{"revocations.insert",
                            "INSERT INTO session_revocations (session_id, revoked_at) VALUES ($1, $2) ON CONFLICT (session_id) DO NOTHING"};
constexpr db::Query kForget{"revocations.forget", "DELETE FROM session_revocations WHERE revoked_at < $1"};
constexpr std::chrono::seconds kOverlap{60};

}  // namespace

Revocations::Revocations(db::Database& database, const Clock& clock, std::chrono::seconds horizon)
    : database_(database), clock_(clock), horizon_(horizon + kOverlap), read_at_(std::chrono::steady_clock::now()) {}

Result<> Revocations::start() {
  AX_CHECK(read(clock_.now() - horizon_));
  started_ = true;
  last_ = clock_.now();
  ticker_.start(kInterval, [this] { tick(); });
  return {};
}

bool Revocations::contains(const Uuid& session) const {
  const std::shared_lock lock{mutex_};
  return ended_.contains(session);
}

bool Revocations::fresh() const noexcept { return !started_ || std::chrono::steady_clock::now() - read_at_.load() < kBlind; }

Result<> Revocations::add(db::Tx& tx, const Uuid& session) {
  const auto now = clock_.now();
  AX_CHECK(tx.exec(kInsert, session, now));
  tx.on_commit([this, session, now] {
    const std::unique_lock lock{mutex_};
    ended_.emplace(session, now);
  });
  return {};
}

Result<> Revocations::read(Time since) {
  AX_TRY(const auto rows, database_.read([&](db::Tx& tx) { return tx.exec(kSince, since); }));
  {
    const std::unique_lock lock{mutex_};
    for (const auto& row : rows) ended_.emplace(row.uuid(0), row.time(1));
  }
  read_at_ = std::chrono::steady_clock::now();
  return {};
}

void Revocations::forget() {
  const auto before = clock_.now() - horizon_;
  {
    const std::unique_lock lock{mutex_};
    std::erase_if(ended_, [&](const auto& entry) { return entry.second < before; });
  }
  if (auto done = database_.write([&](db::Tx& tx) { return tx.exec(kForget, before - kOverlap); }); !done)
    log::warning("revocations_not_forgotten", {{"detail", done.error().detail}});
}

void Revocations::tick() {
  const auto now = clock_.now();
  if (auto done = read(last_ - kOverlap); !done)
    log::warning("revocations_not_read", {{"detail", done.error().detail}});
  else
    last_ = now;
  if (++turn_ % 600 == 0) forget();
}

}  // namespace authx::auth
