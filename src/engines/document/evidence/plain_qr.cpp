#include "engines/document/evidence/plain_qr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "engines/document/evidence/values.h"
#include "engines/document/rules.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostText = 4096;
constexpr std::size_t kEnhancedAtLeast = 900;

std::string folded_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

struct Labelled {
  std::string label;  ///< letters only, lower case
  std::string value;
};

/// Cuts at line breaks and bars, and at commas and semicolons that a label follows.
std::vector<Labelled> labelled_values(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    bool cut = c == '\n' || c == '\r' || c == '|' || c == '{' || c == '}';
    if (c == ',' || c == ';') {
      const auto next = text.find_first_of(",;:\n", i + 1);
      cut = next != std::string_view::npos && text[next] == ':';
    }
    if (cut) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::vector<Labelled> out;
  for (const auto& p : parts) {
    const auto colon = p.find_first_of(":=");
    if (colon == std::string::npos) continue;
    std::string value = trim(std::string_view{p}.substr(colon + 1));
    std::erase(value, '"');
    const std::string label = folded_label(std::string_view{p}.substr(0, colon));
    if (!label.empty() && !value.empty()) out.push_back({label, trim(value)});
  }
  return out;
}

/// Words of letters, digits and the separators that numbers have.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '/') {
      out.back() += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  return out;
}

bool fits(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() && std::equal(text.begin(), text.end(), pattern.begin(), [](char c, char p) {
           return p == 'L' ? std::isupper(static_cast<unsigned char>(c)) != 0 : std::isdigit(static_cast<unsigned char>(c)) != 0;
         });
}

}  // namespace

std::optional<Evidence> read_plain_qr(std::string_view raw) {
  if (raw.empty() || raw.size() > kMostText) return std::nullopt;
  std::string text;
  for (std::size_t at = 0; at <= raw.size();) {
    const auto end = std::min(raw.find('\n', at), raw.size());
    text += to_utf8(as_bytes(raw.substr(at, end - at))) + "\n";
    at = end + 1;
  }
  Evidence out;
  out.state = EvidenceState::not_signed;
  out.kind = EvidenceKind::plain_qr;
  std::string number;
  const auto take = [&](const char* kind, std::string value) {
    if (!number.empty()) return;
    out.format = kind;
    number = std::move(value);
  };
  const auto values = labelled_values(text);
  for (const auto& v : values) {
    if ((v.label.find("dl") == 0 || v.label.find("licen") != std::string::npos) && check_driving_license(v.value).valid)
      take("driving_license", check_driving_license(v.value).normalised);
  }
  for (const auto& w : words_of(text)) {
    if (fits(w, "LLLLLDDDDL") && check_pan(w).valid) take("pan", w);
    if (fits(w, "LLLDDDDDDD")) take("voter_id", w);
    const auto license = check_driving_license(w);
    if (fits(license.normalised, "LLDDDDDDDDDDDDD") && license.valid) take("driving_license", license.normalised);
  }
  if (number.empty()) return std::nullopt;
  add_claim(out, "document_number", number);
  out.number = SecretText{number};
  for (const auto& v : values) {
    const auto is = [&](std::initializer_list<std::string_view> labels) { return std::ranges::find(labels, v.label) != labels.end(); };
    const auto once = [&](const char* name) { return out.find(name) == nullptr; };
    const auto day = [&](const char* name) {
      const auto d = parse_printed_date(v.value);
      if (once(name)) add_claim(out, name, v.value, d ? format_date(*d) : "");
    };
    if (is({"name", "fullname", "holdername", "nameofholder", "electorname", "electorsname", "nm"}) && once("name")) {
      add_claim(out, "name", v.value);
    } else if (is({"fathername", "fathersname", "father", "swd", "swdof", "sdwof", "relationname", "fname"}) && once("father_name")) {
      add_claim(out, "father_name", v.value);
    } else if (is({"dob", "dateofbirth", "birthdate"}) && once("dob")) {
      add_birth(out, v.value);
    } else if (is({"gender", "sex"}) && once("gender")) {
      add_gender(out, v.value);
    } else if (is({"address", "addr", "permanentaddress", "presentaddress"}) && once("address")) {
      add_claim(out, "address", v.value);
    } else if (is({"doi", "dateofissue", "issuedate", "issuedon", "issued"})) {
      day("issue_date");
    } else if (is({"validity", "validitynt", "validtill", "validupto", "validuntil", "expirydate", "dateofexpiry", "doe", "nt",
                   "validitytill"})) {
      day("expiry_date");
    }
  }
  return out;
}

std::optional<Evidence> read_enhanced_pan_qr(BytesView content) {
  if (content.size() < kEnhancedAtLeast) return std::nullopt;
  const auto spaces = std::ranges::count_if(content, [](std::uint8_t c) { return c == ' ' || c == '\n' || c == ':'; });
  if (spaces * 40 > static_cast<std::ptrdiff_t>(content.size())) return std::nullopt;  // prose, not a packed format
  Evidence out;
  out.kind = EvidenceKind::pan_qr;
  out.state = EvidenceState::unverified;
  out.format = fmt::format("enhanced, {} bytes", content.size());
  out.warnings.emplace_back("The issuer keeps the format and key of this code to itself: its content can't be checked");
  return out;
}

}  // namespace authx::document
