#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/tenant.h"
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
  manage_documents,      ///< have anyone's documents read again, and delete them
  manage_access,         ///< OAuth clients, signing keys, service accounts, API keys, roles
  provision_users,       ///< make, change and end accounts as an outside directory says (SCIM)
  manage_organizations,  ///< organisations and the installation's signing keys; in the default organisation only
};
inline constexpr std::size_t kPermissions = 12;

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
  constexpr void add(Permissions others) noexcept { bits_ |= others.bits_; }
  constexpr bool has_all(Permissions others) const noexcept { return (others.bits_ & ~bits_) == 0; }
  constexpr void remove(Permission p) noexcept { bits_ &= ~(1U << static_cast<unsigned>(p)); }

 private:
  std::uint32_t bits_ = 0;
};

Permissions permissions_of(Role role) noexcept;
/// What is left of `set` in an organisation: only the default one's people may manage the installation, whatever their role says.
Permissions within(Permissions set, const Uuid& tenant) noexcept;
void add_permission(Permissions& set, std::string_view word) noexcept;  ///< unknown words grant nothing
std::optional<Permission> parse_permission(std::string_view word) noexcept;
std::vector<std::string> words_of(Permissions set);              ///< in the order of `Permission`
Permissions parse_permissions(std::string_view words) noexcept;  ///< space-separated, as they are stored

/// A caller whose token was verified.
struct Principal {
  Uuid id;
  Role role = Role::user;
  Permissions permissions;
  RequestInfo request;          ///< an authenticator sets its tenant
  std::optional<Uuid> session;  ///< the sign-in that the token belongs to; none for what is no person's session
  Time auth_time{};             ///< when the person last proved who they are
  std::uint8_t aal = 1;         ///< authenticator assurance level of that proof (NIST SP 800-63B)
  bool delegated = false;       ///< a program acts, by an API key or an OAuth token: only endpoints that name a permission are open to it
  std::uint8_t needed_aal = 1;  ///< what the role's policy asks for wherever a permission is needed

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
/// Signed in, with a proof of the last five minutes: for changing what a thief of a session would change first.
struct RecentlySignedIn : Principal {
  static constexpr std::chrono::seconds max_age{300};
};
/// A directory that provisions accounts, with what its protocol (RFC 7644) reads of a request beside path and body.
struct Directory : Principal {
  static constexpr Permission permission = Permission::provision_users;
  std::string query, if_match, if_none_match;
};
/// Anonymous, with what the browser keeps.
struct Visitor {
  RequestInfo request;
  BrowserInfo browser;
};
template <Permission P>
struct Can : Principal {
  static constexpr Permission permission = P;
};

inline constexpr std::string_view acr_of(std::uint8_t aal) noexcept { return aal >= 3 ? "aal3" : aal == 2 ? "aal2" : "aal1"; }
/// Asks for a sign-in of at least `aal`, not older than `max_age` (RFC 9470).
Error step_up(std::uint8_t aal, std::optional<std::chrono::seconds> max_age);

}  // namespace authx::http
