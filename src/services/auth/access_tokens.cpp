#include "services/auth/access_tokens.h"

namespace authx::auth {

std::string AccessTokens::sign(const json::object& claims) const {
  if (algorithm_ && keys_.is_spread(*algorithm_)) {
    auto named = claims;
    named["iss"] = issuer_;
    named["aud"] = issuer_;
    if (auto token = keys_.sign(named, kType, *algorithm_)) return std::move(*token);
  }
  return shared_.sign(claims);
}

Result<json::object> AccessTokens::verify(std::string_view token, Time now) const {
  if (crypto::JwtHs256::has_own_header(token)) return shared_.verify(token, now);
  auto claims = keys_.verify(token, kType, now);
  if (!claims) return shared_.verify(token, now);
  for (const auto* name : {"iss", "aud"}) {
    const auto* value = claims->if_contains(name);
    if (value == nullptr || !value->is_string() || value->as_string() != issuer_) return Error{Errc::unauthenticated, "token issuer"};
  }
  return claims;
}

}  // namespace authx::auth
