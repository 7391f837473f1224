#include "services/faces/faces_service.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "engines/face/active_measure.h"
#include "engines/face/face_engine.h"
#include "imaging/decode.h"
#include "imaging/video.h"
#include "services/faces/probe.h"
#include "services/users/person_box.h"
#include "telemetry/metrics.h"

namespace authx::faces {
namespace {

constexpr std::string_view kJob = "face.analyse";
constexpr std::chrono::seconds kVideoLimit{120};  ///< a hundred-odd frames at some 30 ms, on a machine that has other work too

constexpr db::Query kInsert{"faces.insert",
                            "INSERT INTO biometrics (id, user_id, biometric_type, biometric_data, status, job_id, created_at, updated_at) "
                            "VALUES ($1, $2, 'face', $3, 'processing', $4, $5, $5)"};
constexpr db::Query kGet{"faces.get",
                         "SELECT status, quality_score, template_data, analysis, created_at, job_id FROM biometrics "
                         "WHERE id = $1 AND user_id = $2 AND biometric_type = 'face'"};
constexpr db::Query kForJob{"faces.for_job",
                            "SELECT user_id, biometric_data, status FROM biometrics WHERE id = $1 AND biometric_type = 'face'"};
constexpr db::Query kStore{"faces.store",
                           "UPDATE biometrics SET template_data = $2, analysis = $3, quality_score = $4, is_verified = $5, status = $6, "
                           "updated_at = $7, template_model = $8, template_key = $9 WHERE id = $1"};
constexpr db::Query kNewest{
    "faces.newest",
    "SELECT id, status, quality_score, template_data, analysis, created_at FROM biometrics "
    "WHERE user_id = $1 AND biometric_type = 'face' AND status = 'approved' AND created_at >= $2 ORDER BY id DESC LIMIT 1"};
constexpr db::Query kListNewest{"faces.list_newest",
                                "SELECT id, status, quality_score, created_at FROM biometrics WHERE user_id = $1 AND biometric_type = "
                                "'face' ORDER BY id DESC LIMIT $2"};
constexpr db::Query kListBefore{
    "faces.list_before",
    "SELECT id, status, quality_score, created_at FROM biometrics WHERE user_id = $1 AND biometric_type = 'face' AND id < $3 "
    "ORDER BY id DESC LIMIT $2"};
constexpr db::Query kOfCapture{"faces.of_capture",
                               "SELECT id, user_id, template_data FROM biometrics WHERE id = $1 AND biometric_type = 'face' AND "
                               "tenant_id = $2"};
constexpr db::Query kOfPerson{
    "faces.of_person",
    "SELECT id, user_id, template_data FROM biometrics WHERE user_id = $1 AND biometric_type = 'face' AND status = "
    "'approved' AND tenant_id = $2 ORDER BY id DESC LIMIT 1"};
constexpr db::Query kInsertMatch{
    "faces.insert_match",
    "INSERT INTO verifications (id, user_id, document_id, verification_type, verification_data, steps, reasons, status, confidence_score, "
    "progress, created_at, updated_at, completed_at, verified_by) VALUES ($1, $2, $3, 'face_match', $4, $5, '[]', $6, $7, 100, $8, $8, $8, "
    "$9)"};

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

json::object analysis_json(const face::Analysis& a, const std::string& image_sha256) {
  json::array reasons;
  for (const auto issue : a.quality.issues) reasons.push_back({{"code", js(face::to_string(issue))}, {"message", js(face::advice(issue))}});
  json::array cues;
  for (const auto& cue : a.liveness.cues) cues.push_back({{"name", cue.name}, {"value", cue.value}});
  json::object out{{"faces", a.faces.size()},
                   {"image_sha256", image_sha256},
                   {"liveness_available", a.liveness.available},
                   {"liveness_method", a.liveness.method},
                   {"liveness_cues", std::move(cues)},
                   {"reasons", std::move(reasons)},
                   {"pose", {{"yaw", a.geometry.pose.yaw}, {"pitch", a.geometry.pose.pitch}, {"roll", a.geometry.pose.roll}}},
                   {"quality",
                    {{"sharpness", a.quality.sharpness},
                     {"exposure", a.quality.exposure},
                     {"contrast", a.quality.contrast},
                     {"evenness", a.quality.evenness},
                     {"resolution", a.quality.resolution},
                     {"frontality", a.quality.frontality},
                     {"openness", a.quality.openness},
                     {"expression", a.quality.expression},
                     {"background", a.quality.background},
                     {"compression", a.quality.compression}}}};
  if (a.liveness.score) out["liveness"] = *a.liveness.score;
  return out;
}

std::string video_name(const Uuid& face) { return face.str() + "-live"; }

/// Lays the challenge's judgement over the still picture's analysis.
void add_challenge(json::object& analysis, const face::active::Verdict& verdict, const face::active::VideoFacts& video,
                   const Answered& answered, bool proves) {
  auto record = face::active::to_json(verdict);
  record["challenge_id"] = answered.id.str();
  if (answered.first) record["follows"] = answered.first->challenge.str();
  record["codec"] = video.codec;
  record["writer"] = video.writer;
  if (answered.client)
    if (auto client = parse_json(*answered.client)) record["client"] = std::move(*client);
  analysis["challenge"] = std::move(record);
  if (verdict.outcome == face::active::Outcome::passed) {
    analysis["passive_method"] = analysis["liveness_method"];
    // The rules take the first word alone for proof of a living person.
    analysis["liveness_method"] = proves                 ? "active-challenge"
                                  : !verdict.depth_shown ? "active-challenge-depth-unclear"
                                                         : "active-challenge-unlit";
  }
  auto& reasons = analysis["reasons"].as_array();
  for (const auto& advice : face::active::advice_for(verdict)) reasons.push_back({{"code", advice.code}, {"message", advice.message}});
}

}  // namespace

FacesService::FacesService(Parts parts)
    : p_(std::move(parts)),
      challenges_(ChallengeService::Parts{p_.database, p_.clock, p_.keyring, p_.audit, p_.lights}),
      vault_(p_.keyring),
      portraits_(p_.keyring, vault_),
      galleries_(p_.database.sync(), p_.keyring, vault_, p_.gallery_folder),
      lists_(Watchlists::Parts{p_.database, p_.vision, p_.files, p_.clock, p_.keyring, p_.audit, p_.blobs, p_.face_engine, vault_,
                               galleries_}) {}

Result<> FacesService::prepare() {
  return p_.database.sync().write(kDefaultTenant, [&](db::Tx& tx) { return vault_.ensure(tx, p_.clock.now()); });
}

Result<face::Embedding> FacesService::open_template(db::Tx& tx, const users::PersonBox& box, BytesView sealed) const {
  AX_TRY(const auto text, box.open("template_data", sealed));
  AX_TRY(const auto one, template_from_text(text));
  return vault_.recover(tx, one);
}

Result<std::string> FacesService::protect(db::Tx& tx, const face::Embedding& embedding) {
  AX_TRY(const auto one, vault_.protect(tx, embedding, p_.clock.now()));
  return to_text(one);
}

Result<Sightings> FacesService::sightings(const Uuid& tenant, const Uuid& user, const face::Embedding& embedding) {
  AX_TRY(const auto engine, p_.face_engine());
  constexpr std::size_t kShown = 20;
  return galleries_.search(tenant, *engine, embedding, Scope::everything, kShown, user);
}

void FacesService::register_jobs() {
  p_.queue.handle(std::string{kJob}, {[this](const jobs::Job& job) { return process(job); },
                                      [this](db::Tx& tx, const jobs::Job& job) { return give_up(tx, job); }});
  register_renewal();
}

awaitable<Result<Face>> FacesService::capture(Uuid user, http::UploadedFile image, std::optional<LiveVideo> live, http::RequestInfo request,
                                              std::chrono::milliseconds wait) {
  const auto now = p_.clock.now();
  const auto id = Uuid::generate(now);
  const auto name = id.str() + "-face";
  if (live && !imaging::sniff_video(live->file.bytes())) {
    Result<Face> refused{Error::invalid("live_video", "must be a WebM, MP4, AVI or MJPEG video")};
    co_return refused;
  }
  const bool challenged = live && live->challenge;
  crypto::Digest video_digest{};
  if (challenged) {
    auto digest = [file = live->file]() -> Result<crypto::Digest> { return crypto::sha256(file.bytes()); };
    AX_CO_TRY(video_digest, co_await p_.files.run(std::move(digest)));
    auto check = [this, user, &live, &request, &video_digest](db::Tx& tx) {
      return challenges_.check(tx, *live->challenge, user, request, live->word, video_digest);
    };
    AX_CO_CHECK(co_await p_.database.read(request.tenant, check));
  }
  auto find_key = [this, user](db::Tx& tx) { return users::person_key(tx, p_.keyring, user); };
  AX_CO_TRY(auto key, co_await p_.database.read(request.tenant, find_key));
  std::optional<http::UploadedFile> video;
  if (challenged) video = live->file;
  auto seal = [this, key = std::move(key), image = std::move(image), video = std::move(video), name, id]() -> Result<> {
    auto probed = imaging::probe(image.bytes());
    if (!probed) return renamed_fault(std::move(probed).error(), "face_image");
    if (probed->format == imaging::FileFormat::pdf) return Error::invalid("face_image", "must be a picture, not a PDF");
    if (video) AX_CHECK(p_.blobs.put(video_name(id), video->bytes(), key));
    return p_.blobs.put(name, image.bytes(), key);
  };
  AX_CO_CHECK(co_await p_.files.run(std::move(seal)));
  auto store = [this, id, user, &name, &request, &live, &video_digest, challenged, now](db::Tx& tx) -> Result<Uuid> {
    if (challenged) AX_CHECK(challenges_.use(tx, *live->challenge, user, id, request, live->word, video_digest));
    AX_TRY(const auto job, p_.queue.enqueue(tx, kJob, id));
    AX_CHECK(tx.exec(kInsert, id, user, name, job, now));
    json::object details{{"face_id", id.str()}};
    if (challenged) details["challenge_id"] = live->challenge->str();
    AX_CHECK(p_.audit.append(tx, {user, "face.captured", json::serialize(details), &request}));
    return job;
  };
  AX_CO_TRY(const auto job, co_await p_.database.write(request.tenant, store));
  if (wait.count() > 0) co_await p_.queue.wait(p_.database, job, wait);
  co_return co_await load(id, user, request.tenant);
}

awaitable<Result<Face>> FacesService::load(Uuid id, Uuid user, Uuid tenant) {
  auto read = [this, id, user](db::Tx& tx) -> Result<Face> {
    AX_TRY(const auto rows, tx.exec(kGet, id, user));
    if (rows.empty()) return Errc::not_found;
    const auto& row = rows[0];
    Face f;
    f.id = id;
    f.status = row.text(0);
    f.quality = row.opt_real(1);
    f.created_at = row.time(4);
    f.job_id = row.opt_uuid(5).value_or(Uuid{});
    AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
    const users::PersonBox box{std::move(key), "biometrics", id};
    if (!row.is_null(2)) {
      AX_TRY(f.embedding, open_template(tx, box, row.bytes(2)));
    }
    if (!row.is_null(3)) {
      AX_TRY(f.analysis, box.open("analysis", row.bytes(3)));
    }
    AX_TRY(f.follow_up, challenges_.may_follow(tx, id));
    return f;
  };
  co_return co_await p_.database.read(tenant, read);
}

awaitable<Result<std::vector<Face>>> FacesService::list(const http::Principal& caller, std::optional<Uuid> before, std::size_t limit) {
  auto read = [user = caller.id, before, limit](db::Tx& tx) -> Result<std::vector<Face>> {
    const auto count = static_cast<std::int64_t>(limit);
    AX_TRY(const auto rows, before ? tx.exec(kListBefore, user, count, *before) : tx.exec(kListNewest, user, count));
    std::vector<Face> out;
    for (const auto& row : rows) {
      Face f;
      f.id = row.uuid(0);
      f.status = row.text(1);
      f.quality = row.opt_real(2);
      f.created_at = row.time(3);
      out.push_back(std::move(f));
    }
    return out;
  };
  co_return co_await p_.database.read(caller.request.tenant, read);
}

Result<> FacesService::process(const jobs::Job& job) {
  struct Loaded {
    Uuid user;
    std::string blob, status;
    crypto::Key key;
    std::optional<Answered> challenge;
    std::optional<face::Embedding> first;  ///< the face that began a check which this capture completes
  };
  AX_TRY(const auto loaded, p_.database.sync().read([&](db::Tx& tx) -> Result<Loaded> {
    AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
    if (rows.empty()) return Errc::not_found;
    AX_TRY(auto key, users::person_key(tx, p_.keyring, rows[0].uuid(0)));
    AX_TRY(auto challenge, ChallengeService::of_face(tx, job.subject));
    Loaded l{rows[0].uuid(0), rows[0].text(1), rows[0].text(2), std::move(key), std::move(challenge), std::nullopt};
    if (l.challenge && l.challenge->first) {
      const auto& face = l.challenge->first->face;
      AX_TRY(const auto before, tx.exec(kGet, face, l.user));
      if (!before.empty() && !before[0].is_null(2)) {
        AX_TRY(auto its_key, users::person_key(tx, p_.keyring, l.user));
        AX_TRY(l.first, open_template(tx, users::PersonBox{std::move(its_key), "biometrics", face}, before[0].bytes(2)));
      }
    }
    return l;
  }));
  if (loaded.status != "processing") return p_.database.sync().write([&](db::Tx& tx) { return p_.queue.complete(tx, job); });

  const auto started = std::chrono::steady_clock::now();
  const auto deadline = Deadline::after(kAnalyseLimit);
  AX_TRY(const auto bytes, p_.blobs.get(loaded.blob, loaded.key));
  const auto digest = hex_encode(crypto::sha256(bytes));
  auto decoded = imaging::decode(bytes, {}, deadline);
  if (!decoded && decoded.error().code != Errc::validation) return decoded.error();
  AX_TRY(const auto engine, p_.face_engine());
  std::string analysis;
  std::optional<face::Embedding> embedding;
  double quality = 0;
  bool accepted = false;
  face::active::Verdict verdict;
  std::optional<face::Analysis> analysed;
  if (decoded) {
    AX_TRY(auto result, engine->analyse(decoded->pages.front(), {}, deadline));
    accepted = result.quality.acceptable && result.embedding.has_value();
    quality = result.quality.score;
    auto record = analysis_json(result, digest);
    if (loaded.challenge) {
      face::active::VideoFacts video;
      verdict.outcome = face::active::Outcome::try_again;
      if (accepted) {
        AX_TRY(const auto recording, p_.blobs.get(video_name(job.subject), loaded.key));
        auto measured = face::active::measure_video(*engine, recording, loaded.challenge->plan, *result.embedding,
                                                    {.max_bytes = recording.size()}, Deadline::after(kVideoLimit));
        if (measured) {
          video = std::move(*measured);
          verdict = face::active::judge(loaded.challenge->plan, video);
          if (const auto& first = loaded.challenge->first) {
            const auto one = loaded.first ? engine->compare(*result.embedding, *loaded.first, face::Use::live_to_live)
                                          : Result<face::Comparison>{Errc::not_found};
            if (!one || !one->match) {
              verdict.findings.push_back(face::active::Finding::other_person);
              verdict.outcome = face::active::Outcome::failed;
            }
            verdict.depth_shown = verdict.depth_shown || first->open.depth_shown;
          }
        } else if (measured.error().code == Errc::validation || measured.error().code == Errc::request_timeout) {
          verdict.findings.push_back(face::active::Finding::unreadable);
        } else {
          return std::move(measured).error();
        }
      }
      accepted = accepted && verdict.outcome == face::active::Outcome::passed;
      add_challenge(record, verdict, video, *loaded.challenge, challenges_.proves(*loaded.challenge, verdict));
    }
    analysis = json::serialize(record);
    embedding = result.embedding;
    analysed = std::move(result);
  } else {
    const std::string reason = decoded.error().faults.empty() ? "The picture cannot be read" : decoded.error().faults.front().reason;
    analysis = json::serialize(json::object{
        {"faces", 0}, {"image_sha256", digest}, {"reasons", json::array{json::object{{"code", "unreadable"}, {"message", reason}}}}});
  }
  const users::PersonBox box{loaded.key, "biometrics", job.subject};
  AX_CHECK(p_.database.sync().write([&](db::Tx& tx) -> Result<> {
    AX_CHECK(p_.queue.complete(tx, job));
    const auto now = p_.clock.now();
    std::optional<Bytes> sealed_template;
    std::optional<std::string> model;
    std::optional<std::int64_t> key;
    std::optional<ProtectedTemplate> protect;
    if (embedding) {
      AX_TRY(protect, vault_.protect(tx, *embedding, now));
      sealed_template = box.seal("template_data", to_text(*protect));
      model = protect->model_id;
      key = protect->key;
    }
    AX_CHECK(tx.exec(kStore, job.subject, sealed_template, box.seal("analysis", analysis), quality, accepted,
                     accepted ? "approved" : "rejected", now, model, key));
    if (accepted && protect) AX_CHECK(galleries_.enrol(tx, loaded.user, job.subject, *protect, now));
    if (loaded.challenge) AX_CHECK(challenges_.settle(tx, *loaded.challenge, loaded.user, verdict));
    if (p_.on_final) AX_CHECK(p_.on_final(tx, loaded.user));
    return p_.audit.append(tx, {loaded.user, accepted ? "face.accepted" : "face.refused",
                                json::serialize(json::object{{"face_id", job.subject.str()}}), nullptr});
  }));
  // Judged, the recording has served: nobody needs it longer. What a crash leaves, the sweep of orphans removes.
  if (loaded.challenge) AX_CHECK(p_.blobs.remove(video_name(job.subject)));
  metrics::face_duration().observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  if (analysed && p_.on_analysed) p_.on_analysed(decoded->pages.front(), *analysed);
  return {};
}

Result<> FacesService::give_up(db::Tx& tx, const jobs::Job& job) {
  AX_TRY(const auto rows, tx.exec(kForJob, job.subject));
  if (rows.empty()) return {};
  const auto user = rows[0].uuid(0);
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "biometrics", job.subject};
  const auto analysis = json::serialize(json::object{
      {"faces", 0},
      {"reasons",
       json::array{json::object{{"code", "processing_failed"}, {"message", "The picture could not be processed; take it again"}}}}});
  AX_CHECK(tx.exec(kStore, job.subject, std::nullopt, box.seal("analysis", analysis), 0.0, false, "rejected", p_.clock.now(), std::nullopt,
                   std::nullopt));
  AX_CHECK(ChallengeService::abandon(tx, job.subject));
  if (p_.on_final) AX_CHECK(p_.on_final(tx, user));
  return p_.audit.append(
      tx, {user, "face.refused", json::serialize(json::object{{"face_id", job.subject.str()}, {"why", "processing_failed"}}), nullptr});
}

