#pragma once

#include <chrono>
#include <string_view>

#include "base/time.h"

namespace authx::documents {

/// "expired", "expiring" (ends within `notice`) or "valid". A document is valid through its last day.
inline std::string_view expiry_state(const Date& expires_on, Time now, std::chrono::days notice) {
  const auto left = std::chrono::sys_days{expires_on} - std::chrono::sys_days{date_of(now)};
  return left < std::chrono::days{0} ? "expired" : left <= notice ? "expiring" : "valid";
}

}  // namespace authx::documents
