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

struct SignedUploadRequest {
  std::optional<DocumentType> document_type;
  std::optional<UploadedFile> file;                       ///< offline e-KYC as ZIP or XML, or a signed PDF
  std::optional<UploadedFile> sod, dg1, dg2, dg11, dg12;  ///< files of a chip
  std::optional<TokenText> share_code;                    ///< of the ZIP
  std::optional<TokenText> password;                      ///< of the PDF
};
BOOST_DESCRIBE_STRUCT(SignedUploadRequest, (), (document_type, file, sod, dg1, dg2, dg11, dg12, share_code, password))

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

enum class ImageSide { front, back };
BOOST_DESCRIBE_ENUM(ImageSide, front, back)

enum class ImageSize { thumbnail, full };
BOOST_DESCRIBE_ENUM(ImageSize, thumbnail, full)

struct ImageRequest {
  Uuid document_id;
  std::optional<ImageSide> side;
  std::optional<ImageSize> size;
  std::optional<Int<1, 10>> page;
};
BOOST_DESCRIBE_STRUCT(ImageRequest, (), (document_id, side, size, page))

struct ImageView {
  std::string side;
  std::int64_t page = 1;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ImageView, (), (side, page))

struct RereadResult {
  Uuid document_id;
  std::string stage;
  std::int64_t progress_percentage = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RereadResult, (), (document_id, stage, progress_percentage))

struct DeleteResult {
  AnyJson receipt;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DeleteResult, (), (receipt))

struct DocumentView {
  Uuid id;
  std::string document_type;
  std::optional<std::string> document_number;
  bool is_verified = false;
  DocumentStatus verification_status = DocumentStatus::processing;
  bool needs_review = false;
  AnyJson ocr_data;
  std::optional<double> confidence_score;
  AnyJson fields, findings, evidence, reasons;
  std::optional<std::string> assurance, engine_version, expiry_state;
  std::string stage;
  std::int64_t progress_percentage = 0;
  std::vector<ImageView> images;
  Time created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentView, (),
                      (id, document_type, document_number, is_verified, verification_status, needs_review, ocr_data, confidence_score,
                       fields, findings, evidence, reasons, assurance, engine_version, expiry_state, stage, progress_percentage, images,
                       created_at, updated_at))

struct DocumentSummary {
  Uuid id;
  std::string document_type;
  bool is_verified = false;
  DocumentStatus verification_status = DocumentStatus::processing;
  bool needs_review = false;
  std::optional<double> confidence_score;
  std::optional<std::string> expiry_state;
  Time created_at, updated_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentSummary, (),
                      (id, document_type, is_verified, verification_status, needs_review, confidence_score, expiry_state, created_at,
                       updated_at))

struct DocumentList {
  std::vector<DocumentSummary> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DocumentList, (), (items, next_cursor))

struct DocumentQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
  std::optional<Int<0, 3650>> expiring_within_days;  ///< only documents that end within so many days, and have not ended
};
BOOST_DESCRIBE_STRUCT(DocumentQuery, (), (limit, cursor, expiring_within_days))

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

UploadResult result_of(const Document& document) {
  UploadResult out;
  out.document_id = document.id;
  out.ocr_data.text = document.ocr_data == "null" ? "{}" : document.ocr_data;
  out.verification_status = status_of(document.status);
  out.confidence_score = document.confidence;
  out.needs_review = document.needs_review;
  out.reasons.text = part(document.reading, "reasons");
  return out;
}

awaitable<Result<UploadResult>> upload(DocumentsService& service, const Can<Permission::verify_documents>& caller, UploadRequest in) {
  Upload u{std::string{enum_name(in.document_type.value_or(DocumentType::other))}, std::move(in.front_image), std::move(in.back_image)};
  const auto wait = std::chrono::milliseconds{in.wait_seconds ? in.wait_seconds->value * 1000 : 2500};
  AX_CO_TRY(const auto document, co_await service.upload(caller.id, std::move(u), caller.request, wait));
  auto out = result_of(document);
  co_return out;
}