awaitable<Result<Match>> FacesService::verify(Uuid user, Uuid document, Bytes image, http::RequestInfo request) {
  const auto started = std::chrono::steady_clock::now();
  auto find_document = [this, document, user](db::Tx& tx) { return p_.documents.document_portrait(tx, document, user); };
  AX_CO_TRY(auto read, co_await p_.database.read(request.tenant, find_document));
  if (read.status == "processing") {
    Error busy{Errc::conflict, "document still processing"};
    busy.message = "The document is still being read; try again in a moment";
    busy.retry_after = std::chrono::seconds{1};
    Result<Match> refused{std::move(busy)};
    co_return refused;
  }
  if (!read.portrait) {
    Result<Match> refused{Error::invalid("document_id", "no portrait was found on this document")};
    co_return refused;
  }
  struct Outcome {
    face::Comparison comparison;
    face::Analysis live;
    std::string digest, model;
  };
  const auto shown = std::make_shared<const Bytes>(std::move(image));
  auto compare = [this, shown, portrait = std::move(*read.portrait)]() -> Result<Outcome> {
    const auto& image = *shown;
    const auto deadline = Deadline::after(kAnalyseLimit);
    AX_TRY(const auto engine, p_.face_engine());
    if (portrait.model_id != engine->embedding_model_id())
      return Error::invalid("document_id", "was read with another face model and cannot be read again; upload the document again");
    AX_TRY(auto live, usable_probe(*engine, image, face::kProbe, deadline));
    AX_TRY(auto comparison, engine->compare(*live.embedding, portrait, face::Use::document_to_live));
    return Outcome{comparison, std::move(live), hex_encode(crypto::sha256(image)), engine->embedding_model_id()};
  };
  AX_CO_TRY(auto outcome, co_await p_.vision.run(std::move(compare)));
  const auto& c = outcome.comparison;
  const auto& liveness = outcome.live.liveness;
  const bool live = !liveness.score || *liveness.score >= p_.spoof_below;
  const bool approved = c.match && live;
  const auto age = documents::portrait_age_days(read.issued, p_.clock.now());
  const bool old = p_.old_portrait_days > 0 && age && *age > p_.old_portrait_days;

  auto store = [&](db::Tx& tx) -> Result<> {
    const auto now = p_.clock.now();
    const auto id = Uuid::generate(now);
    json::object capsule{{"document_id", document.str()},
                         {"document_sha256", read.image_sha256},
                         {"face_sha256", outcome.digest},
                         {"model_id", outcome.model},
                         {"similarity", c.similarity},
                         {"threshold", c.threshold},
                         {"fmr", c.fmr},
                         {"likelihood_ratio", c.likelihood_ratio},
                         {"match", c.match},
                         {"liveness_method", liveness.method}};
    if (liveness.score) capsule["liveness"] = *liveness.score;
    if (age) capsule["portrait_age_days"] = *age, capsule["portrait_old"] = old;
    AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
    const users::PersonBox box{std::move(key), "verifications", id};
    const auto* word = approved ? "approved" : "rejected";
    AX_CHECK(tx.exec(kInsertMatch, id, user, document, box.seal("verification_data", json::serialize(capsule)),
                     R"([{"name":"face_matching","status":"completed","estimated_time":1}])", word, c.probability, now, "engine"));
    return p_.audit.append(
        tx, {user, "face.matched", json::serialize(json::object{{"verification_id", id.str()}, {"outcome", word}}), &request});
  };
  AX_CO_CHECK(co_await p_.database.write(request.tenant, store));
  const auto took = std::chrono::steady_clock::now() - started;
  metrics::face_duration().observe(std::chrono::duration<double>(took).count());
  Match out{c, approved, std::chrono::duration_cast<std::chrono::milliseconds>(took).count(), age, old};
  // Calibrations are made of pictures of the same years; what they say of the rarest false matches is not claimed for others.
  if (old && out.comparison.confidence == face::ConfidenceLevel::high) out.comparison.confidence = face::ConfidenceLevel::medium;
  if (p_.on_compared.look && p_.on_compared.wanted()) {
    auto look = [this, document, shown, live = std::move(outcome.live), decided = c] { show_comparison(document, *shown, live, decided); };
    p_.vision.post(std::move(look));
  }
  co_return out;
}

