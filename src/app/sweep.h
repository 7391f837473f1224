#pragma once

#include "blob/blob.h"
#include "db/db.h"

namespace authx::app {

/// Removes objects that no row names: left by a process that died between writing an object and committing its row, or
/// between committing a redacted copy and removing the picture as sent. Objects younger than an hour are left alone: their
/// transaction may be under way. Returns how many were removed.
Result<std::size_t> sweep_orphans(db::Database& database, blob::Store& blobs, Time now);

}  // namespace authx::app
