#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <memory>
#include <utility>

#include "db/db.h"

namespace authx::db {

/// The database for coroutines: writes, and PostgreSQL's reads, run on a bounded pool of database threads; the
/// coroutine resumes on its own executor. SQLite reads are run in place: a point read of a memory-mapped file costs
/// less than the two thread switches (docs/decisions says when that would change).
/// Full queue: `Errc::overloaded`.
class AsyncDatabase {
 public:
  AsyncDatabase(Database& database, std::size_t threads, std::size_t queue_limit)
      : database_(database), pool_(threads), limit_(queue_limit + threads) {}
  ~AsyncDatabase() { pool_.join(); }

  Database& sync() noexcept { return database_; }

  template <class F>
  auto write(F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
    return on_pool(true, std::move(body));
  }

  template <class F>
  auto read(F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
    if (database_.dialect() == Dialect::sqlite) co_return database_.read(body);
    co_return co_await on_pool(false, std::move(body));
  }

 private:
  template <class F>
  auto on_pool(bool writable, F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>>;

  Database& database_;
  boost::asio::thread_pool pool_;
  std::atomic<std::size_t> pending_{0};
  std::size_t limit_;
};

template <class F>
auto AsyncDatabase::on_pool(bool writable, F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
  using R = std::invoke_result_t<F&, Tx&>;
  if (pending_.fetch_add(1) >= limit_) {
    pending_.fetch_sub(1);
    R refused{std::unexpect, Error{Errc::overloaded, "database queue full"}};
    co_return refused;
  }
  auto work = [this, writable, &body]() -> R {
    struct Release {
      std::atomic<std::size_t>& pending;
      ~Release() { pending.fetch_sub(1); }
    } release{pending_};
    return writable ? database_.write(body) : database_.read(body);
  };
  co_return co_await boost::asio::co_spawn(
      pool_, [&work]() -> boost::asio::awaitable<R> { co_return work(); }, boost::asio::use_awaitable);
}

}  // namespace authx::db
