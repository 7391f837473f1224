#include "engines/document/evidence/icao_chip.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "engines/document/evidence/openssl.h"
#include "engines/document/evidence/tlv.h"
#include "engines/document/evidence/values.h"
#include "engines/document/mrz.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostFiles = 16;
constexpr std::size_t kMostFile = std::size_t{2} << 20;
constexpr std::uint32_t kSod = 0x77;
constexpr std::string_view kSecurityObjectType = "2.23.136.1.1.1";  // id-icao-mrtd-security-ldsSecurityObject

/// Tags of the data groups 1 to 16.
constexpr std::array<std::uint8_t, 16> kGroupTags{0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68,
                                                  0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70};

int group_of(std::uint32_t tag) {
  const auto it = std::ranges::find(kGroupTags, tag);
  return it == kGroupTags.end() ? 0 : static_cast<int>(it - kGroupTags.begin()) + 1;
}

std::uint32_t be(BytesView b, std::size_t at, int n) {
  std::uint32_t v = 0;
  for (int i = 0; i < n; ++i) v = (v << 8) | b[at + static_cast<std::size_t>(i)];
  return v;
}

struct SecurityObject {
  const EVP_MD* digest = nullptr;
  std::string version;
  std::map<int, BytesView> hashes;
};

/// LDSSecurityObject ::= SEQUENCE { version INTEGER, hashAlgorithm AlgorithmIdentifier,
///   dataGroupHashValues SEQUENCE OF SEQUENCE { INTEGER, OCTET STRING }, ldsVersionInfo OPTIONAL (version 1) }
std::optional<SecurityObject> parse_security_object(BytesView content) {
  TlvReader outer{content};
  const auto object = outer.next();
  if (!object || object->tag != 0x30 || !outer.done()) return std::nullopt;
  TlvReader fields{object->value};
  const auto version = fields.next();
  const auto algorithm = fields.next();
  const auto groups = fields.next();
  if (!version || version->tag != 0x02 || version->value.size() != 1 || version->value[0] > 1) return std::nullopt;
  if (!algorithm || algorithm->tag != 0x30 || !groups || groups->tag != 0x30) return std::nullopt;
  const auto oid = child(algorithm->value, 0x06);
  if (!oid) return std::nullopt;
  SecurityObject out;
  const std::uint8_t* at = oid->whole.data();
  ASN1_OBJECT* name = d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(oid->whole.size()));
  const int nid = name == nullptr ? NID_undef : OBJ_obj2nid(name);
  ASN1_OBJECT_free(name);
  switch (nid) {
    case NID_sha1: out.digest = EVP_sha1(); break;
    case NID_sha224: out.digest = EVP_sha224(); break;
    case NID_sha256: out.digest = EVP_sha256(); break;
    case NID_sha384: out.digest = EVP_sha384(); break;
    case NID_sha512: out.digest = EVP_sha512(); break;
    default: return std::nullopt;
  }
  TlvReader list{groups->value};
  while (const auto entry = list.next()) {
    TlvReader pair{entry->value};
    const auto number = pair.next();
    const auto hash = pair.next();
    if (entry->tag != 0x30 || !number || number->tag != 0x02 || number->value.size() != 1 || !hash || hash->tag != 0x04 ||
        hash->value.size() != static_cast<std::size_t>(EVP_MD_get_size(out.digest)))
      return std::nullopt;
    const int group = number->value[0];
    if (group < 1 || group > 16 || !out.hashes.emplace(group, hash->value).second) return std::nullopt;
  }
  if (list.failed() || out.hashes.empty()) return std::nullopt;
  out.version = version->value[0] == 0 ? "LDS v0" : "LDS v1";
  return out;
}

bool hash_fits(const SecurityObject& object, int group, BytesView file) {
  const auto it = object.hashes.find(group);
  if (it == object.hashes.end()) return false;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  return EVP_Digest(file.data(), file.size(), digest.data(), &size, object.digest, nullptr) == 1 && size == it->second.size() &&
         std::equal(it->second.begin(), it->second.end(), digest.begin());
}

/// Germany alone has a code of one letter in machine-readable zones.
std::string iso_country(const std::string& code) { return code == "D" ? "DEU" : code; }

void read_dg1(BytesView content, Date today, Evidence& out) {
  const auto zone = child(content, 0x5F1F);
  const auto mrz = zone ? parse_mrz(as_text(zone->value), today) : Result<Mrz>{Errc::validation};
  if (!mrz) {
    out.warnings.emplace_back("The machine-readable zone in the chip can't be read");
    return;
  }
  out.number = SecretText{mrz->document_number};
  add_claim(out, "document_number", mrz->document_number);
  add_claim(out, "name", trim(mrz->given_names + " " + mrz->surname));
  add_claim(out, "surname", mrz->surname);
  add_claim(out, "given_names", mrz->given_names);
  add_claim(out, "dob", mrz->birth_text, mrz->birth ? format_date(*mrz->birth) : "");
  add_claim(out, "gender", std::string(1, mrz->sex));
  add_claim(out, "nationality", mrz->nationality, iso_country(mrz->nationality));
  add_claim(out, "issuer", mrz->issuer, iso_country(mrz->issuer));
  add_claim(out, "expiry_date", mrz->expiry_text, mrz->expiry ? format_date(*mrz->expiry) : "");
  if (mrz->name_truncated) out.warnings.emplace_back("The name may be cut short in the chip's machine-readable zone");
}

