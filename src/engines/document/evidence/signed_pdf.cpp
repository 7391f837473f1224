#include "engines/document/evidence/signed_pdf.h"

#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "engines/document/aadhaar.h"
#include "engines/document/evidence/openssl.h"
#include "engines/document/evidence/tlv.h"
#include "engines/document/evidence/values.h"
#include "engines/document/rules.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostFile = std::size_t{20} << 20;
constexpr int kMostPages = 20;
constexpr std::size_t kMostSignatures = 32;
constexpr std::size_t kMostText = std::size_t{256} << 10;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0'; }

/// [0 a b c]: bytes [0, a) and [b, b + c) are signed; between them stands the signature itself.
struct ByteRange {
  std::size_t at = 0;  ///< of the word in the file
  std::size_t hole_begin = 0;
  std::size_t hole_end = 0;
  std::size_t end = 0;
};

std::vector<ByteRange> byte_ranges(std::string_view text) {
  constexpr std::string_view kWord = "/ByteRange";
  std::vector<ByteRange> out;
  for (std::size_t at = 0; (at = text.find(kWord, at)) != std::string_view::npos && out.size() < kMostSignatures; at += kWord.size()) {
    std::size_t i = at + kWord.size();
    const auto skip = [&] {
      while (i < text.size() && is_space(text[i])) ++i;
    };
    skip();
    if (i >= text.size() || text[i] != '[') continue;
    ++i;
    std::array<std::size_t, 4> n{};
    bool good = true;
    for (auto& value : n) {
      skip();
      const auto parsed = std::from_chars(text.data() + i, text.data() + text.size(), value);
      good = good && parsed.ec == std::errc{} && value <= text.size();
      i = static_cast<std::size_t>(parsed.ptr - text.data());
    }
    skip();
    if (!good || i >= text.size() || text[i] != ']' || n[0] != 0 || n[1] >= n[2] || n[2] + n[3] > text.size()) continue;
    out.push_back({at, n[1], n[2], n[2] + n[3]});
  }
  return out;
}

/// The hole must be nothing but the hexadecimal string of /Contents, else something unsigned could hide there.
std::optional<Bytes> contents(std::string_view text, const ByteRange& r) {
  std::size_t before = r.hole_begin;
  while (before > 0 && is_space(text[before - 1])) --before;
  if (!text.substr(0, before).ends_with("/Contents")) return std::nullopt;
  if (r.hole_end - r.hole_begin < 4 || text[r.hole_begin] != '<' || text[r.hole_end - 1] != '>') return std::nullopt;
  std::string hex;
  for (std::size_t i = r.hole_begin + 1; i + 1 < r.hole_end; ++i) {
    if (is_space(text[i])) continue;
    if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
    hex += text[i];
  }
  auto bytes = hex_decode(hex);
  if (!bytes) return std::nullopt;
  // The string may be padded, but only with zeros, after the signature's DER.
  TlvReader reader{*bytes};
  const auto der = reader.next();
  if (!der ||
      std::any_of(bytes->begin() + static_cast<std::ptrdiff_t>(der->whole.size()), bytes->end(), [](std::uint8_t b) { return b != 0; }))
    return std::nullopt;
  return Bytes(der->whole.begin(), der->whole.end());
}

/// The signature dictionary's /SubFilter: the nearest after the last "<<" before the byte range, or after it.
std::string sub_filter(std::string_view text, const ByteRange& r) {
  constexpr std::string_view kWord = "/SubFilter";
  const std::size_t from = r.at > 2048 ? r.at - 2048 : 0;
  std::size_t found = text.substr(0, r.at).rfind(kWord);
  if (found == std::string_view::npos || found < from || text.substr(found, r.at - found).find("endobj") != std::string_view::npos)
    found = text.find(kWord, r.at);
  if (found == std::string_view::npos) return {};
  std::size_t i = found + kWord.size();
  while (i < text.size() && is_space(text[i])) ++i;
  std::string out;
  for (++i; i < text.size() && out.size() < 40 && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '.'); ++i)
    out += text[i];
  return out;
}

void judge(std::string_view text, const TrustStore& trust, Time now, Evidence& out) {
  const auto ranges = byte_ranges(text);
  if (ranges.empty()) {
    out.state = text.find("/ByteRange") == std::string_view::npos ? EvidenceState::unverified : EvidenceState::signature_invalid;
    out.warnings.emplace_back("The PDF has no signature that can be read");
    return;
  }
  out.state = EvidenceState::signature_invalid;
  const auto last = *std::ranges::max_element(ranges, {}, &ByteRange::end);
  out.format = sub_filter(text, last);
  const auto message = contents(text, last);
  if (!message) {
    out.warnings.emplace_back("The signature's byte range leaves out more than the signature");
    return;
  }
  if (last.end != text.size()) {
    out.warnings.emplace_back("The PDF was changed after it was signed");
    return;
  }
  if (out.format != "adbe.pkcs7.detached" && out.format != "ETSI.CAdES.detached") {
    out.warnings.emplace_back("The signature is of a kind that is not accepted");
    return;
  }
  std::string covered{text.substr(0, last.hole_begin)};
  covered += text.substr(last.hole_end);
  const auto signer = check_cms(*message, as_bytes(covered), trust.keys(TrustPurpose::pdf), std::nullopt, now);
  out.key_name = signer.name;
  out.key_fingerprint = signer.fingerprint;
  out.signed_at = signer.signed_at;
  if (!signer.reason.empty()) out.warnings.push_back(signer.reason);
  if (!signer.signature_good) return;
  if (signer.digest == "SHA1") {
    out.warnings.emplace_back("The signature is over SHA-1");
    return;
  }
  if (signer.signed_at && *signer.signed_at > now + std::chrono::hours{24}) {
    out.warnings.emplace_back("The signature is dated in the future");
    return;
  }
  out.state = !signer.chained ? EvidenceState::unverified : signer.in_validity ? EvidenceState::verified : EvidenceState::expired_key;
}

