#include "engines/document/evidence/code_evidence.h"

#include <opencv2/core.hpp>
#include <optional>

#include "engines/document/evidence/aamva.h"
#include "engines/document/evidence/legacy_qr.h"
#include "engines/document/evidence/plain_qr.h"
#include "engines/document/evidence/secure_qr.h"

namespace authx::document {
namespace {

std::optional<Evidence> interpret(const Code& code, const TrustStore& trust) {
  const auto text = as_text(code.bytes);
  if (looks_like_aamva(text)) return read_aamva(text);
  if (code.symbology != Symbology::qr) return std::nullopt;
  if (looks_like_legacy_qr(text)) return read_legacy_qr(text);
  if (looks_like_secure_qr(text)) {
    // Other issuers write long decimal codes too; Aadhaar's are compressed.
    const auto packed = decimal_to_bytes(text);
    const bool compressed = !packed || (packed->size() > 2 && ((*packed)[0] == 0x1F || (*packed)[0] == 0x78));
    return compressed ? read_secure_qr(text, trust) : read_enhanced_pan_qr(code.bytes);
  }
  if (auto plain = read_plain_qr(text)) return plain;
  return read_enhanced_pan_qr(code.bytes);
}

}  // namespace

std::vector<Evidence> interpret_codes(const std::vector<Code>& codes, Side side, const TrustStore& trust) {
  std::vector<Evidence> out;
  for (const auto& code : codes) {
    auto e = interpret(code, trust);
    if (!e) continue;
    e->side = side;
    e->place = code.quad;
    out.push_back(std::move(*e));
  }
  return out;
}

std::vector<Evidence> read_code_evidence(const imaging::Image& image, Side side, const TrustStore& trust, const Deadline& deadline) {
  try {
    return interpret_codes(find_codes(image, {}, deadline), side, trust);
  } catch (const cv::Exception&) {
    return {};
  }
}

}  // namespace authx::document
