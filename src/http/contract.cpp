#include "http/contract.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>

#include "base/encoding.h"

namespace authx::http {
namespace {

/// Number of code points of valid UTF-8 (no overlong forms, no surrogates), or nothing.
std::optional<std::size_t> utf8_length(std::string_view s) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < s.size(); ++count) {
    const auto c = static_cast<unsigned char>(s[i]);
    std::size_t n = 0;
    std::uint32_t cp = 0;
    if (c < 0x80)
      n = 1, cp = c;
    else if (c >= 0xC2 && c <= 0xDF)
      n = 2, cp = c & 0x1FU;
    else if (c >= 0xE0 && c <= 0xEF)
      n = 3, cp = c & 0x0FU;
    else if (c >= 0xF0 && c <= 0xF4)
      n = 4, cp = c & 0x07U;
    else
      return std::nullopt;
    if (i + n > s.size()) return std::nullopt;
    for (std::size_t k = 1; k < n; ++k) {
      const auto t = static_cast<unsigned char>(s[i + k]);
      if ((t & 0xC0) != 0x80) return std::nullopt;
      cp = (cp << 6) | (t & 0x3FU);
    }
    if ((n == 3 && (cp < 0x800 || (cp >= 0xD800 && cp <= 0xDFFF))) || (n == 4 && (cp < 0x10000 || cp > 0x10FFFF))) return std::nullopt;
    i += n;
  }
  return count;
}

bool has_control(std::string_view s) {
  return std::ranges::any_of(s, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

std::optional<std::string_view> as_string(const json::value& in, const std::string& path, Faults& faults) {
  if (!in.is_string()) {
    faults.add(path, "must be a string");
    return std::nullopt;
  }
  return std::string_view{in.as_string().data(), in.as_string().size()};
}

bool is_email(std::string_view s) {
  if (s.size() < 3 || s.size() > 254) return false;
  const auto at = s.find('@');
  if (at == 0 || at == std::string_view::npos || at > 64 || s.find('@', at + 1) != std::string_view::npos) return false;
  const auto domain = s.substr(at + 1);
  if (domain.find('.') == std::string_view::npos) return false;
  constexpr std::string_view local_extra = "!#$%&'*+-/=?^_`{|}~.";
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  for (const char c : s.substr(0, at))
    if (!alnum(c) && local_extra.find(c) == std::string_view::npos) return false;
  char before = '.';
  for (const char c : domain) {
    if (!alnum(c) && c != '-' && c != '.') return false;
    if ((c == '.' && (before == '.' || before == '-')) || (c == '-' && before == '.')) return false;
    before = c;
  }
  return before != '.' && before != '-';
}

}  // namespace

void write_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, start, i - start);
    start = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out.append(text, start);
  out += '"';
}

void write_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end);
}

json::value lift_text(std::string_view text) { return json::value(json::string_view{text.data(), text.size()}); }

json::value lift_number(std::string_view text) {
  std::int64_t integer = 0;
  if (const auto r = std::from_chars(text.data(), text.data() + text.size(), integer);
      r.ec == std::errc{} && r.ptr == text.data() + text.size())
    return integer;
  double real = 0;
  if (const auto r = std::from_chars(text.data(), text.data() + text.size(), real);
      r.ec == std::errc{} && r.ptr == text.data() + text.size())
    return real;
  return lift_text(text);
}

json::value lift_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return lift_text(text);
}

bool parse_text(const json::value& in, std::string& out, std::size_t min, std::size_t max, const std::string& path, Faults& faults) {
  const auto raw = as_string(in, path, faults);
  if (!raw) return false;
  const auto text = trim(*raw);
  const auto length = utf8_length(text);
  if (!length) {
    faults.add(path, "must be valid UTF-8");
    return false;
  }
  if (has_control(text)) {
    faults.add(path, "must not contain control characters");
    return false;
  }
  if (*length < min || *length > max) {
    faults.add(path,
               *length == 0 ? "must not be empty" : "must have " + std::to_string(min) + " to " + std::to_string(max) + " characters");
    return false;
  }
  out = text;
  return true;
}

bool owns_schema(std::string_view name, std::string_view type) {
  static std::mutex mutex;
  static std::map<std::string, std::string, std::less<>> owners;
  const std::lock_guard lock{mutex};
  return owners.try_emplace(std::string{name}, type).first->second == type;
}

void require_same_schema(std::string_view name, const json::value& known, const json::object& other) {
  if (known == json::value(other)) return;
  fmt::print(stderr, "two request or response types are named {} and differ: rename one\n", name);
  std::abort();
}

json::object text_schema(std::size_t min, std::size_t max) {
  return {{"type", "string"}, {"minLength", min}, {"maxLength", max}, {"pattern", "^[^\\u0000-\\u001f\\u007f]*$"}};
}

void Codec<Email>::parse(const json::value& in, Email& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  if (!is_email(*text)) return faults.add(path, "must be an e-mail address");
  out.value = *text;
  for (char& c : out.value)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
}
void Codec<Email>::write(std::string& out, const Email& value) { write_quoted(out, value.value); }
json::value Codec<Email>::schema(Schemas&) { return {{"type", "string"}, {"format", "email"}, {"maxLength", 254}}; }

