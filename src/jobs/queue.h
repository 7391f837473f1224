#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "db/async.h"
#include "db/db.h"

namespace authx::jobs {

/// A claimed job: this process works on `subject` until the lease ends, is renewed, or is lost to another.
struct Job {
  Uuid id;
  std::string kind;
  Uuid subject;
  int attempts = 0;
  Uuid lease;
  std::optional<Uuid> tenant;  ///< the organisation of the subject; `run` and `give_up` work within it
};

/// What a kind of job does. `run` computes outside any transaction and stores its result together with
/// `Queue::complete` in one, so that a result is kept exactly once however often the job was started.
/// `give_up` puts the subject into a final state after the last attempt, in the transaction that buries the job.
struct Handler {
  std::function<Result<>(const Job&)> run;
  std::function<Result<>(db::Tx&, const Job&)> give_up;
};

struct QueueOptions {
  std::size_t threads = 2;
  int max_attempts = 5;
  std::chrono::seconds lease{60};
  std::chrono::milliseconds first_retry{500};  ///< doubles with each attempt, at most 5 minutes, with jitter
  std::chrono::milliseconds poll{500};         ///< for jobs that other processes enqueued
};

/// The durable queue in the database. A job enqueued in a transaction exists if and only if that transaction committed.
/// Work lost with a killed process is taken up again: at once when the process was on this host, else when its lease ends.
class Queue {
 public:
  Queue(db::Database& database, const Clock& clock, QueueOptions options);
  ~Queue();

  void handle(std::string kind, Handler handler);  ///< before `start`
  void start();
  /// Lets running jobs finish, starts no more.
  void stop();

  /// For the transaction's organisation.
  Result<Uuid> enqueue(db::Tx& tx, std::string_view kind, const Uuid& subject);
  /// In the transaction that stores the job's result. `Errc::conflict` when the lease was lost: roll back.
  Result<> complete(db::Tx& tx, const Job& job);

  /// Waits until the job is done or dead, at most `limit`. True when it is.
  boost::asio::awaitable<bool> wait(db::AsyncDatabase& database, Uuid job, std::chrono::milliseconds limit);

  Result<std::int64_t> depth();  ///< queued and running

 private:
  struct Active {
    Job job;
    Time leased_until;
  };
  void work();
  void tend();
  Result<std::optional<Job>> claim();
  void execute(const Job& job);
  Result<> bury(const Job& job, std::string_view error);
  Result<> retry(const Job& job, std::string_view error);
  void reclaim();
  void finished(const Uuid& job);
  void wake();

  db::Database& database_;
  const Clock& clock_;
  QueueOptions options_;
  std::string worker_;
  std::string claim_sql_, ready_sql_;  ///< only the kinds that this process handles
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable tend_;
  std::uint64_t signals_ = 0;
  bool stopping_ = false;
  std::unordered_map<Uuid, Job> active_;
  std::unordered_multimap<Uuid, std::function<void()>> waiters_;
};

}  // namespace authx::jobs
