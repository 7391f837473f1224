#include "http/callers.h"

#include <array>

namespace authx::http {
namespace {

constexpr std::array<std::string_view, kPermissions> kWords{
    "view_dashboard", "verify_documents", "verify_face",      "capture_biometrics", "start_verification", "review_verifications",
    "read_audit",     "manage_users",     "manage_documents", "manage_access",      "provision_users"};

}  // namespace

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::user: return "user";
    case Role::verifier: return "verifier";
    case Role::auditor: return "auditor";
    case Role::admin: return "admin";
  }
  return "user";
}

std::string_view to_string(Permission permission) noexcept { return kWords[static_cast<std::size_t>(permission)]; }

std::optional<Role> parse_role(std::string_view word) noexcept {
  for (const auto role : {Role::user, Role::verifier, Role::auditor, Role::admin})
    if (to_string(role) == word) return role;
  return std::nullopt;
}

Permissions permissions_of(Role role) noexcept {
  using enum Permission;
  switch (role) {
    case Role::user: return {view_dashboard, verify_documents, verify_face, capture_biometrics, start_verification};
    case Role::verifier:
      return {view_dashboard, verify_documents, verify_face, capture_biometrics, start_verification, review_verifications};
    case Role::auditor: return {view_dashboard, read_audit};
    case Role::admin:
      return {view_dashboard, verify_documents, verify_face,      capture_biometrics, start_verification, review_verifications,
              read_audit,     manage_users,     manage_documents, manage_access,      provision_users};
  }
  return {};
}

void add_permission(Permissions& set, std::string_view word) noexcept {
  for (std::size_t i = 0; i < kPermissions; ++i)
    if (kWords[i] == word) set.add(static_cast<Permission>(i));
}

}  // namespace authx::http
