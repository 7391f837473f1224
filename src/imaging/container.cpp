#include "imaging/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

namespace authx::imaging {

std::string_view to_string(FileFormat format) noexcept {
  switch (format) {
    case FileFormat::jpeg: return "jpeg";
    case FileFormat::png: return "png";
    case FileFormat::webp: return "webp";
    case FileFormat::tiff: return "tiff";
    case FileFormat::bmp: return "bmp";
    case FileFormat::jp2: return "jp2";
    case FileFormat::pdf: return "pdf";
  }
  return "unknown";
}

std::string_view content_type(FileFormat format) noexcept {
  switch (format) {
    case FileFormat::jpeg: return "image/jpeg";
    case FileFormat::png: return "image/png";
    case FileFormat::webp: return "image/webp";
    case FileFormat::tiff: return "image/tiff";
    case FileFormat::bmp: return "image/bmp";
    case FileFormat::jp2: return "image/jp2";
    case FileFormat::pdf: return "application/pdf";
  }
  return "application/octet-stream";
}

namespace detail {
namespace {

constexpr std::string_view kTruncated = "the image is truncated";
constexpr std::string_view kDamaged = "the image is damaged";
constexpr std::string_view kForeign = "the file carries other data besides the picture";

/// Bytes past the picture's end that tell nothing: some cameras leave a short trailer.
constexpr std::size_t kTrailerAllowed = 4096;

std::uint32_t be(BytesView b, std::size_t at, int n) {
  std::uint32_t v = 0;
  for (int i = 0; i < n; ++i) v = (v << 8) | b[at + static_cast<std::size_t>(i)];
  return v;
}
std::uint32_t le(BytesView b, std::size_t at, int n) {
  std::uint32_t v = 0;
  for (int i = n; i-- > 0;) v = (v << 8) | b[at + static_cast<std::size_t>(i)];
  return v;
}

bool starts(BytesView b, std::string_view magic, std::size_t at = 0) {
  return b.size() >= at + magic.size() && std::memcmp(b.data() + at, magic.data(), magic.size()) == 0;
}

bool contains(BytesView b, std::string_view what) {
  const auto lower = [](unsigned char c) { return static_cast<unsigned char>(std::tolower(c)); };
  return std::search(b.begin(), b.end(), what.begin(), what.end(),
                     [&](unsigned char x, char y) { return lower(x) == lower(static_cast<unsigned char>(y)); }) != b.end();
}

bool is_padding(std::uint8_t c) { return c == 0 || c == 0xFF || c == ' ' || c == '\r' || c == '\n' || c == '\t'; }

bool holds_foreign_magic(BytesView b) {
  constexpr std::array<std::string_view, 12> marks{"PK\x03\x04",
                                                   "PK\x05\x06",
                                                   "%PDF-",
                                                   "<html",
                                                   "<script",
                                                   "<!doctype",
                                                   "<?php",
                                                   "<svg",
                                                   "Rar!\x1a",
                                                   "7z\xbc\xaf",
                                                   "\x7f"
                                                   "ELF",
                                                   "\x89PNG\r\n"};
  return std::ranges::any_of(marks, [&](std::string_view m) { return contains(b, m); });
}

/// Data after the picture's last byte.
Result<> check_trailer(BytesView rest) {
  const auto first = std::ranges::find_if_not(rest, is_padding);
  const BytesView tail{first, rest.end()};
  if (tail.empty()) return {};
  if (tail.size() > kTrailerAllowed || holds_foreign_magic(tail)) return refuse(std::string{kForeign});
  return {};
}

/// A picture that is at once something a browser, an archiver or a PDF reader would open.
Result<> check_polyglot(BytesView file) {
  const auto head = file.first(std::min<std::size_t>(file.size(), 1024));
  constexpr std::array<std::string_view, 5> marks{"%PDF-", "<html", "<script", "<!doctype", "<?php"};
  for (const auto m : marks) {
    if (contains(head, m)) return refuse(std::string{kForeign});
  }
  // An archive is found by its end-of-directory record, whose comment reaches exactly the end of the file.
  const std::size_t from = file.size() > 65'557 ? file.size() - 65'557 : 0;
  for (std::size_t i = from; i + 22 <= file.size(); ++i) {
    if (file[i] == 'P' && starts(file, "PK\x05\x06", i) && i + 22 + le(file, i + 20, 2) == file.size())
      return refuse(std::string{kForeign});
  }
  return {};
}

// --- JPEG ---------------------------------------------------------------------------------------

struct JpegWalk {
  Layout layout;
  std::size_t end = 0;
  bool multi_picture = false;
};

Result<JpegWalk> walk_jpeg_at(BytesView file, std::size_t start) {
  JpegWalk out;
  int scans = 0;
  std::size_t i = start + 2;
  while (true) {
    if (i + 1 >= file.size()) return refuse(std::string{kTruncated});
    if (file[i] != 0xFF) return refuse(std::string{kDamaged});
    while (i < file.size() && file[i] == 0xFF) ++i;
    if (i >= file.size()) return refuse(std::string{kTruncated});
    const std::uint8_t marker = file[i++];
    if (marker == 0xD9) break;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    if (marker == 0) return refuse(std::string{kDamaged});
    if (i + 2 > file.size()) return refuse(std::string{kTruncated});
    const std::size_t length = be(file, i, 2);
    if (length < 2) return refuse(std::string{kDamaged});
    if (i + length > file.size()) return refuse(std::string{kTruncated});
    const BytesView body = file.subspan(i + 2, length - 2);
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (body.size() < 6) return refuse(std::string{kDamaged});
      if (marker > 0xC2) return refuse("this kind of JPEG (lossless or arithmetic coding) is not supported");
      if (out.layout.width != 0) return refuse(std::string{kDamaged});
      out.layout.height = static_cast<int>(be(body, 1, 2));
      out.layout.width = static_cast<int>(be(body, 3, 2));
    } else if (marker == 0xE1 && starts(body, std::string_view{"Exif\0\0", 6})) {
      out.layout.orientation = exif_orientation(body.subspan(6));
    } else if (marker == 0xE2 && starts(body, std::string_view{"MPF\0", 4})) {
      out.multi_picture = true;
    }
    i += length;
    if (marker != 0xDA) continue;
    // Each scan of a progressive file costs a pass over all coefficients.
    if (++scans > 64) return refuse("the JPEG has too many scans");
    while (true) {
      const void* hit = i < file.size() ? std::memchr(file.data() + i, 0xFF, file.size() - i) : nullptr;
      if (hit == nullptr) return refuse(std::string{kTruncated});
      i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(hit) - file.data());
      if (i + 1 >= file.size()) return refuse(std::string{kTruncated});
      const std::uint8_t next = file[i + 1];
      if (next == 0 || (next >= 0xD0 && next <= 0xD7)) {
        i += 2;
      } else if (next == 0xFF) {
        ++i;
      } else {
        break;
      }
    }
  }
  if (out.layout.width == 0 || scans == 0) return refuse(std::string{kDamaged});
  out.end = i;
  return out;
}

Result<Layout> walk_jpeg(BytesView file) {
  AX_TRY(auto first, walk_jpeg_at(file, 0));
  std::size_t end = first.end;
  // Cameras append previews as whole JPEGs and announce them in a multi-picture segment.
  for (int extra = 0; first.multi_picture && extra < 8; ++extra) {
    std::size_t next = end;
    while (next < file.size() && file[next] == 0) ++next;
    if (!starts(file, "\xFF\xD8\xFF", next)) break;
    AX_TRY(auto more, walk_jpeg_at(file, next));
    end = more.end;
  }
  AX_CHECK(check_trailer(file.subspan(end)));
  return first.layout;
}

// --- PNG ----------------------------------------------------------------------------------------

Result<Layout> walk_png(BytesView file) {
  Layout out;
  std::size_t i = 8;
  bool data = false;
  while (true) {
    if (i + 12 > file.size()) return refuse(std::string{kTruncated});
    const std::size_t length = be(file, i, 4);
    if (length > 0x7FFFFFFF) return refuse(std::string{kDamaged});
    if (i + 12 + length > file.size()) return refuse(std::string{kTruncated});
    const BytesView type = file.subspan(i + 4, 4);
    const BytesView body = file.subspan(i + 8, length);
    if (starts(type, "IHDR")) {
      if (i != 8 || length != 13) return refuse(std::string{kDamaged});
      if (be(body, 0, 4) > 0x7FFFFFFF || be(body, 4, 4) > 0x7FFFFFFF) return refuse(std::string{kDamaged});
      out.width = static_cast<int>(be(body, 0, 4));
      out.height = static_cast<int>(be(body, 4, 4));
    } else if (i == 8) {
      return refuse(std::string{kDamaged});
    } else if (starts(type, "IDAT")) {
      data = true;
    } else if (starts(type, "eXIf")) {
      out.orientation = exif_orientation(body);
    }
    i += 12 + length;
    if (starts(type, "IEND")) break;
  }
  if (!data) return refuse(std::string{kDamaged});
  AX_CHECK(check_trailer(file.subspan(i)));
  return out;
}

// --- WebP ---------------------------------------------------------------------------------------

Result<Layout> walk_webp(BytesView file) {
  if (file.size() < 30) return refuse(std::string{kTruncated});
  const std::size_t riff = std::size_t{le(file, 4, 4)} + 8;
  if (riff > file.size()) return refuse(std::string{kTruncated});
  Layout out;
  std::size_t i = 12;
  bool picture = false;
  while (i + 8 <= riff) {
    const std::size_t length = le(file, i + 4, 4);
    if (i + 8 + length > riff) return refuse(std::string{kTruncated});
    const BytesView body = file.subspan(i + 8, length);
    if (starts(file, "ANIM", i) || starts(file, "ANMF", i)) return refuse("animated pictures are not accepted");
    if (starts(file, "VP8X", i) && length >= 10) {
      out.width = static_cast<int>(le(body, 4, 3)) + 1;
      out.height = static_cast<int>(le(body, 7, 3)) + 1;
    } else if (starts(file, "VP8 ", i)) {
      picture = true;
      if (length >= 10 && out.width == 0) {
        out.width = static_cast<int>(le(body, 6, 2) & 0x3FFF);
        out.height = static_cast<int>(le(body, 8, 2) & 0x3FFF);
      }
    } else if (starts(file, "VP8L", i)) {
      picture = true;
      if (length >= 5 && out.width == 0) {
        const std::uint32_t bits = le(body, 1, 4);
        out.width = static_cast<int>(bits & 0x3FFF) + 1;
        out.height = static_cast<int>((bits >> 14) & 0x3FFF) + 1;
      }
    } else if (starts(file, "EXIF", i)) {
      out.orientation = exif_orientation(starts(body, std::string_view{"Exif\0\0", 6}) ? body.subspan(6) : body);
    }
    i += 8 + length + (length & 1);
  }
  if (!picture) return refuse(std::string{kDamaged});
  AX_CHECK(check_trailer(file.subspan(riff)));
  return out;
}

// --- TIFF ---------------------------------------------------------------------------------------

class TiffView {
 public:
  explicit TiffView(BytesView b) : b_(b), little_(starts(b, "II")) {}
  bool has(std::size_t at, std::size_t n) const { return at <= b_.size() && n <= b_.size() - at; }
  std::uint32_t u(std::size_t at, int n) const { return little_ ? le(b_, at, n) : be(b_, at, n); }
  /// A count, SHORT or LONG, that stands in the entry itself.
  std::uint32_t inline_value(std::size_t entry) const { return u(entry + 2, 2) == 3 ? u(entry + 8, 2) : u(entry + 8, 4); }

