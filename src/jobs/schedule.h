#pragma once

#include <chrono>
#include <string_view>

#include "base/time.h"
#include "db/db.h"

namespace authx::jobs {

/// Whether the recurring job `name` is due, moving its time on by `every` when it is: of all processes that ask, one hears
/// yes. In the transaction that enqueues the job. A name that is new is due at once.
Result<bool> claim_run(db::Tx& tx, std::string_view name, Time now, std::chrono::seconds every);

}  // namespace authx::jobs
