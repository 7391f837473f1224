#include "fixture.h"

#include <cstdlib>

#include "support/postgres.h"

namespace authx::db {

void EmptyDatabase::SetUp() {
  if (GetParam() == Dialect::postgres) {
    const auto url = testing_support::fresh_postgres_database();
    if (!url) GTEST_SKIP() << "PostgreSQL's programs are not installed";
    url_ = *url;
    db_ = connect();
    return;
  }
  std::string pattern = (std::filesystem::temp_directory_path() / "authx-db-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  dir_ = pattern;
  url_ = "sqlite://" + (dir_ / "test.db").string();
  db_ = connect();
}

void EmptyDatabase::TearDown() {
  db_.reset();
  if (!dir_.empty()) std::filesystem::remove_all(dir_);
}

std::unique_ptr<Database> EmptyDatabase::connect(std::size_t connections) const {
  auto opened = open({url_, connections});
  EXPECT_TRUE(opened) << opened.error().detail;
  return opened ? std::move(*opened) : nullptr;
}

void EmptyDatabase::script(std::string_view sql) const {
  auto body = [&](Tx& tx) { return tx.script("test.script", sql); };
  const auto done = db_->write(body);
  ASSERT_TRUE(done) << done.error().detail;
}

}  // namespace authx::db
