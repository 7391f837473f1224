#pragma once

#include "services/documents/documents_service.h"

namespace authx::verifications {

/// `verified_claims` of OpenID Connect for Identity Assurance 1.0 from a person's newest approved verification: when it was decided,
/// on which kinds of documents, and the name and birth date that they carry. Nothing when there is none, or when its documents
/// were deleted: what can no longer be shown is no longer vouched for.
Result<std::optional<json::object>> verified_claims(db::Tx& tx, const documents::DocumentsService& documents, const Uuid& user);

}  // namespace authx::verifications
