#include "engines/document/evidence/offline_ekyc.h"

#include <algorithm>
#include <cctype>

#include "base/encoding.h"
#include "engines/document/evidence/share_code_zip.h"
#include "engines/document/evidence/values.h"
#include "engines/document/evidence/xml_document.h"
#include "engines/document/evidence/xml_signature.h"

namespace authx::document {
namespace {

std::string hash_text(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.size() == 64 && hex_decode(text) ? text : std::string{};
}

void judge(const XmlSignature& s, Evidence& out) {
  if (s.key != nullptr) {
    out.key_name = s.key->name;
    out.key_fingerprint = s.key->fingerprint;
  }
  if (!s.reason.empty()) out.warnings.push_back(s.reason);
  if (s.sha1) out.warnings.emplace_back("The signature is over SHA-1, which UIDAI still uses for this kind of file");
  switch (s.verdict) {
    case XmlVerdict::malformed: out.state = EvidenceState::signature_invalid; break;
    case XmlVerdict::wrong: out.state = s.altered || s.key != nullptr ? EvidenceState::signature_invalid : EvidenceState::unverified; break;
    case XmlVerdict::no_key: out.state = s.altered ? EvidenceState::signature_invalid : EvidenceState::unverified; break;
    case XmlVerdict::good:
      out.state = out.signed_at && s.key->valid_at(*out.signed_at) ? EvidenceState::verified : EvidenceState::expired_key;
      break;
  }
}

}  // namespace

bool looks_like_offline_ekyc(BytesView xml) noexcept {
  const auto head = as_text(xml.first(std::min<std::size_t>(xml.size(), 4096)));
  return head.find("<OfflinePaperlessKyc") != std::string_view::npos;
}

Evidence read_offline_ekyc(BytesView xml, const TrustStore& trust) {
  Evidence out;
  out.kind = EvidenceKind::offline_ekyc;
  out.format = "OfflinePaperlessKyc";
  const XmlDocument doc = parse_xml(xml);
  const xmlNode* root = doc ? xmlDocGetRootElement(doc.get()) : nullptr;
  if (!is_element(root, "OfflinePaperlessKyc", "")) {
    out.warnings.emplace_back("The file is not XML as offline e-KYC has it");
    return out;
  }
  const XmlSignature signature = check_enveloped_signature(doc.get(), trust.keys(TrustPurpose::offline_kyc));
  // From here on the document is without its signature: what is read is what was signed.
  const xmlNode* data = child_named(root, "UidData");
  const xmlNode* poi = child_named(data, "Poi");
  const xmlNode* poa = child_named(data, "Poa");
  if (poi == nullptr || !add_reference(out, attribute(root, "referenceId"))) {
    out.warnings.emplace_back("The file lacks the holder's data");
    return out;
  }
  const auto value = [](const xmlNode* node, const char* name) { return trim(to_utf8(as_bytes(attribute(node, name)))); };
  add_claim(out, "name", value(poi, "name"));
  add_birth(out, value(poi, "dob"));
  add_gender(out, value(poi, "gender"));
  add_claim(out, "care_of", value(poa, "careof"));
  add_address(out,
              {value(poa, "house"), value(poa, "street"), value(poa, "landmark"), value(poa, "loc"), value(poa, "vtc"), value(poa, "po"),
               value(poa, "subdist"), value(poa, "dist"), value(poa, "state")},
              value(poa, "pc"));
  out.contact.email = hash_text(attribute(poi, "e"));
  out.contact.mobile = hash_text(attribute(poi, "m"));
  std::string photo = text_of(child_named(data, "Pht"));
  std::erase_if(photo, [](unsigned char c) { return std::isspace(c) != 0; });
  if (!photo.empty()) {
    if (const auto bytes = base64_decode(photo)) {
      add_portrait(out, *bytes);
    } else {
      out.warnings.emplace_back("The portrait in the data can't be read");
    }
  }
  judge(signature, out);
  return out;
}

Result<Evidence> read_offline_ekyc_zip(BytesView archive, const SecretText& share_code, const TrustStore& trust) {
  AX_TRY(const auto xml, unzip_one(archive, share_code));
  return read_offline_ekyc(xml, trust);
}

}  // namespace authx::document
