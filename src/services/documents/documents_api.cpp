#include "services/documents/documents_api.h"

namespace authx::documents {
namespace {

using namespace http;

enum class DocumentType { aadhar, aadhaar, pan, passport, driving_license, voter_id, other };
BOOST_DESCRIBE_ENUM(DocumentType, aadhar, aadhaar, pan, passport, driving_license, voter_id, other)

enum class DocumentStatus { pending, processing, approved, rejected };
BOOST_DESCRIBE_ENUM(DocumentStatus, pending, processing, approved, rejected)

struct UploadRequest {
  std::optional<DocumentType> document_type;
  UploadedFile front_image;
  std::optional<UploadedFile> back_image;
  std::optional<Int<0, 30>> wait_seconds;  ///< how long to wait for the reading before answering "processing"
};
BOOST_DESCRIBE_STRUCT(UploadRequest, (), (document_type, front_image, back_image, wait_seconds))

struct UploadResult {
  Uuid document_id;
  AnyJson ocr_data;
  DocumentStatus verification_status = DocumentStatus::processing;
  std::optional<double> confidence_score;
  bool needs_review = false;
  AnyJson reasons;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(UploadResult, (), (document_id, ocr_data, verification_status, confidence_score, needs_review, reasons))

struct DocumentPath {
  Uuid document_id;
};
BOOST_DESCRIBE_STRUCT(DocumentPath, (), (document_id))

struct DocumentView {
  Uuid id;
  std::string document_type;
  std::optional<std::string> document_number;
  bool is_verified = false;
  DocumentStatus verification_status = DocumentStatus::processing;
  bool needs_review = false;
  AnyJson ocr_data;
  std::optional<double> confidence_score;
  AnyJson fields, findings, reasons;
  Time created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentView, (),
                      (id, document_type, document_number, is_verified, verification_status, needs_review, ocr_data, confidence_score,
                       fields, findings, reasons, created_at, updated_at))

struct DocumentSummary {
  Uuid id;
  std::string document_type;
  bool is_verified = false;
  DocumentStatus verification_status = DocumentStatus::processing;
  bool needs_review = false;
  std::optional<double> confidence_score;
  Time created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentSummary, (),
                      (id, document_type, is_verified, verification_status, needs_review, confidence_score, created_at, updated_at))

struct DocumentList {
  std::vector<DocumentSummary> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentList, (), (items, next_cursor))

struct DocumentQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(DocumentQuery, (), (limit, cursor))

DocumentStatus status_of(const std::string& word) {
  if (word == "approved") return DocumentStatus::approved;
  if (word == "rejected") return DocumentStatus::rejected;
  return word == "pending" ? DocumentStatus::pending : DocumentStatus::processing;
}

std::string part(const std::string& reading, std::string_view key) {
  const auto parsed = parse_json(reading);
  const auto* member = parsed ? find(*parsed, key) : nullptr;
  return member == nullptr ? "[]" : std::string{json::serialize(*member)};
}

awaitable<Result<UploadResult>> upload(DocumentsService& service, const Can<Permission::verify_documents>& caller, UploadRequest in) {
  Upload u{std::string{enum_name(in.document_type.value_or(DocumentType::other))}, std::move(in.front_image), std::move(in.back_image)};
  const auto wait = std::chrono::milliseconds{in.wait_seconds ? in.wait_seconds->value * 1000 : 2500};
  AX_CO_TRY(const auto document, co_await service.upload(caller.id, std::move(u), caller.request, wait));
  UploadResult out;
  out.document_id = document.id;
  out.ocr_data.text = document.ocr_data == "null" ? "{}" : document.ocr_data;
  out.verification_status = status_of(document.status);
  out.confidence_score = document.confidence;
  out.needs_review = document.needs_review;
  out.reasons.text = part(document.reading, "reasons");
  co_return out;
}

awaitable<Result<DocumentView>> get(DocumentsService& service, const Can<Permission::verify_documents>& caller, DocumentPath in) {
  AX_CO_TRY(auto d, co_await service.get(in.document_id, caller));
  DocumentView out;
  out.id = d.id;
  out.document_type = std::move(d.document_type);
  if (!d.number.empty()) out.document_number = std::move(d.number);
  out.is_verified = d.is_verified;
  out.verification_status = status_of(d.status);
  out.needs_review = d.needs_review;
  out.ocr_data.text = d.ocr_data == "null" ? "{}" : std::move(d.ocr_data);
  out.confidence_score = d.confidence;
  out.fields.text = part(d.reading, "fields");
  out.findings.text = part(d.reading, "findings");
  out.reasons.text = part(d.reading, "reasons");
  out.created_at = d.created_at;
  out.updated_at = d.updated_at;
  co_return out;
}

awaitable<Result<DocumentList>> list(DocumentsService& service, const Can<Permission::verify_documents>& caller, DocumentQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto documents, co_await service.list(caller.id, in.cursor, limit + 1));
  DocumentList out;
  if (documents.size() > limit) {
    documents.pop_back();
    out.next_cursor = documents.back().id;
  }
  for (auto& d : documents)
    out.items.push_back(
        {d.id, std::move(d.document_type), d.is_verified, status_of(d.status), d.needs_review, d.confidence, d.created_at, d.updated_at});
  co_return out;
}

}  // namespace

void add_routes(Router& router, DocumentsService& service) {
  router.post("/documents/upload", service, &upload,
              {.operation_id = "uploadDocument",
               .summary = "Upload an identity document (JPEG, PNG, WebP, TIFF, BMP, JPEG 2000 or PDF). It is read in the background; the "
                          "answer holds the reading "
                          "when it was ready within wait_seconds.",
               .tag = "Documents",
               .bucket = "upload"});
  router.get("/documents/{document_id}", service, &get,
             {.operation_id = "getDocument",
              .summary = "A document with what was read and checked",
              .tag = "Documents",
              .errors = {Errc::not_found}});
  router.get("/documents", service, &list,
             {.operation_id = "listDocuments", .summary = "The caller's documents, newest first", .tag = "Documents"});
}

}  // namespace authx::documents