/// Runs of letters and digits.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '-') {
      out.back() += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  return out;
}

void read_text(const std::string& text, Evidence& out) {
  const auto words = words_of(text);
  const auto has = [&](const char* name) { return out.find(name) != nullptr; };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& w = words[i];
    const auto group = [&](std::size_t k) -> std::string_view {
      return k < words.size() && words[k].size() == 4 ? std::string_view{words[k]} : std::string_view{};
    };
    if (!has("document_number")) {
      const std::string joined = std::string{group(i)} + std::string{group(i + 1)} + std::string{group(i + 2)};
      const bool longer =
          (i > 0 && !group(i - 1).empty() && std::ranges::all_of(words[i - 1], [](unsigned char c) { return std::isdigit(c); })) ||
          (!group(i + 3).empty() && std::ranges::all_of(words[i + 3], [](unsigned char c) { return std::isdigit(c); }));
      if (joined.size() == 12 && aadhaar_valid(joined) && !longer) add_aadhaar_number(out, joined);
      if (joined.size() == 12 && (joined.starts_with("XXXXXXXX") || joined.starts_with("xxxxxxxx")) &&
          std::ranges::all_of(joined.substr(8), [](unsigned char c) { return std::isdigit(c); }))
        add_claim(out, "document_number", "XXXXXXXX" + joined.substr(8));
      if (w.size() == 10 && std::ranges::none_of(w, [](unsigned char c) { return std::islower(c); }) && check_pan(w).valid) {
        add_claim(out, "document_number", w);
        out.number = SecretText{w};
      }
    }
    if (!has("gender") && (w == "MALE" || w == "Male" || w == "FEMALE" || w == "Female" || w == "TRANSGENDER" || w == "Transgender"))
      add_gender(out, w);
    if (!has("dob") && (w == "DOB" || w == "Birth")) {
      for (std::size_t k = i + 1; k < std::min(words.size(), i + 4); ++k) {
        if (!has("dob") && parse_printed_date(words[k])) add_birth(out, words[k]);
      }
    }
    if (!has("pincode") && pincode_valid(w)) add_claim(out, "pincode", w);
  }
}

Result<> read_pages(BytesView file, const SecretText& password, Evidence& out) {
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  const auto open = [&](const std::string& user) {
    return std::unique_ptr<poppler::document>{
        poppler::document::load_from_raw_data(reinterpret_cast<const char*>(file.data()), static_cast<int>(file.size()), user, user)};
  };
  auto document = open(password.expose());
  if (document && document->is_locked()) {
    if (!password.empty()) return Error::invalid("password", "does not open the PDF");
    out.warnings.emplace_back("The PDF is protected: its pages are read only with its password");
    return {};
  }
  if (!document) {
    out.warnings.emplace_back("The PDF's pages can't be read");
    return {};
  }
  std::string text;
  for (int i = 0; i < std::min(document->pages(), kMostPages) && text.size() < kMostText; ++i) {
    const std::unique_ptr<poppler::page> page{document->create_page(i)};
    if (!page) continue;
    const auto utf8 = page->text().to_utf8();
    text.append(utf8.begin(), utf8.end());
    text += '\n';
  }
  text.resize(std::min(text.size(), kMostText));
  read_text(text, out);
  wipe(text.data(), text.size());
  return {};
}

}  // namespace

bool looks_like_pdf(BytesView file) noexcept {
  return as_text(file.first(std::min<std::size_t>(file.size(), 1024))).find("%PDF-") != std::string_view::npos;
}

Result<Evidence> read_signed_pdf(BytesView file, const SecretText& password, const TrustStore& trust, Time now) {
  if (file.size() > kMostFile) return Error::invalid("file", "the PDF is larger than 20 MiB");
  Evidence out;
  out.kind = EvidenceKind::pdf_signature;
  if (!looks_like_pdf(file)) {
    out.warnings.emplace_back("The file is not a PDF");
    return out;
  }
  judge(as_text(file), trust, now, out);
  AX_CHECK(read_pages(file, password, out));
  return out;
}

}  // namespace authx::document
