#include "engines/document/evidence/values.h"

#include <algorithm>
#include <cctype>

#include "engines/document/aadhaar.h"
#include "engines/document/rules.h"
#include "imaging/decode.h"

namespace authx::document {
namespace {

using namespace std::chrono_literals;

bool is_utf8(BytesView text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::uint8_t c = text[i];
    const std::size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 9;
    if (more == 9 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((text[i + k] & 0xC0) != 0x80) return false;
    }
    if ((c == 0xE0 && text[i + 1] < 0xA0) || (c == 0xED && text[i + 1] > 0x9F) || (c == 0xF0 && text[i + 1] < 0x90) ||
        (c == 0xF4 && text[i + 1] > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

bool digits_only(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view digits) {
  int v = 0;
  for (const char c : digits) v = v * 10 + (c - '0');
  return v;
}

}  // namespace

std::string to_utf8(BytesView text) {
  std::string out;
  if (is_utf8(text)) {
    out = as_text(text);
  } else {
    for (const auto c : text) {
      if (c < 0x80) {
        out += static_cast<char>(c);
      } else {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
      }
    }
  }
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out;
}

std::string trim(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return std::string{text};
}

void add_claim(Evidence& e, std::string name, std::string value, std::string normalised) {
  if (value.empty()) return;
  Field f;
  f.name = std::move(name);
  f.valid = !normalised.empty();
  if (!f.valid) f.reason = "The value is not in a form of its kind";
  f.value = std::move(value);
  f.normalised = std::move(normalised);
  f.confidence = 1;
  f.source = source_of(e.kind);
  e.claims.push_back(std::move(f));
}

void add_claim(Evidence& e, std::string name, const std::string& value) { add_claim(e, std::move(name), value, value); }

void add_birth(Evidence& e, std::string_view value) {
  const std::string text = trim(value);
  if (text.size() == 4 && digits_only(text)) return add_claim(e, "year_of_birth", text);
  const auto d = parse_printed_date(text);
  add_claim(e, "dob", text, d ? format_date(*d) : "");
}

void add_gender(Evidence& e, std::string_view value) {
  const std::string text = trim(value);
  const char c = text.empty() ? '\0' : static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  const std::string_view code = c == 'M' ? "M" : c == 'F' ? "F" : c == 'T' || c == 'O' || c == 'X' ? "X" : "";
  add_claim(e, "gender", text, std::string{code});
}

void add_aadhaar_number(Evidence& e, std::string_view digits) {
  add_claim(e, "document_number", mask_aadhaar(digits), aadhaar_valid(digits) ? mask_aadhaar(digits) : "");
  e.number = SecretText{std::string{digits}};
}

void add_address(Evidence& e, const std::vector<std::string>& parts, std::string_view pincode) {
  std::string address;
  for (const auto& p : parts) {
    // Several parts often say the same place.
    if (!p.empty() && !address.ends_with(p)) address += (address.empty() ? "" : ", ") + p;
  }
  const std::string pin = trim(pincode);
  if (!pin.empty()) address += (address.empty() ? "" : " - ") + pin;
  add_claim(e, "address", address);
  add_claim(e, "pincode", pin, pincode_valid(pin) ? pin : "");
}

bool add_reference(Evidence& e, std::string_view reference) {
  if (reference.size() < 18 || reference.size() > 21 || !digits_only(reference)) return false;
  const auto part = [&](std::size_t at, std::size_t n) { return number(reference.substr(at, n)); };
  const Date day{std::chrono::year{part(4, 4)}, std::chrono::month{static_cast<unsigned>(part(8, 2))},
                 std::chrono::day{static_cast<unsigned>(part(10, 2))}};
  if (!day.ok() || part(12, 2) > 23 || part(14, 2) > 59 || part(16, 2) > 60) return false;

  const std::string masked = "XXXXXXXX" + std::string{reference.substr(0, 4)};
  add_claim(e, "document_number", masked);
  const auto millis = reference.size() == 21 ? part(18, 3) : 0;
  constexpr auto kIndiaAheadOfUtc = 5h + 30min;
  e.signed_at = std::chrono::sys_days{day} + std::chrono::hours{part(12, 2)} + std::chrono::minutes{part(14, 2)} +
                std::chrono::seconds{part(16, 2)} + std::chrono::milliseconds{millis} - kIndiaAheadOfUtc;
  e.contact.rounds = std::max(1, part(3, 1));
  return true;
}

void add_portrait(Evidence& e, BytesView file) {
  imaging::DecodeLimits limits;
  limits.max_bytes = std::size_t{2} << 20;
  limits.max_pixels = 4'000'000;
  limits.max_side = 3'000;
  limits.max_pages = 1;
  const auto format = imaging::probe(file, limits);
  const bool allowed = format && (format->format == imaging::FileFormat::jpeg || format->format == imaging::FileFormat::jp2);
  if (allowed) {
    if (auto decoded = imaging::decode(file, limits)) {
      e.portrait = std::move(decoded->pages.front());
      return;
    }
  }
  e.warnings.emplace_back("The portrait in the data can't be read");
}

}  // namespace authx::document
