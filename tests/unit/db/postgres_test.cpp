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

/// What the policies go by, seen from inside.
Result<std::string> told(Tx& tx) {
  AX_TRY(const auto rows, tx.exec({"test.told", "SELECT coalesce(current_setting('authx.tenant', true), '')"}));
  return rows.at(0).text(0);
}

TEST_P(PostgresServer, TheServerKnowsTheScopeOfEachTransactionAndForgetsItWithIt) {
  const auto one = Uuid::generate(Time{});
  const auto other = Uuid::generate(Time{});
  const auto pooled = connect(1);
  EXPECT_EQ(*pooled->read(one, told), one.str());
  EXPECT_EQ(*pooled->write(other, told), other.str());
  EXPECT_EQ(*pooled->read(told), "*");  // the server's own work
  EXPECT_EQ(*pooled->read(Uuid{}, told), Uuid{}.str());
  auto moving = [&](Tx& tx) -> Result<std::string> {
    AX_TRY(const auto first, told(tx));
    tx.enter(one);
    AX_TRY(const auto second, told(tx));
    return first + " " + second;
  };
  EXPECT_EQ(*pooled->write(moving), "* " + one.str());
  const Scope::Within within{other};
  EXPECT_EQ(*pooled->read(told), other.str());
  EXPECT_EQ(*pooled->read(Scope::everyone(), told), "*");
}

TEST_P(PostgresServer, ConditionsThatAreForgottenFindNothingOfOthers) {
  const auto one = Uuid::generate(Time{});
  const auto other = Uuid::generate(Time{});
  script(R"(CREATE TABLE t (id INTEGER, tenant_id UUID NOT NULL);
    DO $$ BEGIN CREATE ROLE walled; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    GRANT SELECT, INSERT, UPDATE, DELETE ON t TO walled;
    CREATE POLICY tenant ON t USING (current_setting('authx.tenant', true) = '*' OR tenant_id::text = current_setting('authx.tenant', true));
    ALTER TABLE t ENABLE ROW LEVEL SECURITY)");
  // This test's own role is a superuser, whom no policy holds.
  const auto as_walled = [](auto body) {
    return [body](Tx& tx) -> Result<std::int64_t> {
      AX_CHECK(tx.script("test.role", "SET LOCAL ROLE walled"));
      AX_TRY(const auto rows, tx.exec(body(tx)));
      return rows.empty() ? 0 : rows[0].integer(0);
    };
  };
  const auto insert = [](const Uuid& tenant) {
    return [tenant](Tx& tx) { return tx.exec({"t.insert", "INSERT INTO t VALUES (1, $1)"}, tenant); };
  };
  ASSERT_TRUE(db_->write(one, insert(one)));
  ASSERT_TRUE(db_->write(other, insert(other)));
  const auto count = as_walled([](Tx&) { return Query{"t.count", "SELECT count(*) FROM t"}; });
  const auto erase = as_walled([](Tx&) { return Query{"t.erase", "WITH gone AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM gone"}; });
  EXPECT_EQ(*db_->read(one, count), 1);
  EXPECT_EQ(*db_->read(Scope::everyone(), count), 2);
  EXPECT_EQ(*db_->read(Uuid{}, count), 0);
  EXPECT_EQ(*db_->write(other, erase), 1);
  EXPECT_EQ(*db_->read(Scope::everyone(), count), 1);
  auto smuggle = [&](Tx& tx) -> Result<> {
    AX_CHECK(tx.script("test.role", "SET LOCAL ROLE walled"));
    AX_CHECK(tx.exec({"t.insert", "INSERT INTO t VALUES (2, $1)"}, other));
    return {};
  };
  EXPECT_FALSE(db_->write(one, smuggle));
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
