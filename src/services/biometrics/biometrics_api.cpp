#include "services/biometrics/biometrics_api.h"

namespace authx::biometrics {
namespace {

using namespace http;

enum class BiometricType { fingerprint, iris };
BOOST_DESCRIBE_ENUM(BiometricType, fingerprint, iris)

enum class BiometricStatus { processing, approved, rejected };
BOOST_DESCRIBE_ENUM(BiometricStatus, processing, approved, rejected)

struct CaptureRequest {
  BiometricType biometric_type = BiometricType::fingerprint;
  Base64<10 * 1024 * 1024> biometric_data;
  std::optional<Unit> quality_threshold;
};
BOOST_DESCRIBE_STRUCT(CaptureRequest, (), (biometric_type, biometric_data, quality_threshold))

struct BiometricCapture {
  Uuid biometric_id;
  double quality_score = 0;
  AnyJson template_data;
  BiometricStatus verification_status = BiometricStatus::processing;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(BiometricCapture, (), (biometric_id, quality_score, template_data, verification_status))

awaitable<Result<BiometricCapture>> capture(BiometricsService&, const Can<Permission::capture_biometrics>&, CaptureRequest in) {
  Error error{Errc::capability_unavailable, "no engine"};
  error.message = in.biometric_type == BiometricType::iris ? "This server has no iris engine" : "This server has no fingerprint engine";
  Result<BiometricCapture> refused{std::move(error)};
  co_return refused;
}

}  // namespace

void add_routes(Router& router, BiometricsService& service) {
  router.post("/biometrics/capture", service, &capture,
              {.operation_id = "captureBiometric",
               .summary = "Capture a fingerprint or an iris",
               .tag = "Biometrics",
               .body_limit = 14 * 1024 * 1024,
               .bucket = "upload",
               .errors = {Errc::capability_unavailable}});
}

}  // namespace authx::biometrics
