#include "engines/document/evidence/tlv.h"

namespace authx::document {

std::optional<Tlv> TlvReader::next() {
  if (failed_ || rest_.empty()) return std::nullopt;
  failed_ = true;
  std::size_t at = 0;
  Tlv out;
  out.tag = rest_[at++];
  if ((out.tag & 0x1F) == 0x1F) {
    std::uint8_t more = 0x80;
    for (int i = 0; i < 2 && (more & 0x80) != 0; ++i) {
      if (at >= rest_.size()) return std::nullopt;
      more = rest_[at++];
      out.tag = (out.tag << 8) | more;
    }
    if ((more & 0x80) != 0) return std::nullopt;
  }
  if (at >= rest_.size()) return std::nullopt;
  std::size_t length = rest_[at++];
  if (length >= 0x80) {
    const std::size_t bytes = length & 0x7F;
    if (bytes == 0 || bytes > 4 || rest_.size() - at < bytes) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = (length << 8) | rest_[at++];
  }
  if (length > rest_.size() - at) return std::nullopt;
  out.value = rest_.subspan(at, length);
  out.whole = rest_.first(at + length);
  rest_ = rest_.subspan(at + length);
  failed_ = false;
  return out;
}

std::optional<Tlv> child(BytesView content, std::uint32_t tag) {
  TlvReader reader{content};
  while (const auto t = reader.next()) {
    if (t->tag == tag) return t;
  }
  return std::nullopt;
}

}  // namespace authx::document
