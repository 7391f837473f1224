#pragma once

#include <string_view>

#include "base/time.h"
#include "db/db.h"

namespace authx::biometrics {

inline constexpr int kFreeAttempts = 5;

/// How long further comparisons are refused after so many failures in a row: nothing before the fifth, then 30 seconds,
/// doubling up to an hour.
std::chrono::seconds delay_after(int failures) noexcept;

/// Error: rate_limited, with the time to wait.
Result<> check_attempts(db::Tx& tx, const Uuid& subject, std::string_view type, Time now);
/// Counts a comparison as failed before it is made, so that no two run on one allowance; how many are left. Error as above.
Result<int> begin_attempt(db::Tx& tx, const Uuid& subject, std::string_view type, Time now);
/// It succeeded.
Result<> clear_attempts(db::Tx& tx, const Uuid& subject, std::string_view type);

}  // namespace authx::biometrics
