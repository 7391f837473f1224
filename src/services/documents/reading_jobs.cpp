#include <cmath>

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "engines/document/aadhaar.h"
#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "services/documents/expiry.h"
#include "services/documents/jobs.h"
#include "services/documents/reading_parts.h"
#include "services/users/person_box.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace authx::documents {
namespace {

constexpr std::chrono::seconds kReadLimit{60};
constexpr std::chrono::seconds kPageLimit{20};  ///< more for each page beyond the second

constexpr db::Query kForJob{"documents.for_job",
                            "SELECT user_id, document_type, front_image_url, back_image_url, verification_status, intake_key, reading, "
                            "engine_version FROM documents WHERE id = $1"};
constexpr db::Query kImages{"documents.images",
                            "SELECT side, page, object, sha256 FROM document_images WHERE document_id = $1 ORDER BY side DESC, page"};
constexpr db::Query kStage{"documents.stage",
                           "UPDATE documents SET stage = $2, progress = $3, updated_at = $4 WHERE id = $1 AND stage <> 'final'"};
constexpr db::Query kStoreNumber{
    "documents.store_number",
    "UPDATE documents SET document_number = $2, document_number_index = $3, number_reference = $4 WHERE id = $1 RETURNING id"};
constexpr db::Query kExists{"documents.exists", "SELECT 1 FROM documents WHERE id = $1"};
constexpr db::Query kStore{
    "documents.store_reading",
    "UPDATE documents SET ocr_data = $2, reading = $3, confidence_score = $4, is_verified = $5, needs_review = $6, verification_status = "
    "$7, issued_date = $8, expiry_date = $9, expiry_state = CASE WHEN $10 = 'valid' AND expiry_state = 'expiring' THEN 'expiring' ELSE "
    "$10 END, front_image_url = $11, back_image_url = $12, updated_at = $13, "
    "engine_version = $14, intake_key = NULL, stage = 'final', progress = 100 WHERE id = $1"};
constexpr db::Query kForgetImages{"documents.forget_images", "DELETE FROM document_images WHERE document_id = $1"};
constexpr db::Query kInsertImage{
    "documents.insert_image",
    "INSERT INTO document_images (document_id, side, page, object, sha256, width, height) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Query kKeepReading{
    "documents.keep_reading",
    "UPDATE documents SET engine_version = $2, updated_at = $3, front_image_url = $4, back_image_url = $5, stage = 'final', "
    "progress = 100 WHERE id = $1"};
constexpr db::Query kFail{"documents.fail",
                          "UPDATE documents SET verification_status = 'rejected', reading = $2, ocr_data = $3, confidence_score = 0, "
                          "updated_at = $4, front_image_url = '', back_image_url = NULL, intake_key = NULL, stage = 'final', "
                          "progress = 100, engine_version = $5 WHERE id = $1 AND verification_status = 'processing' RETURNING id"};

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
                                      {"findings", json::array{}},
                                      {"evidence", json::array{}}});
}

std::string object_name(const Uuid& document, std::string_view side, int page) {
  std::array<std::uint8_t, 4> random{};
  random_bytes(random);
  return fmt::format("{}-{}-{}-{}", document.str(), side, page, hex_encode(random));
}

bool about_number(std::string_view check) { return check.find("number") != std::string_view::npos; }

/// Whether the kept pictures show less than the ones that were read. Readings of before that was noted kept every Aadhaar card so.
bool was_redacted(const json::value& reading) {
  const bool aadhaar = get_text(reading, "type") == "aadhaar" && !get_text(reading, "number").value_or("").empty();
  return get_bool(reading, "redacted").value_or(aadhaar);
}

