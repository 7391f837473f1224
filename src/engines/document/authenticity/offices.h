#pragma once

#include <string_view>

namespace authx::document::authenticity {

/// Transport offices are numbered per state; both included, {0, 0} for an unknown state. Upper ends are generous: states open
/// offices, so a number outside is a hint and no proof.
struct Offices {
  int first = 0;
  int last = 0;
};
Offices offices_of(std::string_view state) noexcept;

}  // namespace authx::document::authenticity
