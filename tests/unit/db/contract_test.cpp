#include <gtest/gtest.h>

#include <barrier>
#include <future>

#include "fixture.h"

namespace authx::db {
namespace {

using namespace std::chrono_literals;

/// What both databases must do alike.
class DatabaseContract : public EmptyDatabase {
 protected:
  void SetUp() override {
    EmptyDatabase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (GetParam() == Dialect::sqlite) {
      script(R"(
        CREATE TABLE kinds (id TEXT PRIMARY KEY, i INTEGER, r REAL, b INTEGER, t TEXT, y BLOB, at TEXT, d TEXT, j TEXT) STRICT;
        CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE thing (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owner (id)) STRICT;
        CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) STRICT;
        INSERT INTO counter VALUES (1, 0), (2, 0);)");
    } else {
      script(R"(
        CREATE TABLE kinds (id UUID PRIMARY KEY, i BIGINT, r DOUBLE PRECISION, b BOOLEAN, t TEXT, y BYTEA, at TIMESTAMPTZ, d DATE, j JSONB);
        CREATE TABLE owner (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE thing (id BIGINT PRIMARY KEY, owner BIGINT NOT NULL REFERENCES owner (id));
        CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0));
        INSERT INTO counter VALUES (1, 0), (2, 0);)");
    }
  }

  template <class... Args>
  Result<Rows> write(std::string_view sql, Args&&... args) {
    auto body = [&](Tx& tx) { return tx.exec(Query{"test.write", sql}, args...); };
    return db_->write(body);
  }
  template <class... Args>
  Rows read(std::string_view sql, Args&&... args) {
    auto body = [&](Tx& tx) { return tx.exec(Query{"test.read", sql}, args...); };
    auto rows = db_->read(body);
    EXPECT_TRUE(rows) << rows.error().detail;
    return rows ? std::move(*rows) : Rows{};
  }
  std::int64_t count(std::string_view table) { return read(fmt::format("SELECT count(*) FROM {}", table)).at(0).integer(0); }
};

INSTANTIATE_TEST_SUITE_P(Databases, DatabaseContract, testing::Values(Dialect::sqlite, Dialect::postgres), dialect_name);

