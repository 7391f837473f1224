#pragma once

#include "http/router.h"
#include "services/faces/faces_service.h"

namespace authx::faces {

void add_search_routes(http::Router& router, FacesService& service);

}  // namespace authx::faces
