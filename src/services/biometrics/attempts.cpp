#include "services/biometrics/attempts.h"

#include <algorithm>

namespace authx::biometrics {
namespace {

constexpr db::Query kGet{"biometrics.attempts",
                         "SELECT failures, blocked_until FROM biometric_attempts WHERE subject_id = $1 AND biometric_type = $2"};
/// Adds in the database: two that read the same count must not both write the same.
constexpr db::Query kAdd{"biometrics.add_attempt",
                         "INSERT INTO biometric_attempts (subject_id, biometric_type, failures, blocked_until) VALUES ($1, $2, 1, $3) "
                         "ON CONFLICT (subject_id, biometric_type) DO UPDATE SET failures = biometric_attempts.failures + 1 "
                         "RETURNING failures, blocked_until"};
constexpr db::Query kBlock{"biometrics.block",
                           "UPDATE biometric_attempts SET blocked_until = $3 WHERE subject_id = $1 AND biometric_type = $2"};
constexpr db::Query kClear{"biometrics.clear_attempts", "DELETE FROM biometric_attempts WHERE subject_id = $1 AND biometric_type = $2"};

Error blocked(Time until, Time now) {
  Error e{Errc::rate_limited, "biometric attempts"};
  e.message = "Too many comparisons failed; try again later";
  e.retry_after = std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(until - now));
  return e;
}

}  // namespace

std::chrono::seconds delay_after(int failures) noexcept {
  if (failures < kFreeAttempts) return std::chrono::seconds{0};
  return std::min(std::chrono::seconds{30} * (1 << std::min(failures - kFreeAttempts, 10)), std::chrono::seconds{3600});
}

Result<> check_attempts(db::Tx& tx, const Uuid& subject, std::string_view type, Time now) {
  AX_TRY(const auto rows, tx.exec(kGet, subject, type));
  if (!rows.empty() && rows[0].time(1) > now) return blocked(rows[0].time(1), now);
  return {};
}

Result<int> begin_attempt(db::Tx& tx, const Uuid& subject, std::string_view type, Time now) {
  AX_TRY(const auto rows, tx.exec(kAdd, subject, type, now));
  const auto until = rows.at(0).time(1);
  if (until > now) return blocked(until, now);  // rolls the count back
  const auto failures = static_cast<int>(rows[0].integer(0));
  AX_CHECK(tx.exec(kBlock, subject, type, now + delay_after(failures)));
  return std::max(0, kFreeAttempts - failures);
}

Result<> clear_attempts(db::Tx& tx, const Uuid& subject, std::string_view type) {
  AX_CHECK(tx.exec(kClear, subject, type));
  return {};
}

}  // namespace authx::biometrics
