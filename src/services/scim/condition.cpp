#include "services/scim/scim_service.h"

namespace authx::scim {

bool Condition::holds(std::string_view etag) const {
  const auto strong = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  std::string_view rest = if_match;
  if (rest.empty()) return true;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    auto tag = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag == "*" || strong(tag) == strong(etag)) return true;  // weakly: ours are weak, and SCIM compares them all the same
  }
  return false;
}

}  // namespace authx::scim
