#include "services/documents/documents_service.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "engines/document/reader.h"
#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "services/documents/document_json.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace authx::documents {
namespace {

constexpr std::string_view kJob = "document.read";
constexpr std::chrono::seconds kReadLimit{60};

constexpr db::Query kInsert{
    "documents.insert",
    "INSERT INTO documents (id, user_id, document_type, front_image_url, back_image_url, image_sha256, verification_status, job_id, "
    "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'processing', $7, $8, $8)"};
constexpr db::Query kGet{
    "documents.get",
    "SELECT user_id, document_type, verification_status, is_verified, needs_review, confidence_score, ocr_data, reading, document_number, "
    "created_at, updated_at, job_id FROM documents WHERE id = $1"};
constexpr db::Query kNewest{
    "documents.newest",
    "SELECT id, document_type, verification_status, is_verified, needs_review, confidence_score, created_at, updated_at FROM documents "
    "WHERE user_id = $1 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kBefore{
    "documents.before",
    "SELECT id, document_type, verification_status, is_verified, needs_review, confidence_score, created_at, updated_at FROM documents "
    "WHERE user_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kForJob{
    "documents.for_job",
    "SELECT user_id, document_type, front_image_url, back_image_url, verification_status FROM documents WHERE id = $1"};
constexpr db::Query kStore{
    "documents.store_reading",
    "UPDATE documents SET document_number = $2, document_number_index = $3, ocr_data = $4, reading = $5, confidence_score = $6, "
    "is_verified = $7, needs_review = $8, verification_status = $9, issued_date = $10, expiry_date = $11, front_image_url = $12, "
    "back_image_url = $13, updated_at = $14 WHERE id = $1"};
constexpr db::Query kFail{"documents.fail",
                          "UPDATE documents SET verification_status = 'rejected', reading = $2, ocr_data = $3, confidence_score = 0, "
                          "updated_at = $4 WHERE id = $1"};
constexpr db::Query kFacts{"documents.facts", "SELECT user_id, verification_status, reading, image_sha256 FROM documents WHERE id = $1"};

/// The same fault, named after the form's field instead of the engine's.
Error renamed(Error error, std::string_view field) {
  for (auto& fault : error.faults) fault.field = field;
  error.message = "Invalid document format";
  return error;
}

std::string refusal_json(std::string_view reason) {
  const json::string_view text{reason.data(), reason.size()};
  return json::serialize(json::object{{"type", "unknown"},
                                      {"confidence", 0},
                                      {"name", ""},
                                      {"number", ""},
                                      {"accepted", false},
                                      {"expired", false},
                                      {"invalid", false},
                                      {"reasons", json::array{text}},
                                      {"fields", json::array{}},
                                      {"findings", json::array{}}});
}

}  // namespace

DocumentsService::DocumentsService(Parts parts) : p_(std::move(parts)) {}

void DocumentsService::register_jobs() {
  p_.queue.handle(std::string{kJob}, {[this](const jobs::Job& job) { return process(job); },
                                      [this](db::Tx& tx, const jobs::Job& job) { return give_up(tx, job); }});
}