awaitable<Result<UploadResult>> upload_signed(DocumentsService& service, const Can<Permission::verify_documents>& caller,
                                              SignedUploadRequest in) {
  SignedUpload u;
  u.document_type = enum_name(in.document_type.value_or(DocumentType::other));
  for (auto* file : {&in.file, &in.sod, &in.dg1, &in.dg2, &in.dg11, &in.dg12})
    if (*file) u.files.push_back(std::move(**file));
  if (in.share_code && in.password) co_return Error::invalid("password", "only one of share_code and password can open a file");
  if (in.share_code) u.secret = std::move(in.share_code->value);
  if (in.password) u.secret = std::move(in.password->value);
  AX_CO_TRY(const auto document, co_await service.upload_signed(caller.id, std::move(u), caller.request));
  auto out = result_of(document);
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
  out.evidence.text = part(d.reading, "evidence");
  out.reasons.text = part(d.reading, "reasons");
  if (const auto parsed = parse_json(d.reading)) out.assurance = get_text(*parsed, "assurance");
  out.engine_version = std::move(d.engine_version);
  out.expiry_state = std::move(d.expiry_state);
  out.stage = std::move(d.stage);
  out.progress_percentage = d.progress;
  for (auto& image : d.images) out.images.push_back({std::move(image.side), image.page});
  out.created_at = d.created_at;
  out.updated_at = d.updated_at;
  co_return out;
}

awaitable<Result<DocumentList>> list(DocumentsService& service, const Can<Permission::verify_documents>& caller, DocumentQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  std::optional<std::chrono::days> within;
  if (in.expiring_within_days) within = std::chrono::days{in.expiring_within_days->value};
  AX_CO_TRY(auto documents, co_await service.list(caller, in.cursor, limit + 1, within));
  DocumentList out;
  if (documents.size() > limit) {
    documents.pop_back();
    out.next_cursor = documents.back().id;
  }
  for (auto& d : documents)
    out.items.push_back({d.id, std::move(d.document_type), d.is_verified, status_of(d.status), d.needs_review, d.confidence,
                         std::move(d.expiry_state), d.created_at, d.updated_at});
  co_return out;
}

awaitable<Result<RawResponse>> image(DocumentsService& service, const Can<Permission::verify_documents>& caller, ImageRequest in) {
  const std::string side{enum_name(in.side.value_or(ImageSide::front))};
  const bool thumbnail = in.size.value_or(ImageSize::thumbnail) == ImageSize::thumbnail;
  AX_CO_TRY(const auto jpeg, co_await service.image(in.document_id, caller, side, in.page ? in.page->value : 1, thumbnail));
  RawResponse out;
  out.content_type = "image/jpeg";
  out.body = std::string{as_text(jpeg)};
  co_return out;
}

awaitable<Result<RereadResult>> reread(DocumentsService& service, const Can<Permission::manage_documents>& caller, DocumentPath in) {
  AX_CO_TRY(auto d, co_await service.reread(in.document_id, caller));
  RereadResult out{d.id, std::move(d.stage), d.progress};
  co_return out;
}

awaitable<Result<DeleteResult>> remove(DocumentsService& service, const Can<Permission::verify_documents>& caller, DocumentPath in) {
  AX_CO_TRY(const auto receipt, co_await service.remove(in.document_id, caller));
  DeleteResult out{{json::serialize(receipt)}};
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
  router.post(
      "/documents/upload/signed", service, &upload_signed,
      {.operation_id = "uploadSignedDocument",
       .summary = "Upload what an issuer signed in place of a picture: Aadhaar offline e-KYC (ZIP with its share code, or XML), a signed "
                  "PDF (with its password), or a chip's EF.SOD and data groups. The answer holds the reading; the share code or "
                  "password is used once and not kept.",
       .tag = "Documents",
       .bucket = "upload"});
  router.get("/documents/{document_id}", service, &get,
             {.operation_id = "getDocument",
              .summary = "A document with what was read and checked",
              .tag = "Documents",
              .errors = {Errc::not_found}});
  router.get("/documents", service, &list,
             {.operation_id = "listDocuments",
              .summary = "The caller's documents, newest first; with expiring_within_days only those that end so soon",
              .tag = "Documents"});
  router.get("/documents/{document_id}/image", service, &image,
             {.operation_id = "getDocumentImage",
              .summary = "A kept picture of a document as JPEG: redacted, without metadata; each look is audited",
              .tag = "Documents",
              .errors = {Errc::not_found},
              .content_type = "image/jpeg"});
  router.post("/documents/{document_id}/reread", service, &reread,
              {.operation_id = "rereadDocument",
               .summary = "Read a document's kept pictures again with the present engine",
               .tag = "Documents",
               .errors = {Errc::not_found, Errc::conflict}});
  router.add(Method::del, "/documents/{document_id}", service, &remove,
             {.operation_id = "deleteDocument",
              .summary = "Delete a document and its pictures; the answer is a signed receipt",
              .tag = "Documents",
              .errors = {Errc::not_found}});
}

progress::Topic progress_topic(DocumentsService& service) {
  return [&service](Uuid id, const Principal& caller) { return service.progress(id, caller); };
}

}  // namespace authx::documents
