#include "services/biometrics/biometrics_api.h"

namespace authx::biometrics {
namespace {

using namespace http;

enum class BiometricType { fingerprint, iris };
BOOST_DESCRIBE_ENUM(BiometricType, fingerprint, iris)

enum class BiometricStatus { processing, approved, rejected };
BOOST_DESCRIBE_ENUM(BiometricStatus, processing, approved, rejected)

enum class Purpose { verification, deduplication, identification };
BOOST_DESCRIBE_ENUM(Purpose, verification, deduplication, identification)

enum class MatchLevel { none, low, medium, high };
BOOST_DESCRIBE_ENUM(MatchLevel, none, low, medium, high)

using Data = Base64<10 * 1024 * 1024>;

struct BiometricCaptureRequest {
  BiometricType biometric_type = BiometricType::fingerprint;
  Data biometric_data;
  std::optional<Unit> quality_threshold;
  std::optional<Int<0, 10>> position;
  std::optional<Int<200, 2500>> resolution_dpi;
  std::optional<Int<32, 4000>> raw_width;
  std::optional<Int<32, 4000>> raw_height;
  std::optional<List<Purpose, 0, 3>> purposes;
  std::optional<bool> replace;
  std::optional<Int<1, 3650>> lifetime_days;
  std::optional<Int<0, 30>> wait_seconds;
};
BOOST_DESCRIBE_STRUCT(BiometricCaptureRequest, (),
                      (biometric_type, biometric_data, quality_threshold, position, resolution_dpi, raw_width, raw_height, purposes,
                       replace, lifetime_days, wait_seconds))

struct BiometricCapture {
  Uuid biometric_id;
  std::optional<double> quality_score;
  AnyJson template_data;
  BiometricStatus verification_status = BiometricStatus::processing;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(BiometricCapture, (), (biometric_id, quality_score, template_data, verification_status))

struct CaptureView {
  Uuid biometric_id;
  std::string biometric_type;
  std::optional<double> quality_score;
  AnyJson template_data;
  BiometricStatus verification_status = BiometricStatus::processing;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(CaptureView, (), (biometric_id, biometric_type, quality_score, template_data, verification_status, created_at))

struct CaptureList {
  std::vector<CaptureView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(CaptureList, (), (items, next_cursor))

struct CaptureQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(CaptureQuery, (), (limit, cursor))

struct CapturePath {
  Uuid biometric_id;
};
BOOST_DESCRIBE_STRUCT(CapturePath, (), (biometric_id))

struct Deleted {
  bool deleted = true;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(Deleted, (), (deleted))

struct BiometricVerifyRequest {
  BiometricType biometric_type = BiometricType::fingerprint;
  Data biometric_data;
  std::optional<Unit> quality_threshold;
  std::optional<Int<0, 10>> position;
  std::optional<Int<200, 2500>> resolution_dpi;
  std::optional<Int<32, 4000>> raw_width;
  std::optional<Int<32, 4000>> raw_height;
};
BOOST_DESCRIBE_STRUCT(BiometricVerifyRequest, (),
                      (biometric_type, biometric_data, quality_threshold, position, resolution_dpi, raw_width, raw_height))

struct BiometricMatch {
  Uuid biometric_id;
  BiometricStatus verification_status = BiometricStatus::rejected;
  double match_score = 0;
  double false_match_rate = 1;
  MatchLevel confidence_level = MatchLevel::none;
  double quality_score = 0;
  std::int64_t attempts_left = 0;
  std::int64_t processing_time_ms = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(BiometricMatch, (),
                      (biometric_id, verification_status, match_score, false_match_rate, confidence_level, quality_score, attempts_left,
                       processing_time_ms))

struct BiometricSearchRequest {
  BiometricType biometric_type = BiometricType::fingerprint;
  Data biometric_data;
  Purpose purpose = Purpose::identification;
  std::optional<Int<0, 10>> position;
  std::optional<Int<200, 2500>> resolution_dpi;
  std::optional<Int<32, 4000>> raw_width;
  std::optional<Int<32, 4000>> raw_height;
  std::optional<Int<1, 50>> limit;
};
BOOST_DESCRIBE_STRUCT(BiometricSearchRequest, (),
                      (biometric_type, biometric_data, purpose, position, resolution_dpi, raw_width, raw_height, limit))

struct BiometricSearchHit {
  Uuid user_id;
  std::int64_t position = 0;
  double match_score = 0;
  double false_match_rate = 1;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(BiometricSearchHit, (), (user_id, position, match_score, false_match_rate))

struct BiometricSearchResult {
  std::vector<BiometricSearchHit> matches;
  std::int64_t searched = 0;
  std::int64_t processing_time_ms = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(BiometricSearchResult, (), (matches, searched, processing_time_ms))

struct RenewRequest {
  Purpose purpose = Purpose::verification;
};
BOOST_DESCRIBE_STRUCT(RenewRequest, (), (purpose))

struct RenewedKey {
  std::int64_t version = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(RenewedKey, (), (version))

BiometricStatus status_of(const std::string& word) {
  if (word == "approved") return BiometricStatus::approved;
  return word == "rejected" ? BiometricStatus::rejected : BiometricStatus::processing;
}

MatchLevel level_of(const Comparison& c) {
  if (!c.match) return MatchLevel::none;
  return c.fmr <= 1e-6 ? MatchLevel::high : c.fmr <= 1e-5 ? MatchLevel::medium : MatchLevel::low;
}

/// The size of bare rows is given whole or not at all.
template <class In>
Result<Input> input_of(const In& in) {
  if (in.raw_width.has_value() != in.raw_height.has_value())
    return Error::invalid(in.raw_width ? "raw_height" : "raw_width", "is required with the other");
  const auto value = [](const auto& field) { return field ? static_cast<int>(field->value) : 0; };
  return Input{value(in.position), value(in.resolution_dpi), value(in.raw_width), value(in.raw_height)};
}

awaitable<Result<BiometricCapture>> capture(BiometricsService& service, const Can<Permission::capture_biometrics>& caller,
                                            BiometricCaptureRequest in) {
  CaptureOptions options;
  AX_CO_TRY(options.input, input_of(in));
  if (in.quality_threshold) options.quality_threshold = in.quality_threshold->value;
  if (in.purposes) {
    for (const auto p : in.purposes->value) options.purposes.emplace_back(enum_name(p));
  }
  options.replace = in.replace.value_or(false);
  if (in.lifetime_days) options.lifetime = std::chrono::days{in.lifetime_days->value};
  const auto wait = std::chrono::milliseconds{in.wait_seconds ? in.wait_seconds->value * 1000 : 5000};
  std::string type{enum_name(in.biometric_type)};
  const Proof proof{caller.auth_time, caller.aal};
  AX_CO_TRY(auto c, co_await service.capture(caller.id, proof, std::move(type), std::move(in.biometric_data.value), std::move(options),
                                             caller.request, wait));
  BiometricCapture out{c.id, c.quality, {std::move(c.template_data)}, status_of(c.status)};
  co_return out;
}

CaptureView view(Capture&& c) {
  return {c.id, std::move(c.type), c.quality, {std::move(c.template_data)}, status_of(c.status), c.created_at};
}

awaitable<Result<CaptureView>> get(BiometricsService& service, const Can<Permission::capture_biometrics>& caller, CapturePath in) {
  AX_CO_TRY(auto c, co_await service.get(caller.id, in.biometric_id, caller.request.tenant));
  auto out = view(std::move(c));
  co_return out;
}

awaitable<Result<CaptureList>> list(BiometricsService& service, const Can<Permission::capture_biometrics>& caller, CaptureQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto found, co_await service.list(caller, in.cursor, limit + 1));
  CaptureList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& c : found) out.items.push_back(view(std::move(c)));
  co_return out;
}

awaitable<Result<Deleted>> remove(BiometricsService& service, const RecentlySignedIn& caller, CapturePath in) {
  AX_CO_CHECK(co_await service.remove(caller.id, in.biometric_id, caller.request));
  Deleted out;
  co_return out;
}

awaitable<Result<Deleted>> remove_all(BiometricsService& service, const RecentlySignedIn& caller, Empty) {
  AX_CO_CHECK(co_await service.remove_all(caller.id, caller.request));
  Deleted out;
  co_return out;
}

awaitable<Result<BiometricMatch>> verify(BiometricsService& service, const Can<Permission::capture_biometrics>& caller,
                                         BiometricVerifyRequest in) {
  AX_CO_TRY(const auto input, input_of(in));
  const double threshold = in.quality_threshold ? in.quality_threshold->value : CaptureOptions{}.quality_threshold;
  std::string type{enum_name(in.biometric_type)};
  AX_CO_TRY(const auto v,
            co_await service.verify(caller.id, std::move(type), std::move(in.biometric_data.value), input, threshold, caller.request));
  BiometricMatch out;
  out.biometric_id = v.id;
  out.verification_status = v.comparison.match ? BiometricStatus::approved : BiometricStatus::rejected;
  out.match_score = v.comparison.score;
  out.false_match_rate = v.comparison.fmr;
  out.confidence_level = level_of(v.comparison);
  out.quality_score = v.quality;
  out.attempts_left = v.attempts_left;
  out.processing_time_ms = v.milliseconds;
  co_return out;
}

awaitable<Result<BiometricSearchResult>> search(BiometricsService& service, const Can<Permission::review_verifications>& caller,
                                                BiometricSearchRequest in) {
  AX_CO_TRY(const auto input, input_of(in));
  std::string type{enum_name(in.biometric_type)};
  std::string purpose{enum_name(in.purpose)};
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 10);
  AX_CO_TRY(const auto found, co_await service.search(caller.id, std::move(type), std::move(in.biometric_data.value), input,
                                                      std::move(purpose), limit, caller.request));
  BiometricSearchResult out;
  for (const auto& h : found.hits) out.matches.push_back({h.user, h.position, h.comparison.score, h.comparison.fmr});
  out.searched = found.searched;
  out.processing_time_ms = found.milliseconds;
  co_return out;
}

awaitable<Result<RenewedKey>> renew(BiometricsService& service, const Can<Permission::manage_users>& caller, RenewRequest in) {
  std::string purpose{enum_name(in.purpose)};
  AX_CO_TRY(const auto version, co_await service.renew_key(caller.id, std::move(purpose), caller.request));
  RenewedKey out{version};
  co_return out;
}

}  // namespace

void add_routes(Router& router, BiometricsService& service) {
  constexpr std::size_t kBody = 14 * 1024 * 1024;
  constexpr auto kTag = "Biometrics";
  router.post(
      "/biometrics/capture", service, &capture,
      {.operation_id = "captureBiometric",
       .summary = "Capture a fingerprint or an iris: a picture (PNG, JPEG, BMP, TIFF, WebP, JPEG 2000, WSQ), an ISO/IEC 19794 image "
                  "record, or bare gray rows with raw_width and raw_height. The first capture of a position (finger or eye by "
                  "ISO/IEC 19794) enrols it; later ones must match it and are added, or take its place with replace, "
                  "which needs a match with what is enrolled, or a sign-in with a second factor, of the last five minutes.",
       .tag = kTag,
       .body_limit = kBody,
       .bucket = "upload",
       .errors = {Errc::capability_unavailable, Errc::not_found}});
  router.post("/biometrics/verify", service, &verify,
              {.operation_id = "verifyBiometric",
               .summary = "Compare with what the caller enrolled. After five failures in a row, further ones must wait, longer each time.",
               .tag = kTag,
               .body_limit = kBody,
               .bucket = "upload",
               .errors = {Errc::capability_unavailable, Errc::not_found}});
  router.post("/biometrics/search", service, &search,
              {.operation_id = "searchBiometric",
               .summary = "Find the people whose enrolment for the purpose matches. Rates of false matches are those of the whole search.",
               .tag = kTag,
               .body_limit = kBody,
               .bucket = "upload",
               .errors = {Errc::capability_unavailable}});
  router.get("/biometrics", service, &list,
             {.operation_id = "listBiometrics", .summary = "The caller's captures and comparisons, newest first", .tag = kTag});
  router.get("/biometrics/{biometric_id}", service, &get,
             {.operation_id = "getBiometric", .summary = "One capture or comparison", .tag = kTag, .errors = {Errc::not_found}});
  router.add(Method::del, "/biometrics/{biometric_id}", service, &remove,
             {.operation_id = "deleteBiometric",
              .summary = "Delete a capture and the templates made from it",
              .tag = kTag,
              .errors = {Errc::not_found}});
  router.add(Method::del, "/biometrics", service, &remove_all,
             {.operation_id = "deleteBiometrics", .summary = "Delete all of the caller's fingerprints and irises", .tag = kTag});
  router.post("/biometrics/keys/renew", service, &renew,
              {.operation_id = "renewBiometricKey",
               .summary = "Revoke a purpose's protected references and make them again under a new key",
               .tag = kTag});
}

}  // namespace authx::biometrics
