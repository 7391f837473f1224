#pragma once

#include "http/router.h"
#include "services/scim/scim_service.h"

namespace authx::scim {

void add_routes(http::Router& router, ScimService& service);        ///< /scim/v2/*
void add_admin_routes(http::Router& router, ScimService& service);  ///< /v1/admin/directory/*

}  // namespace authx::scim
