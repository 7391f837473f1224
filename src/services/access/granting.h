#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/callers.h"

namespace authx::access {

/// Who gives permissions to others: a caller, or the operator at the command line, who may do everything.
struct Granter {
  std::optional<Uuid> id;
  http::Permissions permissions;
  const http::RequestInfo* request = nullptr;

  static Granter caller(const http::Principal& who) { return {who.id, who.permissions, &who.request}; }
  static Granter the_operator() { return {std::nullopt, http::permissions_of(http::Role::admin), nullptr}; }

  /// `Errc::forbidden` for what goes beyond the granter's own.
  Result<> may_give(http::Permissions wanted) const {
    if (permissions.has_all(wanted)) return {};
    return Error{Errc::forbidden, "permission beyond the caller's"};
  }
};

/// The set of known words; `Errc::validation` on `permissions` for an unknown one.
inline Result<http::Permissions> known_permissions(const std::vector<std::string>& words) {
  http::Permissions out;
  for (const auto& word : words) {
    const auto permission = http::parse_permission(word);
    if (!permission) return Error::invalid("permissions", "holds an unknown permission");
    out.add(*permission);
  }
  return out;
}

/// As they are stored.
inline std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace authx::access
