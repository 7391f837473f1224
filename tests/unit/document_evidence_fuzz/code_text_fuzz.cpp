#include <cstdlib>

#include "engines/document/evidence/aamva.h"
#include "engines/document/evidence/code_evidence.h"
#include "engines/document/evidence/legacy_qr.h"
#include "engines/document/evidence/plain_qr.h"
#include "engines/document/field.h"

/// The content of a QR code or PDF417 of any kind.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const document::TrustStore trust;
  const BytesView content{data, size};
  (void)document::read_aamva(as_text(content));
  (void)document::read_legacy_qr(as_text(content));
  (void)document::read_plain_qr(as_text(content));
  for (const auto symbology : {document::Symbology::qr, document::Symbology::pdf417}) {
    document::Code code;
    code.symbology = symbology;
    code.bytes.assign(content.begin(), content.end());
    for (const auto& e : document::interpret_codes({code}, document::Side::front, trust)) {
      if (e.verified()) std::abort();
    }
  }
  return 0;
}
