#include "services/faces/faces_api.h"

#include "services/faces/challenge_api.h"
#include "services/faces/search_api.h"

namespace authx::faces {
namespace {

using namespace http;

enum class FaceStatus { processing, approved, rejected };
BOOST_DESCRIBE_ENUM(FaceStatus, processing, approved, rejected)

struct CaptureRequest {
  UploadedFile face_image;
  std::optional<UploadedFile> live_video;
  std::optional<Int<0, 30>> wait_seconds;
  std::optional<Uuid> challenge_id;
  std::optional<Text<64, 64>> live_video_signature;
  std::optional<Text<0, 200>> camera_label;
};
BOOST_DESCRIBE_STRUCT(CaptureRequest, (), (face_image, live_video, wait_seconds, challenge_id, live_video_signature, camera_label))

enum class ChallengeOutcome { passed, try_again, failed };
BOOST_DESCRIBE_ENUM(ChallengeOutcome, passed, try_again, failed)

struct CaptureResult {
  Uuid face_id;
  std::vector<float> face_embeddings;
  std::optional<double> liveness_score;
  std::optional<double> quality_score;
  FaceStatus verification_status = FaceStatus::processing;
  AnyJson quality_reasons;
  std::optional<ChallengeOutcome> challenge_result;
  std::optional<Uuid> follow_up;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(CaptureResult, (),
                      (face_id, face_embeddings, liveness_score, quality_score, verification_status, quality_reasons, challenge_result,
                       follow_up))

struct VerifyRequest {
  Uuid document_id;
  Base64<10 * 1024 * 1024> face_image;
};
BOOST_DESCRIBE_STRUCT(VerifyRequest, (), (document_id, face_image))

enum class Level { none, low, medium, high };
BOOST_DESCRIBE_ENUM(Level, none, low, medium, high)

struct VerifyResult {
  double match_score = 0;
  FaceStatus verification_status = FaceStatus::rejected;
  Level confidence_level = Level::none;
  std::int64_t processing_time_ms = 0;
  std::optional<std::int64_t> portrait_age_days;
  bool reenrolment_suggested = false;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(VerifyResult, (),
                      (match_score, verification_status, confidence_level, processing_time_ms, portrait_age_days, reenrolment_suggested))

struct FaceSummary {
  Uuid id;
  FaceStatus verification_status = FaceStatus::processing;
  std::optional<double> quality_score;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(FaceSummary, (), (id, verification_status, quality_score, created_at))

struct FaceList {
  std::vector<FaceSummary> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(FaceList, (), (items, next_cursor))

struct FaceQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(FaceQuery, (), (limit, cursor))

FaceStatus status_of(const std::string& word) {
  if (word == "approved") return FaceStatus::approved;
  return word == "rejected" ? FaceStatus::rejected : FaceStatus::processing;
}

awaitable<Result<CaptureResult>> capture(FacesService& service, const Can<Permission::verify_face>& caller, CaptureRequest in) {
  const auto wait = std::chrono::milliseconds{in.wait_seconds ? in.wait_seconds->value * 1000 : 5000};
  std::optional<LiveVideo> live;
  if (in.challenge_id && !in.live_video) {
    Result<CaptureResult> refused{Error::invalid("live_video", "is required with challenge_id")};
    co_return refused;
  }
  if (in.live_video) {
    live.emplace(std::move(*in.live_video), in.challenge_id, ClientWord{});
    if (in.camera_label) live->word.camera = std::move(in.camera_label->value);
    if (in.live_video_signature) live->word.signature = std::move(in.live_video_signature->value);
  }
  AX_CO_TRY(auto face, co_await service.capture(caller.id, std::move(in.face_image), std::move(live), caller.request, wait));
  CaptureResult out;
  out.face_id = face.id;
  if (face.embedding) out.face_embeddings = std::move(face.embedding->values);
  out.quality_score = face.quality;
  out.verification_status = status_of(face.status);
  out.follow_up = face.follow_up;
  out.quality_reasons.text = "[]";
  if (const auto analysis = parse_json(face.analysis)) {
    out.liveness_score = get_number(*analysis, "liveness");
    if (const auto* challenge = find(*analysis, "challenge")) {
      const auto word = get_text(*challenge, "outcome").value_or("failed");
      out.challenge_result = word == "passed"      ? ChallengeOutcome::passed
                             : word == "try_again" ? ChallengeOutcome::try_again
                                                   : ChallengeOutcome::failed;
    }
    if (const auto* reasons = find(*analysis, "reasons")) out.quality_reasons.text = json::serialize(*reasons);
  }
  co_return out;
}

awaitable<Result<VerifyResult>> verify(FacesService& service, const Can<Permission::verify_face>& caller, VerifyRequest in) {
  AX_CO_TRY(const auto match, co_await service.verify(caller.id, in.document_id, std::move(in.face_image.value), caller.request));
  VerifyResult out;
  out.match_score = match.comparison.probability;
  out.verification_status = match.approved ? FaceStatus::approved : FaceStatus::rejected;
  switch (match.comparison.confidence) {
    case face::ConfidenceLevel::none: out.confidence_level = Level::none; break;
    case face::ConfidenceLevel::low: out.confidence_level = Level::low; break;
    case face::ConfidenceLevel::medium: out.confidence_level = Level::medium; break;
    case face::ConfidenceLevel::high: out.confidence_level = Level::high; break;
  }
  out.processing_time_ms = match.milliseconds;
  if (match.portrait_age_days) out.portrait_age_days = *match.portrait_age_days;
  out.reenrolment_suggested = match.portrait_old;
  co_return out;
}

awaitable<Result<FaceList>> list(FacesService& service, const Can<Permission::verify_face>& caller, FaceQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto faces, co_await service.list(caller, in.cursor, limit + 1));
  FaceList out;
  if (faces.size() > limit) {
    faces.pop_back();
    out.next_cursor = faces.back().id;
  }
  for (const auto& f : faces) out.items.push_back({f.id, status_of(f.status), f.quality, f.created_at});
  co_return out;
}

}  // namespace

void add_routes(Router& router, FacesService& service) {
  add_challenge_routes(router, service.challenges());
  add_search_routes(router, service);
  router.post("/face/capture", service, &capture,
              {.operation_id = "captureFace",
               .summary = "Capture and analyse a live face picture; with challenge_id, live_video is the recording of that challenge's "
                          "tasks and is judged with it. `follow_up` is a challenge that one more, shorter one may complete: hand it to "
                          "POST /face/challenge as `follows`.",
               .tag = "Faces",
               .bucket = "upload",
               .errors = {Errc::capability_unavailable}});
  router.post(
      "/face/verify", service, &verify,
      {.operation_id = "verifyFace",
       .summary =
           "Compare a live face with the portrait on one of the caller's documents. match_score is the calibrated "
           "probability that both show one person. reenrolment_suggested: the portrait is older than AUTHX_FACE_PORTRAIT_YEARS by its "
           "document's date of issue, so that a newer document would make the comparison surer.",
       .tag = "Faces",
       .body_limit = 14 * 1024 * 1024,
       .bucket = "upload",
       .errors = {Errc::not_found, Errc::conflict, Errc::capability_unavailable}});
  router.get("/face/captures", service, &list,
             {.operation_id = "listFaces", .summary = "The caller's captured faces, newest first", .tag = "Faces"});
}

}  // namespace authx::faces
