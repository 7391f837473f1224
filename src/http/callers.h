#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "http/request.h"

namespace authx::http {

enum class Role : std::uint8_t { user, verifier, auditor, admin };

/// What a caller may do. The words are in the access token; `permissions_of` is the one table of who may do what.
enum class Permission : std::uint8_t {
  view_dashboard,
  verify_documents,  ///< upload and read own documents
  verify_face,       ///< capture and match own face
  capture_biometrics,
  start_verification,
  review_verifications,  ///< read anyone's documents and verifications, and decide
  read_audit,
  manage_users,
  manage_documents,  ///< have anyone's documents read again, and delete them
  manage_access,     ///< OAuth clients, signing keys, service accounts, API keys, roles
  provision_users,   ///< SCIM
};
inline constexpr std::size_t kPermissions = 11;

std::string_view to_string(Role role) noexcept;
std::string_view to_string(Permission permission) noexcept;
std::optional<Role> parse_role(std::string_view word) noexcept;

/// A set of permissions, as bits.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr Permissions(std::initializer_list<Permission> list) {
    for (const auto p : list) bits_ |= 1U << static_cast<unsigned>(p);
  }
  constexpr bool has(Permission p) const noexcept { return (bits_ >> static_cast<unsigned>(p) & 1U) != 0; }
  constexpr void add(Permission p) noexcept { bits_ |= 1U << static_cast<unsigned>(p); }

 private:
  std::uint32_t bits_ = 0;
};

Permissions permissions_of(Role role) noexcept;
void add_permission(Permissions& set, std::string_view word) noexcept;  ///< unknown words grant nothing

/// A caller whose token was verified.
struct Principal {
  Uuid id;
  Role role = Role::user;
  Permissions permissions;
  RequestInfo request;

  bool can(Permission p) const noexcept { return permissions.has(p); }
};

/// The access policy of an endpoint is its handler's parameter type. Only the router makes these.
struct Anonymous {
  RequestInfo request;
};
/// A caller whose credentials the handler checks by its protocol's own rules: OAuth clients, DPoP-bound tokens.
struct Presenter {
  RequestInfo request;
  SecretText authorization;  ///< the header, whole
  std::string dpop;          ///< the header of RFC 9449
};
struct SignedIn : Principal {};
template <Permission P>
struct Can : Principal {
  static constexpr Permission permission = P;
};

}  // namespace authx::http
