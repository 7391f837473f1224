#pragma once

#include "http/router.h"
#include "services/verifications/verifications_service.h"

namespace authx::verifications {

void add_routes(http::Router& router, VerificationsService& service);

/// What `/ws` tells of a verification: its status, as the endpoint does.
progress::Topic progress_topic(VerificationsService& service);

}  // namespace authx::verifications
