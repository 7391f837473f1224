#include "async/work_pool.h"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <latch>
#include <thread>

namespace authx {
namespace {

TEST(WorkPool, RunsWorkElsewhereAndResumesOnTheCallersThread) {
  WorkPool pool{"test", 1, 4};
  asio::io_context io;
  auto body = [&]() -> awaitable<bool> {
    const auto before = std::this_thread::get_id();
    auto work = []() -> Result<std::thread::id> { return std::this_thread::get_id(); };
    const auto there = co_await pool.run(work);
    co_return there.has_value() && *there != before&& std::this_thread::get_id() == before;
  };
  auto done = asio::co_spawn(io, body, asio::use_future);
  io.run();
  EXPECT_TRUE(done.get());
}

TEST(WorkPool, RefusesWorkBeyondItsQueueAndTakesMoreWhenItDrained) {
  WorkPool pool{"test", 1, 1};
  asio::io_context io;
  std::latch release{1};
  std::atomic<int> refused{0};
  std::atomic<int> worked{0};
  auto call = [&]() -> awaitable<void> {
    auto work = [&]() -> Result<int> {
      release.wait();
      return 1;
    };
    const auto result = co_await pool.run(work);
    if (result)
      ++worked;
    else if (result.error().code == Errc::overloaded && result.error().retry_after)
      ++refused;
    if (refused == 3 && worked == 0) release.count_down();
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(io, call, asio::use_future);
  io.run();
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(worked, 2);
  io.restart();
  asio::co_spawn(io, call, asio::use_future);
  io.run();
  EXPECT_EQ(worked, 3);
}

TEST(WorkPool, PostedWorkRunsWhatDoesNotFitIsDroppedAndNothingIsThrown) {
  std::latch release{1};
  std::atomic<int> ran{0};
  WorkPool pool{"test", 1, 1};
  for (int i = 0; i < 5; ++i)
    pool.post([&] {
      release.wait();
      ++ran;
      throw std::runtime_error{"nobody hears this"};
    });
  release.count_down();
  pool.join();
  EXPECT_EQ(ran, 2);
}

TEST(WorkPool, PassesAnExceptionToTheCaller) {
  WorkPool pool{"test", 1, 1};
  asio::io_context io;
  auto body = [&]() -> awaitable<void> {
    auto work = []() -> Result<int> { throw std::runtime_error{"bug"}; };
    const auto never = co_await pool.run(work);
    EXPECT_TRUE(never);
  };
  auto done = asio::co_spawn(io, body, asio::use_future);
  io.run();
  EXPECT_THROW(done.get(), std::runtime_error);
}

}  // namespace
}  // namespace authx