void Codec<Phone>::parse(const json::value& in, Phone& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  const bool ok = text->size() >= 8 && text->size() <= 16 && text->front() == '+' && (*text)[1] != '0' &&
                  text->substr(1).find_first_not_of("0123456789") == std::string_view::npos;
  if (!ok) return faults.add(path, "must be a phone number in international form, such as +919876543210");
  out.value = *text;
}
void Codec<Phone>::write(std::string& out, const Phone& value) { write_quoted(out, value.value); }
json::value Codec<Phone>::schema(Schemas&) { return {{"type", "string"}, {"pattern", R"(^\+[1-9][0-9]{6,14}$)"}}; }

void Codec<Password>::parse(const json::value& in, Password& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  const auto length = utf8_length(*text);
  if (!length) return faults.add(path, "must be valid UTF-8");
  if (*length < 8 || *length > 128) return faults.add(path, "must have 8 to 128 characters");
  out.value = SecretText{std::string{*text}};
}
json::value Codec<Password>::schema(Schemas&) { return {{"type", "string"}, {"format", "password"}, {"minLength", 8}, {"maxLength", 128}}; }

void Codec<TokenText>::parse(const json::value& in, TokenText& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  if (text->empty() || text->size() > 200) return faults.add(path, "must have 1 to 200 characters");
  out.value = SecretText{std::string{*text}};
}
json::value Codec<TokenText>::schema(Schemas&) { return text_schema(1, 200); }

void Codec<Uuid>::parse(const json::value& in, Uuid& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  const auto id = Uuid::parse(*text);
  if (!id) return faults.add(path, "must be a UUID");
  out = *id;
}
void Codec<Uuid>::write(std::string& out, const Uuid& value) {
  out += '"';
  out += value.str();
  out += '"';
}
json::value Codec<Uuid>::schema(Schemas&) { return {{"type", "string"}, {"format", "uuid"}}; }

void Codec<Date>::parse(const json::value& in, Date& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  const auto date = parse_date(*text);
  if (!date) return faults.add(path, "must be a date as YYYY-MM-DD");
  out = *date;
}
void Codec<Date>::write(std::string& out, const Date& value) { write_quoted(out, format_date(value)); }
json::value Codec<Date>::schema(Schemas&) { return {{"type", "string"}, {"format", "date"}}; }

void Codec<Time>::parse(const json::value& in, Time& out, const std::string& path, Faults& faults) {
  const auto text = as_string(in, path, faults);
  if (!text) return;
  const auto time = parse_time(*text);
  if (!time) return faults.add(path, "must be a time as 2024-01-01T10:00:00Z");
  out = *time;
}
void Codec<Time>::write(std::string& out, const Time& value) { write_quoted(out, format_time(value)); }
json::value Codec<Time>::schema(Schemas&) { return {{"type", "string"}, {"format", "date-time"}}; }

void Codec<std::string>::parse(const json::value& in, std::string& out, const std::string& path, Faults& faults) {
  parse_text(in, out, 0, 1024, path, faults);
}
void Codec<std::string>::write(std::string& out, const std::string& value) { write_quoted(out, value); }
json::value Codec<std::string>::schema(Schemas&) { return {{"type", "string"}}; }

bool parse_base64(const json::value& in, Bytes& out, std::size_t max, const std::string& path, Faults& faults) {
  auto text = as_string(in, path, faults);
  if (!text) return false;
  if (text->starts_with("data:")) {
    const auto comma = text->substr(0, 100).find(";base64,");
    if (comma != std::string_view::npos) text->remove_prefix(comma + 8);
  }
  if (text->size() > (max + 2) / 3 * 4) {
    faults.add(path, "is larger than " + std::to_string(max) + " bytes");
    return false;
  }
  auto bytes = base64_decode(*text);
  if (!bytes || bytes->empty()) {
    faults.add(path, "must be base64");
    return false;
  }
  out = std::move(*bytes);
  return true;
}

bool parse_int(const json::value& in, std::int64_t& out, std::int64_t min, std::int64_t max, const std::string& path, Faults& faults) {
  json::error_code ec;
  const auto value = in.is_number() ? in.to_number<std::int64_t>(ec) : 0;
  if (!in.is_number() || ec) {
    faults.add(path, "must be a whole number");
    return false;
  }
  if (value < min || value > max) {
    faults.add(path, "must be between " + std::to_string(min) + " and " + std::to_string(max));
    return false;
  }
  out = value;
  return true;
}

void Codec<Unit>::parse(const json::value& in, Unit& out, const std::string& path, Faults& faults) {
  if (!in.is_number()) return faults.add(path, "must be a number");
  const double value = in.to_number<double>();
  if (!(value >= 0 && value <= 1)) return faults.add(path, "must be between 0 and 1");
  out.value = value;
}

void Codec<bool>::parse(const json::value& in, bool& out, const std::string& path, Faults& faults) {
  if (!in.is_bool()) return faults.add(path, "must be true or false");
  out = in.as_bool();
}

}  // namespace authx::http
