#include <cstdlib>

#include "engines/document/evidence/secure_qr.h"

/// Either the code's text, or, when the first byte is 'B', the bytes that its decimal digits stand for: so the compressed part is
/// reached without inventing digits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  static const document::TrustStore trust;
  std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 0 && data[0] == 'B') {
    std::string digits{"0"};
    for (std::size_t i = 1; i < size && i < 1500; ++i) {
      int carry = data[i];
      for (auto d = digits.rbegin(); d != digits.rend(); ++d) {
        carry += (*d - '0') * 256;
        *d = static_cast<char>('0' + carry % 10);
        carry /= 10;
      }
      for (; carry > 0; carry /= 10) digits.insert(digits.begin(), static_cast<char>('0' + carry % 10));
    }
    text = digits;
    const auto back = document::decimal_to_bytes(text);
    std::size_t first = 1;
    while (first < size && data[first] == 0) ++first;
    if (back && size <= 1500 && !std::equal(back->begin(), back->end(), data + first, data + size)) std::abort();
  }
  const auto e = document::read_secure_qr(text, trust);
  if (e.verified() || e.state == document::EvidenceState::signature_invalid) std::abort();  // there is no key
  return 0;
}
