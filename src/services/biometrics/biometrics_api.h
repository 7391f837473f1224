#pragma once

#include "http/router.h"
#include "services/biometrics/biometrics_service.h"

namespace authx::biometrics {

void add_routes(http::Router& router, BiometricsService& service);

}  // namespace authx::biometrics
