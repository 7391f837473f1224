#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "db/db.h"

namespace authx::db {

/// The database for coroutines: writes, and PostgreSQL's reads, run on a bounded pool of database threads; the
/// coroutine resumes on its own executor. SQLite reads are run in place: a point read of a memory-mapped file costs
/// less than the two thread switches (docs/decisions says when that would change).
/// Full queue: `Errc::overloaded`. What a body throws is thrown to the awaiting coroutine.
/// The body moves to the job, and so outlives a coroutine that goes away; what it refers to must live as long.
/// Destroy this before the io_context of the coroutines that use it: it waits for its threads, which hand results there.
class AsyncDatabase {
 public:
  AsyncDatabase(Database& database, std::size_t threads, std::size_t queue_limit)
      : database_(database), limit_(queue_limit + threads), pool_(threads) {}
  ~AsyncDatabase() { pool_.join(); }
  AsyncDatabase(const AsyncDatabase&) = delete;
  AsyncDatabase& operator=(const AsyncDatabase&) = delete;

  Database& sync() noexcept { return database_; }

  template <class F>
  auto write(F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
    return on_pool(true, std::move(body));
  }

  template <class F>
  auto read(F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
    if (database_.dialect() == Dialect::sqlite) return in_place(std::move(body));
    return on_pool(false, std::move(body));
  }

 private:
  template <class F>
  auto in_place(F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
    co_return database_.read(body);
  }

  template <class F>
  auto on_pool(bool writable, F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>>;

  template <class F>
  struct Job {
    AsyncDatabase& owner;
    bool writable;
    F body;
    std::optional<std::invoke_result_t<F&, Tx&>> result;
    std::exception_ptr thrown;

    Job(AsyncDatabase& o, bool w, F b) : owner(o), writable(w), body(std::move(b)) {}

    void run() noexcept {
      try {
        result.emplace(writable ? owner.database_.write(body) : owner.database_.read(body));
      } catch (...) {
        thrown = std::current_exception();
      }
      owner.pending_.fetch_sub(1);  // before the coroutine resumes: it may ask again at once
    }
  };

  Database& database_;
  std::atomic<std::size_t> pending_{0};
  std::size_t limit_;
  boost::asio::thread_pool pool_;
};

template <class F>
auto AsyncDatabase::on_pool(bool writable, F body) -> boost::asio::awaitable<std::invoke_result_t<F&, Tx&>> {
  using R = std::invoke_result_t<F&, Tx&>;
  if (pending_.fetch_add(1) >= limit_) {
    pending_.fetch_sub(1);
    R refused{std::unexpect, Error{Errc::overloaded, "database queue full"}};
    co_return refused;
  }
  auto job = std::make_shared<Job<F>>(*this, writable, std::move(body));
  auto start = [this, job](auto handler) {
    // Work that is counted keeps the coroutine's io_context running while its only open operation is here.
    auto home = boost::asio::prefer(boost::asio::get_associated_executor(handler), boost::asio::execution::outstanding_work.tracked);
    boost::asio::post(pool_, [job, home, handler = std::move(handler)]() mutable {
      job->run();
      boost::asio::dispatch(home, std::move(handler));
    });
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(start, boost::asio::use_awaitable);
  if (job->thrown) std::rethrow_exception(job->thrown);
  R result = *std::move(job->result);
  co_return result;
}

}  // namespace authx::db
