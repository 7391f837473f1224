#pragma once

#include "base/uuid.h"

namespace authx {

/// The organisation that every installation has: who never makes another one lives in it and need not know.
inline constexpr Uuid kDefaultTenant{{0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};

}  // namespace authx
