#include "services/verifications/verifications_api.h"

namespace authx::verifications {
namespace {

using namespace http;

enum class VerificationType { comprehensive, document, face, fingerprint, iris };
BOOST_DESCRIBE_ENUM(VerificationType, comprehensive, document, face, fingerprint, iris)

enum class BiometricKind { fingerprint, iris };
BOOST_DESCRIBE_ENUM(BiometricKind, fingerprint, iris)

enum class VerificationStatus { initiated, in_progress, approved, rejected, needs_review };
BOOST_DESCRIBE_ENUM(VerificationStatus, initiated, in_progress, approved, rejected, needs_review)

struct StartRequest {
  VerificationType verification_type = VerificationType::comprehensive;
  List<Uuid, 1, 5> document_ids;
  std::optional<bool> include_biometrics;
  std::optional<List<BiometricKind, 0, 2>> biometric_types;
  std::optional<bool> consent;  ///< to look the documents' numbers up at their issuers
  static constexpr auto example =
      R"({"verification_type":"comprehensive","document_ids":["0190163d-8694-739b-aea5-966c26f8ad91"],"include_biometrics":false})";
};
BOOST_DESCRIBE_STRUCT(StartRequest, (), (verification_type, document_ids, include_biometrics, biometric_types, consent))

struct StartResult {
  Uuid verification_id;
  VerificationStatus status = VerificationStatus::initiated;
  std::int64_t estimated_duration_minutes = 0;
  AnyJson steps;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(StartResult, (), (verification_id, status, estimated_duration_minutes, steps))

struct VerificationPath {
  Uuid verification_id;
};
BOOST_DESCRIBE_STRUCT(VerificationPath, (), (verification_id))

struct DecisionView {
  std::string outcome;
  AnyJson reasons;
  std::optional<double> confidence_score;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(DecisionView, (), (outcome, reasons, confidence_score))

struct StatusView {
  Uuid verification_id;
  std::string verification_type;
  VerificationStatus status = VerificationStatus::initiated;
  std::optional<std::string> current_step;
  std::int64_t progress_percentage = 0;
  std::optional<Time> estimated_completion;
  AnyJson steps;
  std::optional<DecisionView> decision;
  Time created_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(StatusView, (),
                      (verification_id, verification_type, status, current_step, progress_percentage, estimated_completion, steps, decision,
                       created_at))

struct VerificationList {
  std::vector<StatusView> items;
  std::optional<Uuid> next_cursor;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(VerificationList, (), (items, next_cursor))

struct VerificationQuery {
  std::optional<Int<1, 100>> limit;
  std::optional<Uuid> cursor;
};
BOOST_DESCRIBE_STRUCT(VerificationQuery, (), (limit, cursor))

VerificationStatus status_of(const std::string& word) {
  if (word == "approved") return VerificationStatus::approved;
  if (word == "rejected") return VerificationStatus::rejected;
  if (word == "needs_review") return VerificationStatus::needs_review;
  return word == "initiated" ? VerificationStatus::initiated : VerificationStatus::in_progress;
}

StatusView view(Verification&& v) {
  StatusView out;
  out.verification_id = v.id;
  out.verification_type = std::move(v.type);
  out.status = status_of(v.status);
  out.current_step = std::move(v.current_step);
  out.progress_percentage = v.progress;
  out.estimated_completion = v.completed_at ? *v.completed_at : v.created_at + std::chrono::minutes{v.estimated_minutes};
  out.steps.text = std::move(v.steps);
  if (v.is_final()) out.decision = DecisionView{v.status, {std::move(v.reasons)}, v.confidence};
  out.created_at = v.created_at;
  return out;
}

awaitable<Result<StartResult>> start(VerificationsService& service, const Can<Permission::start_verification>& caller, StartRequest in) {
  Start s{std::string{enum_name(in.verification_type)}, std::move(in.document_ids.value), {}, in.consent.value_or(false)};
  const auto add = [&s](std::string_view type) {
    if (std::ranges::find(s.biometrics, type) == s.biometrics.end()) s.biometrics.emplace_back(type);
  };
  if (in.verification_type == VerificationType::fingerprint || in.verification_type == VerificationType::iris) add(s.type);
  if (in.include_biometrics.value_or(false)) {
    if (in.biometric_types)
      for (const auto type : in.biometric_types->value) add(enum_name(type));
    if (s.biometrics.empty())  // not said which: what this server can do
      for (const auto* modality : biometrics::modalities()) add(modality->name());
  }
  AX_CO_TRY(auto v, co_await service.start(caller.id, std::move(s), caller.request));
  StartResult out{v.id, status_of(v.status), v.estimated_minutes, {std::move(v.steps)}};
  co_return out;
}

awaitable<Result<StatusView>> status(VerificationsService& service, const Can<Permission::start_verification>& caller,
                                     VerificationPath in) {
  AX_CO_TRY(auto v, co_await service.status(in.verification_id, caller));
  auto out = view(std::move(v));
  co_return out;
}

awaitable<Result<VerificationList>> list(VerificationsService& service, const Can<Permission::start_verification>& caller,
                                         VerificationQuery in) {
  const auto limit = static_cast<std::size_t>(in.limit ? in.limit->value : 20);
  AX_CO_TRY(auto found, co_await service.list(caller, in.cursor, limit + 1));
  VerificationList out;
  if (found.size() > limit) {
    found.pop_back();
    out.next_cursor = found.back().id;
  }
  for (auto& v : found) out.items.push_back(view(std::move(v)));
  co_return out;
}

}  // namespace

void add_routes(Router& router, VerificationsService& service) {
  router.post("/verification/start", service, &start,
              {.operation_id = "startVerification",
               .summary = "Start a verification of the caller with the given documents. With consent: true their numbers may be looked "
                          "up at the issuers that this server is connected to.",
               .tag = "Verifications"});
  router.get("/verification/{verification_id}/status", service, &status,
             {.operation_id = "getVerificationStatus",
              .summary = "How far a verification is, and its decision",
              .tag = "Verifications",
              .errors = {Errc::not_found}});
  router.get("/verification", service, &list,
             {.operation_id = "listVerifications", .summary = "The caller's verifications, newest first", .tag = "Verifications"});
}

progress::Topic progress_topic(VerificationsService& service) {
  return [&service](Uuid id, const Principal& caller) -> awaitable<Result<progress::State>> {
    AX_CO_TRY(auto v, co_await service.status(id, caller));
    progress::State out;
    out.updated_at = v.updated_at;
    out.is_final = v.is_final();
    out.data = to_json(view(std::move(v)));
    co_return out;
  };
}

}  // namespace authx::verifications
