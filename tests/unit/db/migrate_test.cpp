#include "db/migrate.h"

#include <gtest/gtest.h>

#include <set>

#include "fixture.h"

namespace authx::db {
namespace {

class Migrate : public EmptyDatabase {
 protected:
  std::int64_t rows(std::string_view table) {
    const auto sql = fmt::format("SELECT count(*) FROM {}", table);
    auto body = [&](Tx& tx) { return tx.exec({"test.count", sql}); };
    const auto result = db_->read(body);
    return result ? result->at(0).integer(0) : -1;
  }

  const std::vector<Migration> both_{
      {1, "first",
       "CREATE TABLE a (id INTEGER PRIMARY KEY); -- a comment; with a semicolon\nINSERT INTO a VALUES (1); INSERT INTO a VALUES (2);"},
      {2, "second", "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id));\nINSERT INTO b VALUES (1, 1);\n"}};
};

INSTANTIATE_TEST_SUITE_P(Databases, Migrate, testing::Values(Dialect::sqlite, Dialect::postgres), dialect_name);

TEST_P(Migrate, AppliesWhatIsMissingOnce) {
  EXPECT_EQ(schema_version(*db_).value(), 0);
  EXPECT_EQ(migrate(*db_, std::span{both_}.first(1)).value(), 1);
  EXPECT_EQ(schema_version(*db_).value(), 1);
  EXPECT_EQ(migrate(*db_, both_).value(), 1);
  EXPECT_EQ(migrate(*db_, both_).value(), 0);
  EXPECT_EQ(schema_version(*db_).value(), 2);
  EXPECT_EQ(rows("a"), 2);
  EXPECT_EQ(rows("b"), 1);
}

TEST_P(Migrate, AFailedOneLeavesNothingAndCanBeCorrected) {
  auto broken = both_;
  broken[1].sql = "CREATE TABLE b (id INTEGER); INSERT INTO nowhere VALUES (1)";
  const auto result = migrate(*db_, broken);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("migration 2 (second)"), std::string::npos) << result.error().detail;
  EXPECT_EQ(schema_version(*db_).value(), 1);
  EXPECT_EQ(rows("b"), -1);
  EXPECT_EQ(migrate(*db_, both_).value(), 1);
}

TEST_P(Migrate, RefusesAChangedText) {
  ASSERT_TRUE(migrate(*db_, both_));
  auto changed = both_;
  changed[0].sql = "CREATE TABLE a (id INTEGER)";
  const auto result = migrate(*db_, changed);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_NE(result.error().detail.find("was changed"), std::string::npos);
}

TEST_P(Migrate, RefusesADatabaseFromTheFuture) {
  ASSERT_TRUE(migrate(*db_, both_));
  const auto result = migrate(*db_, std::span{both_}.first(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_NE(result.error().detail.find("does not know"), std::string::npos);
}

TEST_P(Migrate, RefusesAnOrderThatIsNotTheAppliedOne) {
  const std::vector<Migration> later{{1, "first", both_[0].sql}, {3, "third", both_[1].sql}};
  ASSERT_TRUE(migrate(*db_, later));
  auto inserted = both_;
  inserted.push_back(later[1]);
  EXPECT_FALSE(migrate(*db_, inserted));
  const std::vector<Migration> descending{both_[1], both_[0]};
  EXPECT_FALSE(migrate(*db_, descending));
}

TEST_P(Migrate, ManyAtOnceApplyEachOnce) {
  std::atomic<int> applied{0};
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const auto own = connect(1);  // a connection pool of its own, as another process has
        const auto count = migrate(*own, both_);
        if (count) {
          applied += *count;
        } else {
          ++failed;
        }
      });
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 2);
  EXPECT_EQ(rows("schema_migrations"), 2);
}

TEST_P(Migrate, TheBuiltInOnesApply) {
  const auto known = embedded_migrations(GetParam());
  const auto count = migrate(*db_);
  ASSERT_TRUE(count) << count.error().detail;
  EXPECT_EQ(*count, static_cast<int>(known.size()));
  EXPECT_EQ(migrate(*db_).value(), 0);
}

TEST(EmbeddedMigrations, HaveTheSameNumbersAndNamesInBothDialects) {
  const auto list = [](Dialect dialect) {
    std::vector<std::string> out;
    for (const auto& m : embedded_migrations(dialect)) out.push_back(fmt::format("{:04}_{}", m.version, m.name));
    return out;
  };
  EXPECT_EQ(list(Dialect::sqlite), list(Dialect::postgres));
  int expected = 0;
  for (const auto& m : embedded_migrations(Dialect::sqlite)) EXPECT_EQ(m.version, ++expected);
}

TEST(EmbeddedMigrations, AreTheFilesOfTheSourceTree) {
  for (const auto& [dialect, folder] : {std::pair{Dialect::sqlite, "sqlite"}, std::pair{Dialect::postgres, "postgres"}}) {
    std::set<std::string> files;
    const auto dir = std::filesystem::path{AUTHX_SOURCE_DIR} / "sql" / folder;
    if (std::filesystem::exists(dir)) {
      for (const auto& entry : std::filesystem::directory_iterator{dir}) files.insert(entry.path().stem());
    }
    std::set<std::string> embedded;
    for (const auto& m : embedded_migrations(dialect)) embedded.insert(fmt::format("{:04}_{}", m.version, m.name));
    EXPECT_EQ(embedded, files);
  }
}

}  // namespace
}  // namespace authx::db
