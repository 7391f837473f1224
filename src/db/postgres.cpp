#include "db/transaction.h"

namespace authx::db::detail {

Result<std::unique_ptr<Database>> open_postgres(const std::string&, std::size_t) {
  return Error{Errc::capability_unavailable, "PostgreSQL is not part of this build"};
}

}  // namespace authx::db::detail
