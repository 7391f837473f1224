#pragma once

#include "http/router.h"
#include "services/documents/documents_service.h"

namespace authx::documents {

void add_routes(http::Router& router, DocumentsService& service);

/// What `/ws` tells of a document: {document_id, state, progress_percentage, verification_status, needs_review}.
progress::Topic progress_topic(DocumentsService& service);

}  // namespace authx::documents
