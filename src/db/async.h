#pragma once

#include <utility>

#include "async/work_pool.h"
#include "db/db.h"

namespace authx::db {

/// The database for coroutines: writes, and PostgreSQL's reads, run on a bounded pool of database threads; the
/// coroutine resumes on its own executor. SQLite reads run in place: a point read of a memory-mapped file costs
/// less than the two thread switches (docs/decisions/0004 says when that would change).
/// It serves requests, so each transaction says whose rows it is for.
/// Full queue: `Errc::overloaded`. What a body throws is thrown to the awaiting coroutine.
class AsyncDatabase {
 public:
  AsyncDatabase(Database& database, std::size_t threads, std::size_t queue_limit)
      : database_(database), pool_("database", threads, queue_limit) {}

  Database& sync() noexcept { return database_; }
  void join() { pool_.join(); }

  template <class F>
  auto write(Scope scope, F body) -> awaitable<std::invoke_result_t<F&, Tx&>> {
    auto work = [this, scope, body = std::move(body)]() mutable { return database_.write(scope, body); };
    return pool_.run(std::move(work));
  }

  template <class F>
  auto read(Scope scope, F body) -> awaitable<std::invoke_result_t<F&, Tx&>> {
    if (database_.dialect() == Dialect::sqlite) return in_place(scope, std::move(body));
    auto work = [this, scope, body = std::move(body)]() mutable { return database_.read(scope, body); };
    return pool_.run(std::move(work));
  }

 private:
  template <class F>
  auto in_place(Scope scope, F body) -> awaitable<std::invoke_result_t<F&, Tx&>> {
    co_return database_.read(scope, body);
  }

  Database& database_;
  WorkPool pool_;
};

}  // namespace authx::db
