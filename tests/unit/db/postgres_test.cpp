#include <gtest/gtest.h>

#include "fixture.h"
#include "support/postgres.h"

namespace authx::db {
namespace {

class PostgresServer : public EmptyDatabase {
 protected:
  Result<Rows> read(std::string_view sql) {
    auto body = [&](Tx& tx) { return tx.exec({"test.read", sql}); };
    return db_->read(body);
  }
  /// Ends every other session on this test's database and waits until they are gone.
  void cut_connections() const {
    testing_support::postgres_execute(url_,
                                      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, PostgresServer, testing::Values(Dialect::postgres), dialect_name);

TEST_P(PostgresServer, ConnectionsCutWhileIdleAreReplacedUnnoticed) {
  script("CREATE TABLE t (id INTEGER)");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(read("SELECT pg_sleep(0.05)")); });
  }
  cut_connections();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(read("SELECT count(*) FROM t"));
  cut_connections();
  auto insert = [](Tx& tx) { return tx.exec({"t.insert", "INSERT INTO t VALUES (1)"}); };
  EXPECT_TRUE(db_->write(insert));
  EXPECT_EQ(read("SELECT count(*) FROM t")->at(0).integer(0), 1);
}

TEST_P(PostgresServer, AConnectionCutInsideATransactionIsUnavailableAndThenRecovers) {
  script("CREATE TABLE t (id INTEGER)");
  int runs = 0;
  auto body = [&](Tx& tx) -> Result<> {
    ++runs;
    AX_CHECK(tx.exec({"t.insert", "INSERT INTO t VALUES (1)"}));
    cut_connections();
    AX_CHECK(tx.exec({"t.insert", "INSERT INTO t VALUES (2)"}));
    return {};
  };
  EXPECT_EQ(db_->write(body).error().code, Errc::unavailable);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(read("SELECT count(*) FROM t")->at(0).integer(0), 0);
  auto cut_before_commit = [&](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec({"t.insert", "INSERT INTO t VALUES (1)"}));
    cut_connections();
    return {};
  };
  EXPECT_EQ(db_->write(cut_before_commit).error().code, Errc::unavailable);
  EXPECT_EQ(read("SELECT count(*) FROM t")->at(0).integer(0), 0);
}

TEST_P(PostgresServer, AStatementThatTakesTooLongIsUnavailable) {
  auto body = [](Tx& tx) -> Result<> {
    AX_CHECK(tx.exec({"test.limit", "SET LOCAL statement_timeout = '50ms'"}));
    AX_CHECK(tx.exec({"test.sleep", "SELECT pg_sleep(20)"}));
    return {};
  };
  EXPECT_EQ(db_->write(body).error().code, Errc::unavailable);
  EXPECT_TRUE(db_->ping());
}

TEST_P(PostgresServer, SessionsAreInUtcAndBounded) {
  EXPECT_EQ(read("SELECT current_setting('TimeZone')")->at(0).text(0), "UTC");
  EXPECT_EQ(read("SELECT current_setting('statement_timeout')")->at(0).text(0), "30s");
  EXPECT_EQ(read("SELECT current_setting('lock_timeout')")->at(0).text(0), "10s");
  EXPECT_EQ(read("SELECT current_setting('transaction_isolation')")->at(0).text(0), "repeatable read");
}

TEST_P(PostgresServer, ServerTypesAreRead) {
  const auto rows = read(
      "SELECT '10.0.0.1'::inet, 7::smallint, 8::int, 1.5::real, 2.25::numeric, 12::numeric, 'x'::varchar, '{\"a\":[1]}'::json, "
      "'2024-01-02T03:04:05.000006+02'::timestamptz, 'infinity'::timestamptz, true, '00000000-0000-7000-8000-000000000001'::uuid");
  ASSERT_TRUE(rows) << rows.error().detail;
  const auto& row = rows->at(0);
  EXPECT_EQ(row.text(0), "10.0.0.1");
  EXPECT_EQ(row.integer(1), 7);
  EXPECT_EQ(row.integer(2), 8);
  EXPECT_EQ(row.real(3), 1.5);
  EXPECT_EQ(row.real(4), 2.25);
  EXPECT_EQ(row.integer(5), 12);
  EXPECT_EQ(row.text(6), "x");
  EXPECT_EQ(row.text(7), "{\"a\":[1]}");
  EXPECT_EQ(row.time(8), parse_time("2024-01-02T01:04:05.000006Z"));
  EXPECT_EQ(row.text(9), "infinity");
  EXPECT_TRUE(row.boolean(10));
  EXPECT_EQ(row.uuid(11).str(), "00000000-0000-7000-8000-000000000001");
}

TEST_P(PostgresServer, AnAbsentServerIsUnavailableAndNeverNamesThePassword) {
  for (const auto* url : {"postgresql://user:s3cret-word@127.0.0.1:1/db", "postgresql:///db?host=/nonexistent&password=s3cret-word",
                          "postgresql://user:s3cret-word/x@127.0.0.1:1/db", "postgresql://user:s3cret-word@127.0.0.1:s3cret-word/db"}) {
    const auto opened = open({url, 2});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::unavailable);
    EXPECT_EQ(opened.error().detail.find("s3cret"), std::string::npos) << opened.error().detail;
  }
}

}  // namespace
}  // namespace authx::db
