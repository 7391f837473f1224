#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engines/document/authenticity/metadata.h"

namespace authx::document::authenticity {
namespace {

constexpr std::size_t kMostText = std::size_t{64} << 10;

void add(Metadata& m, std::string_view text) {
  if (m.text.size() >= kMostText) return;
  m.text += text.substr(0, kMostText - m.text.size());
  m.text += '\n';
}

/// A TIFF structure (Exif 2.32, section 4.6): two directories, no pointers followed but to values and the thumbnail.
class Tiff {
 public:
  explicit Tiff(BytesView b) : b_(b), little_(b.size() > 8 && b[0] == 'I' && b[1] == 'I') {}

  void read(Metadata& m) const {
    if (b_.size() < 14 || (!little_ && (b_[0] != 'M' || b_[1] != 'M'))) return;
    const std::size_t second = directory(number(4, 4), m);
    if (second != 0) directory(second, m);
  }

 private:
  std::uint32_t number(std::size_t at, std::size_t size) const {
    std::uint32_t v = 0;
    if (at + size > b_.size()) return 0;
    for (std::size_t i = 0; i < size; ++i) v = (v << 8) | b_[little_ ? at + size - 1 - i : at + i];
    return v;
  }

  std::size_t directory(std::size_t at, Metadata& m) const {
    if (at + 2 > b_.size()) return 0;
    const std::size_t entries = std::min<std::size_t>(number(at, 2), 256);
    std::size_t thumbnail = 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t e = at + 2 + 12 * i;
      if (e + 12 > b_.size()) return 0;
      const auto tag = number(e, 2);
      const std::size_t count = number(e + 4, 4);
      if (tag == 0x0201) thumbnail = number(e + 8, 4);
      if (tag == 0x0202) length = number(e + 8, 4);
      // Make, model, software, processing software.
      if (number(e + 2, 2) == 2 && (tag == 0x010F || tag == 0x0110 || tag == 0x0131 || tag == 0x000B)) {
        const std::size_t from = count <= 4 ? e + 8 : number(e + 8, 4);
        if (count <= 256 && from <= b_.size() && count <= b_.size() - from) {
          auto text = as_text(b_.subspan(from, count));
          if (const auto end = text.find('\0'); end != std::string_view::npos) text = text.substr(0, end);
          add(m, text);
        }
      }
    }
    if (thumbnail != 0 && length > 4 && thumbnail <= b_.size() && length <= b_.size() - thumbnail)
      m.preview = b_.subspan(thumbnail, length);
    return number(at + 2 + 12 * entries, 4);
  }

  BytesView b_;
  bool little_;
};

constexpr std::string_view kExif{"Exif\0\0", 6};
constexpr std::string_view kXmp{"http://ns.adobe.com/xap/1.0/\0", 29};

Metadata of_jpeg(BytesView f) {
  Metadata m;
  for (std::size_t at = 2; at + 4 <= f.size() && f[at] == 0xFF;) {
    const int marker = f[at + 1];
    if (marker == 0xDA || marker == 0xD9) break;
    const std::size_t length = static_cast<std::size_t>(f[at + 2]) << 8 | f[at + 3];
    if (length < 2 || at + 2 + length > f.size()) break;
    const BytesView body = f.subspan(at + 4, length - 2);
    const auto text = as_text(body);
    if (marker == 0xE1 && text.starts_with(kExif)) Tiff{body.subspan(kExif.size())}.read(m);
    if (marker == 0xE1 && text.starts_with(kXmp)) add(m, text.substr(kXmp.size()));
    if (marker == 0xFE) add(m, text);
    at += 2 + length;
  }
  return m;
}

Metadata of_png(BytesView f) {
  Metadata m;
  for (std::size_t at = 8; at + 12 <= f.size();) {
    const std::size_t length = static_cast<std::size_t>(f[at]) << 24 | static_cast<std::size_t>(f[at + 1]) << 16 |
                               static_cast<std::size_t>(f[at + 2]) << 8 | f[at + 3];
    if (length > f.size() - at - 12) break;
    const auto kind = as_text(f.subspan(at + 4, 4));
    const BytesView body = f.subspan(at + 8, length);
    if (kind == "tEXt" || kind == "iTXt") add(m, as_text(body));
    if (kind == "eXIf") Tiff{body}.read(m);
    if (kind == "IEND") break;
    at += 12 + length;
  }
  return m;
}

}  // namespace

Metadata read_metadata(BytesView file) {
  constexpr std::string_view png{"\x89PNG\r\n\x1a\n", 8};
  if (file.size() > 4 && file[0] == 0xFF && file[1] == 0xD8) return of_jpeg(file);
  if (as_text(file).starts_with(png)) return of_png(file);
  return {};
}

}  // namespace authx::document::authenticity
