#pragma once

#include "http/router.h"

namespace authx::biometrics {

class BiometricsService {};

void add_routes(http::Router& router, BiometricsService& service);

}  // namespace authx::biometrics