constexpr Query kInsertKinds{"kinds.insert", "INSERT INTO kinds (id, i, r, b, t, y, at, d, j) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr Query kFindKinds{"kinds.find", "SELECT id, i, r, b, t, y, at, d, j FROM kinds WHERE id = $1"};
constexpr Query kIncrement{"counter.increment", "UPDATE counter SET n = n + 1 WHERE id = $1"};
constexpr Query kGetCounter{"counter.get", "SELECT n FROM counter WHERE id = $1"};
constexpr Query kInsertOwner{"owner.insert", "INSERT INTO owner (id, name) VALUES ($1, $2)"};

const Time kNow = parse_time("2024-02-29T23:59:59.123456Z").value();

TEST_P(DatabaseContract, EveryKindComesBackAsItWent) {
  const auto id = Uuid::generate(kNow);
  const Bytes bytes{0, 1, 255, 0, '\\', '\''};
  auto body = [&](Tx& tx) -> Result<Row> {
    AX_CHECK(tx.exec(kInsertKinds, id, std::int64_t{-9'007'199'254'740'993}, 0.1, true, "naïve 'text' \\x00 \n\t𝄞", bytes, kNow,
                     "2024-02-29", R"({"a": 1})"));
    AX_TRY(auto rows, tx.exec(kFindKinds, id));
    return rows.at(0);
  };
  const auto row = db_->write(body);
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->size(), 9U);
  EXPECT_EQ(row->uuid(0), id);
  EXPECT_EQ(row->integer(1), -9'007'199'254'740'993);
  EXPECT_EQ(row->real(2), 0.1);
  EXPECT_TRUE(row->boolean(3));
  EXPECT_EQ(row->text(4), "naïve 'text' \\x00 \n\t𝄞");
  EXPECT_EQ(row->bytes(5), bytes);
  EXPECT_EQ(row->time(6), kNow);
  EXPECT_EQ(row->text(7), "2024-02-29");
  EXPECT_EQ(row->text(8), R"({"a": 1})");
}

TEST_P(DatabaseContract, ExtremesComeBack) {
  const auto id = Uuid::generate(kNow);
  const auto early = parse_time("1000-01-01T00:00:00Z").value();
  ASSERT_TRUE(write(kInsertKinds.sql, id, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<double>::denorm_min(), false, "",
                    Bytes{}, early, "9999-12-31", "null"));
  const auto rows = read(kFindKinds.sql, id);
  EXPECT_EQ(rows.at(0).integer(1), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(rows.at(0).real(2), std::numeric_limits<double>::denorm_min());
  EXPECT_FALSE(rows.at(0).boolean(3));
  EXPECT_EQ(rows.at(0).text(4), "");
  EXPECT_FALSE(rows.at(0).is_null(5));
  EXPECT_TRUE(rows.at(0).bytes(5).empty());
  EXPECT_EQ(rows.at(0).time(6), early);
}

TEST_P(DatabaseContract, NullIsNull) {
  const auto id = Uuid::generate(kNow);
  ASSERT_TRUE(write(kInsertKinds.sql, id, std::nullopt, std::optional<double>{}, std::nullopt, std::optional<std::string>{},
                    std::optional<Bytes>{}, std::optional<Time>{}, std::nullopt, std::nullopt));
  const auto rows = read(kFindKinds.sql, id);
  ASSERT_EQ(rows.size(), 1U);
  for (std::size_t i = 1; i < 9; ++i) EXPECT_TRUE(rows[0].is_null(i)) << i;
  EXPECT_EQ(rows[0].opt_integer(1), std::nullopt);
  EXPECT_EQ(rows[0].opt_text(4), std::nullopt);
  EXPECT_EQ(rows[0].opt_time(6), std::nullopt);
}

TEST_P(DatabaseContract, AParameterMayStandTwiceAndBeNullAtFirst) {
  constexpr std::string_view sql = "SELECT count(*) FROM owner WHERE (CAST($1 AS TEXT) IS NULL OR name = $1) AND id > $2";
  ASSERT_TRUE(write(kInsertOwner.sql, 1, "a"));
  ASSERT_TRUE(write(kInsertOwner.sql, 2, "b"));
  EXPECT_EQ(read(sql, std::nullopt, 0).at(0).integer(0), 2);
  EXPECT_EQ(read(sql, "b", 0).at(0).integer(0), 1);
}

TEST_P(DatabaseContract, AWrongNumberOfParametersIsAnError) {
  EXPECT_EQ(write(kInsertOwner.sql, 1).error().code, Errc::internal);
  EXPECT_EQ(write(kInsertOwner.sql, 1, "a", 2).error().code, Errc::internal);
  EXPECT_EQ(write("SELECT 1", 1).error().code, Errc::internal);
  EXPECT_EQ(count("owner"), 0);
}

TEST_P(DatabaseContract, TwoStatementsInOneAreRefused) {
  EXPECT_FALSE(write("DELETE FROM counter; DELETE FROM counter"));
  EXPECT_EQ(count("counter"), 2);
}

TEST_P(DatabaseContract, ReturningGivesRows) {
  const auto rows = write("UPDATE counter SET n = n + 5 WHERE id = $1 RETURNING n", 1);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->at(0).integer(0), 5);
  EXPECT_TRUE(write("UPDATE counter SET n = 1 WHERE id = $1 RETURNING n", 77)->empty());
}

TEST_P(DatabaseContract, SumsAndAveragesAreNumbers) {
  ASSERT_TRUE(write("UPDATE counter SET n = id"));
  const auto row = read("SELECT sum(n), avg(n), count(*), max(n) FROM counter").at(0);
  EXPECT_EQ(row.integer(0), 3);
  EXPECT_EQ(row.real(1), 1.5);
  EXPECT_EQ(row.real(2), 2.0);
  EXPECT_EQ(row.integer(3), 2);
}

TEST_P(DatabaseContract, ARepeatedKeyIsAConflictThatNamesNoValue) {
  ASSERT_TRUE(write(kInsertOwner.sql, 1, "jane.doe"));
  for (const int id : {1, 2}) {
    const auto again = write(kInsertOwner.sql, id, "jane.doe");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_NE(again.error().detail.find("test.write"), std::string::npos) << again.error().detail;
    EXPECT_NE(again.error().detail.find("owner"), std::string::npos) << again.error().detail;
    EXPECT_EQ(again.error().detail.find("jane"), std::string::npos) << again.error().detail;
  }
}

TEST_P(DatabaseContract, AMissingParentIsAConflict) {
  EXPECT_EQ(write("INSERT INTO thing (id, owner) VALUES (1, 99)").error().code, Errc::conflict);
  ASSERT_TRUE(write(kInsertOwner.sql, 1, "a"));
  ASSERT_TRUE(write("INSERT INTO thing (id, owner) VALUES (1, 1)"));
  EXPECT_EQ(write("DELETE FROM owner WHERE id = 1").error().code, Errc::conflict);
}

TEST_P(DatabaseContract, OtherFaultsAreInternalAndNameNoValue) {
  EXPECT_EQ(write("UPDATE counter SET n = -1").error().code, Errc::internal);
  EXPECT_EQ(write("SELECT nothing FROM nowhere").error().code, Errc::internal);
  EXPECT_EQ(write("SELEC 1").error().code, Errc::internal);
  EXPECT_EQ(write("INSERT INTO owner (id, name) VALUES ($1, $2)", 1, std::nullopt).error().code, Errc::internal);
  const auto mistyped = write("INSERT INTO owner (id, name) VALUES ($1, $2)", "jane.doe", "x");
  ASSERT_FALSE(mistyped);
  EXPECT_EQ(mistyped.error().detail.find("jane"), std::string::npos) << mistyped.error().detail;
}

TEST_P(DatabaseContract, UnstorableTextIsRefusedAsInput) {
  for (const auto& bad : {std::string{"a\0b", 3}, std::string{"\xff"}, std::string{"\xc0\x80"}, std::string{"\xed\xa0\x80"},
                          std::string{"\xf4\x90\x80\x80"}, std::string{"\xe2\x82"}}) {
    EXPECT_EQ(write(kInsertOwner.sql, 1, bad).error().code, Errc::validation);
  }
  for (const auto* good : {"é", "€", "𝄞", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(write("DELETE FROM owner WHERE name = $1", good));
  EXPECT_EQ(count("owner"), 0);
}

TEST_P(DatabaseContract, AnErrorRollsBack) {
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kIncrement, 1));
    return Errc::forbidden;
  };
  EXPECT_EQ(db_->write(body).error().code, Errc::forbidden);
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 0);
}

