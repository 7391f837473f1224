#include "jobs/queue.h"

#include <unistd.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <fstream>

#include "base/random.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace authx::jobs {
namespace {

namespace asio = boost::asio;

constexpr db::Query kInsert{
    "jobs.enqueue",
    "INSERT INTO jobs (id, kind, subject, state, attempts, run_at, created_at, tenant_id) VALUES ($1, $2, $3, 'queued', 0, "
    "$4, $4, $5)"};
constexpr db::Query kComplete{
    "jobs.complete",
    "UPDATE jobs SET state = 'done', finished_at = $3, last_error = NULL WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id"};
constexpr db::Query kRetry{
    "jobs.retry",
    "UPDATE jobs SET state = 'queued', run_at = $3, last_error = $4, lease = NULL WHERE id = $1 AND lease = $2 AND state = 'running'"};
constexpr db::Query kBury{
    "jobs.bury",
    "UPDATE jobs SET state = 'dead', finished_at = $3, last_error = $4 WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id"};
constexpr db::Query kRenew{"jobs.renew", "UPDATE jobs SET leased_until = $3 WHERE id = $1 AND lease = $2 AND state = 'running'"};
constexpr db::Query kRunning{"jobs.running", "SELECT id, worker, leased_until, lease FROM jobs WHERE state = 'running'"};
constexpr db::Query kRequeue{"jobs.requeue",
                             "UPDATE jobs SET state = 'queued', run_at = $3, lease = NULL, last_error = 'worker lost' WHERE id = $1 AND "
                             "lease = $2 AND state = 'running'"};
constexpr db::Query kState{"jobs.state", "SELECT state FROM jobs WHERE id = $1"};
constexpr db::Query kDepth{"jobs.depth", "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')"};
constexpr db::Query kForget{"jobs.forget", "DELETE FROM jobs WHERE state = 'done' AND finished_at < $1"};

/// When a process started, in clock ticks since boot: tells a living worker from a later process with its number.
std::string start_of(long pid) {
  std::ifstream in{fmt::format("/proc/{}/stat", pid)};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto close = text.rfind(')');
  if (close == std::string::npos) return {};
  std::size_t pos = close + 2;
  for (int field = 3; field < 22 && pos != std::string::npos; ++field) pos = text.find(' ', pos) + 1;
  return text.substr(pos, text.find(' ', pos) - pos);
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

bool lost(const std::string& worker) {
  const auto first = worker.find('/');
  const auto second = worker.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos || worker.substr(0, first) != host_name()) return false;
  const auto pid = std::strtol(worker.c_str() + first + 1, nullptr, 10);
  return start_of(pid) != worker.substr(second + 1);
}

}  // namespace

Queue::Queue(db::Database& database, const Clock& clock, QueueOptions options)
    : database_(database),
      clock_(clock),
      options_(options),
      worker_(fmt::format("{}/{}/{}", host_name(), ::getpid(), start_of(::getpid()))) {}

Queue::~Queue() { stop(); }

void Queue::handle(std::string kind, Handler handler) { handlers_.emplace(std::move(kind), std::move(handler)); }

void Queue::start() {
  std::string kinds;
  for (const auto& [kind, handler] : handlers_) kinds += (kinds.empty() ? "'" : ", '") + kind + "'";  // our own words, never input
  if (kinds.empty()) return;
  const std::string due =
      "SELECT id FROM jobs WHERE state = 'queued' AND run_at <= $1 AND kind IN (" + kinds + ") ORDER BY run_at, id LIMIT 1";
  ready_sql_ = due;
  // SKIP LOCKED lets many workers claim at once on PostgreSQL; SQLite has one writer, so it needs none.
  claim_sql_ = "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = $2, leased_until = $3, worker = $4 WHERE id = (" + due +
               (database_.dialect() == db::Dialect::postgres ? " FOR UPDATE SKIP LOCKED" : "") +
               ") RETURNING id, kind, subject, attempts, tenant_id";
  reclaim();
  for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
  threads_.emplace_back([this] { tend(); });
}

void Queue::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  ready_.notify_all();
  tend_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Queue::wake() {
  {
    const std::scoped_lock lock{mutex_};
    ++signals_;
  }
  ready_.notify_one();
}

