#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/access/granting.h"
#include "services/audit/audit_log.h"
#include "services/auth/sessions.h"

namespace authx::access {

struct Role {
  std::string name;  ///< `[a-z][a-z0-9_]{1,49}`: tokens, grants and groups know it by that, so it never changes
  std::string description;
  http::Permissions permissions;
  std::uint8_t needed_aal = 1;  ///< 1 to 3: what its holders must have proved wherever a permission is needed
  bool built_in = false;
  std::optional<Time> created_at, updated_at;  ///< none of a built-in one
};

struct Grant {
  std::string role;
  std::string source;  ///< `administrator`, or the id of a directory's group
  std::optional<Uuid> granted_by;
  Time granted_at;
};

/// Roles beside the built-in four, and who holds them. A person's permissions are those of the account's own role and of all
/// granted ones. Nobody makes, changes, grants or takes away a role with a permission that they lack. What takes permissions away
/// or asks for a stronger sign-in ends the sessions of those it concerns, since their tokens carry the old ones.
class Roles {
 public:
  static constexpr std::string_view kByAdministrator = "administrator";
  static constexpr std::size_t kMost = 200;  ///< custom roles

  Roles(const Clock& clock, const audit::Log& audit, auth::Sessions& sessions) : clock_(clock), audit_(audit), sessions_(sessions) {}

  /// Built-in ones first.
  Result<std::vector<Role>> list(db::Tx& tx) const;
  Result<Role> get(db::Tx& tx, std::string_view name) const;  ///< `Errc::not_found`

  /// `Errc::conflict` for a name that is taken, or too many roles.
  Result<> create(db::Tx& tx, const Granter& by, const Role& role);
  /// Description, permissions and needed level. `Errc::conflict` for a built-in role.
  Result<Role> change(db::Tx& tx, const Granter& by, const Role& role);
  /// `Errc::conflict` for a built-in role, and for one that somebody holds or a group brings.
  Result<> remove(db::Tx& tx, const Granter& by, std::string_view name);

  Result<std::vector<Grant>> grants(db::Tx& tx, const Uuid& user) const;
  /// Again and again is once. `Errc::not_found` for an unknown person or role.
  Result<> grant(db::Tx& tx, const Granter& by, const Uuid& user, std::string_view role);
  /// `Errc::not_found` when no administrator granted it.
  Result<> withdraw(db::Tx& tx, const Granter& by, const Uuid& user, std::string_view role);

  /// What a group brings (`source` is its id): not audited here, and not checked against the caller, who is the directory.
  Result<> bring(db::Tx& tx, const Uuid& user, std::string_view role, std::string_view source);
  Result<> take(db::Tx& tx, const Uuid& user, std::string_view role, std::string_view source);
  /// Of the account's own role and of what administrators granted, without what groups bring.
  Result<http::Permissions> given_by_administrators(db::Tx& tx, const Uuid& user) const;
  /// The role, locked until commit so that it is not removed meanwhile.
  Result<Role> hold(db::Tx& tx, std::string_view name);

 private:
  const Clock& clock_;
  const audit::Log& audit_;
  auth::Sessions& sessions_;
};

bool is_role_name(std::string_view name) noexcept;

}  // namespace authx::access
