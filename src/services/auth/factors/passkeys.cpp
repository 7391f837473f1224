#include "services/auth/factors/passkeys.h"

#include <fmt/format.h>

#include "base/collect.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"
#include "crypto/cose.h"
#include "crypto/hash.h"

namespace authx::auth::passkeys {
namespace {

constexpr db::Query kAddChallenge{
    "passkeys.add_challenge",
    "INSERT INTO passkey_challenges (challenge_hash, user_id, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Query kUseChallenge{
    "passkeys.use_challenge",
    "DELETE FROM passkey_challenges WHERE challenge_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id"};
constexpr db::Query kPruneChallenges{"passkeys.prune_challenges", "DELETE FROM passkey_challenges WHERE expires_at < $1"};
constexpr db::Query kInsert{
    "passkeys.insert",
    "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, aaguid, attestation, transports, "
    "backup_eligible, backed_up, "
    "user_verified, label, created_at, attested_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
    "ON CONFLICT (credential_id) DO NOTHING RETURNING id"};
constexpr db::Query kFind{"passkeys.find",
                          "SELECT p.id, p.user_id, p.public_key, p.sign_count, p.backup_eligible, u.tenant_id FROM passkeys p "
                          "JOIN users u ON u.id = p.user_id WHERE p.credential_id = $1"};
constexpr db::Query kTouch{"passkeys.touch", "UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4 WHERE id = $1"};
constexpr db::Query kSuspect{"passkeys.suspect", "UPDATE passkeys SET suspected_at = $2 WHERE id = $1"};
constexpr db::Query kList{
    "passkeys.list",
    "SELECT id, label, backed_up, created_at, last_used_at, suspected_at, backup_eligible, aaguid, attestation, attested_by FROM passkeys "
    "WHERE user_id = $1 ORDER BY id LIMIT 100"};
constexpr db::Query kIds{"passkeys.ids", "SELECT credential_id, transports FROM passkeys WHERE user_id = $1 ORDER BY id LIMIT 100"};
constexpr db::Query kCount{"passkeys.count", "SELECT count(*) FROM passkeys WHERE user_id = $1"};
constexpr db::Query kRemove{"passkeys.remove", "DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING id"};

constexpr std::chrono::minutes kLifetime{5};
constexpr int kMost = 20;

Result<std::string> new_challenge(db::Tx& tx, const Core& core, std::optional<Uuid> user, std::string_view purpose) {
  const auto now = core.clock.now();
  Bytes challenge(32);
  random_bytes(challenge);
  AX_CHECK(tx.exec(kPruneChallenges, now - kLifetime));
  AX_CHECK(tx.exec(kAddChallenge, digest_of(as_text(challenge)), user, purpose, now, now + kLifetime));
  return base64url_encode(challenge);
}

json::array descriptors(const db::Rows& rows) {
  json::array out;
  for (const auto& row : rows) {
    json::object item{{"type", "public-key"}, {"id", base64url_encode(row.bytes(0))}};
    json::array transports;
    const auto& text = row.text(1);
    for (std::string_view rest = text; !rest.empty();) {
      const auto space = rest.find(' ');
      const auto word = rest.substr(0, space);
      transports.push_back(json::value(json::string_view{word.data(), word.size()}));
      rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    }
    if (!transports.empty()) item["transports"] = std::move(transports);
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

Result<std::string> creation_options(db::Tx& tx, const Core& core, const users::User& user) {
  AX_TRY(const auto challenge, new_challenge(tx, core, user.id, "register"));
  AX_TRY(const auto known, tx.exec(kIds, user.id));
  json::array algorithms;
  for (const auto algorithm : {crypto::CoseAlgorithm::eddsa, crypto::CoseAlgorithm::es256, crypto::CoseAlgorithm::rs256})
    algorithms.push_back(json::value{{"type", "public-key"}, {"alg", static_cast<std::int64_t>(algorithm)}});
  const json::object options{
      {"rp", {{"id", core.options.passkeys.id}, {"name", "AuthX"}}},
      {"user", {{"id", base64url_encode(BytesView{user.id.bytes})}, {"name", user.email}, {"displayName", user.name}}},
      {"challenge", challenge},
      {"pubKeyCredParams", algorithms},
      {"timeout", std::chrono::milliseconds{kLifetime}.count()},
      {"excludeCredentials", descriptors(known)},
      {"authenticatorSelection", {{"residentKey", "required"}, {"requireResidentKey", true}, {"userVerification", "required"}}},
      {"attestation", core.options.passkeys.attestation == webauthn::AttestationPolicy::none ? "none" : "direct"}};
  return json::serialize(options);
}

Result<Uuid> add(db::Tx& tx, const Core& core, const Uuid& user, const NewPasskey& credential) {
  const auto refused = [] { return Error::invalid("credential", "answers no open challenge"); };
  const auto client = webauthn::parse_client_data(credential.client_data);
  if (!client) return refused();
  const auto now = core.clock.now();
  AX_TRY(const auto rows, tx.exec(kUseChallenge, digest_of(as_text(client->challenge)), "register", now));
  if (rows.empty() || rows[0].opt_uuid(0) != user) return refused();
  AX_TRY(const auto checked,
         webauthn::check_registration(core.options.passkeys, credential.client_data, credential.attestation_object, true, now));
  AX_TRY(const auto count, tx.exec(kCount, user));
  if (count.at(0).integer(0) >= kMost) return Error::invalid("credential", "is one too many for this account");
  std::string transports;
  for (const auto& word : credential.transports) transports += (transports.empty() ? "" : " ") + word;
  const auto id = Uuid::generate(now);
  const auto& data = checked.data;
  AX_TRY(const auto made, tx.exec(kInsert, id, user, data.credential->id, data.credential->public_key, std::int64_t{data.sign_count},
                                  data.credential->aaguid, checked.attestation.kind, transports, data.backup_eligible, data.backed_up,
                                  data.user_verified, credential.label, now, checked.attestation.root));
  if (made.empty()) return Errc::conflict;
  return id;
}

Result<std::string> request_options(db::Tx& tx, const Core& core, std::optional<Uuid> user) {
  AX_TRY(const auto challenge, new_challenge(tx, core, user, user ? "second" : "login"));
  json::object options{{"rpId", core.options.passkeys.id},
                       {"challenge", challenge},
                       {"timeout", std::chrono::milliseconds{kLifetime}.count()},
                       {"userVerification", user ? "preferred" : "required"}};
  if (user) {
    AX_TRY(const auto known, tx.exec(kIds, *user));
    options["allowCredentials"] = descriptors(known);
  }
  return json::serialize(options);
}

Result<Used> use(db::Tx& tx, const Core& core, std::optional<Uuid> user, const Assertion& assertion) {
  const auto refused = [](const char* why) { return Error{Errc::invalid_credentials, why}; };
  const auto client = webauthn::parse_client_data(assertion.client_data);
  if (!client) return refused("passkey client data");
  const auto now = core.clock.now();
  AX_TRY(const auto challenge, tx.exec(kUseChallenge, digest_of(as_text(client->challenge)), user ? "second" : "login", now));
  if (challenge.empty() || challenge[0].opt_uuid(0) != user) return refused("passkey challenge");
  AX_TRY(const auto rows, tx.exec(kFind, assertion.credential_id));
  if (rows.empty()) return refused("passkey unknown");
  Used out;
  out.passkey = rows[0].uuid(0);
  out.user = rows[0].uuid(1);
  out.tenant = rows[0].uuid(5);
  if (user && out.user != *user) return refused("passkey of another account");
  if (assertion.user_handle && !crypto::constant_time_equal(*assertion.user_handle, out.user.bytes)) return refused("passkey user handle");
  AX_TRY(const auto data, webauthn::check_assertion(core.options.passkeys, assertion.client_data, assertion.authenticator_data,
                                                    assertion.signature, rows[0].bytes(2), !user.has_value()));
  if (data.backup_eligible != rows[0].boolean(4)) return refused("passkey backup eligibility changed");
  out.verified = data.user_verified;
  out.device_bound = !data.backup_eligible;
  if (!webauthn::counter_plausible(rows[0].integer(3), data.sign_count)) {
    out.suspected = true;
    AX_CHECK(tx.exec(kSuspect, out.passkey, now));
    return out;
  }
  AX_CHECK(tx.exec(kTouch, out.passkey, std::int64_t{data.sign_count}, data.backed_up, now));
  return out;
}

Result<std::vector<Passkey>> list(db::Tx& tx, const Uuid& user) {
  AX_TRY(const auto rows, tx.exec(kList, user));
  return collect(rows, [](const db::Row& row) {
    return Passkey{row.uuid(0),     row.text(1),     row.boolean(2), row.time(3), row.opt_time(4),
                   row.opt_time(5), !row.boolean(6), row.uuid(7),    row.text(8), row.opt_text(9)};
  });
}

Result<bool> remove(db::Tx& tx, const Uuid& user, const Uuid& passkey) {
  AX_TRY(const auto rows, tx.exec(kRemove, user, passkey));
  return !rows.empty();
}

}  // namespace authx::auth::passkeys