Result<Uuid> Queue::enqueue(db::Tx& tx, std::string_view kind, const Uuid& subject) {
  const auto now = clock_.now();
  const auto id = Uuid::generate(now);
  AX_CHECK(tx.exec(kInsert, id, kind, subject, now, tx.scope().only()));
  tx.on_commit([this] { wake(); });
  return id;
}

Result<> Queue::complete(db::Tx& tx, const Job& job) {
  AX_TRY(const auto updated, tx.exec(kComplete, job.id, job.lease, clock_.now()));
  if (updated.empty()) return Error{Errc::conflict, "job lease lost"};
  return {};
}

Result<std::int64_t> Queue::depth() {
  return database_.read([](db::Tx& tx) -> Result<std::int64_t> {
    AX_TRY(const auto rows, tx.exec(kDepth));
    return rows.at(0).integer(0);
  });
}

Result<std::optional<Job>> Queue::claim() {
  const auto now = clock_.now();
  // Most polls find nothing: look without taking the writer's place.
  AX_TRY(const bool any, database_.read([&](db::Tx& tx) -> Result<bool> {
    AX_TRY(const auto rows, tx.exec({"jobs.ready", ready_sql_}, now));
    return !rows.empty();
  }));
  if (!any) return std::optional<Job>{};
  const auto lease = Uuid::generate(now);
  return database_.write([&](db::Tx& tx) -> Result<std::optional<Job>> {
    AX_TRY(const auto rows, tx.exec({"jobs.claim", claim_sql_}, now, lease, now + options_.lease, worker_));
    if (rows.empty()) return std::optional<Job>{};
    const auto& row = rows[0];
    return std::optional<Job>{Job{row.uuid(0), row.text(1), row.uuid(2), static_cast<int>(row.integer(3)), lease, row.opt_uuid(4)}};
  });
}

void Queue::work() {
  std::uint64_t seen = 0;
  while (true) {
    {
      const std::scoped_lock lock{mutex_};
      if (stopping_) return;
      seen = signals_;
    }
    auto claimed = claim();
    if (claimed && *claimed) {
      const Job job = **claimed;
      {
        const std::scoped_lock lock{mutex_};
        active_.emplace(job.id, job);
      }
      execute(job);
      {
        const std::scoped_lock lock{mutex_};
        active_.erase(job.id);
      }
      finished(job.id);
      continue;
    }
    if (!claimed) log::warning("jobs_claim_failed", {{"detail", claimed.error().detail}});
    std::unique_lock lock{mutex_};
    ready_.wait_for(lock, options_.poll, [&] { return stopping_ || signals_ != seen; });
  }
}

void Queue::execute(const Job& job) {
  const auto handler = handlers_.find(job.kind);
  Result<> outcome;
  if (handler == handlers_.end()) {
    outcome = Error{Errc::internal, "no handler"};
  } else if (job.attempts > options_.max_attempts) {
    outcome = Error{Errc::internal, "too many attempts"};  // each earlier one took the process down
  } else {
    try {
      const db::Scope::Within scope{job.tenant ? db::Scope{*job.tenant} : db::Scope::everyone()};
      outcome = handler->second.run(job);
    } catch (const std::exception& e) {
      outcome = Error{Errc::internal, e.what()};
    }
  }
  if (outcome) {
    metrics::jobs_finished(job.kind, "done").add();
    return;
  }
  const auto& error = outcome.error();
  if (error.code == Errc::conflict && error.detail == "job lease lost") return;
  const bool last = job.attempts >= options_.max_attempts;
  log::warning("job_failed", {{"kind", job.kind},
                              {"job", job.id.str()},
                              {"attempt", job.attempts},
                              {"code", to_string(error.code)},
                              {"detail", error.detail},
                              {"last", last}});
  const auto stored = last ? bury(job, to_string(error.code)) : retry(job, to_string(error.code));
  metrics::jobs_finished(job.kind, last ? "dead" : "retried").add();
  if (!stored) log::error("job_outcome_not_stored", {{"job", job.id.str()}, {"detail", stored.error().detail}});
}

Result<> Queue::bury(const Job& job, std::string_view error) {
  return database_.write([&](db::Tx& tx) -> Result<> {
    AX_TRY(const auto updated, tx.exec(kBury, job.id, job.lease, clock_.now(), error));
    if (updated.empty()) return {};
    const auto handler = handlers_.find(job.kind);
    if (handler != handlers_.end() && handler->second.give_up) {
      if (job.tenant) tx.enter(*job.tenant);
      return handler->second.give_up(tx, job);
    }
    return {};
  });
}

