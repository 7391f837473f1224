#include "services/faces/challenge_service.h"

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/hash.h"

namespace authx::faces {
namespace {

using namespace std::chrono_literals;

constexpr auto kLifetime = 2min;
constexpr auto kWindow = 3min;
constexpr auto kFollowUp = 5min;  ///< after an answer, in which it may be followed
constexpr std::int64_t kIssuesPerWindow = 10;
constexpr std::int64_t kFailures = 5;
constexpr auto kMemory = 24h;
constexpr auto kLongestPause = std::chrono::minutes{180};

constexpr db::Query kIssued{"challenges.issued",
                            "SELECT COUNT(*), MIN(issued_at) FROM face_challenges WHERE user_id = $1 AND issued_at > $2"};
constexpr db::Query kLastPassed{"challenges.last_passed",
                                "SELECT MAX(used_at) FROM face_challenges WHERE user_id = $1 AND result = 'passed' AND used_at > $2"};
constexpr db::Query kFailedSince{
    "challenges.failed_since",
    "SELECT COUNT(*), MAX(used_at) FROM face_challenges WHERE user_id = $1 AND used_at > $2 AND (result IS NULL OR "
    "result <> 'passed')"};
constexpr db::Query kFailedOnDevice{
    "challenges.failed_on_device",
    "SELECT COUNT(*), MIN(used_at) FROM face_challenges WHERE device = $1 AND used_at > $2 AND (result IS NULL OR "
    "result <> 'passed')"};
constexpr db::Query kCloseOpen{"challenges.close_open",
                               "UPDATE face_challenges SET expires_at = $2 WHERE user_id = $1 AND used_at IS NULL AND expires_at > $2"};
constexpr db::Query kInsert{"challenges.insert",
                            "INSERT INTO face_challenges (id, user_id, device, browser, nonce, plan, issued_at, expires_at, follows) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr db::Query kOpen{"challenges.open",
                          "SELECT browser, plan, open FROM face_challenges c WHERE id = $1 AND user_id = $2 AND open IS NOT NULL AND "
                          "used_at > $3 AND NOT EXISTS (SELECT 1 FROM face_challenges n WHERE n.follows = c.id)"};
constexpr db::Query kMayFollow{"challenges.may_follow",
                               "SELECT id FROM face_challenges c WHERE face_id = $1 AND open IS NOT NULL AND used_at > $2 AND "
                               "NOT EXISTS (SELECT 1 FROM face_challenges n WHERE n.follows = c.id)"};
constexpr db::Query kGet{"challenges.get",
                         "SELECT browser, nonce, plan, issued_at, expires_at, used_at FROM face_challenges WHERE id = $1 AND user_id = $2"};
constexpr db::Query kUse{
    "challenges.use",
    "UPDATE face_challenges SET used_at = $3, face_id = $4, client = $5, device = $6 WHERE id = $1 AND user_id = $2 AND "
    "used_at IS NULL AND expires_at > $3 RETURNING id"};
constexpr db::Query kOfFace{"challenges.of_face",
                            "SELECT c.id, c.plan, c.client, f.id, f.face_id, f.open FROM face_challenges c "
                            "LEFT JOIN face_challenges f ON f.id = c.follows WHERE c.face_id = $1"};
constexpr db::Query kSettle{"challenges.settle", "UPDATE face_challenges SET result = $2, open = $3 WHERE id = $1"};
constexpr db::Query kAbandon{"challenges.abandon", "UPDATE face_challenges SET result = 'try_again' WHERE face_id = $1"};

Error paused(std::chrono::microseconds wait) {
  Error e{Errc::rate_limited, "too many live checks"};
  e.message = "Too many live checks in a short time; take a pause and try again";
  e.retry_after = std::max(1s, std::chrono::ceil<std::chrono::seconds>(wait));
  return e;
}

Error no_challenge() { return Error::invalid("challenge_id", "is unknown, used already or expired; ask for a new challenge"); }

}  // namespace

std::optional<LightPolicy> parse_light_policy(std::string_view word) noexcept {
  if (word == "required") return LightPolicy::required;
  if (word == "optional") return LightPolicy::optional;
  if (word == "off") return LightPolicy::off;
  return std::nullopt;
}

std::string recording_signature(BytesView nonce, const Uuid& challenge, BytesView video_sha256) {
  std::string text = "authx-live-1\n" + challenge.str() + "\n" + hex_encode(video_sha256);
  return hex_encode(crypto::hmac_sha256(nonce, as_bytes(text)));
}

bool is_virtual_camera(std::string_view label) {
  std::string lower{label};
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  constexpr std::array<std::string_view, 14> marks{"obs virtual", "obs-camera",   "virtual cam",  "manycam",  "snap camera",
                                                   "xsplit",      "v4l2loopback", "droidcam",     "splitcam", "dummy video",
                                                   "fake_dev",    "fake device",  "deepfacelive", "avatarify"};
  return std::ranges::any_of(marks, [&](std::string_view mark) { return lower.find(mark) != std::string::npos; });
}

ChallengeService::ChallengeService(Parts parts) : p_(parts), key_(parts.keyring.derive("face-challenge")) {}

Bytes ChallengeService::hash_of(std::string_view label, std::string_view text) const {
  const auto digest = crypto::hmac_sha256(key_.expose(), as_bytes(fmt::format("{}\n{}", label, text)));
  return {digest.begin(), digest.end()};
}
Bytes ChallengeService::device_of(const http::RequestInfo& request) const {
  return hash_of("device", request.ip + "\n" + request.user_agent);
}
Bytes ChallengeService::browser_of(const http::RequestInfo& request) const { return hash_of("browser", request.user_agent); }

Result<> ChallengeService::admit(db::Tx& tx, const Uuid& user, const Bytes& device, Time now) const {
  AX_TRY(const auto issued, tx.exec(kIssued, user, now - kWindow));
  if (issued.at(0).integer(0) >= kIssuesPerWindow) return paused(issued[0].time(1) + kWindow - now);
  AX_TRY(const auto on_device, tx.exec(kFailedOnDevice, device, now - kWindow));
  if (on_device.at(0).integer(0) >= kFailures) return paused(on_device[0].time(1) + kWindow - now);
  AX_TRY(const auto passed, tx.exec(kLastPassed, user, now - kMemory));
  const auto since = passed.at(0).is_null(0) ? now - kMemory : passed[0].time(0);
  AX_TRY(const auto failed, tx.exec(kFailedSince, user, since));
  const auto failures = failed.at(0).integer(0);
  if (failures < kFailures) return {};
  const auto doublings = std::min<std::int64_t>(failures / kFailures - 1, 10);
  const auto pause = std::min<std::chrono::minutes>(kWindow * (1 << doublings), kLongestPause);
  const auto until = failed[0].time(1) + pause;
  if (until > now) return paused(until - now);
  return {};
}

Result<ChallengeService::Followed> ChallengeService::followed(db::Tx& tx, const Uuid& challenge, const Uuid& user, const Bytes& browser,
                                                              Time now) const {
  const Error none = Error::invalid("follows", "is no live check that can be completed now; ask for a new challenge");
  AX_TRY(const auto rows, tx.exec(kOpen, challenge, user, now - kFollowUp));
  if (rows.empty() || !crypto::constant_time_equal(rows[0].bytes(0), browser)) return none;
  AX_TRY(const auto stored, parse_json(rows[0].text(1)));
  AX_TRY(const auto plan, face::active::plan_from_json(stored));
  AX_TRY(const auto open, parse_json(rows[0].text(2)));
  AX_TRY(const auto what, face::active::follow_up_from_json(open));
  return Followed{what, face::active::has_lights(plan)};
}

awaitable<Result<Challenge>> ChallengeService::issue(Uuid user, bool lights, std::optional<Uuid> follows, http::RequestInfo request) {
  std::array<std::uint8_t, face::active::kPlanEntropy> entropy{};
  random_bytes(entropy);
  Challenge c;
  c.issued_at = p_.clock.now();
  c.expires_at = c.issued_at + kLifetime;
  c.id = Uuid::generate(c.issued_at);
  c.nonce.resize(32);
  random_bytes(c.nonce);
  auto store = [this, user, lights, &follows, &entropy, &c, &request](db::Tx& tx) -> Result<Challenge> {
    const auto device = device_of(request), browser = browser_of(request);
    AX_CHECK(admit(tx, user, device, c.issued_at));
    if (follows) {
      AX_TRY(const auto first, followed(tx, *follows, user, browser, c.issued_at));
      c.plan = face::active::make_follow_up(entropy, first.open, {.lights = first.lights && p_.lights != LightPolicy::off});
    } else {
      c.plan = face::active::make_plan(entropy, {.lights = lights && p_.lights != LightPolicy::off});
    }
    AX_CHECK(tx.exec(kCloseOpen, user, c.issued_at));
    AX_CHECK(tx.exec(kInsert, c.id, user, device, browser, c.nonce, json::serialize(face::active::to_json(c.plan)), c.issued_at,
                     c.expires_at, follows));
    json::object details{{"challenge_id", c.id.str()}};
    if (follows) details["follows"] = follows->str();
    AX_CHECK(p_.audit.append(tx, {user, "face.challenge_issued", json::serialize(details), &request}));
    return c;
  };
  co_return co_await p_.database.write(request.tenant, store);
}

Result<> ChallengeService::check(db::Tx& tx, const Uuid& challenge, const Uuid& user, const http::RequestInfo& request,
                                 const ClientWord& word, BytesView video_sha256) const {
  const auto now = p_.clock.now();
  AX_TRY(const auto rows, tx.exec(kGet, challenge, user));
  if (rows.empty()) return no_challenge();
  const auto& row = rows[0];
  if (!crypto::constant_time_equal(row.bytes(0), browser_of(request))) return no_challenge();
  if (!row.is_null(5) || row.time(4) <= now) return no_challenge();
  AX_TRY(const auto stored, parse_json(row.text(2)));
  AX_TRY(const auto plan, face::active::plan_from_json(stored));
  // A video that arrives sooner than it can have been recorded was made before.
  if (now - row.time(3) < plan.length) return Error::invalid("challenge_id", "was answered before its tasks could be done");
  if (word.signature) {
    const auto due = recording_signature(row.bytes(1), challenge, video_sha256);
    if (!crypto::constant_time_equal(as_bytes(due), as_bytes(*word.signature)))
      return Error::invalid("live_video_signature", "does not belong to this video and challenge");
  }
  return {};
}

Result<> ChallengeService::use(db::Tx& tx, const Uuid& challenge, const Uuid& user, const Uuid& face, const http::RequestInfo& request,
                               const ClientWord& word, BytesView video_sha256) const {
  AX_CHECK(check(tx, challenge, user, request, word, video_sha256));
  json::object client{{"signed", word.signature.has_value()}};
  if (word.camera) client["virtual_camera"] = is_virtual_camera(*word.camera);
  AX_TRY(const auto used, tx.exec(kUse, challenge, user, p_.clock.now(), face, json::serialize(client), device_of(request)));
  if (used.empty()) return no_challenge();  // another answer came first
  return {};
}

Result<std::optional<Answered>> ChallengeService::of_face(db::Tx& tx, const Uuid& face) {
  AX_TRY(const auto rows, tx.exec(kOfFace, face));
  if (rows.empty()) return std::optional<Answered>{};
  AX_TRY(const auto stored, parse_json(rows[0].text(1)));
  AX_TRY(auto plan, face::active::plan_from_json(stored));
  Answered out{rows[0].uuid(0), std::move(plan), rows[0].opt_text(2), std::nullopt};
  if (!rows[0].is_null(3)) {
    AX_TRY(const auto open, parse_json(rows[0].text(5)));
    AX_TRY(const auto what, face::active::follow_up_from_json(open));
    out.first = {rows[0].uuid(3), rows[0].uuid(4), what};
  }
  return std::optional{std::move(out)};
}

Result<std::optional<Uuid>> ChallengeService::may_follow(db::Tx& tx, const Uuid& face) const {
  AX_TRY(const auto rows, tx.exec(kMayFollow, face, p_.clock.now() - kFollowUp));
  if (rows.empty()) return std::optional<Uuid>{};
  return std::optional{rows[0].uuid(0)};
}

bool ChallengeService::proves(const Answered& answered, const face::active::Verdict& verdict) const {
  const bool bound = p_.lights != LightPolicy::required || face::active::has_lights(answered.plan);
  return verdict.outcome == face::active::Outcome::passed && verdict.depth_shown && bound;
}

Result<> ChallengeService::settle(db::Tx& tx, const Answered& answered, const Uuid& user, const face::active::Verdict& verdict) const {
  const auto word = face::active::to_string(verdict.outcome);
  const auto challenge = answered.id;
  std::optional<std::string> open;
  if (const auto left = face::active::follow_up_for(verdict); left && !answered.first) open = json::serialize(face::active::to_json(*left));
  AX_CHECK(tx.exec(kSettle, challenge, word, open));
  return p_.audit.append(
      tx,
      {user, "face.challenge_judged",
       json::serialize(json::object{{"challenge_id", challenge.str()}, {"result", json::string_view{word.data(), word.size()}}}), nullptr});
}

Result<> ChallengeService::abandon(db::Tx& tx, const Uuid& face) {
  AX_CHECK(tx.exec(kAbandon, face));
  return {};
}

}  // namespace authx::faces