awaitable<Result<Document>> DocumentsService::upload(Uuid user, Upload upload, http::RequestInfo request, std::chrono::milliseconds wait) {
  const auto now = p_.clock.now();
  const auto id = Uuid::generate(now);
  const auto front_name = id.str() + "-front";
  const std::optional<std::string> back_name = upload.back ? std::optional{id.str() + "-back"} : std::nullopt;

  auto probe = [front = upload.front, back = upload.back]() -> Result<Bytes> {
    if (auto ok = imaging::probe(front.bytes()); !ok) return renamed(std::move(ok).error(), "front_image");
    if (back) {
      if (auto ok = imaging::probe(back->bytes()); !ok) return renamed(std::move(ok).error(), "back_image");
    }
    crypto::Sha256 hash;
    hash.update(front.bytes());
    if (back) hash.update(back->bytes());
    const auto digest = hash.finish();
    return Bytes{digest.begin(), digest.end()};
  };
  AX_CO_TRY(auto digest, co_await p_.files.run(std::move(probe)));

  auto find_key = [this, user](db::Tx& tx) { return users::person_key(tx, p_.keyring, user); };
  AX_CO_TRY(auto key, co_await p_.database.read(find_key));
  auto seal = [this, key, upload, front_name, back_name]() -> Result<> {
    AX_CHECK(p_.blobs.put(front_name, upload.front.bytes(), key));
    if (back_name) AX_CHECK(p_.blobs.put(*back_name, upload.back->bytes(), key));
    return {};
  };
  AX_CO_CHECK(co_await p_.files.run(std::move(seal)));

  auto store = [this, id, user, &upload, &front_name, &back_name, &digest, &request, now](db::Tx& tx) -> Result<Uuid> {
    AX_TRY(const auto job, p_.queue.enqueue(tx, kJob, id));
    AX_CHECK(tx.exec(kInsert, id, user, upload.document_type, front_name, back_name, digest, job, now));
    AX_CHECK(
        p_.audit.append(tx, {user, "document.uploaded",
                             json::serialize(json::object{{"document_id", id.str()}, {"document_type", upload.document_type}}), &request}));
    return job;
  };
  AX_CO_TRY(const auto job, co_await p_.database.write(store));
  if (wait.count() > 0) co_await p_.queue.wait(p_.database, job, wait);
  http::Principal owner;
  owner.id = user;
  owner.request = std::move(request);
  co_return co_await load(id, owner);
}

awaitable<Result<Document>> DocumentsService::load(Uuid id, const http::Principal& caller) {
  auto read = [this, id, &caller](db::Tx& tx) -> Result<Document> {
    AX_TRY(const auto rows, tx.exec(kGet, id));
    if (rows.empty()) return Errc::not_found;
    const auto& row = rows[0];
    Document d;
    d.id = id;
    d.user_id = row.uuid(0);
    if (d.user_id != caller.id && !caller.can(http::Permission::review_verifications)) return Errc::not_found;
    d.document_type = row.text(1);
    d.status = row.text(2);
    d.is_verified = row.boolean(3);
    d.needs_review = row.boolean(4);
    d.confidence = row.opt_real(5);
    d.created_at = row.time(9);
    d.updated_at = row.time(10);
    d.job_id = row.uuid(11);
    if (!row.is_null(6)) {
      AX_TRY(auto key, users::person_key(tx, p_.keyring, d.user_id));
      const users::PersonBox box{std::move(key), "documents", id};
      AX_TRY(d.ocr_data, box.open("ocr_data", row.bytes(6)));
      AX_TRY(d.reading, box.open("reading", row.bytes(7)));
      AX_TRY(const auto parsed, parse_json(d.reading));
      d.number = get_text(parsed, "number").value_or("");
    }
    return d;
  };
  co_return co_await p_.database.read(read);
}

awaitable<Result<Document>> DocumentsService::get(Uuid id, const http::Principal& caller) {
  AX_CO_TRY(auto document, co_await load(id, caller));
  auto note = [this, id, &caller](db::Tx& tx) {
    return p_.audit.append(tx, {caller.id, "document.viewed", json::serialize(json::object{{"document_id", id.str()}}), &caller.request});
  };
  AX_CO_CHECK(co_await p_.database.write(note));
  co_return document;
}

awaitable<Result<std::vector<Document>>> DocumentsService::list(Uuid user, std::optional<Uuid> before, std::size_t limit) {
  auto read = [user, before, limit](db::Tx& tx) -> Result<std::vector<Document>> {
    const auto count = static_cast<std::int64_t>(limit);
    AX_TRY(const auto rows, before ? tx.exec(kBefore, user, count, *before) : tx.exec(kNewest, user, count));
    std::vector<Document> list;
    for (const auto& row : rows) {
      Document d;
      d.id = row.uuid(0);
      d.user_id = user;
      d.document_type = row.text(1);
      d.status = row.text(2);
      d.is_verified = row.boolean(3);
      d.needs_review = row.boolean(4);
      d.confidence = row.opt_real(5);
      d.created_at = row.time(6);
      d.updated_at = row.time(7);
      list.push_back(std::move(d));
    }
    return list;
  };
  co_return co_await p_.database.read(read);
}

