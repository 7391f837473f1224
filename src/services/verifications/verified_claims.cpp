#include "services/verifications/verified_claims.h"

namespace authx::verifications {
namespace {

constexpr db::Query kNewest{"verifications.newest_approved",
                            "SELECT id, completed_at, updated_at FROM verifications WHERE user_id = $1 AND status = 'approved' "
                            "ORDER BY id DESC LIMIT 1"};
constexpr db::Query kDocumentsOf{"verifications.documents_of",
                                 "SELECT document_id FROM verification_documents WHERE verification_id = $1 ORDER BY position"};

/// The standard's predefined document types (OpenID Connect for IDA, identifiers of documents).
const char* document_type(std::string_view ours) {
  if (ours == "passport") return "passport";
  if (ours.find("driving") != std::string_view::npos) return "driving_permit";
  if (ours.find("aadha") != std::string_view::npos || ours.find("voter") != std::string_view::npos) return "idcard";
  return "other";
}

}  // namespace

Result<std::optional<json::object>> verified_claims(db::Tx& tx, const documents::DocumentsService& documents, const Uuid& user) {
  AX_TRY(const auto found, tx.exec(kNewest, user));
  if (found.empty()) return std::optional<json::object>{};
  const auto id = found[0].uuid(0);
  AX_TRY(const auto rows, tx.exec(kDocumentsOf, id));
  json::array evidence;
  json::object claims;
  for (const auto& row : rows) {
    auto document = documents.read_document(tx, row.uuid(0), user);
    if (!document && document.error().code != Errc::not_found) return document.error();
    if (!document || document->status != "approved") continue;
    json::object details{{"type", document_type(document->type)}};
    if (document->expiry) details["date_of_expiry"] = *document->expiry;
    evidence.push_back(json::object{{"type", "document"}, {"method", "uripp"}, {"document_details", std::move(details)}});
    if (!claims.contains("name") && !document->name.empty()) claims["name"] = document->name;
    if (!claims.contains("birthdate") && document->dob) claims["birthdate"] = *document->dob;
  }
  if (evidence.empty() || claims.empty()) return std::optional<json::object>{};
  json::object verification{{"trust_framework", "authx"},
                            {"time", format_time(found[0].opt_time(1).value_or(found[0].time(2)))},
                            {"verification_process", id.str()},
                            {"evidence", std::move(evidence)}};
  return std::optional{json::object{{"verification", std::move(verification)}, {"claims", std::move(claims)}}};
}

}  // namespace authx::verifications