void FacesService::show_comparison(const Uuid& document, BytesView image, const face::Analysis& live,
                                   const face::Comparison& decided) const noexcept {
  try {
    const auto pictures = p_.documents.pictures(document);
    const auto decoded = imaging::decode(image, {}, Deadline::after(kAnalyseLimit));
    if (pictures && !pictures->empty() && decoded) p_.on_compared.look(pictures->front(), decoded->pages.front(), live, decided);
  } catch (...) {  // whoever looks on changes nothing
  }
}

awaitable<Result<Sightings>> FacesService::search(const http::Principal& caller, SearchFor what) {
  struct Probe {
    std::optional<face::Embedding> embedding;
    std::optional<Uuid> owner;
  };
  Probe probe;
  if (!what.image) {
    auto find = [this, &what](db::Tx& tx) -> Result<Probe> {
      AX_TRY(const auto rows,
             what.face ? tx.exec(kOfCapture, *what.face, tx.scope().home()) : tx.exec(kOfPerson, *what.person, tx.scope().home()));
      if (rows.empty() || rows[0].is_null(2)) return Errc::not_found;
      AX_TRY(auto key, users::person_key(tx, p_.keyring, rows[0].uuid(1)));
      const users::PersonBox box{std::move(key), "biometrics", rows[0].uuid(0)};
      AX_TRY(auto embedding, open_template(tx, box, rows[0].bytes(2)));
      return Probe{std::move(embedding), rows[0].uuid(1)};
    };
    AX_CO_TRY(probe, co_await p_.database.read(caller.request.tenant, find));
  }
  auto look = [this, probe = std::move(probe), what = std::move(what), tenant = caller.request.tenant]() -> Result<Sightings> {
    AX_TRY(const auto engine, p_.face_engine());
    if (probe.embedding) return galleries_.search(tenant, *engine, *probe.embedding, what.scope, what.count, probe.owner, what.all);
    AX_TRY(const auto seen, usable_probe(*engine, what.image->bytes(), {.liveness = false, .cues = false, .surroundings = false},
                                         Deadline::after(kAnalyseLimit)));
    return galleries_.search(tenant, *engine, *seen.embedding, what.scope, what.count, std::nullopt, what.all);
  };
  AX_CO_TRY(auto found, co_await p_.vision.run(std::move(look)));
  auto note = [this, &caller, &found](db::Tx& tx) {
    json::array entries;
    for (const auto& s : found.found) entries.push_back(json::value{s.entry.str()});
    return p_.audit.append(
        tx, {caller.id, "face.searched", json::serialize(json::object{{"searched", found.searched}, {"entries", std::move(entries)}}),
             &caller.request});
  };
  AX_CO_CHECK(co_await p_.database.write(caller.request.tenant, note));
  co_return found;
}

Result<std::optional<Face>> FacesService::newest(db::Tx& tx, const Uuid& user, Time since) const {
  AX_TRY(const auto rows, tx.exec(kNewest, user, since));
  if (rows.empty()) return std::optional<Face>{};
  const auto& row = rows[0];
  Face f;
  f.id = row.uuid(0);
  f.status = row.text(1);
  f.quality = row.opt_real(2);
  f.created_at = row.time(5);
  AX_TRY(auto key, users::person_key(tx, p_.keyring, user));
  const users::PersonBox box{std::move(key), "biometrics", f.id};
  if (!row.is_null(3)) {
    AX_TRY(f.embedding, open_template(tx, box, row.bytes(3)));
  }
  AX_TRY(f.analysis, box.open("analysis", row.bytes(4)));
  AX_TRY(const auto analysis, parse_json(f.analysis));
  f.image_sha256 = get_text(analysis, "image_sha256").value_or("");
  return std::optional<Face>{std::move(f)};
}

}  // namespace authx::faces