Result<> DocumentsService::process(const jobs::Job& job) {
  struct Loaded {
    Uuid user;
    std::string type, front, status;
    std::optional<std::string> back;
    crypto::Key key;
  };
  AX_TRY(const auto loaded, p_.database.sync().read([&](db::Tx& tx) -> Result<Loaded> {
    AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
    if (rows.empty()) return Errc::not_found;
    const auto& row = rows[0];
    AX_TRY(auto key, users::person_key(tx, p_.keyring, row.uuid(0)));
    return Loaded{row.uuid(0), row.text(1), row.text(2), row.text(4), row.opt_text(3), std::move(key)};
  }));
  if (loaded.status != "processing")  // read already; only the job's end was lost
    return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });

  const auto started = std::chrono::steady_clock::now();
  const auto deadline = Deadline::after(kReadLimit);
  std::string refused;
  imaging::Image front;
  imaging::Image back;
  const auto decode = [&](const std::string& name, imaging::Image& into) -> Result<> {
    AX_TRY(const auto bytes, p_.blobs.get(name, loaded.key));
    auto decoded = imaging::decode(bytes, {}, deadline);
    if (!decoded) {
      if (decoded.error().code != Errc::validation) return decoded.error();
      if (refused.empty()) refused = decoded.error().faults.empty() ? "the image cannot be read" : decoded.error().faults.front().reason;
      return {};
    }
    into = std::move(decoded->pages.front());
    return {};
  };
  AX_CHECK(decode(loaded.front, front));
  if (loaded.back) AX_CHECK(decode(*loaded.back, back));

  if (!refused.empty()) {
    return p_.database.sync().write([&](db::Tx& tx) -> Result<> {
      AX_CHECK(p_.queue.complete(tx, job));
      const users::PersonBox box{loaded.key, "documents", job.subject};
      AX_CHECK(tx.exec(kFail, job.subject, box.seal("reading", refusal_json(refused)), box.seal("ocr_data", "{}"), p_.clock.now()));
      if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded.user));
      return p_.audit.append(tx, {loaded.user, "document.rejected",
                                  json::serialize(json::object{{"document_id", job.subject.str()}, {"why", "undecodable"}}), nullptr});
    });
  }

  document::ReadOptions options;
  options.declared = document::parse_declared_type(loaded.type).value_or(document::DeclaredType::other);
  options.today = date_of(p_.clock.now());
  AX_TRY(auto reading, document::read(front, back.empty() ? nullptr : &back, options, deadline));
  const auto verdict = grade(reading);

  std::optional<face::Embedding> portrait;
  if (auto engine = p_.face_engine()) {
    for (const auto& page : reading.pages) {
      auto found = (*engine)->portrait(page.rectified, deadline);
      if (!found) return found.error();
      if (found->embedding) {
        portrait = std::move(found->embedding);
        break;
      }
    }
  } else if (engine.error().code != Errc::capability_unavailable) {
    return engine.error();
  }

  // The law lets nobody keep a picture of a whole Aadhaar number: the picture as sent is replaced by a redacted one.
  std::string front_name = loaded.front;
  std::optional<std::string> back_name = loaded.back;
  for (const auto& page : reading.pages) {
    if (page.secret_on_input.empty()) continue;
    imaging::Image& image = page.input == 0 ? front : back;
    imaging::black_out(image, page.secret_on_input);
    AX_TRY(const auto jpeg, imaging::encode_jpeg(image, 92));
    auto name = job.subject.str() + (page.input == 0 ? "-front-redacted" : "-back-redacted");
    AX_CHECK(p_.blobs.put(name, jpeg, loaded.key));
    if (page.input == 0)
      front_name = std::move(name);
    else
      back_name = std::move(name);
  }

  const users::PersonBox box{loaded.key, "documents", job.subject};
  const auto number = reading.document_number.expose();
  std::optional<Bytes> sealed_number;
  std::optional<Bytes> number_index;
  if (!number.empty()) {
    // Of an Aadhaar number only what may be shown is kept; the keyed index still finds the same number again.
    sealed_number = box.seal("document_number", reading.type == document::Type::aadhaar ? reading.display_number : number);
    number_index = p_.keyring.blind_index("documents.number", std::string{document::to_string(reading.type)} + ":" + number);
  }
  const auto date_text = [](const std::optional<Date>& date) { return date ? std::optional{format_date(*date)} : std::nullopt; };
  const auto stored = json::serialize(reading_json(reading, verdict, portrait));
  const auto shown = json::serialize(ocr_data(reading));
  AX_CHECK(p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    AX_CHECK(tx.exec(kStore, job.subject, sealed_number, number_index, box.seal("ocr_data", shown), box.seal("reading", stored),
                     reading.confidence, verdict.accepted, verdict.needs_review, verdict.accepted ? "approved" : "rejected",
                     box.seal_optional("issued_date", date_text(reading.issue_date)),
                     box.seal_optional("expiry_date", date_text(reading.expiry_date)), front_name, back_name, p_.clock.now()));
    if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded.user));
    return p_.audit.append(
        tx, {loaded.user, verdict.accepted ? "document.approved" : "document.rejected",
             json::serialize(json::object{{"document_id", job.subject.str()}, {"confidence", reading.confidence}}), nullptr});
  }));
  // After the commit nothing names the unredacted objects; losing the process here leaves them to the orphan sweep.
  if (front_name != loaded.front) AX_CHECK(p_.blobs.remove(loaded.front));
  if (back_name != loaded.back && loaded.back) AX_CHECK(p_.blobs.remove(*loaded.back));
  metrics::document_duration().observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return {};
}