/// What the kept pictures no longer show because we painted it over: the earlier reading's number and what was found of it.
void carry_number(document::Reading& fresh, const json::value& old) {
  if (!was_redacted(old)) return;
  if (get_text(old, "type") != std::string{document::to_string(fresh.type)}) return;
  fresh.display_number = get_text(old, "number").value_or("");
  fresh.confidence = std::max(fresh.confidence, get_number(old, "confidence").value_or(0));
  std::erase_if(fresh.findings, [](const document::Finding& f) { return about_number(f.id); });
  if (const auto* findings = find(old, "findings"); findings != nullptr && findings->is_array())
    for (const auto& v : findings->as_array())
      if (auto f = finding_from_json(v); about_number(f.id) && f.kind == document::CheckKind::rule) fresh.findings.push_back(std::move(f));
  if (fresh.find("document_number") == nullptr) {
    document::Field field;
    field.name = "document_number";
    field.value = field.normalised = fresh.display_number;
    field.confidence = fresh.confidence;
    fresh.fields.push_back(std::move(field));
  }
}

}  // namespace

void DocumentsService::stage(const Uuid& id, std::string_view stage, int percent) {
  const auto written = p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(tx.exec(kStage, id, stage, percent, p_.clock.now()));
    tx.on_commit([this, id] { p_.progress.changed(id); });
    return {};
  });
  if (!written) log::warning("document_stage_not_stored", {{"detail", written.error().detail}});
}

Result<std::optional<DocumentsService::Loaded>> DocumentsService::load_for_job(const jobs::Job& job) const {
  return p_.database.sync().read([&](db::Tx& tx) -> Result<std::optional<Loaded>> {
    AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
    if (rows.empty()) return std::optional<Loaded>{};  // deleted meanwhile
    const auto& row = rows[0];
    Loaded l;
    l.user = row.uuid(0);
    l.type = row.text(1);
    l.front = row.text(2);
    l.back = row.opt_text(3);
    l.status = row.text(4);
    l.engine_version = row.opt_text(7);
    AX_TRY(l.key, users::person_key(tx, p_.keyring, l.user));
    const users::PersonBox box{l.key, "documents", job.subject};
    if (!row.is_null(5)) {
      AX_TRY(const auto intake, box.open("intake_key", row.bytes(5)));
      l.intake = crypto::Key{to_bytes(intake)};
    }
    AX_TRY(l.reading, box.open_optional("reading", row.opt_bytes(6)));
    AX_TRY(const auto images, tx.exec(kImages, job.subject));
    for (const auto& image : images) l.images.push_back({image.text(0), image.integer(1), image.text(2), hex_encode(image.bytes(3))});
    return std::optional{std::move(l)};
  });
}

Result<> DocumentsService::process(const jobs::Job& job, bool again) {
  AX_TRY(auto found, load_for_job(job));
  if (!found || (found->status == "processing") == again)  // read already, deleted, or about to be read: only the job's end is due
    return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });
  const Loaded& loaded = *found;
  const auto started = std::chrono::steady_clock::now();
  stage(job.subject, "reading", 20);

  Outcome out;
  out.again = again;
  out.job = job;
  std::string refused;
  const auto decode = [&](const std::string& name, const crypto::Key& key, document::Side side) -> Result<> {
    AX_TRY(auto bytes, p_.blobs.get(name, key));
    auto decoded = imaging::decode(bytes, {}, Deadline::after(kReadLimit));
    if (!decoded) {
      if (decoded.error().code != Errc::validation) return decoded.error();
      if (refused.empty()) refused = decoded.error().faults.empty() ? "the image cannot be read" : decoded.error().faults.front().reason;
      return {};
    }
    std::shared_ptr<const Bytes> file;
    if (!again && decoded->pages.size() == 1 && decoded->format != imaging::FileFormat::pdf)
      file = std::make_shared<const Bytes>(std::move(bytes));
    for (auto& page : decoded->pages) {
      Picture picture;
      picture.file = file;
      picture.side = side;
      picture.page = 1 + static_cast<int>(std::ranges::count(out.pictures, side, &Picture::side));
      picture.image = std::move(page);
      out.pictures.push_back(std::move(picture));
    }
    return {};
  };
  out.kept_pictures = again && !loaded.images.empty();
  if (out.kept_pictures) {
    for (const auto& image : loaded.images)
      AX_CHECK(decode(image.object, loaded.key, image.side == "front" ? document::Side::front : document::Side::back));
  } else {
    const crypto::Key& key = loaded.intake ? *loaded.intake : loaded.key;
    AX_CHECK(decode(loaded.front, key, document::Side::front));
    if (loaded.back) AX_CHECK(decode(*loaded.back, key, document::Side::back));
  }
  if (!refused.empty()) return refuse(job, loaded, refused);

  const auto more = out.pictures.size() > 2 ? static_cast<int>(out.pictures.size()) - 2 : 0;
  const auto deadline = Deadline::after(kReadLimit + more * kPageLimit);
  document::ReadOptions options;
  options.declared = document::parse_declared_type(loaded.type).value_or(document::DeclaredType::other);
  options.today = date_of(p_.clock.now());
  options.trust = p_.trust.get();
  options.allow_specimens = p_.allow_specimens;
  AX_TRY(out.reading, read_pictures(out.pictures, options, deadline));
  stage(job.subject, "read", 75);

  AX_CHECK(keep(job.subject, loaded, out, deadline));
  if (!out.kept_pictures) {
    out.remove.push_back(loaded.front);
    if (loaded.back) out.remove.push_back(*loaded.back);
  }
  AX_CHECK(store(job.subject, loaded, std::move(out)));
  metrics::document_duration().observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return {};
}

