#pragma once

#include <string>

#include "crypto/keyring.h"
#include "db/async.h"
#include "http/router.h"
#include "services/audit/audit_log.h"
#include "services/auth/sessions.h"
#include "services/organizations/directory.h"
#include "services/organizations/organizations.h"

namespace authx::organizations {

/// What administrators of the installation do with organisations.
struct OrganizationsService {
  db::AsyncDatabase& database;
  const Clock& clock;
  const crypto::Keyring& keyring;
  const audit::Log& audit;
  auth::Sessions& sessions;
  Directory& directory;
  std::string public_url;  ///< for the link that an administrator sets a password with
};

/// Makes an administrator of the organisation who has no password yet, and the token to set one with. `Errc::conflict` when the address
/// has an account there.
struct NewAdministrator {
  Uuid id;
  SecretText token;
};
Result<NewAdministrator> make_administrator(db::Tx& tx, const crypto::Keyring& keyring, Time now, const Uuid& tenant, std::string name,
                                            std::string email);

void add_routes(http::Router& router, OrganizationsService& service);

}  // namespace authx::organizations
