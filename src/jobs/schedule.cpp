#include "jobs/schedule.h"

namespace authx::jobs {
namespace {

constexpr db::Query kAdd{"schedules.add", "INSERT INTO schedules (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};
constexpr db::Query kMove{"schedules.move", "UPDATE schedules SET due_at = $3 WHERE name = $1 AND due_at <= $2 RETURNING name"};

}  // namespace

Result<bool> claim_run(db::Tx& tx, std::string_view name, Time now, std::chrono::seconds every) {
  AX_CHECK(tx.exec(kAdd, name, now));
  AX_TRY(const auto moved, tx.exec(kMove, name, now, now + every));
  return !moved.empty();
}

}  // namespace authx::jobs
