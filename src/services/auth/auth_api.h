#pragma once

#include "http/router.h"
#include "services/auth/account_service.h"
#include "services/auth/auth_service.h"

namespace authx::auth {

void add_routes(http::Router& router, AuthService& service);
void add_factor_routes(http::Router& router, AuthService& service);
void add_account_routes(http::Router& router, AccountService& service);
void add_account_admin_routes(http::Router& router, AccountService& service);
void add_session_routes(http::Router& router, AuthService& service);

}  // namespace authx::auth