 private:
  BytesView b_;
  bool little_;
};

Result<Layout> walk_tiff(BytesView file, const DecodeLimits& limits) {
  if (file.size() < 8) return refuse(std::string{kTruncated});
  const TiffView t{file};
  Layout out;
  out.pages = 0;
  std::size_t at = t.u(4, 4);
  while (at != 0) {
    if (!t.has(at, 2)) return refuse(std::string{kTruncated});
    const std::size_t entries = t.u(at, 2);
    if (!t.has(at, 2 + entries * 12 + 4)) return refuse(std::string{kTruncated});
    long long width = 0;
    long long height = 0;
    for (std::size_t e = 0; e < entries; ++e) {
      const std::size_t entry = at + 2 + e * 12;
      const auto tag = t.u(entry, 2);
      if (tag == 256) width = t.inline_value(entry);
      if (tag == 257) height = t.inline_value(entry);
    }
    AX_CHECK(check_size(width, height, limits));
    if (out.pages++ == 0) {
      out.width = static_cast<int>(width);
      out.height = static_cast<int>(height);
      out.orientation = exif_orientation(file);
    }
    if (out.pages > limits.max_pages) return refuse(fmt::format("the file has more than {} pages", limits.max_pages));
    at = t.u(at + 2 + entries * 12, 4);
  }
  if (out.pages == 0) return refuse(std::string{kDamaged});
  return out;
}

// --- BMP, JPEG 2000, PDF ------------------------------------------------------------------------

Result<Layout> walk_bmp(BytesView file) {
  if (file.size() < 54) return refuse(std::string{kTruncated});
  Layout out;
  const auto width = static_cast<std::int32_t>(le(file, 18, 4));
  const auto height = static_cast<std::int32_t>(le(file, 22, 4));
  if (width <= 0 || height == 0 || height == INT32_MIN) return refuse(std::string{kDamaged});
  out.width = width;
  out.height = height < 0 ? -height : height;
  const std::size_t stated = le(file, 2, 4);
  const std::size_t bits = le(file, 28, 2);
  const std::size_t row = (static_cast<std::size_t>(width) * bits + 31) / 32 * 4;
  const std::size_t end = std::size_t{le(file, 10, 4)} + row * static_cast<std::size_t>(out.height);
  if (end > file.size() || stated > file.size()) return refuse(std::string{kTruncated});
  AX_CHECK(check_trailer(file.subspan(std::max(end, stated))));
  return out;
}

Result<Layout> walk_jp2(BytesView file) {
  std::size_t code = 0;
  std::size_t code_end = file.size();
  if (!starts(file, "\xFF\x4F\xFF\x51")) {
    std::size_t i = 0;
    bool found = false;
    while (i + 8 <= file.size() && !found) {
      std::size_t length = be(file, i, 4);
      std::size_t head = 8;
      if (length == 1) {
        if (i + 16 > file.size() || be(file, i + 8, 4) != 0) return refuse(std::string{kDamaged});
        length = be(file, i + 12, 4);
        head = 16;
      } else if (length == 0) {
        length = file.size() - i;
      }
      if (length < head) return refuse(std::string{kDamaged});
      if (length > file.size() - i) return refuse(std::string{kTruncated});
      if (starts(file, "jp2c", i + 4)) {
        found = true;
        code = i + head;
        code_end = i + length;
      }
      i += length;
    }
    if (!found || !starts(file, "\xFF\x4F\xFF\x51", code)) return refuse(std::string{kDamaged});
  }
  if (code + 24 > file.size()) return refuse(std::string{kTruncated});
  const std::uint64_t x1 = be(file, code + 8, 4), y1 = be(file, code + 12, 4), x0 = be(file, code + 16, 4), y0 = be(file, code + 20, 4);
  if (x1 <= x0 || y1 <= y0 || x1 - x0 > INT32_MAX || y1 - y0 > INT32_MAX) return refuse(std::string{kDamaged});
  Layout out;
  out.width = static_cast<int>(x1 - x0);
  out.height = static_cast<int>(y1 - y0);
  // The codestream ends with its EOC marker; what follows it inside the box or file is not picture.
  std::size_t eoc = std::string_view::npos;
  for (std::size_t i = code_end; i >= code + 26; --i) {
    if (file[i - 2] == 0xFF && file[i - 1] == 0xD9) {
      eoc = i;
      break;
    }
  }
  if (eoc == std::string_view::npos) return refuse(std::string{kTruncated});
  AX_CHECK(check_trailer(file.subspan(eoc, code_end - eoc)));
  return out;
}

Result<Layout> walk_pdf(BytesView file) {
  Layout out;
  out.pages = 0;
  const auto tail = file.last(std::min<std::size_t>(file.size(), 2048));
  const auto text = as_text(tail);
  const auto end = text.rfind("%%EOF");
  if (end == std::string_view::npos) return refuse("the PDF is truncated");
  AX_CHECK(check_trailer(tail.subspan(end + 5)));
  return out;
}

}  // namespace

