#include "engines/fingerprint/image_record.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/byte_reader.h"

namespace authx::fingerprint {
namespace {

constexpr std::string_view kMark{"FIR\0", 4}, kVersion2005{"010\0", 4}, kVersion2011{"020\0", 4};
constexpr std::size_t kHeader2005 = 32, kImageHeader2005 = 14, kHeader2011 = 16;
constexpr std::uint8_t kMostPosition = 15;  ///< fingers and slaps; palms begin at 20

Error wrong(std::string field, std::string reason) { return Error::invalid("finger_image." + std::move(field), std::move(reason)); }

void put(Bytes& out, std::uint64_t v, int n) {
  for (int i = 8 * (n - 1); i >= 0; i -= 8) out.push_back(static_cast<std::uint8_t>(v >> i));
}

int to_dpi(std::uint64_t x, std::uint64_t y, std::uint64_t unit) {
  const double mean = static_cast<double>(x + y) / 2;
  return static_cast<int>(std::lround(unit == 2 ? mean * 2.54 : mean));
}

/// The 2011 edition tells lossy from lossless JPEG 2000 (4, 5), so that PNG is 6.
std::optional<ImageCompression> compression_of(std::uint64_t code, ImageRecordFormat format) {
  if (format == ImageRecordFormat::iso_2011 && code >= 5) --code;
  if (code > static_cast<std::uint64_t>(ImageCompression::png)) return std::nullopt;
  return static_cast<ImageCompression>(code);
}

std::uint8_t code_of(ImageCompression c, ImageRecordFormat format) {
  const auto code = static_cast<std::uint8_t>(c);
  return format == ImageRecordFormat::iso_2011 && c == ImageCompression::png ? static_cast<std::uint8_t>(code + 1) : code;
}

Result<> check(const FingerImage& i) {
  if (i.position > kMostPosition) return wrong("position", "is no finger");
  if (i.quality > 100 && i.quality < 254) return wrong("quality", "is out of bounds");
  if (i.width < 1 || i.height < 1 || i.width > 65535 || i.height > 65535) return wrong("size", "is out of bounds");
  if (i.dpi < 50 || i.dpi > 5000) return wrong("resolution", "is out of bounds");
  if (i.depth < 1 || i.depth > 16) return wrong("depth", "is out of bounds");
  if (i.compression <= ImageCompression::packed) {
    const auto pixels = static_cast<std::uint64_t>(i.width) * static_cast<std::uint64_t>(i.height);
    const auto bits = static_cast<std::uint64_t>(i.compression == ImageCompression::packed ? i.depth : i.depth > 8 ? 16 : 8);
    if (i.data.size() != (pixels * bits + 7) / 8) return wrong("data", "has a length that does not agree with the image's size");
  } else if (i.data.empty()) {
    return wrong("data", "is empty");
  }
  return {};
}

Result<ImageRecord> read_2005(BytesView bytes) {
  ByteReader r{bytes};
  r.block(8);
  if (r.number(6) != bytes.size()) return wrong("length", "does not agree with the bytes");
  r.block(4);  // capture device, acquisition level
  const auto count = r.number(1), unit = r.number(1);
  r.block(4);  // resolution of the scan
  const auto x = r.number(2), y = r.number(2), depth = r.number(1), code = r.number(1);
  r.block(2);
  ImageRecord out;
  const auto compression = compression_of(code, out.format);
  if (r.ran_out()) return wrong("header", "is cut short");
  if (count < 1 || count > ImageRecord::kMaxImages) return wrong("count", "is out of bounds");
  if (unit != 1 && unit != 2) return wrong("unit", "is neither inch nor centimetre");
  if (!compression) return wrong("compression", "is unknown");
  while (r.at() < bytes.size()) {
    if (out.images.size() == ImageRecord::kMaxImages) return wrong("count", "is out of bounds");
    FingerImage i;
    const auto length = r.number(4);
    i.position = static_cast<std::uint8_t>(r.number(1));
    r.block(2);  // number of views and of this view
    i.quality = static_cast<std::uint8_t>(r.number(1));
    i.impression_type = static_cast<std::uint8_t>(r.number(1));
    i.width = static_cast<int>(r.number(2)), i.height = static_cast<int>(r.number(2));
    r.block(1);
    if (r.ran_out() || length < kImageHeader2005) return wrong("length", "of an image is out of bounds");
    const BytesView data = r.block(length - kImageHeader2005);
    if (r.ran_out()) return wrong("length", "of an image reaches beyond the record");
    i.dpi = to_dpi(x, y, unit), i.depth = static_cast<int>(depth), i.compression = *compression;
    i.data.assign(data.begin(), data.end());
    AX_CHECK(check(i));
    out.images.push_back(std::move(i));
  }
  // A finger may have several views, so there are at least as many images as fingers.
  if (out.images.size() < count) return wrong("count", "does not agree with the images");
  return out;
}

Result<ImageRecord> read_2011(BytesView bytes) {
  ByteReader r{bytes};
  r.block(8);
  if (r.number(4) != bytes.size()) return wrong("length", "does not agree with the bytes");
  const auto count = r.number(2);
  const bool certified = r.number(1) != 0;
  r.block(1);  // number of fingers
  if (r.ran_out()) return wrong("header", "is cut short");
  if (count < 1 || count > ImageRecord::kMaxImages) return wrong("count", "is out of bounds");
  ImageRecord out;
  out.format = ImageRecordFormat::iso_2011;
  for (std::uint64_t n = 0; n < count; ++n) {
    const auto length = r.number(4);
    if (r.ran_out() || length < 4) return wrong("length", "of an image is out of bounds");
    const BytesView whole = r.block(length - 4);
    if (r.ran_out()) return wrong("length", "of an image reaches beyond the record");
    ByteReader p{whole};
    FingerImage i;
    p.block(14);  // time and device
    const auto qualities = p.number(1);
    for (std::uint64_t q = 0; q < qualities; ++q) {
      const auto value = static_cast<std::uint8_t>(p.number(1));
      if (q == 0 && (value <= 100 || value >= 254)) i.quality = value;
      p.block(4);
    }
    if (certified) p.block(3 * p.number(1));
    i.position = static_cast<std::uint8_t>(p.number(1));
    p.block(1);
    const auto unit = p.number(1);
    p.block(4);
    const auto x = p.number(2), y = p.number(2);
    i.depth = static_cast<int>(p.number(1));
    const auto compression = compression_of(p.number(1), out.format);
    i.impression_type = static_cast<std::uint8_t>(p.number(1));
    i.width = static_cast<int>(p.number(2)), i.height = static_cast<int>(p.number(2));
    const BytesView data = p.block(p.number(4));
    if (p.ran_out()) return wrong("representation", "is cut short");
    if (unit != 1 && unit != 2) return wrong("unit", "is neither inch nor centimetre");
    if (!compression) return wrong("compression", "is unknown");
    i.compression = *compression, i.dpi = to_dpi(x, y, unit);
    i.data.assign(data.begin(), data.end());
    AX_CHECK(check(i));
    out.images.push_back(std::move(i));
  }
  if (r.at() != bytes.size()) return wrong("length", "leaves bytes that belong to no image");
  return out;
}

}  // namespace

bool is_image_record(BytesView bytes) noexcept { return as_text(bytes).starts_with(kMark); }

Result<ImageRecord> read_image_record(BytesView bytes) {
  const auto text = as_text(bytes);
  if (!text.starts_with(kMark) || bytes.size() < 8) return wrong("mark", "is not that of a finger image record");
  if (text.substr(4, 4) == kVersion2005) return bytes.size() < kHeader2005 ? wrong("header", "is cut short") : read_2005(bytes);
  if (text.substr(4, 4) == kVersion2011) return bytes.size() < kHeader2011 ? wrong("header", "is cut short") : read_2011(bytes);
  return wrong("version", "is unknown");
}

Result<Bytes> write_image_record(const ImageRecord& record) {
  if (record.images.empty() || record.images.size() > ImageRecord::kMaxImages) return wrong("count", "is out of bounds");
  for (const auto& i : record.images) AX_CHECK(check(i));
  const FingerImage& first = record.images.front();
  const bool old = record.format == ImageRecordFormat::iso_2005;
  std::uint64_t total = old ? kHeader2005 : kHeader2011;
  constexpr std::size_t kImageHeader2011 = 41;
  for (const auto& i : record.images) {
    if (old && (i.dpi != first.dpi || i.depth != first.depth || i.compression != first.compression))
      return wrong("images", "differ in what the 2005 edition has once for all");
    total += i.data.size() + (old ? kImageHeader2005 : kImageHeader2011);
  }
  if (total > std::numeric_limits<std::uint32_t>::max()) return wrong("length", "is out of bounds");
  Bytes out{kMark.begin(), kMark.end()};
  const auto version = old ? kVersion2005 : kVersion2011;
  out.insert(out.end(), version.begin(), version.end());
  put(out, total, old ? 6 : 4);
  const auto resolution = [&out](int dpi) {
    for (int i = 0; i < 4; ++i) put(out, static_cast<std::uint64_t>(dpi), 2);
  };
  if (old) {
    put(out, 0, 2), put(out, 31, 2), put(out, record.images.size(), 1), put(out, 1, 1);  // unknown device, level 31: 500 dpi
    resolution(first.dpi);
    put(out, static_cast<std::uint64_t>(first.depth), 1), put(out, code_of(first.compression, record.format), 1), put(out, 0, 2);
  } else {
    put(out, record.images.size(), 2), put(out, 0, 1), put(out, record.images.size(), 1);
  }
  for (const auto& i : record.images) {
    if (old) {
      put(out, i.data.size() + kImageHeader2005, 4), put(out, i.position, 1), put(out, 1, 1), put(out, 1, 1), put(out, i.quality, 1);
      put(out, i.impression_type, 1), put(out, static_cast<std::uint64_t>(i.width), 2), put(out, static_cast<std::uint64_t>(i.height), 2);
      put(out, 0, 1);
    } else {
      put(out, i.data.size() + kImageHeader2011 + (i.quality == 254 ? 0 : 5), 4);
      out.insert(out.end(), 9, 0xff);                  // time of capture unknown
      put(out, 0, 1), put(out, 0, 2), put(out, 0, 2);  // device unknown
      put(out, i.quality == 254 ? 0 : 1, 1);
      if (i.quality != 254) put(out, i.quality, 1), put(out, 0, 4);
      put(out, i.position, 1), put(out, 0, 1), put(out, 1, 1);
      resolution(i.dpi);
      put(out, static_cast<std::uint64_t>(i.depth), 1), put(out, code_of(i.compression, record.format), 1), put(out, i.impression_type, 1);
      put(out, static_cast<std::uint64_t>(i.width), 2), put(out, static_cast<std::uint64_t>(i.height), 2), put(out, i.data.size(), 4);
    }
    out.insert(out.end(), i.data.begin(), i.data.end());
  }
  if (!old) {  // quality blocks were not counted above
    std::uint64_t length = out.size();
    for (std::size_t b = 12; b-- > 8; length >>= 8) out[b] = static_cast<std::uint8_t>(length);
  }
  return out;
}

}  // namespace authx::fingerprint