Result<> DocumentsService::keep(const Uuid& id, const Loaded& loaded, Outcome& out, const Deadline& deadline) const {
  if (auto engine = p_.face_engine()) {
    const auto look = [&](const imaging::Image& picture) -> Result<> {
      AX_TRY(auto analysis, (*engine)->portrait(picture, deadline));
      if (analysis.embedding) out.kept.portrait = std::move(analysis.embedding);
      return {};
    };
    if (out.reading.signed_portrait) {
      AX_CHECK(look(*out.reading.signed_portrait));
      out.kept.portrait_signed = out.kept.portrait.has_value();
    }
    for (const auto& page : out.reading.pages) {
      if (out.kept.portrait) break;
      AX_CHECK(look(page.rectified));
    }
  } else if (engine.error().code != Errc::capability_unavailable) {
    return engine.error();
  }
  // The document alone, and the front as given: a copy of it is cut as it is, wherever its document was seen.
  if (!out.again && out.reading.type != document::Type::unknown && !out.reading.pages.empty()) {
    out.prints.push_back(picture_print(out.reading.pages.front().rectified));
    for (const auto& picture : out.pictures)
      if (picture.side == document::Side::front && picture.page == 1) out.prints.push_back(picture_print(picture.image));
  }

  // What is kept is drawn anew from the pixels, with the numbers painted over: no metadata, no text layer, nothing beneath.
  // What was kept once has been searched in the original, and its painted-over number is not there to be found.
  if (!out.kept_pictures && std::erase_if(out.pictures, [](const Picture& picture) { return !picture.may_be_kept; }) > 0) {
    out.kept.redacted = true;
    out.reading.findings.push_back({"picture_kept", document::Outcome::failed,
                                    "A picture on which the document's number could not be located is not kept",
                                    document::CheckKind::capture, document::Weight::note});
  }
  for (auto& picture : out.pictures) {
    const auto side = document::to_string(picture.side);
    if (!picture.secrets.empty()) out.kept.redacted = true;
    const auto earlier =
        std::ranges::find_if(loaded.images, [&](const StoredImage& i) { return i.side == side && i.page == picture.page; });
    if (out.kept_pictures && picture.secrets.empty() && earlier != loaded.images.end()) {
      out.images.push_back(*earlier);
      continue;
    }
    imaging::black_out(picture.image, picture.secrets);
    AX_TRY(const auto jpeg, imaging::encode_jpeg(picture.image, 92));
    StoredImage image{std::string{side}, picture.page, object_name(id, side, picture.page), hex_encode(crypto::sha256(jpeg))};
    AX_CHECK(p_.blobs.put(image.object, jpeg, loaded.key));
    if (earlier != loaded.images.end()) out.remove.push_back(earlier->object);
    out.images.push_back(std::move(image));
  }
  return {};
}

