#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/auth/auth_core.h"

/// Recovery codes: ten random codes of 50 bits, each valid once, of which keyed hashes are kept.
namespace authx::auth::recovery {

/// New codes ("k7f2m-9qxtp"); the old ones stop counting.
Result<std::vector<std::string>> issue(db::Tx& tx, const Core& core, const Uuid& user);
/// True when `code` was unused. Case and separators don't matter.
Result<bool> use(db::Tx& tx, const Core& core, const Uuid& user, std::string_view code);
Result<int> left(db::Tx& tx, const Uuid& user);
Result<> remove(db::Tx& tx, const Uuid& user);

}  // namespace authx::auth::recovery