Error refuse(std::string reason) { return Error::invalid("image", std::move(reason)); }

Result<> check_size(long long width, long long height, const DecodeLimits& limits) {
  if (width <= 0 || height <= 0) return refuse(std::string{kDamaged});
  if (width > limits.max_side || height > limits.max_side) return refuse(fmt::format("more than {} pixels on a side", limits.max_side));
  if (width * height > limits.max_pixels) return refuse(fmt::format("more than {} megapixels", limits.max_pixels / 1'000'000));
  const auto [low, high] = std::minmax(width, height);
  if (static_cast<double>(high) > static_cast<double>(low) * limits.max_aspect) return refuse("the picture is too long and narrow");
  return {};
}

int exif_orientation(BytesView tiff) {
  if (tiff.size() < 8 || (!starts(tiff, "II") && !starts(tiff, "MM"))) return 1;
  const TiffView t{tiff};
  const std::size_t at = t.u(4, 4);
  if (!t.has(at, 2)) return 1;
  const std::size_t entries = t.u(at, 2);
  for (std::size_t e = 0; e < entries; ++e) {
    const std::size_t entry = at + 2 + e * 12;
    if (!t.has(entry, 12)) return 1;
    if (t.u(entry, 2) != 0x0112) continue;
    const auto value = t.inline_value(entry);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

std::optional<FileFormat> sniff(BytesView file) {
  if (starts(file, "\xFF\xD8\xFF")) return FileFormat::jpeg;
  if (starts(file, "\x89PNG\r\n\x1a\n")) return FileFormat::png;
  if (starts(file, "RIFF") && starts(file, "WEBP", 8)) return FileFormat::webp;
  if (starts(file, std::string_view{"II*\0", 4}) || starts(file, std::string_view{"MM\0*", 4})) return FileFormat::tiff;
  if (starts(file, std::string_view{"\0\0\0\x0CjP  \r\n\x87\n", 12}) || starts(file, "\xFF\x4F\xFF\x51")) return FileFormat::jp2;
  if (starts(file, "%PDF-")) return FileFormat::pdf;
  if (starts(file, "BM") && file.size() > 18) {
    const auto header = le(file, 14, 4);
    if (header == 40 || header == 52 || header == 56 || header == 108 || header == 124) return FileFormat::bmp;
  }
  return std::nullopt;
}

Result<Layout> walk(BytesView file, const DecodeLimits& limits) {
  if (file.empty()) return refuse("the file is empty");
  if (file.size() > limits.max_bytes) return refuse(fmt::format("the file is larger than {} MiB", limits.max_bytes >> 20));
  const auto format = sniff(file);
  if (!format) return refuse("Unsupported file format");
  Layout layout;
  switch (*format) {
    case FileFormat::jpeg: {
      AX_TRY(layout, walk_jpeg(file));
      break;
    }
    case FileFormat::png: {
      AX_TRY(layout, walk_png(file));
      break;
    }
    case FileFormat::webp: {
      AX_TRY(layout, walk_webp(file));
      break;
    }
    case FileFormat::tiff: {
      AX_TRY(layout, walk_tiff(file, limits));
      break;
    }
    case FileFormat::bmp: {
      AX_TRY(layout, walk_bmp(file));
      break;
    }
    case FileFormat::jp2: {
      AX_TRY(layout, walk_jp2(file));
      break;
    }
    case FileFormat::pdf: {
      AX_TRY(layout, walk_pdf(file));
      layout.format = FileFormat::pdf;
      return layout;
    }
  }
  layout.format = *format;
  AX_CHECK(check_size(layout.width, layout.height, limits));
  AX_CHECK(check_polyglot(file));
  return layout;
}

}  // namespace detail

Result<ProbedFile> probe(BytesView file, const DecodeLimits& limits) {
  AX_TRY(const auto layout, detail::walk(file, limits));
  ProbedFile out{layout.format, layout.width, layout.height, layout.pages};
  if (layout.orientation >= 5) std::swap(out.width, out.height);
  return out;
}

}  // namespace authx::imaging