Result<> DocumentsService::store(const Uuid& id, const Loaded& loaded, Outcome out) {
  const users::PersonBox box{loaded.key, "documents", id};
  auto& reading = out.reading;
  json::value old;
  if (loaded.reading) {
    AX_TRY(old, parse_json(*loaded.reading));
  }
  const auto number = reading.document_number.expose();
  const bool number_read = !number.empty();
  if (out.again) {
    if (!number_read) carry_number(reading, old);
    out.kept.redacted = out.kept.redacted || was_redacted(old);
  }
  const auto as_read = reading.findings;
  const auto date_text = [](const std::optional<Date>& date) { return date ? std::optional{format_date(*date)} : std::nullopt; };
  bool gone = false;
  bool kept_old = false;
  AX_CHECK(p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    gone = kept_old = false;
    reading.findings = as_read;
    if (out.job) AX_CHECK(p_.queue.complete(tx, *out.job));
    if (out.create) AX_CHECK(out.create(tx));
    AX_TRY(const auto there, tx.exec(kExists, id));
    if (there.empty()) {
      gone = true;
      return {};
    }
    const auto now = p_.clock.now();
    if (number_read) {
      const bool aadhaar = reading.type == document::Type::aadhaar;
      const bool whole = !aadhaar || p_.aadhaar_numbers == AadhaarNumbers::sealed;
      std::optional<Uuid> reference;
      if (aadhaar && p_.aadhaar_numbers == AadhaarNumbers::vault && document::aadhaar_valid(number)) {
        AX_TRY(reference, vault_put(tx, p_.keyring, loaded.user, number, now));
      }
      AX_CHECK(tx.exec(kStoreNumber, id, box.seal("document_number", whole ? number : reading.display_number),
                       number_index(tx, p_.keyring, reading.type, number), reference));
    }
    if (!out.again) AX_CHECK(keep_prints(tx, p_.keyring, id, loaded.user, out.prints));
    AX_TRY(const auto reuse, find_reuse(tx, p_.keyring, id, loaded.user));
    if (reading.type != document::Type::unknown)
      for (auto& f : reuse_findings(reuse)) reading.findings.push_back(std::move(f));
    const auto verdict = grade(reading);
    AX_CHECK(tx.exec(kForgetImages, id));
    std::string front;
    std::optional<std::string> back;
    for (std::size_t i = 0; i < out.images.size(); ++i) {
      const auto& image = out.images[i];
      if (image.page == 1 && image.side == "front") front = image.object;
      if (image.page == 1 && image.side == "back") back = image.object;
      AX_CHECK(tx.exec(kInsertImage, id, image.side, image.page, image.object, hex_decode(image.sha256).value_or(Bytes{}),
                       out.pictures[i].image.width, out.pictures[i].image.height));
    }
    tx.on_commit([this, id] { p_.progress.changed(id); });
    // Where numbers were painted over, a second look may see less than the first: then the first one stands.
    kept_old = out.again && out.kept.redacted && get_bool(old, "accepted").value_or(false) && !verdict.accepted;
    // Pictures don't show what a file proved.
    const auto proved = document::to_string(document::Assurance::cryptographically_verified);
    kept_old = kept_old || (out.again && get_text(old, "assurance") == std::string{proved} &&
                            reading.assurance != document::Assurance::cryptographically_verified);
    if (kept_old) {
      AX_CHECK(tx.exec(kKeepReading, id, kEngineVersion, now, front, back));
    } else {
      std::optional<std::string> state;
      // "expiring" is the watch's to say, with its message.
      if (reading.expiry_date) state = expiry_state(*reading.expiry_date, now, {}) == "expired" ? "expired" : "valid";
      AX_CHECK(tx.exec(kStore, id, box.seal("ocr_data", json::serialize(ocr_data(reading))),
                       box.seal("reading", json::serialize(reading_json(reading, verdict, out.kept))), reading.confidence, verdict.accepted,
                       verdict.needs_review, verdict.accepted ? "approved" : "rejected",
                       box.seal_optional("issued_date", date_text(reading.issue_date)),
                       box.seal_optional("expiry_date", date_text(reading.expiry_date)), state, front, back, now, kEngineVersion));
      AX_CHECK(p_.portraits.keep(tx, id, loaded.user, out.kept.portrait, !out.kept.portrait_signed && !out.images.empty()));
      if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded.user));
    }
    json::object details{{"document_id", id.str()}, {"confidence", reading.confidence}};
    if (out.again) {
      details["engine"] = json::string_view{kEngineVersion.data(), kEngineVersion.size()};
      details["before"] = loaded.engine_version.value_or("");
      details["outcome"] = kept_old ? "kept" : verdict.accepted ? "approved" : "rejected";
      return p_.audit.append(tx, {loaded.user, "document.reread", json::serialize(details), nullptr});
    }
    return p_.audit.append(tx,
                           {loaded.user, verdict.accepted ? "document.approved" : "document.rejected", json::serialize(details), nullptr});
  }));
  for (const auto& earlier : loaded.images)
    if (std::ranges::none_of(out.images, [&](const StoredImage& i) { return i.object == earlier.object; }) &&
        std::ranges::find(out.remove, earlier.object) == out.remove.end())
      out.remove.push_back(earlier.object);
  if (gone)  // deleted while it was read: nothing of it may stay
    for (const auto& image : out.images) out.remove.push_back(image.object);
  // After the commit nothing names these and the key of the files as sent is gone; losing the process here leaves them to the sweep.
  for (const auto& name : out.remove) AX_CHECK(p_.blobs.remove(name));
  return {};
}

