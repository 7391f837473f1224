#include <fmt/format.h>

#include "crypto/hash.h"
#include "engines/document/evidence/file_evidence.h"
#include "imaging/decode.h"
#include "services/documents/reading_parts.h"
#include "services/users/person_box.h"
#include "telemetry/metrics.h"

namespace authx::documents {
namespace {

constexpr std::chrono::seconds kReadLimit{60};

/// The document is its own job: nothing else is to be done for it.
constexpr db::Query kInsert{"documents.insert_signed",
                            "INSERT INTO documents (id, user_id, document_type, front_image_url, image_sha256, verification_status, "
                            "job_id, created_at, updated_at, "
                            "stage, progress) VALUES ($1, $2, $3, '', $4, 'processing', $5, $6, $6, 'reading', 20)"};

Error about_file(Error error) {
  for (auto& fault : error.faults)
    if (fault.field == "image") fault.field = "file";
  return error;
}

}  // namespace

awaitable<Result<Document>> DocumentsService::upload_signed(Uuid user, SignedUpload upload, http::RequestInfo request) {
  const auto id = Uuid::generate(p_.clock.now());
  auto find_key = [this, user](db::Tx& tx) { return users::person_key(tx, p_.keyring, user); };
  AX_CO_TRY(auto key, co_await p_.database.read(request.tenant, find_key));
  auto work = [this, id, user, key, request, files = std::move(upload)] {
    const db::Scope::Within scope{request.tenant};
    return read_signed(id, key, user, files, request);
  };
  AX_CO_CHECK(co_await p_.vision.run(std::move(work)));
  http::Principal owner;
  owner.id = user;
  owner.request = std::move(request);
  co_return co_await load(id, owner);
}

Result<> DocumentsService::read_signed(const Uuid& id, const crypto::Key& key, const Uuid& user, const SignedUpload& upload,
                                       const http::RequestInfo& request) {
  const auto started = std::chrono::steady_clock::now();
  const auto now = p_.clock.now();
  const auto deadline = Deadline::after(kReadLimit);
  std::vector<BytesView> files;
  crypto::Sha256 hash;
  for (const auto& file : upload.files) {
    files.push_back(file.bytes());
    hash.update(file.bytes());
  }
  const auto digest = hash.finish();

  static const document::TrustStore nobody;
  AX_TRY(auto evidence, document::read_file_evidence(files, upload.secret, p_.trust ? *p_.trust : nobody, now));
  document::ReadOptions options;
  options.declared = document::parse_declared_type(upload.document_type).value_or(document::DeclaredType::other);
  options.today = date_of(now);
  options.trust = p_.trust.get();
  options.allow_specimens = p_.allow_specimens;
  Outcome out;
  if (evidence.kind == document::EvidenceKind::pdf_signature) {
    imaging::DecodeLimits limits;
    limits.max_bytes = std::size_t{20} << 20;
    limits.pdf_password = upload.secret.expose();
    auto decoded = imaging::decode(files.front(), limits, deadline);
    if (!decoded) return about_file(std::move(decoded).error());
    int page = 0;
    for (auto& image : decoded->pages) out.pictures.push_back({document::Side::front, ++page, std::move(image)});
    options.evidence.push_back(std::move(evidence));
    AX_TRY(out.reading, read_pictures(out.pictures, options, deadline));
  } else {
    std::vector<document::Evidence> all;
    all.push_back(std::move(evidence));
    out.reading = document::read_evidence(all, options);
  }

  Loaded loaded;
  loaded.user = user;
  loaded.type = upload.document_type;
  loaded.key = key;
  out.create = [&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kInsert, id, user, upload.document_type, Bytes{digest.begin(), digest.end()}, id, now));
    return p_.audit.append(
        tx, {user, "document.uploaded",
             json::serialize(json::object{{"document_id", id.str()}, {"document_type", upload.document_type}, {"signed_file", true}}),
             &request});
  };
  AX_CHECK(keep(id, loaded, out, deadline));
  AX_CHECK(store(id, loaded, std::move(out)));
  metrics::document_duration().observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return {};
}

}  // namespace authx::documents
