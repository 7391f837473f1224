#include "services/oauth/proofs.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jose_parts.h"

namespace authx::oauth {
namespace {

constexpr db::Query kUse{"oauth_replays.use",
                         "INSERT INTO oauth_replays (id_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id_hash"};
constexpr std::chrono::seconds kOldest{300};
constexpr std::chrono::seconds kLeeway{60};

std::optional<std::string_view> text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view{value->as_string().data(), value->as_string().size()};
}

std::string b64_sha256(std::string_view text) { return base64url_encode(crypto::sha256(as_bytes(text))); }

}  // namespace

Outcome<json::object> verify_foreign(std::string_view token, const std::vector<crypto::PublicKey>& keys, std::string_view wanted_typ,
                                     Time now) {
  const Refusal refused{"invalid_client", "the signed token is not valid", 401};
  const auto parts = crypto::jose::split(token);
  if (!parts) return refused;
  const auto header = crypto::jose::parse_part(parts->header);
  const auto signature = base64url_decode(parts->signature);
  if (!header || !signature || header->contains("crit")) return refused;
  if (!wanted_typ.empty() && text_of(*header, "typ") != wanted_typ) return refused;
  const auto algorithm = text_of(*header, "alg").value_or("");
  for (const auto& key : keys) {
    if (!crypto::is_named(key.algorithm(), algorithm) || !key.verify(as_bytes(parts->signing_input), *signature)) continue;
    auto claims = crypto::jose::parse_part(parts->payload);
    if (!claims || !crypto::jose::check_times(*claims, now, kLeeway)) return refused;
    return std::move(*claims);
  }
  return refused;
}

Outcome<DpopProof> check_dpop(std::string_view proof, std::string_view method, std::string_view url,
                              std::optional<std::string_view> access_token, Time now) {
  const auto refused = [](const char* why) { return Refusal{"invalid_dpop_proof", why, 400, {}}; };
  const auto parts = crypto::jose::split(proof);
  if (!parts) return refused("the proof is no signed token");
  const auto header = crypto::jose::parse_part(parts->header);
  const auto signature = base64url_decode(parts->signature);
  if (!header || !signature || header->contains("crit") || text_of(*header, "typ") != "dpop+jwt")
    return refused("the proof's header is not dpop+jwt");
  const auto* jwk = header->if_contains("jwk");
  if (jwk == nullptr || !jwk->is_object()) return refused("the proof's header has no jwk");
  const auto key = crypto::PublicKey::from_jwk(jwk->as_object());
  if (!key || !crypto::is_named(key->algorithm(), text_of(*header, "alg").value_or("")))
    return refused("the proof's key or algorithm is not supported");
  if (!key->verify(as_bytes(parts->signing_input), *signature)) return refused("the proof's signature is wrong");
  const auto claims = crypto::jose::parse_part(parts->payload);
  if (!claims) return refused("the proof's claims are malformed");
  const auto jti = text_of(*claims, "jti");
  const auto* iat = claims->if_contains("iat");
  if (!jti || jti->empty() || jti->size() > 256 || iat == nullptr || !iat->is_number()) return refused("the proof lacks jti or iat");
  if (text_of(*claims, "htm") != method) return refused("the proof is for another method");
  auto htu = text_of(*claims, "htu").value_or("");
  htu = htu.substr(0, htu.find_first_of("?#"));
  if (htu != url) return refused("the proof is for another address");
  const auto at = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto made = iat->to_number<double>();
  if (!(made <= at + static_cast<double>(kLeeway.count()) && made >= at - static_cast<double>(kOldest.count())))
    return refused("the proof is too old or from the future");
  if (access_token && text_of(*claims, "ath") != b64_sha256(*access_token)) return refused("the proof is for another access token");
  return DpopProof{key->thumbprint(), "dpop:" + key->thumbprint() + ":" + std::string{*jti}};
}

Result<bool> use_once(db::Tx& tx, std::string_view once, Time expires_at) {
  const auto digest = crypto::sha256(as_bytes(once));
  AX_TRY(const auto rows, tx.exec(kUse, Bytes{digest.begin(), digest.end()}, expires_at));
  return !rows.empty();
}

}  // namespace authx::oauth
