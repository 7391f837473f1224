#pragma once

#include <span>
#include <string_view>

#include "db/db.h"

namespace authx::db {

/// One file of sql/<dialect>/NNNN_name.sql.
struct Migration {
  int version = 0;
  std::string_view name;
  std::string_view sql;
};

/// The migrations built into this binary, ascending.
std::span<const Migration> embedded_migrations(Dialect dialect);

/// `migrate(Database&)` with a given list, which must ascend. Applied ones must be the list's beginning, unchanged.
Result<int> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace authx::db