Result<> DocumentsService::refuse(const jobs::Job& job, const Loaded& loaded, const std::string& why) {
  AX_CHECK(p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    const users::PersonBox box{loaded.key, "documents", job.subject};
    AX_TRY(const auto failed,
           tx.exec(kFail, job.subject, box.seal("reading", refusal_json(why)), box.seal("ocr_data", "{}"), p_.clock.now(), kEngineVersion));
    if (failed.empty()) return {};
    tx.on_commit([this, id = job.subject] { p_.progress.changed(id); });
    if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded.user));
    return p_.audit.append(tx, {loaded.user, "document.rejected",
                                json::serialize(json::object{{"document_id", job.subject.str()}, {"why", "undecodable"}}), nullptr});
  }));
  AX_CHECK(p_.blobs.remove(loaded.front));
  if (loaded.back) AX_CHECK(p_.blobs.remove(*loaded.back));
  return {};
}

Result<> DocumentsService::give_up(db::Tx& tx, const jobs::Job& job) {
  AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
  if (rows.empty()) return {};
  const auto user = rows[0].uuid(0);
  tx.on_commit([this, id = job.subject] { p_.progress.changed(id); });
  if (job.kind == kRereadJob) {  // the earlier reading stands
    AX_CHECK(tx.exec(kKeepReading, job.subject, rows[0].opt_text(7), p_.clock.now(), rows[0].text(2), rows[0].opt_text(3)));
    return p_.audit.append(
        tx, {user, "document.reread", json::serialize(json::object{{"document_id", job.subject.str()}, {"outcome", "failed"}}), nullptr});
  }
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "documents", job.subject};
  AX_TRY(const auto failed,
         tx.exec(kFail, job.subject, box.seal("reading", refusal_json("The document could not be processed; upload it again")),
                 box.seal("ocr_data", "{}"), p_.clock.now(), kEngineVersion));
  if (failed.empty()) return {};
  // Nobody has looked for numbers on these files: they go. The sweep of orphans has what a failure leaves.
  std::vector<std::string> names{rows[0].text(2)};
  if (const auto back = rows[0].opt_text(3)) names.push_back(*back);
  tx.on_commit([this, names] {
    for (const auto& name : names)
      if (auto removed = p_.blobs.remove(name); !removed) log::warning("object_not_removed", {{"detail", removed.error().detail}});
  });
  if (p_.on_final) AX_CHECK(p_.on_final(tx, user));
  return p_.audit.append(tx, {user, "document.rejected",
                              json::serialize(json::object{{"document_id", job.subject.str()}, {"why", "processing_failed"}}), nullptr});
}

}  // namespace authx::documents
