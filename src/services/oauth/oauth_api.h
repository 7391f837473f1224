#pragma once

#include "http/router.h"
#include "services/oauth/oauth_service.h"

namespace authx::oauth {

void add_protocol_routes(http::Router& router, OAuthService& service);  ///< /oauth/* and /.well-known/*
void add_consent_routes(http::Router& router, OAuthService& service);   ///< what the page calls for the person
void add_client_routes(http::Router& router, OAuthService& service);    ///< administration, and RFC 7591

inline void add_routes(http::Router& router, OAuthService& service) {
  add_protocol_routes(router, service);
  add_consent_routes(router, service);
  add_client_routes(router, service);
}

}  // namespace authx::oauth
