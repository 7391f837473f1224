#pragma once

#include "services/scim/filter.h"

namespace authx::scim {

/// Applies a PatchOp document (RFC 7644, 3.5.2) to a resource's own attributes and answers the result, cleaned. As directories send it:
/// operations in any case; values without a path, whose members may themselves be paths; an element that a filter of equalities
/// does not find is made; `remove` with the values to remove.
///
/// At most 1,000 operations. `Errc::validation` on invalidSyntax, invalidPath, noTarget, mutability or invalidValue.
Result<json::object> patched(const json::object& resource, const json::object& operations, const Schema& schema);

}  // namespace authx::scim