void read_dg2(BytesView content, Evidence& out) {
  const auto templates = child(content, 0x7F61);
  const auto first = templates ? child(templates->value, 0x7F60) : std::nullopt;
  auto data = first ? child(first->value, 0x5F2E) : std::nullopt;
  if (!data && first) data = child(first->value, 0x7F2E);
  const BytesView picture = data ? face_picture(data->value) : BytesView{};
  if (picture.empty()) {
    out.warnings.emplace_back("The portrait in the chip is not in a form that can be read");
    return;
  }
  add_portrait(out, picture);
}

std::string date_digits(BytesView value) {
  std::string text;
  if (value.size() == 4) {  // binary-coded decimal
    for (const auto b : value) text += fmt::format("{:02x}", b);
  } else {
    text = as_text(value);
  }
  if (text.size() != 8) return {};
  return text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2);
}

std::string text_in(BytesView content, std::uint32_t tag) {
  const auto t = child(content, tag);
  std::string text = t ? trim(to_utf8(t->value)) : std::string{};
  // "<" stands for a space in names, "<<" and ";" between parts.
  std::ranges::replace(text, '<', ' ');
  return trim(text);
}

void read_dg11(BytesView content, Evidence& out) {
  add_claim(out, "name_local", text_in(content, 0x5F0E));
  add_claim(out, "address", text_in(content, 0x5F42));
}

void read_dg12(BytesView content, Evidence& out) {
  const auto issued = child(content, 0x5F26);
  if (!issued) return;
  const std::string text = date_digits(issued->value);
  add_claim(out, "issue_date", text, parse_date(text) ? text : "");
}

}  // namespace

BytesView face_picture(BytesView r) noexcept {
  constexpr std::size_t kHeader = 14;
  constexpr std::size_t kFaceInformation = 20;
  constexpr std::size_t kImageInformation = 12;
  if (r.size() < kHeader + kFaceInformation + kImageInformation || be(r, 0, 4) != 0x46414300U) return {};  // "FAC\0"
  if (be(r, 8, 4) > r.size() || be(r, 12, 2) == 0) return {};
  const std::size_t length = be(r, kHeader, 4);
  const std::size_t points = be(r, kHeader + 4, 2);
  const std::size_t head = kFaceInformation + points * 8 + kImageInformation;
  if (length > r.size() - kHeader || length <= head) return {};
  return r.subspan(kHeader + head, length - head);
}

bool looks_like_chip_file(BytesView file) noexcept {
  if (file.size() < 4) return false;
  TlvReader reader{file};
  const auto t = reader.next();
  return t && (t->tag == kSod || group_of(t->tag) != 0);
}

Evidence read_icao_chip(std::span<const BytesView> files, const TrustStore& trust, Time now) {
  Evidence out;
  out.kind = EvidenceKind::icao_chip;
  const auto unreadable = [&](const char* why) {
    out.state = EvidenceState::unreadable;
    out.claims.clear();
    out.warnings.emplace_back(why);
    return out;
  };
  if (files.size() > kMostFiles) return unreadable("More files than a chip has");
  std::optional<Tlv> sod;
  std::map<int, Tlv> groups;
  for (const auto& file : files) {
    TlvReader reader{file};
    const auto t = file.size() <= kMostFile ? reader.next() : std::nullopt;
    if (!t) return unreadable("A file is not one of a chip's");
    // A reader that copies whole blocks leaves zeros behind the element.
    if (std::ranges::any_of(file.subspan(t->whole.size()), [](std::uint8_t b) { return b != 0; }))
      return unreadable("A file has data behind its content");
    const int group = group_of(t->tag);
    const bool fresh = t->tag == kSod ? !sod : group != 0 && groups.emplace(group, *t).second;
    if (!fresh) return unreadable("A file is none of a chip's, or is given twice");
    if (t->tag == kSod) sod = t;
  }
  const Date today = date_of(now);
  if (groups.contains(1)) read_dg1(groups[1].value, today, out);
  if (groups.contains(2)) read_dg2(groups[2].value, out);
  if (groups.contains(11)) read_dg11(groups[11].value, out);
  if (groups.contains(12)) read_dg12(groups[12].value, out);
  if (!sod) {
    out.state = EvidenceState::unverified;
    out.warnings.emplace_back("Without EF.SOD nothing in the chip's files can be verified");
    return out;
  }
  const auto signer = check_cms(sod->value, {}, trust.keys(TrustPurpose::csca), now, now);
  out.key_name = signer.name;
  out.key_fingerprint = signer.fingerprint;
  out.signed_at = signer.signed_at;
  if (!signer.reason.empty()) out.warnings.push_back(signer.reason);
  out.state = EvidenceState::signature_invalid;
  if (!signer.signature_good) return out;
  const auto object = signer.content_type == kSecurityObjectType ? parse_security_object(signer.content) : std::nullopt;
  if (!object) {
    out.warnings.emplace_back("EF.SOD does not hold a document security object");
    return out;
  }
  out.format = fmt::format("{}, {}", object->version, signer.digest);
  for (const auto& [group, t] : groups) {
    if (hash_fits(*object, group, t.whole)) continue;
    out.warnings.push_back(fmt::format("Data group {} is not the one that was signed", group));
    return out;
  }
  if (EVP_MD_get_type(object->digest) == NID_sha1 || signer.digest == "SHA1")
    out.warnings.emplace_back("The chip's data is hashed with SHA-1, as old documents are");
  out.state = !signer.chained ? EvidenceState::unverified : signer.in_validity ? EvidenceState::verified : EvidenceState::expired_key;
  return out;
}

}  // namespace authx::document
