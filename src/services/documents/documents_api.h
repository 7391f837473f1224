#pragma once

#include "http/router.h"
#include "services/documents/documents_service.h"

namespace authx::documents {

void add_routes(http::Router& router, DocumentsService& service);

}  // namespace authx::documents
