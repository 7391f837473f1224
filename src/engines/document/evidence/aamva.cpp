#include "engines/document/evidence/aamva.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engines/document/evidence/values.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostContent = 8192;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }

int number(std::string_view text) {
  int v = text.empty() ? -1 : 0;
  for (const char c : text) {
    if (!digit(c) || v > 100'000) return -1;
    v = v * 10 + (c - '0');
  }
  return v;
}

struct Header {
  std::size_t at = 0;  ///< of "@"
  std::string issuer;
  int version = 0;
  int entries = 0;
  std::size_t end = 0;  ///< where the subfile designators begin
};

std::optional<Header> read_header(std::string_view text) {
  // Readers drop or double the control characters after "@": look for the file type.
  for (const std::string_view type : {"ANSI ", "AAMVA"}) {
    const auto found = text.find(type);
    if (found == std::string_view::npos || found > 16 || found + type.size() + 10 > text.size()) continue;
    Header h;
    h.at = std::min(text.find('@'), found);
    std::size_t i = found + type.size();
    h.issuer = text.substr(i, 6);
    if (!std::ranges::all_of(h.issuer, digit)) continue;
    i += 6;
    h.version = number(text.substr(i, 2));
    if (h.version < 0 || h.version > 99) continue;
    i += 2;
    // Version 1 has no jurisdiction version before the count of entries.
    if (h.version > 1 && i + 4 <= text.size() && number(text.substr(i, 2)) >= 0) i += 2;
    h.entries = i + 2 <= text.size() ? number(text.substr(i, 2)) : 0;
    h.end = std::min(text.size(), i + 2);
    return h;
  }
  return std::nullopt;
}

bool element_id(std::string_view text) {
  return text.size() >= 3 && upper(text[0]) && upper(text[1]) && (upper(text[2]) || digit(text[2]));
}

/// One subfile's elements; the first of an id counts.
void read_elements(std::string_view body, std::map<std::string, std::string>& out) {
  std::size_t at = 0;
  while (at < body.size()) {
    const auto end = std::min(body.find_first_of("\n\r", at), body.size());
    const auto line = body.substr(at, end - at);
    if (element_id(line) && out.size() < 200) out.try_emplace(std::string{line.substr(0, 3)}, trim(to_utf8(as_bytes(line.substr(3)))));
    at = end + 1;
  }
}

/// Offsets of "DL" and "ID" subfiles: the designators' when they point at one, else the first place that reads like one.
std::optional<std::size_t> find_subfile(std::string_view text, const Header& h) {
  const auto starts_subfile = [&](std::size_t at) {
    if (at + 5 > text.size()) return false;
    const auto type = text.substr(at, 2);
    return (type == "DL" || type == "ID" || type == "EN") && text[at + 2] == 'D' && element_id(text.substr(at + 2));
  };
  for (int i = 0; i < std::clamp(h.entries, 0, 8); ++i) {
    const std::size_t at = h.end + static_cast<std::size_t>(i) * 10;
    if (at + 10 > text.size()) break;
    const int offset = number(text.substr(at + 2, 4));
    const auto type = text.substr(at, 2);
    if (offset >= 0 && (type == "DL" || type == "ID") && starts_subfile(h.at + static_cast<std::size_t>(offset)))
      return h.at + static_cast<std::size_t>(offset);
  }
  for (std::size_t at = h.end; at < text.size(); ++at) {
    if (starts_subfile(at)) return at;
  }
  return std::nullopt;
}

/// MMDDCCYY in the United States since version 2, CCYYMMDD else.
std::string iso_date(std::string_view text, bool month_first) {
  if (text.size() != 8 || !std::ranges::all_of(text, digit)) return {};
  const auto build = [&](bool month) -> std::string {
    const int y = number(month ? text.substr(4, 4) : text.substr(0, 4));
    const int m = number(month ? text.substr(0, 2) : text.substr(4, 2));
    const int d = number(month ? text.substr(2, 2) : text.substr(6, 2));
    const Date date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(m)}, std::chrono::day{static_cast<unsigned>(d)}};
    return date.ok() && y >= 1850 && y <= 2150 ? format_date(date) : std::string{};
  };
  const std::string first = build(month_first);
  return first.empty() ? build(!month_first) : first;
}

