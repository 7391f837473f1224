#pragma once

#include "http/router.h"
#include "http/websocket.h"
#include "services/verifications/verifications_service.h"

namespace authx::verifications {

void add_routes(http::Router& router, VerificationsService& service);

/// `/ws`: after {"type":"authenticate","token"} a client may {"type":"subscribe","verification_id"}; it then gets
/// {"type":"verification","data":<status>} at once and at each change until the decision.
http::WebSocketHandler progress_socket(VerificationsService& service, http::Authenticator authenticate);

}  // namespace authx::verifications
