#pragma once

#include "http/router.h"
#include "services/federation/federation_service.h"

namespace authx::federation {

void add_routes(http::Router& router, FederationService& service);

}  // namespace authx::federation
