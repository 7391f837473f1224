#pragma once

#include <vector>

#include "base/deadline.h"
#include "engines/document/codes/code.h"
#include "engines/document/evidence/evidence.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {

/// What the codes on one side of a document say. Codes of no known kind (links, product codes) are left out. Never an error:
/// a damaged code of a known kind is `unreadable`.
std::vector<Evidence> interpret_codes(const std::vector<Code>& codes, Side side, const TrustStore& trust);

/// `find_codes`, then `interpret_codes`. Blocking, CPU-bound, thread-safe.
std::vector<Evidence> read_code_evidence(const imaging::Image& image, Side side, const TrustStore& trust, const Deadline& deadline);

}  // namespace authx::document