TEST_P(DatabaseContract, AnExceptionRollsBackAndPasses) {
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kIncrement, 1));
    throw std::runtime_error{"bug"};
  };
  EXPECT_THROW(static_cast<void>(db_->write(body)), std::runtime_error);
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 0);
  EXPECT_TRUE(write(kIncrement.sql, 1));  // the connection is usable
}

TEST_P(DatabaseContract, AFailedStatementDoomsTheTransactionEvenWhenIgnored) {
  ASSERT_TRUE(write(kInsertOwner.sql, 1, "a"));
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kIncrement, 1));
    EXPECT_EQ(tx.exec(kInsertOwner, 1, "b").error().code, Errc::conflict);
    EXPECT_EQ(tx.exec(kIncrement, 1).error().code, Errc::conflict);
    return {};
  };
  EXPECT_EQ(db_->write(body).error().code, Errc::conflict);
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 0);
}

TEST_P(DatabaseContract, ATransactionInsideAnotherIsRefused) {
  auto inner = [](Tx& tx) { return tx.exec(kIncrement, 1); };
  auto outer = [&](Tx& tx) -> Result<> {
    EXPECT_EQ(db_->write(inner).error().code, Errc::internal);
    EXPECT_EQ(db_->read(inner).error().code, Errc::internal);
    AX_CHECK(tx.exec(kIncrement, 2));
    return {};
  };
  EXPECT_TRUE(db_->write(outer));
  EXPECT_EQ(read("SELECT sum(n) FROM counter").at(0).integer(0), 1);
  EXPECT_TRUE(db_->write(inner));
}

