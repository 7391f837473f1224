#include "services/federation/id_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jose_parts.h"
#include "services/oauth/proofs.h"

namespace authx::federation {
namespace {

constexpr std::chrono::seconds kOldest{600};
constexpr std::size_t kLongestSubject = 255;

std::string_view text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string_view{value->as_string().data(), value->as_string().size()}
                                                : std::string_view{};
}

Error refused(const char* why) { return Error{Errc::invalid_credentials, std::string{"ID token: "} + why}; }

/// The left half of the SHA-256. Of EdDSA's tokens, whose hash is another, it is not looked at: it is optional with a code.
bool hash_fits(std::string_view hash, std::string_view token, std::string_view algorithm) {
  if (crypto::is_named(crypto::JwsAlgorithm::EdDSA, algorithm)) return true;
  const auto digest = crypto::sha256(as_bytes(token));
  return hash == base64url_encode(BytesView{digest}.first(16));
}

}  // namespace

Result<json::object> check_id_token(std::string_view token, const std::vector<crypto::PublicKey>& keys, const Expected& expected,
                                    Time now) {
  auto verified = oauth::verify_foreign(token, keys, "", now);
  if (!verified) return Error{Errc::unauthenticated, "ID token: signature, form or times"};
  auto& claims = *verified;
  if (text_of(claims, "iss") != expected.issuer) return refused("another issuer");
  const auto* aud = claims.if_contains("aud");
  bool for_us = false, for_others = false;
  const auto audience = [&](const json::value& one) {
    const bool us = one.is_string() && one.as_string() == expected.client_id;
    for_us |= us;
    for_others |= !us;
  };
  if (aud != nullptr && aud->is_array())
    for (const auto& one : aud->as_array()) audience(one);
  else if (aud != nullptr)
    audience(*aud);
  if (!for_us) return refused("another audience");
  if ((for_others || claims.contains("azp")) && text_of(claims, "azp") != expected.client_id) return refused("another authorized party");
  if (expected.nonce.empty() || !crypto::constant_time_equal(as_bytes(text_of(claims, "nonce")), as_bytes(expected.nonce)))
    return refused("another nonce");
  const auto* iat = claims.if_contains("iat");
  if (iat == nullptr || !iat->is_number()) return refused("no iat");
  if (iat->to_number<double>() < std::chrono::duration<double>((now - kOldest).time_since_epoch()).count()) return refused("too old");
  const auto subject = text_of(claims, "sub");
  if (subject.empty() || subject.size() > kLongestSubject) return refused("no subject");
  if (claims.contains("at_hash")) {
    const auto parts = crypto::jose::split(token);
    const auto header = parts ? crypto::jose::parse_part(parts->header) : std::nullopt;
    if (!header || !hash_fits(text_of(claims, "at_hash"), expected.access_token, text_of(*header, "alg")))
      return refused("another access token");
  }
  return std::move(claims);
}

}  // namespace authx::federation
