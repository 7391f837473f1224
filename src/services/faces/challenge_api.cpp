#include "services/faces/challenge_api.h"

#include "base/encoding.h"

namespace authx::faces {
namespace {

using namespace http;

enum class ChallengeAction { turn_left, turn_right, nod, blink, smile, approach, light };
BOOST_DESCRIBE_ENUM(ChallengeAction, turn_left, turn_right, nod, blink, smile, approach, light)

struct ChallengeRequest {
  std::optional<bool> lights;
  std::optional<Uuid> follows;
  static constexpr auto example = R"({"lights":true})";
};
BOOST_DESCRIBE_STRUCT(ChallengeRequest, (), (lights, follows))

struct ChallengeStep {
  ChallengeAction action = ChallengeAction::nod;
  std::int64_t at_ms = 0;
  std::int64_t duration_ms = 0;
  std::optional<std::string> colour;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ChallengeStep, (), (action, at_ms, duration_ms, colour))

struct ChallengeResult {
  Uuid challenge_id;
  std::string nonce;
  std::vector<ChallengeStep> steps;
  std::int64_t length_ms = 0;
  Time expires_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(ChallengeResult, (), (challenge_id, nonce, steps, length_ms, expires_at))

ChallengeAction action_of(face::active::Action action) {
  switch (action) {
    case face::active::Action::turn_left: return ChallengeAction::turn_left;
    case face::active::Action::turn_right: return ChallengeAction::turn_right;
    case face::active::Action::nod: return ChallengeAction::nod;
    case face::active::Action::blink: return ChallengeAction::blink;
    case face::active::Action::smile: return ChallengeAction::smile;
    case face::active::Action::approach: return ChallengeAction::approach;
    case face::active::Action::light: return ChallengeAction::light;
  }
  return ChallengeAction::nod;
}

awaitable<Result<ChallengeResult>> issue(ChallengeService& service, const Can<Permission::verify_face>& caller, ChallengeRequest in) {
  AX_CO_TRY(const auto challenge, co_await service.issue(caller.id, in.lights.value_or(true), in.follows, caller.request));
  ChallengeResult out;
  out.challenge_id = challenge.id;
  out.nonce = base64url_encode(challenge.nonce);
  for (const auto& s : challenge.plan.steps) {
    ChallengeStep step{action_of(s.action), s.at.count(), s.duration.count(), std::nullopt};
    if (s.action == face::active::Action::light)
      step.colour = fmt::format("#{:02x}{:02x}{:02x}", s.colour.red, s.colour.green, s.colour.blue);
    out.steps.push_back(std::move(step));
  }
  out.length_ms = challenge.plan.length.count();
  out.expires_at = challenge.expires_at;
  co_return out;
}

}  // namespace

void add_challenge_routes(Router& router, ChallengeService& service) {
  router.post(
      "/face/challenge", service, &issue,
      {.operation_id = "issueFaceChallenge",
       .summary = "Ask for an active liveness challenge: tasks to do before the camera at given times of a recording, which "
                  "POST /face/capture takes as live_video together with the challenge_id. `lights: false` leaves out the coloured "
                  "screens, for people whom flashing light may harm; unless AUTHX_LIVE_CHECK_LIGHTS says otherwise, whether such an "
                  "answer counts is then a person's decision. Single use, two minutes. `follows` names a challenge whose answer left one "
                  "thing open (the capture's `follow_up`): two tasks, once, within five minutes.",
       .tag = "Faces",
       .bucket = "upload"});
}

}  // namespace authx::faces
