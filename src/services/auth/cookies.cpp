#include "services/auth/cookies.h"

#include <fmt/format.h>

namespace authx::auth {

std::string_view cookie(std::string_view header, std::string_view name) noexcept {
  std::string_view found;
  bool seen = false;
  while (!header.empty()) {
    const auto end = header.find(';');
    auto pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const auto eq = pair.find('=');
    if (eq == std::string_view::npos || pair.substr(0, eq) != name) continue;
    if (seen) return {};
    seen = true;
    found = pair.substr(eq + 1);
  }
  return found.size() > 200 ? std::string_view{} : found;
}

std::pair<std::string, std::string> set_cookie(std::string_view name, std::string_view value, std::chrono::seconds max_age,
                                               bool script_reads) {
  return {"Set-Cookie", fmt::format("{}={}; Path=/; Secure; SameSite=Strict; Max-Age={}{}", name, value, max_age.count(),
                                    script_reads ? "" : "; HttpOnly")};
}

std::pair<std::string, std::string> clear_cookie(std::string_view name) { return set_cookie(name, "", std::chrono::seconds{0}, false); }

}  // namespace authx::auth
