#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "db/db.h"

namespace authx::db {

inline std::string dialect_name(const testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::sqlite ? "Sqlite" : "Postgres";
}

/// An empty database of the parameter's dialect, its own for every test.
class EmptyDatabase : public testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::unique_ptr<Database> connect(std::size_t connections = 4) const;
  /// Runs statements in one transaction; the test fails when they do.
  void script(std::string_view sql) const;

  std::string url_;
  std::unique_ptr<Database> db_;

 private:
  std::filesystem::path dir_;
};

}  // namespace authx::db
