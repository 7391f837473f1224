#pragma once

#include "services/auth/auth_service.h"

namespace authx::auth {

/// A sign-in (or the step-up of a session) that waits for one more proof.
struct AuthService::Pending {
  Bytes hash;
  Uuid user;
  Uuid tenant;
  std::optional<Uuid> session;
  std::string amr;
  std::optional<Bytes> device;
};

}  // namespace authx::auth
