#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fixture.h"

namespace authx::db {
namespace {

class SqliteFile : public EmptyDatabase {
 protected:
  std::string pragma(std::string_view name) {
    const auto sql = fmt::format("PRAGMA {}", name);
    auto body = [&](Tx& tx) { return tx.exec({"test.pragma", sql}); };
    const auto row = db_->write(body).value().at(0);
    return name == "journal_mode" ? row.text(0) : std::to_string(row.integer(0));
  }
  std::string path() const { return url_.substr(9); }
};

INSTANTIATE_TEST_SUITE_P(Databases, SqliteFile, testing::Values(Dialect::sqlite), dialect_name);

TEST_P(SqliteFile, IsDurableAndGuarded) {
  EXPECT_EQ(pragma("journal_mode"), "wal");
  EXPECT_EQ(pragma("synchronous"), "2");
  EXPECT_EQ(pragma("foreign_keys"), "1");
  EXPECT_EQ(pragma("trusted_schema"), "0");
  EXPECT_EQ(pragma("secure_delete"), "1");
}

TEST_P(SqliteFile, OnlyItsOwnerMayOpenItAndItsLog) {
  script("CREATE TABLE t (id INTEGER)");
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    struct stat info{};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_P(SqliteFile, DoubleQuotesAreNeverText) {
  auto body = [](Tx& tx) { return tx.exec({"test.quotes", "SELECT \"no_such_column\""}); };
  EXPECT_FALSE(db_->write(body));
}

TEST_P(SqliteFile, EveryReadOfManySeesTheLastCommit) {
  script("CREATE TABLE counter (n INTEGER)");
  auto first = [](Tx& tx) { return tx.exec({"test.insert", "INSERT INTO counter VALUES (0)"}); };
  ASSERT_TRUE(db_->write(first));
  auto look = [](Tx& tx) { return tx.exec({"test.look", "SELECT n FROM counter"}); };
  for (std::int64_t n = 1; n <= 200; ++n) {
    auto set = [n](Tx& tx) { return tx.exec({"test.set", "UPDATE counter SET n = $1"}, n); };
    ASSERT_TRUE(db_->write(set));
    for (int i = 0; i < 25; ++i) ASSERT_EQ(db_->read(look).value().at(0).integer(0), n);
  }
}

TEST_P(SqliteFile, AfterManyReadsAWriteLetsTheLogBeEmptied) {
  script("CREATE TABLE counter (n INTEGER)");
  auto look = [](Tx& tx) { return tx.exec({"test.look", "SELECT COUNT(*) FROM counter"}); };
  const auto reading_ends = std::chrono::steady_clock::now() + std::chrono::milliseconds{60};
  while (std::chrono::steady_clock::now() < reading_ends) ASSERT_TRUE(db_->read(look));
  std::this_thread::sleep_for(std::chrono::milliseconds{40});
  auto add = [](Tx& tx) { return tx.exec({"test.add", "INSERT INTO counter VALUES (1)"}); };
  ASSERT_TRUE(db_->write(add));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "SELECT COUNT(*) FROM counter", nullptr, nullptr, nullptr), SQLITE_OK);  // learns that there is a log
  EXPECT_EQ(sqlite3_wal_checkpoint_v2(other, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(std::filesystem::file_size(path() + "-wal"), 0U);
}

TEST_P(SqliteFile, SomethingElseIsNotADatabase) {
  const auto other = path() + ".other";
  std::ofstream{other} << std::string(4096, 'x');
  const auto opened = open({"sqlite://" + other, 1});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  EXPECT_FALSE(open({"sqlite://" + path() + "/below/a/file", 1}));
}

TEST(Open, RefusesOtherUrlsWithoutRepeatingThem) {
  for (const auto* url : {"", "mysql://user:secret@host/x", "sqlite://", "postgresql", "sqlite:///tmp/x?mode=memory"}) {
    const auto opened = open({url, 1});
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, Errc::unavailable);
    EXPECT_EQ(opened.error().detail.find("secret"), std::string::npos);
  }
  EXPECT_FALSE(open({"sqlite:///tmp/never-made.db", 0}));
}

}  // namespace
}  // namespace authx::db
