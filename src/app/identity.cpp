#include "app/identity.h"

#include "app/runtime.h"

namespace authx::app {
namespace {

constexpr db::Query kApproved{"identity.approved", "SELECT 1 FROM verifications WHERE user_id = $1 AND status = 'approved' LIMIT 1"};
// The same person: the new verification stands on a document whose number an earlier approved one stood on.
constexpr db::Query kProofedAgain{
    "identity.proofed_again",
    "SELECT 1 FROM verifications v JOIN verification_documents vd ON vd.verification_id = v.id JOIN documents d ON d.id = vd.document_id "
    "WHERE v.user_id = $1 AND v.status = 'approved' AND v.created_at > $2 AND d.document_number_index IN "
    "(SELECT d0.document_number_index FROM verifications v0 JOIN verification_documents vd0 ON vd0.verification_id = v0.id "
    "JOIN documents d0 ON d0.id = vd0.document_id WHERE v0.user_id = $1 AND v0.status = 'approved' AND v0.created_at <= $2 AND "
    "d0.document_number_index IS NOT NULL) LIMIT 1"};
constexpr db::Query kDocument{"identity.document",
                              "SELECT vd.document_id FROM verifications v JOIN verification_documents vd ON vd.verification_id = v.id "
                              "WHERE v.user_id = $1 AND v.status = 'approved' ORDER BY v.id DESC, vd.position LIMIT 1"};

}  // namespace

auth::ProofCheck proof_check() {
  return [](db::Tx& tx, const Uuid& user, Time since) -> Result<bool> {
    AX_TRY(const auto rows, since == Time{} ? tx.exec(kApproved, user) : tx.exec(kProofedAgain, user, since));
    return !rows.empty();
  };
}

auth::FaceCheck face_check(Runtime& runtime) {
  return [&runtime](Uuid user, Bytes image, http::RequestInfo request) -> awaitable<Result<bool>> {
    auto find = [user](db::Tx& tx) -> Result<std::optional<Uuid>> {
      AX_TRY(const auto rows, tx.exec(kDocument, user));
      return rows.empty() ? std::optional<Uuid>{} : std::optional{rows[0].uuid(0)};
    };
    AX_CO_TRY(const auto document, co_await runtime.database->read(request.tenant, find));
    if (!document) {
      Result<bool> no{false};
      co_return no;
    }
    AX_CO_TRY(const auto match, co_await runtime.faces->verify(user, *document, std::move(image), std::move(request)));
    Result<bool> out{match.approved};
    co_return out;
  };
}

}  // namespace authx::app
