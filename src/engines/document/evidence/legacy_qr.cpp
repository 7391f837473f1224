#include "engines/document/evidence/legacy_qr.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "engines/document/evidence/values.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostText = 8192;
constexpr std::string_view kTag = "printletterbarcodedata";

std::string lowered(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// The five entities that XML itself defines; anything else stays as it is.
std::string unescaped(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto hit = std::ranges::find_if(kEntities, [&](const auto& e) { return text.substr(i).starts_with(e.first); });
    out += hit == kEntities.end() ? text[i] : hit->second;
    i += hit == kEntities.end() ? 1 : hit->first.size();
  }
  return out;
}

/// name="value" pairs in any spacing; the first of a name counts.
std::map<std::string, std::string> attributes(std::string_view text) {
  std::map<std::string, std::string> out;
  std::size_t i = 0;
  while (i < text.size()) {
    const auto equals = text.find('=', i);
    if (equals == std::string_view::npos) break;
    std::size_t end = equals;
    while (end > i && std::isspace(static_cast<unsigned char>(text[end - 1])) != 0) --end;
    std::size_t begin = end;
    while (begin > i && std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
    std::size_t open = equals + 1;
    while (open < text.size() && std::isspace(static_cast<unsigned char>(text[open])) != 0) ++open;
    if (open >= text.size() || (text[open] != '"' && text[open] != '\'')) {
      i = equals + 1;
      continue;
    }
    const auto close = text.find(text[open], open + 1);
    if (close == std::string_view::npos) break;
    if (begin < end && out.size() < 64)
      out.try_emplace(lowered(text.substr(begin, end - begin)),
                      trim(to_utf8(as_bytes(unescaped(text.substr(open + 1, close - open - 1))))));
    i = close + 1;
  }
  return out;
}

}  // namespace

bool looks_like_legacy_qr(std::string_view text) noexcept {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), kTag.begin(), kTag.end(), same) != text.end();
}

Evidence read_legacy_qr(std::string_view text) {
  Evidence out;
  out.kind = EvidenceKind::legacy_qr;
  out.format = "PrintLetterBarcodeData";
  out.holds_secret = true;
  const std::string lower = lowered(text.substr(0, kMostText));
  if (text.size() > kMostText || lower.find("<!doctype") != std::string::npos || lower.find("<!entity") != std::string::npos) {
    out.warnings.emplace_back("The code's XML declares a document type, which no Aadhaar code does, or is too long");
    return out;
  }
  const auto at = lower.find(kTag);
  if (at == std::string::npos) return out;
  const auto a = attributes(text.substr(at + kTag.size()));
  const auto get = [&](const char* name) {
    const auto it = a.find(name);
    return it == a.end() ? std::string{} : it->second;
  };
  std::string uid;
  for (const char c : get("uid")) {
    if (c >= '0' && c <= '9') uid += c;
  }
  if (uid.size() != 12 && get("name").empty()) {
    out.warnings.emplace_back("The code names no holder");
    return out;
  }
  out.state = EvidenceState::not_signed;
  if (!uid.empty()) add_aadhaar_number(out, uid);
  add_claim(out, "name", get("name"));
  // Many codes give the year in both attributes; a whole date says more.
  const std::string dob = get("dob");
  if (dob.size() > 4) {
    add_birth(out, dob);
  } else {
    add_birth(out, get("yob").empty() ? dob : get("yob"));
  }
  add_gender(out, get("gender"));
  add_claim(out, "care_of", get("co").empty() ? get("gname") : get("co"));
  add_address(out, {get("house"), get("street"), get("lm"), get("loc"), get("vtc"), get("po"), get("subdist"), get("dist"), get("state")},
              get("pc"));
  return out;
}

}  // namespace authx::document
