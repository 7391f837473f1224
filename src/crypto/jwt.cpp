#include "crypto/jwt.h"

#include <cmath>
#include <stdexcept>

#include "base/encoding.h"
#include "crypto/evp.h"

namespace authx::crypto {
namespace {

constexpr std::size_t kMaxToken = 8 * 1024;
constexpr std::string_view kHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";  // {"alg":"HS256","typ":"JWT"}

Error refused(const char* check) { return Error{Errc::unauthenticated, check}; }

/// Members that the text of a valid JSON object has at its top level. More than the parsed object's size: a name repeats.
std::size_t count_members(std::string_view text) {
  std::size_t members = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i)
          if (text[i] == '\\') ++i;
        break;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']': --depth; break;
      case ':':
        if (depth == 1) ++members;
        break;
      default: break;
    }
  }
  return members;
}

std::optional<json::object> parse_unique(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text) return std::nullopt;
  const auto view = as_text(*text);
  std::array<unsigned char, 1024> buffer;  // NOLINT(*-member-init): the parser's scratch
  json::parser parser{json::storage_ptr{}, json::parse_options{}, buffer.data(), buffer.size()};
  parser.reset(json::make_shared_resource<json::monotonic_resource>(view.size() * 4));  // one allocation for all members
  json::error_code ec;
  parser.write(view.data(), view.size(), ec);
  if (ec) return std::nullopt;
  auto value = parser.release();
  auto* object = value.if_object();
  if (object == nullptr || object->size() != count_members(view)) return std::nullopt;
  return std::move(*object);
}

bool header_accepted(std::string_view part) {
  if (part == kHeader) return true;
  const auto header = parse_unique(part);
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

/// A NumericDate as seconds; doubles hold every microsecond of the next 200 years.
std::optional<double> numeric_date(const json::value& v) {
  if (!v.is_number()) return std::nullopt;
  const auto seconds = v.to_number<double>();
  return std::isfinite(seconds) ? std::optional{seconds} : std::nullopt;
}

}  // namespace

JwtHs256::JwtHs256(SecretBytes key) {
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

Result<json::object> JwtHs256::verify(std::string_view token, Time now, std::chrono::seconds leeway) const {
  if (token.size() > kMaxToken) return refused("token too long");
  const auto first = token.find('.');
  if (first == std::string_view::npos) return refused("token form");
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return refused("token form");

  const auto signature = base64url_decode(token.substr(second + 1));
  if (!signature || !constant_time_equal(*signature, key_->mac(as_bytes(token.substr(0, second))))) return refused("token signature");
  if (!header_accepted(token.substr(0, first))) return refused("token header");
  auto claims = parse_unique(token.substr(first + 1, second - first - 1));
  if (!claims) return refused("token claims");

  const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto slack = static_cast<double>(leeway.count());
  const auto* exp = claims->if_contains("exp");
  const auto expires = exp == nullptr ? std::nullopt : numeric_date(*exp);
  if (!expires) return refused("token exp");
  if (at >= *expires + slack) return refused("token expired");
  if (const auto* nbf = claims->if_contains("nbf")) {
    const auto starts = numeric_date(*nbf);
    if (!starts || at + slack < *starts) return refused("token nbf");
  }
  if (const auto* iat = claims->if_contains("iat")) {
    const auto issued = numeric_date(*iat);
    if (!issued || at + slack < *issued) return refused("token iat");
  }
  return std::move(*claims);
}

}  // namespace authx::crypto
