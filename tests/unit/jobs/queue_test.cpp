#include "jobs/queue.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <filesystem>

namespace authx::jobs {
namespace {

using namespace std::chrono_literals;

class QueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("authx-queue-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto opened = db::open({"sqlite:///" + (folder / "t.db").string(), 4});
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(db::migrate(*database));
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }

  Uuid enqueue(Queue& queue, std::string_view kind = "work") {
    const auto subject = Uuid::generate(clock.now());
    auto id = database->write([&](db::Tx& tx) { return queue.enqueue(tx, kind, subject); });
    EXPECT_TRUE(id);
    return *id;
  }
  bool settles(Queue& queue, std::chrono::seconds limit = 20s) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < until) {
      if (*queue.depth() == 0) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  std::string state(const Uuid& id) {
    auto rows = database->read([&](db::Tx& tx) { return tx.exec({"test.state", "SELECT state FROM jobs WHERE id = $1"}, id); });
    return rows->at(0).text(0);
  }
  QueueOptions quick() const {
    QueueOptions o;
    o.first_retry = 1ms;
    o.poll = 5ms;
    o.max_attempts = 3;
    return o;
  }

  std::filesystem::path folder;
  std::unique_ptr<db::Database> database;
  SystemClock clock;
};

TEST_F(QueueTest, RunsEveryJobOnceWithManyWorkers) {
  auto options = quick();
  options.threads = 4;
  Queue queue{*database, clock, options};
  std::mutex mutex;
  std::map<Uuid, int> runs;
  queue.handle("work", {[&](const Job& job) {
                          {
                            const std::scoped_lock lock{mutex};
                            ++runs[job.id];
                          }
                          return database->write([&](db::Tx& tx) { return queue.complete(tx, job); });
                        },
                        {}});
  queue.start();
  for (int i = 0; i < 200; ++i) enqueue(queue);
  EXPECT_TRUE(settles(queue));
  queue.stop();
  EXPECT_EQ(runs.size(), 200U);
  for (const auto& [id, count] : runs) EXPECT_EQ(count, 1);
}

TEST_F(QueueTest, AJobWorksWithinTheOrganisationThatItWasEnqueuedFor) {
  Queue queue{*database, clock, quick()};
  const auto tenant = Uuid::generate(clock.now());
  std::mutex mutex;
  std::vector<std::optional<Uuid>> ran, buried;
  queue.handle("work", {[&](const Job& job) {
                          auto finish = [&](db::Tx& tx) -> Result<> {
                            const std::scoped_lock lock{mutex};
                            ran.push_back(tx.scope().only());
                            return queue.complete(tx, job);
                          };
                          return database->write(finish);
                        },
                        {}});
  queue.handle("fail", {[](const Job&) -> Result<> { return Errc::internal; },
                        [&](db::Tx& tx, const Job&) -> Result<> {
                          const std::scoped_lock lock{mutex};
                          buried.push_back(tx.scope().only());
                          return {};
                        }});
  for (const auto& scope : {db::Scope{tenant}, db::Scope::everyone()})
    for (const auto* kind : {"work", "fail"})
      ASSERT_TRUE(database->write(scope, [&](db::Tx& tx) { return queue.enqueue(tx, kind, Uuid{}); }));
  queue.start();
  ASSERT_TRUE(settles(queue));
  queue.stop();
  for (auto* seen : {&ran, &buried}) {
    std::ranges::sort(*seen);
    EXPECT_EQ(*seen, (std::vector<std::optional<Uuid>>{std::nullopt, tenant}));
  }
}

TEST_F(QueueTest, AJobOfARolledBackTransactionNeverExists) {
  Queue queue{*database, clock, quick()};
  auto failed = database->write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(queue.enqueue(tx, "work", Uuid{}));
    return Errc::conflict;
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(*queue.depth(), 0);
}

TEST_F(QueueTest, RetriesWithBackOffThenGivesUpOnce) {
  Queue queue{*database, clock, quick()};
  std::atomic<int> runs{0};
  std::atomic<int> given_up{0};
  queue.handle("work", {[&](const Job&) -> Result<> {
                          ++runs;
                          return Errc::unavailable;
                        },
                        [&](db::Tx&, const Job&) -> Result<> {
                          ++given_up;
                          return {};
                        }});
  queue.start();
  const auto id = enqueue(queue);
  EXPECT_TRUE(settles(queue));
  queue.stop();
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(given_up, 1);
  EXPECT_EQ(state(id), "dead");
}

TEST_F(QueueTest, AnExceptionCountsAsAFailedAttempt) {
  Queue queue{*database, clock, quick()};
  std::atomic<int> runs{0};
  queue.handle("work", {[&](const Job& job) -> Result<> {
                          if (++runs < 3) throw std::runtime_error{"bug"};
                          return database->write([&](db::Tx& tx) { return queue.complete(tx, job); });
                        },
                        {}});
  queue.start();
  const auto id = enqueue(queue);
  EXPECT_TRUE(settles(queue));
  queue.stop();
  EXPECT_EQ(state(id), "done");
}

TEST_F(QueueTest, ALostLeaseCannotStoreItsResult) {
  Queue queue{*database, clock, quick()};
  Job job;
  job.id = enqueue(queue);
  job.lease = Uuid::generate(clock.now());
  auto stored = database->write([&](db::Tx& tx) { return queue.complete(tx, job); });
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, Errc::conflict);
}

