#include "services/documents/documents_service.h"

#include "base/collect.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "imaging/decode.h"
#include "services/documents/document_json.h"
#include "services/documents/jobs.h"
#include "services/users/person_box.h"

namespace authx::documents {
namespace {

constexpr int kThumbnailSide = 320;

constexpr db::Query kInsert{
    "documents.insert",
    "INSERT INTO documents (id, user_id, document_type, front_image_url, back_image_url, image_sha256, verification_status, job_id, "
    "created_at, updated_at, stage, progress, intake_key) VALUES ($1, $2, $3, $4, $5, $6, 'processing', $7, $8, $8, 'received', 5, $9)"};
constexpr db::Query kGet{
    "documents.get",
    "SELECT user_id, document_type, verification_status, is_verified, needs_review, confidence_score, ocr_data, reading, document_number, "
    "created_at, updated_at, job_id, stage, progress, engine_version, expiry_state FROM documents WHERE id = $1 AND tenant_id = "
    "COALESCE($2, tenant_id)"};
constexpr db::Query kNewest{
    "documents.newest",
    "SELECT id, document_type, verification_status, is_verified, needs_review, confidence_score, created_at, updated_at, stage, progress, "
    "expiry_state, expiry_date FROM documents WHERE user_id = $1 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kBefore{
    "documents.before",
    "SELECT id, document_type, verification_status, is_verified, needs_review, confidence_score, created_at, updated_at, stage, progress, "
    "expiry_state, expiry_date FROM documents WHERE user_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2"};
constexpr db::Query kFacts{"documents.facts", "SELECT user_id, verification_status, reading, image_sha256 FROM documents WHERE id = $1"};
constexpr db::Query kPortrait{"documents.portrait",
                              "SELECT user_id, verification_status, image_sha256, issued_date FROM documents WHERE id = $1"};
constexpr db::Query kImages{"documents.images",
                            "SELECT side, page, object, sha256 FROM document_images WHERE document_id = $1 ORDER BY side DESC, page"};
constexpr db::Query kImage{"documents.image",
                           "SELECT d.user_id, i.object FROM documents d JOIN document_images i ON i.document_id = d.id "
                           "WHERE d.id = $1 AND i.side = $2 AND i.page = $3 AND d.tenant_id = COALESCE($4, d.tenant_id)"};
constexpr db::Query kProgress{"documents.progress",
                              "SELECT user_id, stage, progress, verification_status, needs_review, updated_at FROM documents WHERE id = $1 "
                              "AND tenant_id = COALESCE($2, tenant_id)"};
constexpr db::Query kNumber{"documents.number", "SELECT user_id, document_number, number_reference, reading FROM documents WHERE id = $1"};

/// The same fault, named after the form's field instead of the engine's.
Error renamed(Error error, std::string_view field) {
  for (auto& fault : error.faults) fault.field = field;
  error.message = "Invalid document format";
  return error;
}

bool may_see(const Uuid& owner, const http::Principal& caller) {
  return owner == caller.id || caller.can(http::Permission::review_verifications);
}

Result<std::vector<StoredImage>> images_of(db::Tx& tx, const Uuid& id) {
  AX_TRY(const auto rows, tx.exec(kImages, id));
  return collect(rows, [](const db::Row& row) { return StoredImage{row.text(0), row.integer(1), row.text(2), hex_encode(row.bytes(3))}; });
}

}  // namespace

DocumentsService::DocumentsService(Parts parts) : p_(std::move(parts)) {}

void DocumentsService::register_jobs() {
  const auto give_up_reading = [this](db::Tx& tx, const jobs::Job& job) { return give_up(tx, job); };
  p_.queue.handle(std::string{kReadJob}, {[this](const jobs::Job& job) { return process(job, false); }, give_up_reading});
  p_.queue.handle(std::string{kRereadJob}, {[this](const jobs::Job& job) { return process(job, true); }, give_up_reading});
  p_.queue.handle(std::string{kExpiryJob}, {[this](const jobs::Job& job) { return watch_expiry(job); }, nullptr});
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
  AX_CO_TRY(auto key, co_await p_.database.read(request.tenant, find_key));
  // The files as sent may hold what must not be kept (a whole Aadhaar number, an EXIF thumbnail, a PDF's text). Their key is in the
  // row alone until the reading is stored: without it a file that a crash left behind opens for nobody.
  const auto intake = p_.keyring.new_key();
  auto seal = [this, intake, upload, front_name, back_name]() -> Result<> {
    AX_CHECK(p_.blobs.put(front_name, upload.front.bytes(), intake));
    if (back_name) AX_CHECK(p_.blobs.put(*back_name, upload.back->bytes(), intake));
    return {};
  };
  AX_CO_CHECK(co_await p_.files.run(std::move(seal)));

  const users::PersonBox box{std::move(key), "documents", id};
  const auto sealed_intake = box.seal("intake_key", as_text(intake.expose()));
  auto store = [this, id, user, &upload, &front_name, &back_name, &digest, &request, &sealed_intake, now](db::Tx& tx) -> Result<Uuid> {
    AX_TRY(const auto job, p_.queue.enqueue(tx, kReadJob, id));
    AX_CHECK(tx.exec(kInsert, id, user, upload.document_type, front_name, back_name, digest, job, now, sealed_intake));
    AX_CHECK(
        p_.audit.append(tx, {user, "document.uploaded",
                             json::serialize(json::object{{"document_id", id.str()}, {"document_type", upload.document_type}}), &request}));
    return job;
  };
  AX_CO_TRY(const auto job, co_await p_.database.write(request.tenant, store));
  if (wait.count() > 0) co_await p_.queue.wait(p_.database, job, wait);
  http::Principal owner;
  owner.id = user;
  owner.request = std::move(request);
  co_return co_await load(id, owner);
}

awaitable<Result<Document>> DocumentsService::load(Uuid id, const http::Principal& caller) {
  auto read = [this, id, &caller](db::Tx& tx) -> Result<Document> {
    AX_TRY(const auto rows, tx.exec(kGet, id, tx.scope().only()));
    if (rows.empty()) return Errc::not_found;
    const auto& row = rows[0];
    Document d;
    d.id = id;
    d.user_id = row.uuid(0);
    if (!may_see(d.user_id, caller)) return Errc::not_found;
    d.document_type = row.text(1);
    d.status = row.text(2);
    d.is_verified = row.boolean(3);
    d.needs_review = row.boolean(4);
    d.confidence = row.opt_real(5);
    d.created_at = row.time(9);
    d.updated_at = row.time(10);
    d.job_id = row.uuid(11);
    d.stage = row.text(12);
    d.progress = row.integer(13);
    d.engine_version = row.opt_text(14);
    d.expiry_state = row.opt_text(15);
    AX_TRY(d.images, images_of(tx, id));
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
  co_return co_await p_.database.read(caller.request.tenant, read);
}

awaitable<Result<Document>> DocumentsService::get(Uuid id, const http::Principal& caller) {
  AX_CO_TRY(auto document, co_await load(id, caller));
  auto note = [this, id, &caller](db::Tx& tx) {
    return p_.audit.append(tx, {caller.id, "document.viewed", json::serialize(json::object{{"document_id", id.str()}}), &caller.request});
  };
  AX_CO_CHECK(co_await p_.database.write(caller.request.tenant, note));
  co_return document;
}

awaitable<Result<std::vector<Document>>> DocumentsService::list(const http::Principal& caller, std::optional<Uuid> before,
                                                                std::size_t limit, std::optional<std::chrono::days> within) {
  auto read = [this, user = caller.id, before, limit, within](db::Tx& tx) -> Result<std::vector<Document>> {
    constexpr std::size_t kMostSearched = 2000;
    std::vector<Document> list;
    auto from = before;
    std::size_t searched = 0;
    std::optional<crypto::Key> key;
    const auto today = std::chrono::sys_days{date_of(p_.clock.now())};
    // The day of expiry is sealed, so the filter opens it row by row.
    while (list.size() < limit && searched < kMostSearched) {
      const auto count = static_cast<std::int64_t>(within ? std::max<std::size_t>(limit, 100) : limit);
      AX_TRY(const auto rows, from ? tx.exec(kBefore, user, count, *from) : tx.exec(kNewest, user, count));
      for (const auto& row : rows) {
        if (list.size() == limit) break;
        ++searched;
        from = row.uuid(0);
        if (within) {
          if (row.is_null(11)) continue;
          if (!key) {
            AX_TRY(key, users::person_key(tx, p_.keyring, user));
          }
          const users::PersonBox box{*key, "documents", row.uuid(0)};
          AX_TRY(const auto text, box.open("expiry_date", row.bytes(11)));
          const auto day = parse_date(text);
          if (!day) continue;
          const auto left = std::chrono::sys_days{*day} - today;
          if (left < std::chrono::days{0} || left > *within) continue;
        }
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
        d.stage = row.text(8);
        d.progress = row.integer(9);
        d.expiry_state = row.opt_text(10);
        list.push_back(std::move(d));
      }
      if (!within || rows.size() < static_cast<std::size_t>(count)) break;
    }
    return list;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

awaitable<Result<Bytes>> DocumentsService::image(Uuid id, const http::Principal& caller, std::string side, std::int64_t page,
                                                 bool thumbnail) {
  struct Found {
    std::string object;
    crypto::Key key;
  };
  auto find = [this, id, &caller, &side, page, thumbnail](db::Tx& tx) -> Result<Found> {
    AX_TRY(const auto rows, tx.exec(kImage, id, side, page, tx.scope().only()));
    if (rows.empty() || !may_see(rows[0].uuid(0), caller)) return Errc::not_found;
    AX_TRY(auto key, users::person_key(tx, p_.keyring, rows[0].uuid(0)));
    const auto details =
        json::object{{"document_id", id.str()}, {"side", side}, {"page", page}, {"size", thumbnail ? "thumbnail" : "full"}};
    AX_CHECK(p_.audit.append(tx, {caller.id, "document.image_viewed", json::serialize(details), &caller.request}));
    return Found{rows[0].text(1), std::move(key)};
  };
  AX_CO_TRY(auto found, co_await p_.database.write(caller.request.tenant, find));
  auto open = [this, found = std::move(found)]() { return p_.blobs.get(found.object, found.key); };
  AX_CO_TRY(auto full, co_await p_.files.run(std::move(open)));
  if (!thumbnail) co_return full;
  auto shrink = [full = std::move(full)]() -> Result<Bytes> {
    AX_TRY(const auto decoded, imaging::decode(full));
    const auto& image = decoded.pages.front();
    const double scale = std::min(1.0, static_cast<double>(kThumbnailSide) / std::max(image.width, image.height));
    const auto side_of = [scale](int length) { return std::max(1, static_cast<int>(std::lround(length * scale))); };
    return imaging::encode_jpeg(imaging::resize(image, side_of(image.width), side_of(image.height)), 80);
  };
  co_return co_await p_.vision.run(std::move(shrink));
}

awaitable<Result<progress::State>> DocumentsService::progress(Uuid id, const http::Principal& caller) {
  auto read = [id, &caller](db::Tx& tx) -> Result<progress::State> {
    AX_TRY(const auto rows, tx.exec(kProgress, id, tx.scope().only()));
    if (rows.empty() || !may_see(rows[0].uuid(0), caller)) return Errc::not_found;
    const auto& row = rows[0];
    progress::State out;
    out.data = json::serialize(json::object{{"document_id", id.str()},
                                            {"state", row.text(1)},
                                            {"progress_percentage", row.integer(2)},
                                            {"verification_status", row.text(3)},
                                            {"needs_review", row.boolean(4)}});
    out.updated_at = row.time(5);
    out.is_final = row.text(1) == "final";
    return out;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

std::optional<int> portrait_age_days(const std::optional<Date>& issued, Time now) {
  if (!issued) return std::nullopt;
  const auto days = std::chrono::sys_days{date_of(now)} - std::chrono::sys_days{*issued};
  if (days.count() < 0) return std::nullopt;
  return static_cast<int>(days.count());
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
  const auto each = [&reading](std::string_view name, const auto& use) {
    if (const auto* list = find(reading, name); list != nullptr && list->is_array())
      for (const auto& item : list->as_array()) use(item);
  };
  d.type = get_text(reading, "type").value_or("");
  d.name = get_text(reading, "name").value_or("");
  d.dob = get_text(reading, "dob");
  d.expiry = get_text(reading, "expiry");
  d.confidence = get_number(reading, "confidence").value_or(0);
  d.expired = get_bool(reading, "expired").value_or(false) || (d.expiry && *d.expiry < format_date(date_of(p_.clock.now())));
  d.invalid = get_bool(reading, "invalid").value_or(false);
  d.assurance = get_text(reading, "assurance").value_or("");
  d.portrait_signed = get_bool(reading, "portrait_signed").value_or(false);
  each("reasons", [&](const json::value& r) {
    if (r.is_string()) d.reasons.emplace_back(r.as_string());
  });
  each("evidence", [&](const json::value& e) {
    if (get_text(e, "state") == document::to_string(document::EvidenceState::signature_invalid)) d.signature_invalid = true;
  });
  each("findings", [&](const json::value& v) {
    const auto f = finding_from_json(v);
    if (f.kind == document::CheckKind::authenticity && f.outcome == document::Outcome::failed && f.weight != document::Weight::note)
      d.doubts.push_back(f.id);
  });
  each("fields", [&](const json::value& f) {
    const auto name = get_text(f, "name");
    if (!d.father_name && name == "father_name") d.father_name = get_text(f, "value");
    if (!d.issued && name == "issue_date") d.issued = parse_date(get_text(f, "normalised").value_or(""));
  });
  AX_TRY(d.portrait, p_.portraits.find(tx, id, owner));
  if (const auto* portrait = find(reading, "portrait"); portrait != nullptr && !d.portrait) d.portrait = embedding_from_json(*portrait);
  AX_TRY(d.reuse, find_reuse(tx, p_.keyring, id, owner));
  return d;
}

Result<DocumentPortrait> DocumentsService::document_portrait(db::Tx& tx, const Uuid& id, const Uuid& owner) const {
  AX_TRY(const auto rows, tx.exec(kPortrait, id));
  if (rows.empty() || rows[0].uuid(0) != owner) return Errc::not_found;
  DocumentPortrait d;
  d.status = rows[0].text(1);
  d.image_sha256 = hex_encode(rows[0].bytes(2));
  if (d.status == "processing") return d;
  AX_TRY(auto key, users::person_key(tx, p_.keyring, owner));
  AX_TRY(const auto issued, users::PersonBox(std::move(key), "documents", id).open_optional("issued_date", rows[0].opt_bytes(3)));
  if (issued) d.issued = parse_date(*issued);
  AX_TRY(d.portrait, p_.portraits.find(tx, id, owner));
  if (!d.portrait) {  // of before portraits were kept apart
    AX_TRY(auto whole, read_document(tx, id, owner));
    d.portrait = std::move(whole.portrait);
  }
  return d;
}

Result<std::vector<imaging::Image>> DocumentsService::pictures(const Uuid& id) const {
  struct Kept {
    std::optional<crypto::Key> key;
    std::vector<StoredImage> images;
  };
  AX_TRY(const auto kept, p_.database.sync().read([&](db::Tx& tx) -> Result<Kept> {
    AX_TRY(const auto rows, tx.exec(kFacts, id));
    if (rows.empty() || rows[0].text(1) == "processing") return Kept{};
    AX_TRY(auto key, users::person_key(tx, p_.keyring, rows[0].uuid(0)));
    AX_TRY(auto images, images_of(tx, id));
    return Kept{std::move(key), std::move(images)};
  }));
  std::vector<imaging::Image> out;
  for (const auto& image : kept.images) {
    AX_TRY(const auto bytes, p_.blobs.get(image.object, *kept.key));
    AX_TRY(auto decoded, imaging::decode(bytes));
    out.push_back(std::move(decoded.pages.front()));
  }
  return out;
}

Result<std::optional<SecretText>> DocumentsService::whole_number(db::Tx& tx, const Uuid& id, std::string_view why,
                                                                 const std::optional<Uuid>& asker) const {
  AX_TRY(const auto rows, tx.exec(kNumber, id));
  if (rows.empty()) return Errc::not_found;
  const auto user = rows[0].uuid(0);
  const auto audited = [&](std::string_view from) {
    const auto details = json::object{{"document_id", id.str()},
                                      {"from", json::string_view{from.data(), from.size()}},
                                      {"why", json::string_view{why.data(), why.size()}}};
    return p_.audit.append(tx, {asker ? asker : std::optional{user}, "document.number_opened", json::serialize(details), nullptr});
  };
  if (const auto reference = rows[0].opt_uuid(2)) {
    AX_TRY(auto number, vault_get(tx, p_.keyring, *reference));
    AX_CHECK(audited("vault"));
    return std::optional{std::move(number)};
  }
  if (rows[0].is_null(1)) return std::optional<SecretText>{};
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "documents", id};
  AX_TRY(auto number, box.open("document_number", rows[0].bytes(1)));
  if (number.starts_with('X')) return std::optional<SecretText>{};  // masked: the policy discards it
  AX_CHECK(audited("document"));
  return std::optional{SecretText{std::move(number)}};
}

}  // namespace authx::documents
