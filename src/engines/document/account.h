#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace authx::document {

/// What the person's account says, to be compared with the document.
struct AccountFacts {
  std::string name;
  std::optional<Date> dob;
};

}  // namespace authx::document
