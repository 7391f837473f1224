#include "db/async.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <future>

#include "fixture.h"

namespace authx::db {
namespace {

namespace asio = boost::asio;

class AsyncContract : public EmptyDatabase {
 protected:
  void SetUp() override {
    EmptyDatabase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    script("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)");
    script("INSERT INTO t VALUES (1, 0)");
  }

  /// Runs the coroutine to its end on an io_context of its own thread.
  void run(asio::awaitable<void> coroutine) {
    std::exception_ptr thrown;
    auto done = [&](std::exception_ptr e) { thrown = e; };
    asio::co_spawn(io_, std::move(coroutine), done);
    io_.run();
    io_.restart();
    if (thrown) std::rethrow_exception(thrown);
  }

  asio::io_context io_;
};

INSTANTIATE_TEST_SUITE_P(Databases, AsyncContract, testing::Values(Dialect::sqlite, Dialect::postgres), dialect_name);

constexpr Query kIncrement{"t.increment", "UPDATE t SET n = n + 1 WHERE id = $1"};
constexpr Query kGet{"t.get", "SELECT n FROM t WHERE id = $1"};

TEST_P(AsyncContract, ResumesOnTheCallersExecutorWithTheResult) {
  AsyncDatabase db{*db_, 2, 8};
  std::int64_t seen = 0;
  auto coroutine = [&]() -> asio::awaitable<void> {
    const auto home = std::this_thread::get_id();
    std::thread::id worked;
    auto text = std::make_unique<std::string>("owned by the body");
    auto increment = [&worked, text = std::move(text)](Tx& tx) -> Result<std::size_t> {
      worked = std::this_thread::get_id();
      AX_CHECK(tx.exec(kIncrement, 1));
      return text->size();
    };
    const auto written = co_await db.write(Scope::everyone(), std::move(increment));
    EXPECT_EQ(written.value(), 17U);
    EXPECT_EQ(std::this_thread::get_id(), home);
    EXPECT_NE(worked, home);
    auto get = [](Tx& tx) { return tx.exec(kGet, 1); };
    const auto rows = co_await db.read(Scope::everyone(), get);
    EXPECT_EQ(std::this_thread::get_id(), home);
    seen = rows.value().at(0).integer(0);
  };
  run(coroutine());
  EXPECT_EQ(seen, 1);
}

TEST_P(AsyncContract, ErrorsAndExceptionsReachTheCoroutineAndRollBack) {
  AsyncDatabase db{*db_, 2, 8};
  bool caught = false;
  auto coroutine = [&]() -> asio::awaitable<void> {
    auto refuses = [](Tx& tx) -> Result<> {
      AX_CHECK(tx.exec(kIncrement, 1));
      return Errc::forbidden;
    };
    const auto refused = co_await db.write(Scope::everyone(), refuses);
    EXPECT_EQ(refused.error().code, Errc::forbidden);
    auto throws = [](Tx& tx) -> Result<> {
      AX_CHECK(tx.exec(kIncrement, 1));
      throw std::runtime_error{"bug"};
    };
    try {
      static_cast<void>(co_await db.write(Scope::everyone(), throws));
    } catch (const std::runtime_error&) {
      caught = true;
    }
    auto get = [](Tx& tx) { return tx.exec(kGet, 1); };
    const auto rows = co_await db.read(Scope::everyone(), get);
    EXPECT_EQ(rows.value().at(0).integer(0), 0);
  };
  run(coroutine());
  EXPECT_TRUE(caught);
}

TEST_P(AsyncContract, AFullQueueIsOverloadedAndDrains) {
  AsyncDatabase db{*db_, 1, 1};
  std::promise<void> open_gate;
  auto gate = open_gate.get_future().share();
  int done = 0;
  int overloaded = 0;
  auto waiting = [&]() -> asio::awaitable<void> {
    auto body = [gate](Tx& tx) -> Result<> {
      gate.wait();
      AX_CHECK(tx.exec(kIncrement, 1));
      return {};
    };
    const auto result = co_await db.write(Scope::everyone(), body);
    if (result) ++done;
  };
  auto refused = [&]() -> asio::awaitable<void> {
    auto body = [](Tx& tx) { return tx.exec(kIncrement, 1); };
    const auto result = co_await db.write(Scope::everyone(), body);
    if (!result && result.error().code == Errc::overloaded) ++overloaded;
    open_gate.set_value();
  };
  asio::co_spawn(io_, waiting(), asio::detached);
  asio::co_spawn(io_, waiting(), asio::detached);
  asio::co_spawn(io_, refused(), asio::detached);
  io_.run();
  io_.restart();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(overloaded, 1);
  open_gate = {};
  auto again = [&]() -> asio::awaitable<void> {
    auto body = [](Tx& tx) { return tx.exec(kIncrement, 1); };
    const auto result = co_await db.write(Scope::everyone(), body);
    EXPECT_TRUE(result);
  };
  run(again());
}

TEST_P(AsyncContract, ManyCoroutinesOnManyThreadsAllCount) {
  AsyncDatabase db{*db_, 3, 200};
  std::atomic<int> failures{0};
  auto coroutine = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      auto body = [](Tx& tx) { return tx.exec(kIncrement, 1); };
      const auto result = co_await db.write(Scope::everyone(), body);
      if (!result) ++failures;
    }
  };
  for (int i = 0; i < 40; ++i) asio::co_spawn(io_, coroutine(), asio::detached);
  {
    std::jthread second{[&] { io_.run(); }};
    io_.run();
  }
  EXPECT_EQ(failures, 0);
  auto get = [](Tx& tx) { return tx.exec(kGet, 1); };
  EXPECT_EQ(db_->read(get).value().at(0).integer(0), 120);
}

TEST_P(AsyncContract, ACoroutineThatGoesAwayLeavesItsJobWhole) {
  std::promise<void> started;
  std::promise<void> open_gate;
  auto gate = open_gate.get_future().share();
  {
    AsyncDatabase db{*db_, 1, 4};
    auto coroutine = [&]() -> asio::awaitable<void> {
      auto text = std::make_unique<std::string>(100, 'x');
      auto body = [&started, gate, text = std::move(text)](Tx& tx) -> Result<> {
        started.set_value();
        gate.wait();
        AX_CHECK(tx.exec(kIncrement, static_cast<std::int64_t>(text->size() / 100)));
        return {};
      };
      static_cast<void>(co_await db.write(Scope::everyone(), std::move(body)));
      ADD_FAILURE() << "resumed after the io_context stopped";
    };
    asio::co_spawn(io_, coroutine(), asio::detached);
    io_.poll();
    started.get_future().wait();
    io_.stop();
    open_gate.set_value();
  }
  auto get = [](Tx& tx) { return tx.exec(kGet, 1); };
  EXPECT_EQ(db_->read(get).value().at(0).integer(0), 1);
}

}  // namespace
}  // namespace authx::db
