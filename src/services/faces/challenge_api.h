#pragma once

#include "http/router.h"
#include "services/faces/challenge_service.h"

namespace authx::faces {

void add_challenge_routes(http::Router& router, ChallengeService& service);

}  // namespace authx::faces
