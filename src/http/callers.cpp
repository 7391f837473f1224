#include "http/callers.h"

#include <array>

namespace authx::http {
namespace {

constexpr std::array<std::string_view, kPermissions> kWords{
    "view_dashboard", "verify_documents", "verify_face",      "capture_biometrics", "start_verification", "review_verifications",
    "read_audit",     "manage_users",     "manage_documents", "manage_access",      "provision_users",    "manage_organizations"};

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
              read_audit,     manage_users,     manage_documents, manage_access,      provision_users,    manage_organizations};
  }
  return {};
}

Error step_up(std::uint8_t aal, std::optional<std::chrono::seconds> max_age) {
  Error error{Errc::insufficient_authentication};
  error.faults.push_back({"acr_values", std::string{acr_of(aal)}});
  if (max_age) error.faults.push_back({"max_age", std::to_string(max_age->count())});
  return error;
}

Permissions within(Permissions set, const Uuid& tenant) noexcept {
  if (tenant != kDefaultTenant) set.remove(Permission::manage_organizations);
  return set;
}

std::optional<Permission> parse_permission(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kPermissions; ++i)
    if (kWords[i] == word) return static_cast<Permission>(i);
  return std::nullopt;
}

void add_permission(Permissions& set, std::string_view word) noexcept {
  if (const auto permission = parse_permission(word)) set.add(*permission);
}

std::vector<std::string> words_of(Permissions set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kPermissions; ++i)
    if (set.has(static_cast<Permission>(i))) out.emplace_back(kWords[i]);
  return out;
}

Permissions parse_permissions(std::string_view words) noexcept {
  Permissions out;
  while (!words.empty()) {
    const auto space = words.find(' ');
    add_permission(out, words.substr(0, space));
    words = space == std::string_view::npos ? std::string_view{} : words.substr(space + 1);
  }
  return out;
}

}  // namespace authx::http