std::string spaced(std::string text) {
  std::ranges::replace(text, ',', ' ');
  return trim(text);
}

}  // namespace

bool looks_like_aamva(std::string_view content) noexcept {
  const auto head = content.substr(0, 24);
  return head.find("ANSI ") != std::string_view::npos || head.find("AAMVA") != std::string_view::npos;
}

Evidence read_aamva(std::string_view content) {
  Evidence out;
  out.kind = EvidenceKind::aamva;
  const auto header = content.size() <= kMostContent ? read_header(content) : std::nullopt;
  if (!header) {
    out.warnings.emplace_back("The code's header is not AAMVA's");
    return out;
  }
  out.format = fmt::format("AAMVA {}", header->version);
  const auto subfile = find_subfile(content, *header);
  std::map<std::string, std::string> e;
  // The subfile ends with a carriage return; a jurisdiction's own subfile ("ZV…") may follow and its ids begin with Z.
  if (subfile) read_elements(content.substr(*subfile + 2), e);
  const auto get = [&](std::initializer_list<const char*> ids) {
    for (const char* id : ids) {
      const auto it = e.find(id);
      if (it != e.end() && !it->second.empty() && it->second != "NONE" && it->second != "unavl") return it->second;
    }
    return std::string{};
  };
  const std::string id = get({"DAQ", "DBJ"});
  if (id.empty()) {
    out.warnings.emplace_back("The code holds no licence number");
    return out;
  }
  out.state = EvidenceState::not_signed;
  add_claim(out, "document_number", id);
  out.number = SecretText{id};

  std::string surname = get({"DCS", "DAB"});
  std::string given = get({"DAC"});
  std::string middle = get({"DAD"});
  if (given.empty()) given = spaced(get({"DCT"}));
  const std::string whole = get({"DAA"});
  if (surname.empty() && !whole.empty()) {
    // Version 1: SURNAME,GIVEN,MIDDLE; some wrote GIVEN MIDDLE SURNAME with spaces.
    const auto comma = whole.find_first_of(",@");
    if (comma != std::string::npos) {
      surname = trim(std::string_view{whole}.substr(0, comma));
      given = spaced(whole.substr(comma + 1));
    }
  }
  std::string name = spaced(given);
  if (!middle.empty()) name += (name.empty() ? "" : " ") + spaced(middle);
  if (!surname.empty()) name += (name.empty() ? "" : " ") + surname;
  add_claim(out, "name", name.empty() ? spaced(whole) : name);
  add_claim(out, "surname", surname);
  add_claim(out, "given_names", trim(spaced(given) + " " + spaced(middle)));
  for (const char* truncated : {"DDE", "DDF", "DDG"}) {
    if (get({truncated}) == "T") {
      out.warnings.emplace_back("The name is cut short in the code");
      break;
    }
  }

  const std::string country = get({"DCG"});
  const bool canada = country == "CAN" || country == "CDN";
  const bool month_first = !canada && header->version != 1;
  const auto date = [&](const char* claim, const char* element) {
    const std::string raw = get({element});
    add_claim(out, claim, raw, iso_date(raw, month_first));
  };
  date("dob", "DBB");
  date("issue_date", "DBD");
  date("expiry_date", "DBA");
  const std::string sex = get({"DBC"});
  add_claim(out, "gender", sex, sex == "1" || sex == "M" ? "M" : sex == "2" || sex == "F" ? "F" : "X");
  std::string address;
  for (const auto& part : {get({"DAG", "DAL"}), get({"DAH", "DAM"}), get({"DAI", "DAN"}), get({"DAJ", "DAO"})}) {
    if (!part.empty()) address += (address.empty() ? "" : ", ") + part;
  }
  std::string postal = get({"DAK", "DAP"});
  if (postal.size() == 9 && postal.ends_with("0000")) postal.resize(5);
  if (!postal.empty()) address += (address.empty() ? "" : " ") + postal;
  add_claim(out, "address", address);
  add_claim(out, "pincode", postal);
  add_claim(out, "issuer", canada ? "CAN" : "USA");
  add_claim(out, "issuer_id", header->issuer);
  add_claim(out, "jurisdiction", get({"DAJ", "DAO"}));
  add_claim(out, "discriminator", get({"DCF"}));
  return out;
}

}  // namespace authx::document