TEST_F(QueueTest, TakesUpTheWorkOfAProcessThatDied) {
  Queue first{*database, clock, quick()};
  const auto id = enqueue(first);
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  auto claimed = database->write([&](db::Tx& tx) -> Result<> {
    // Process 1 never started at tick 1 of a boot that also runs this test.
    AX_CHECK(
        tx.exec({"test.claim", "UPDATE jobs SET state = 'running', attempts = 1, lease = $2, leased_until = $3, worker = $4 WHERE id = $1"},
                id, Uuid::generate(clock.now()), clock.now() + std::chrono::hours{1}, std::string{host} + "/1/1x"));
    return {};
  });
  ASSERT_TRUE(claimed);
  Queue second{*database, clock, quick()};
  second.handle("work", {[&](const Job& job) { return database->write([&](db::Tx& tx) { return second.complete(tx, job); }); }, {}});
  second.start();
  EXPECT_TRUE(settles(second));
  second.stop();
  EXPECT_EQ(state(id), "done");
}

TEST_F(QueueTest, LeavesKindsAloneThatItDoesNotHandle) {
  Queue queue{*database, clock, quick()};
  queue.handle("mine", {[&](const Job& job) { return database->write([&](db::Tx& tx) { return queue.complete(tx, job); }); }, {}});
  queue.start();
  const auto mine = enqueue(queue, "mine");
  const auto other = enqueue(queue, "other");
  for (int i = 0; i < 1000 && state(mine) != "done"; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(state(mine), "done");
  EXPECT_EQ(state(other), "queued");
  queue.stop();
}

TEST_F(QueueTest, WaitEndsWhenTheJobIsDoneAndSaysWhenItIsNot) {
  Queue queue{*database, clock, quick()};
  std::atomic<bool> go{false};
  queue.handle("work", {[&](const Job& job) {
                          while (!go) std::this_thread::sleep_for(1ms);
                          return database->write([&](db::Tx& tx) { return queue.complete(tx, job); });
                        },
                        {}});
  queue.start();
  const auto id = enqueue(queue);
  db::AsyncDatabase async{*database, 1, 10};
  boost::asio::io_context io;
  auto wait = [&](std::chrono::milliseconds limit) {
    auto future = boost::asio::co_spawn(io, queue.wait(async, id, limit), boost::asio::use_future);
    io.restart();
    io.run();
    return future.get();
  };
  EXPECT_FALSE(wait(20ms));
  go = true;
  EXPECT_TRUE(wait(20s));
  queue.stop();
}

}  // namespace
}  // namespace authx::jobs
