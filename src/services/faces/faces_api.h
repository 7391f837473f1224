#pragma once

#include "http/router.h"
#include "services/faces/faces_service.h"

namespace authx::faces {

void add_routes(http::Router& router, FacesService& service);

}  // namespace authx::faces