TEST_P(DatabaseContract, AReadCannotWrite) {
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kGetCounter, 1));
    AX_CHECK(tx.exec(kIncrement, 1));
    return {};
  };
  EXPECT_EQ(db_->read(body).error().code, Errc::internal);
  auto only = [](Tx& tx) { return tx.exec(kIncrement, 1); };
  EXPECT_FALSE(db_->read(only));
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 0);
}

TEST_P(DatabaseContract, ConcurrentIncrementsAllCount) {
  constexpr int kThreads = 8;
  constexpr int kTimes = 25;
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kTimes; ++i) {
          auto body = [](Tx& tx) { return tx.exec(kIncrement, 1); };
          if (!db_->write(body)) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), kThreads * kTimes);
}

TEST_P(DatabaseContract, CrossedLocksEndInBothCommitting) {
  // Two writers take two rows in opposite order. PostgreSQL finds the deadlock and the loser runs again.
  std::barrier both{2};
  std::atomic<int> runs{0};
  const auto cross = [&](int first, int second) {
    bool waited = false;
    auto body = [&](Tx& tx) -> Result<> {
      ++runs;
      AX_CHECK(tx.exec(kIncrement, first));
      if (GetParam() == Dialect::postgres && !waited) {
        waited = true;
        both.arrive_and_wait();
      }
      AX_CHECK(tx.exec(kIncrement, second));
      return {};
    };
    EXPECT_TRUE(db_->write(body));
  };
  std::jthread other{[&] { cross(2, 1); }};
  cross(1, 2);
  other.join();
  EXPECT_EQ(read("SELECT sum(n) FROM counter").at(0).integer(0), 4);
  if (GetParam() == Dialect::postgres) EXPECT_GE(runs, 3);
}

TEST_P(DatabaseContract, AReaderKeepsItsSnapshotAndIsNotBlockedByAWriter) {
  auto inside_read = [&](Tx& reader) -> Result<> {
    AX_TRY(const auto before, reader.exec(kGetCounter, 1));
    std::jthread{[&] { EXPECT_TRUE(write(kIncrement.sql, 1)); }}.join();
    AX_TRY(const auto after, reader.exec(kGetCounter, 1));
    EXPECT_EQ(before.at(0).integer(0), after.at(0).integer(0));
    return {};
  };
  EXPECT_TRUE(db_->read(inside_read));
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 1);
  auto inside_write = [&](Tx& writer) -> Result<> {
    AX_CHECK(writer.exec(kIncrement, 1));
    std::jthread{[&] { EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 1); }}.join();
    return {};
  };
  EXPECT_TRUE(db_->write(inside_write));
  EXPECT_EQ(read(kGetCounter.sql, 1).at(0).integer(0), 2);
}

TEST_P(DatabaseContract, MoreReadersThanConnectionsTakeTurns) {
  const auto small = connect(1);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          auto body = [](Tx& tx) { return tx.exec(kGetCounter, 1); };
          if (small->read(body)) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 120);
}

TEST_P(DatabaseContract, ActionsRunOnceAndOnlyAfterACommit) {
  int ran = 0;
  std::int64_t seen = -1;
  auto good = [&](Tx& tx) -> Result<> {
    tx.on_commit([&] {
      ++ran;
      seen = read(kGetCounter.sql, 1).at(0).integer(0);  // the database is usable, and shows the commit
    });
    AX_CHECK(tx.exec(kIncrement, 1));
    EXPECT_EQ(ran, 0);
    return {};
  };
  EXPECT_TRUE(db_->write(good));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen, 1);
  auto bad = [&](Tx& tx) -> Result<> {
    tx.on_commit([&] { ++ran; });
    return Errc::conflict;
  };
  EXPECT_FALSE(db_->write(bad));
  EXPECT_EQ(ran, 1);
}

