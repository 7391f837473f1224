#pragma once

#include "db/async.h"
#include "http/router.h"
#include "services/access/roles.h"

namespace authx::access {

struct RolesApi {
  db::AsyncDatabase& database;
  Roles roles;
};

void add_role_routes(http::Router& router, RolesApi& service);

}  // namespace authx::access
