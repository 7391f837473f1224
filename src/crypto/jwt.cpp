#include "crypto/jwt.h"

#include <stdexcept>

#include "base/encoding.h"
#include "crypto/evp.h"
#include "crypto/jose_parts.h"

namespace authx::crypto {
namespace {

constexpr std::string_view kHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";  // {"alg":"HS256","typ":"JWT"}

Error refused(const char* check) { return Error{Errc::unauthenticated, check}; }

bool header_accepted(std::string_view part) {
  if (part == kHeader) return true;
  const auto header = jose::parse_part(part);
  if (!header) return false;
  bool alg = false;
  bool typ = false;
  for (const auto& [name, value] : *header) {
    const auto* text = value.if_string();
    if (text == nullptr) return false;
    if (name == "alg") {
      if (*text != "HS256") return false;
      alg = true;
    } else if (name == "typ") {
      if (*text != "JWT") return false;
      typ = true;
    } else if (name != "kid") {
      return false;
    }
  }
  return alg && typ;
}

}  // namespace

JwtHs256::JwtHs256(const SecretBytes& key) {
  if (key.expose().size() < 32) throw std::invalid_argument{"a token key has at least 32 bytes"};
  key_ = std::make_shared<const evp::HmacKey>(key.expose());
}

std::string JwtHs256::sign(const json::object& claims) const {
  std::string token{kHeader};
  token += '.';
  token += base64url_encode(as_bytes(json::serialize(claims)));
  const auto mac = key_->mac(as_bytes(token));
  token += '.';
  token += base64url_encode(mac);
  return token;
}

bool JwtHs256::has_own_header(std::string_view token) noexcept {
  return token.size() > kHeader.size() && token.starts_with(kHeader) && token[kHeader.size()] == '.';
}

Result<json::object> JwtHs256::verify(std::string_view token, Time now, std::chrono::seconds leeway) const {
  if (token.size() > jose::kMaxToken) return refused("token too long");
  const auto parts = jose::split(token);
  if (!parts) return refused("token form");
  const auto signature = base64url_decode(parts->signature);
  if (!signature || !constant_time_equal(*signature, key_->mac(as_bytes(parts->signing_input)))) return refused("token signature");
  if (!header_accepted(parts->header)) return refused("token header");
  auto claims = jose::parse_part(parts->payload);
  if (!claims) return refused("token claims");
  AX_CHECK(jose::check_times(*claims, now, leeway));
  return std::move(*claims);
}

}  // namespace authx::crypto