TEST_P(DatabaseContract, ValuesAreNeverRunAsSql) {
  const std::vector<std::string> hostile{
      "'; DROP TABLE owner; --", "x' OR '1'='1", "$2", "\\'; DELETE FROM owner; --", "?1", "%s%n", "\") --"};
  std::int64_t id = 0;
  for (const auto& text : hostile) ASSERT_TRUE(write(kInsertOwner.sql, ++id, text));
  EXPECT_EQ(count("owner"), id);
  for (const auto& text : hostile) {
    const auto rows = read("SELECT name FROM owner WHERE name = $1", text);
    ASSERT_EQ(rows.size(), 1U) << text;
    EXPECT_EQ(rows[0].text(0), text);
  }
}

TEST_P(DatabaseContract, LargeValuesComeBack) {
  const auto id = Uuid::generate(kNow);
  Bytes bytes(5 << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  const std::string text(3 << 20, 't');
  ASSERT_TRUE(write("INSERT INTO kinds (id, t, y) VALUES ($1, $2, $3)", id, text, bytes));
  const auto rows = read("SELECT t, y FROM kinds WHERE id = $1", id);
  EXPECT_TRUE(rows.at(0).text(0) == text);
  EXPECT_TRUE(rows.at(0).bytes(1) == bytes);
}

TEST_P(DatabaseContract, AHugeStatementRuns) {
  std::string sql = "SELECT count(*) FROM counter WHERE id IN (0";
  for (int i = 1; i < 20'000; ++i) sql += fmt::format(",{}", i);
  EXPECT_EQ(read(sql + ")").at(0).integer(0), 2);
}

TEST_P(DatabaseContract, ManyDifferentStatementsRun) {
  for (int i = 0; i < 1200; ++i) ASSERT_EQ(read(fmt::format("SELECT n + {} FROM counter WHERE id = $1", i), 1).at(0).integer(0), i);
}

TEST_P(DatabaseContract, AStatementSurvivesAChangeOfItsTable) {
  EXPECT_EQ(read("SELECT * FROM counter ORDER BY id").at(0).size(), 2U);
  script("ALTER TABLE counter ADD COLUMN more INTEGER");
  EXPECT_EQ(read("SELECT * FROM counter ORDER BY id").at(0).size(), 3U);
}

TEST_P(DatabaseContract, ADeferredConstraintFailsTheCommit) {
  script("CREATE TABLE late (id INTEGER PRIMARY KEY, owner BIGINT REFERENCES owner (id) DEFERRABLE INITIALLY DEFERRED)");
  EXPECT_EQ(write("INSERT INTO late VALUES (1, 50)").error().code, Errc::conflict);
  EXPECT_EQ(count("late"), 0);
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec({"late.insert", "INSERT INTO late VALUES (1, 50)"}));
    AX_CHECK(tx.exec(kInsertOwner, 50, "late"));
    return {};
  };
  EXPECT_TRUE(db_->write(body));
}

TEST_P(DatabaseContract, AScriptMayNotEndItsTransaction) {
  auto body = [](Tx& tx) { return tx.script("test.script", "CREATE TABLE escaped (id INTEGER); COMMIT"); };
  EXPECT_FALSE(db_->write(body));
  EXPECT_TRUE(write(kIncrement.sql, 1));
}

TEST_P(DatabaseContract, PingAnswers) { EXPECT_TRUE(db_->ping()); }

TEST_P(DatabaseContract, WhatOneConnectionPoolCommitsAnotherSees) {
  const auto second = connect();
  ASSERT_TRUE(write(kIncrement.sql, 1));
  auto body = [](Tx& tx) { return tx.exec(kGetCounter, 1); };
  EXPECT_EQ(second->read(body).value().at(0).integer(0), 1);
}

}  // namespace
}  // namespace authx::db