Result<> Queue::retry(const Job& job, std::string_view error) {
  std::array<std::uint8_t, 2> random{};
  random_bytes(random);
  const double jitter = 0.5 + static_cast<double>(random[0] * 256 + random[1]) / 65536.0;
  const double doubled = static_cast<double>(options_.first_retry.count()) * static_cast<double>(1LL << std::min(job.attempts - 1, 12));
  const std::chrono::milliseconds delay{static_cast<std::int64_t>(std::min(doubled, 300'000.0) * jitter)};
  return database_.write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kRetry, job.id, job.lease, clock_.now() + delay, error));
    return {};
  });
}

void Queue::tend() {
  auto forget_at = std::chrono::steady_clock::now();
  while (true) {
    {
      std::unique_lock lock{mutex_};
      tend_.wait_for(lock, options_.lease / 4, [&] { return stopping_; });
      if (stopping_) return;
    }
    std::vector<Job> mine;
    {
      const std::scoped_lock lock{mutex_};
      for (const auto& [id, job] : active_) mine.push_back(job);
    }
    if (!mine.empty()) {
      auto renewed = database_.write([&](db::Tx& tx) -> Result<> {
        for (const auto& job : mine) AX_CHECK(tx.exec(kRenew, job.id, job.lease, clock_.now() + options_.lease));
        return {};
      });
      if (!renewed) log::warning("jobs_renew_failed", {{"detail", renewed.error().detail}});
    }
    reclaim();
    if (auto waiting = depth()) metrics::jobs_queued().set(static_cast<double>(*waiting));
    if (std::chrono::steady_clock::now() >= forget_at) {
      forget_at += std::chrono::hours{1};
      auto forgotten = database_.write([&](db::Tx& tx) -> Result<> {
        AX_CHECK(tx.exec(kForget, clock_.now() - std::chrono::hours{24 * 7}));
        return {};
      });
      if (!forgotten) log::warning("jobs_forget_failed", {{"detail", forgotten.error().detail}});
    }
  }
}

void Queue::reclaim() {
  const auto now = clock_.now();
  struct Lost {
    Uuid id, lease;
  };
  auto found = database_.read([&](db::Tx& tx) -> Result<std::vector<Lost>> {
    AX_TRY(const auto rows, tx.exec(kRunning));
    std::vector<Lost> list;
    for (const auto& row : rows)
      if (row.time(2) < now || lost(row.opt_text(1).value_or(""))) list.push_back({row.uuid(0), row.uuid(3)});
    return list;
  });
  if (!found || found->empty()) return;
  auto requeued = database_.write([&](db::Tx& tx) -> Result<> {
    for (const auto& job : *found) AX_CHECK(tx.exec(kRequeue, job.id, job.lease, now));
    return {};
  });
  if (requeued) log::info("jobs_reclaimed", {{"count", found->size()}});
  wake();
}

void Queue::finished(const Uuid& job) {
  std::vector<std::function<void()>> wakers;
  {
    const std::scoped_lock lock{mutex_};
    const auto [first, last] = waiters_.equal_range(job);
    for (auto it = first; it != last; ++it) wakers.push_back(it->second);
    waiters_.erase(first, last);
  }
  for (const auto& waker : wakers) waker();
}

asio::awaitable<bool> Queue::wait(db::AsyncDatabase& database, Uuid job, std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  const auto until = std::chrono::steady_clock::now() + limit;
  const auto timer = std::make_shared<asio::steady_timer>(executor);
  while (true) {
    {
      const std::scoped_lock lock{mutex_};
      waiters_.emplace(job, [timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
    }
    auto check = [job](db::Tx& tx) -> Result<bool> {
      AX_TRY(const auto rows, tx.exec(kState, job));
      return rows.empty() || rows[0].text(0) == "done" || rows[0].text(0) == "dead";
    };
    const auto ended = co_await database.read(db::Scope::everyone(), check);
    const auto now = std::chrono::steady_clock::now();
    if ((ended && *ended) || now >= until) {
      const std::scoped_lock lock{mutex_};
      waiters_.erase(job);  // at most one request waits for a job
      co_return ended && *ended;
    }
    // Another process may finish it: look again now and then.
    timer->expires_at(std::min(until, now + std::chrono::milliseconds{250}));
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    const std::scoped_lock lock{mutex_};
    waiters_.erase(job);
  }
}

}  // namespace authx::jobs
