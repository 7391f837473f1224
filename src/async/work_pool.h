#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace authx {

namespace asio = boost::asio;
using asio::awaitable;

/// Threads for blocking or CPU-heavy work, one pool per resource (vision, password hashing, database).
/// Bounded: when `queue_limit` calls wait already, `run` answers `Errc::overloaded` with a retry time at once
/// instead of growing. The coroutine resumes on its own executor.
class WorkPool {
 public:
  WorkPool(std::string name, std::size_t threads, std::size_t queue_limit)
      : name_(std::move(name)), limit_(threads + queue_limit), pool_(threads) {}
  ~WorkPool() { pool_.join(); }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// `work` returns a Result and is owned by the call: it must capture values, never views of what may go away.
  template <class F>
  auto run(F work) -> awaitable<std::invoke_result_t<F&>> {
    using R = std::invoke_result_t<F&>;
    if (pending_.fetch_add(1, std::memory_order_relaxed) >= limit_) {
      pending_.fetch_sub(1, std::memory_order_relaxed);
      Error full{Errc::overloaded, name_ + " queue is full"};
      full.retry_after = std::chrono::seconds{1};
      R refused{std::move(full)};
      co_return refused;
    }
    auto task = [this, &work]() -> awaitable<R> {
      struct Release {
        std::atomic<std::size_t>& pending;
        ~Release() { pending.fetch_sub(1, std::memory_order_relaxed); }
      } release{pending_};
      co_return work();
    };
    co_return co_await asio::co_spawn(pool_, task, asio::use_awaitable);
  }

 private:
  std::string name_;
  std::size_t limit_;
  std::atomic<std::size_t> pending_{0};
  asio::thread_pool pool_;
};

}  // namespace authx
