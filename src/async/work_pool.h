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
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace authx {

namespace asio = boost::asio;
using asio::awaitable;

/// Threads for blocking or CPU-heavy work, one pool per resource (vision, password hashing, database).
/// Bounded: when `queue_limit` calls wait already, `run` answers `Errc::overloaded` with a retry time at once
/// instead of growing. The coroutine resumes on its own executor; what the work throws is thrown there.
/// Call `join` before the io_contexts of the coroutines that use it go away.
class WorkPool {
 public:
  WorkPool(std::string name, std::size_t threads, std::size_t queue_limit)
      : name_(std::move(name)), limit_(threads + queue_limit), pool_(threads) {}
  ~WorkPool() { join(); }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  void join() { pool_.join(); }

  /// `work` returns a Result. It moves to the pool, and so outlives a coroutine that goes away: what it captures by
  /// reference must live in that coroutine's own frame or longer than the pool.
  template <class F>
  auto run(F work) -> awaitable<std::invoke_result_t<F&>>;

  /// Work that nobody waits for: dropped when the pool is full, and what it throws is lost.
  template <class F>
  void post(F work);

 private:
  template <class F>
  struct Job {
    F work;
    std::optional<std::invoke_result_t<F&>> result;
    std::exception_ptr thrown;

    explicit Job(F w) : work(std::move(w)) {}
    void run() noexcept {
      try {
        result.emplace(work());
      } catch (...) {
        thrown = std::current_exception();
      }
    }
  };

  std::string name_;
  std::size_t limit_;
  std::atomic<std::size_t> pending_{0};
  asio::thread_pool pool_;
};

template <class F>
void WorkPool::post(F work) {
  if (pending_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    pending_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  asio::post(pool_, [this, work = std::move(work)]() mutable {
    try {
      work();
    } catch (...) {  // as promised
    }
    pending_.fetch_sub(1, std::memory_order_relaxed);
  });
}

template <class F>
auto WorkPool::run(F work) -> awaitable<std::invoke_result_t<F&>> {
  using R = std::invoke_result_t<F&>;
  if (pending_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
    pending_.fetch_sub(1, std::memory_order_relaxed);
    Error full{Errc::overloaded, name_ + " queue is full"};
    full.retry_after = std::chrono::seconds{1};
    R refused{std::move(full)};
    co_return refused;
  }
  const auto job = std::make_shared<Job<F>>(std::move(work));
  auto start = [this, job](auto handler) {
    // Work that is counted keeps the coroutine's io_context running while its only open operation is here.
    auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    asio::post(pool_, [this, job, home, handler = std::move(handler)]() mutable {
      job->run();
      pending_.fetch_sub(1, std::memory_order_relaxed);  // before the coroutine resumes: it may ask again at once
      asio::dispatch(home, std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(start, asio::use_awaitable);
  if (job->thrown) std::rethrow_exception(job->thrown);
  R result = *std::move(job->result);
  co_return result;
}

}  // namespace authx