Result<> DocumentsService::give_up(db::Tx& tx, const jobs::Job& job) {
  AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
  if (rows.empty()) return {};
  const auto user = rows[0].uuid(0);
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "documents", job.subject};
  AX_CHECK(tx.exec(kFail, job.subject, box.seal("reading", refusal_json("The document could not be processed; upload it again")),
                   box.seal("ocr_data", "{}"), p_.clock.now()));
  if (p_.on_final) AX_CHECK(p_.on_final(tx, user));
  return p_.audit.append(tx, {user, "document.rejected",
                              json::serialize(json::object{{"document_id", job.subject.str()}, {"why", "processing_failed"}}), nullptr});
}

Result<ReadDocument> DocumentsService::read_document(db::Tx& tx, const Uuid& id, const Uuid& owner) const {
  AX_TRY(const auto rows, tx.exec(kFacts, id));
  if (rows.empty() || rows[0].uuid(0) != owner) return Errc::not_found;
  ReadDocument d;
  d.id = id;
  d.status = rows[0].text(1);
  d.image_sha256 = hex_encode(rows[0].bytes(3));
  if (rows[0].is_null(2)) return d;
  AX_TRY(auto key, users::person_key(tx, p_.keyring, owner));
  const users::PersonBox box{std::move(key), "documents", id};
  AX_TRY(const auto text, box.open("reading", rows[0].bytes(2)));
  AX_TRY(const auto reading, parse_json(text));
  d.type = get_text(reading, "type").value_or("");
  d.name = get_text(reading, "name").value_or("");
  d.dob = get_text(reading, "dob");
  d.expiry = get_text(reading, "expiry");
  d.confidence = get_number(reading, "confidence").value_or(0);
  d.expired = get_bool(reading, "expired").value_or(false) || (d.expiry && *d.expiry < format_date(date_of(p_.clock.now())));
  d.invalid = get_bool(reading, "invalid").value_or(false);
  if (const auto* reasons = find(reading, "reasons"); reasons != nullptr && reasons->is_array())
    for (const auto& r : reasons->as_array())
      if (r.is_string()) d.reasons.emplace_back(r.as_string());
  if (const auto* portrait = find(reading, "portrait")) d.portrait = embedding_from_json(*portrait);
  return d;
}

}  // namespace authx::documents
