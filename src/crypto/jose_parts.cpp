#include "crypto/jose_parts.h"

#include <array>
#include <cmath>

#include "base/encoding.h"

namespace authx::crypto::jose {
namespace {

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

/// A NumericDate as seconds; doubles hold every microsecond of the next 200 years.
std::optional<double> numeric_date(const json::value& v) {
  if (!v.is_number()) return std::nullopt;
  const auto seconds = v.to_number<double>();
  return std::isfinite(seconds) ? std::optional{seconds} : std::nullopt;
}

}  // namespace

std::optional<Parts> split(std::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1), token.substr(0, second)};
}

std::optional<json::object> parse_part(std::string_view part) {
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
  if (!is_finite(value)) return std::nullopt;
  auto* object = value.if_object();
  if (object == nullptr || object->size() != count_members(view)) return std::nullopt;
  return std::move(*object);
}

Result<> check_times(const json::object& claims, Time now, std::chrono::seconds leeway) {
  const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto slack = static_cast<double>(leeway.count());
  const auto* exp = claims.if_contains("exp");
  const auto expires = exp == nullptr ? std::nullopt : numeric_date(*exp);
  if (!expires) return refused("token exp");
  if (at >= *expires + slack) return refused("token expired");
  if (const auto* nbf = claims.if_contains("nbf")) {
    const auto starts = numeric_date(*nbf);
    if (!starts || at + slack < *starts) return refused("token nbf");
  }
  if (const auto* iat = claims.if_contains("iat")) {
    const auto issued = numeric_date(*iat);
    if (!issued || at + slack < *issued) return refused("token iat");
  }
  return {};
}

}  // namespace authx::crypto::jose
