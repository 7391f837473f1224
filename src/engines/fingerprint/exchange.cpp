#include "engines/fingerprint/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "base/byte_reader.h"

namespace authx::fingerprint {
namespace {

constexpr std::size_t kMaxViews = 160;  // ten fingers, sixteen views
constexpr std::uint16_t kMaxCoordinate = 0x3fff;
constexpr int kMinPerCm = 39, kMaxPerCm = 1000;  // 99 .. 2540 dpi
constexpr std::uint16_t kPerCm = 197;            // 500 dpi, as everybody writes it
constexpr double kPixelsPerCm = kDpi / 2.54;
constexpr std::array<std::uint8_t, 4> kMagic{'F', 'M', 'R', 0};
constexpr std::array<std::uint8_t, 4> kVersion2005{' ', '2', '0', 0};
constexpr std::array<std::uint8_t, 4> kVersion2011{'0', '3', '0', 0};

struct Entry {
  Format format;
  std::string_view name;
  int angles;
};
constexpr std::array<Entry, 5> kFormats{{{Format::iso_2005, "iso-2005", 256},
                                         {Format::iso_2011, "iso-2011", 256},
                                         {Format::iso_2005_card, "iso-card", 256},
                                         {Format::iso_2005_card_compact, "iso-card-compact", 64},
                                         {Format::ansi_2004, "ansi-2004", 180}}};
const Entry& entry(Format format) { return *std::ranges::find(kFormats, format, &Entry::format); }

bool is_card(Format f) { return f == Format::iso_2005_card || f == Format::iso_2005_card_compact; }

Error wrong(std::string reason) { return Error::invalid("template", std::move(reason)); }

class Writer {
 public:
  void put(std::uint32_t v, std::size_t n) {
    for (std::size_t i = n; i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  }
  template <class Range>
  void block(const Range& r) {
    bytes.insert(bytes.end(), r.begin(), r.end());
  }
  void patch(std::size_t at, std::uint32_t v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) bytes[at + i] = static_cast<std::uint8_t>(v >> (8 * (n - 1 - i)));
  }
  Bytes bytes;
};

Error too_short() { return wrong("ends before its content is complete"); }

Result<> check_view(const View& v) {
  if (v.position > 10 && v.position != 13 && v.position != 14 && v.position != 15)
    return wrong(fmt::format("finger position {} is not defined", v.position));
  if (v.width == 0 || v.height == 0 || v.width > kMaxCoordinate || v.height > kMaxCoordinate) return wrong("image size is out of bounds");
  for (const int r : {v.x_per_cm, v.y_per_cm}) {
    if (r < kMinPerCm || r > kMaxPerCm) return wrong(fmt::format("resolution of {} pixels per cm is out of bounds", r));
  }
  return {};
}

/// A record minutia: 2 bits type, 14 bits x, 2 bits reserved, 14 bits y, angle, quality.
Result<RawMinutia> read_minutia(ByteReader& in, Format format, const View& v, bool with_quality) {
  const std::uint16_t x = in.u16(), y = in.u16();
  RawMinutia m{static_cast<std::uint8_t>(x >> 14), static_cast<std::uint16_t>(x & kMaxCoordinate),
               static_cast<std::uint16_t>(y & kMaxCoordinate), in.u8(), with_quality ? in.u8() : std::uint8_t{0}};
  if (in.ran_out()) return too_short();
  if (m.type > 2) return wrong("a minutia has the reserved type");
  if (y >> 14 != 0) return wrong("reserved bits of a minutia are set");
  if (!is_card(format) && (m.x >= v.width || m.y >= v.height)) return wrong("a minutia lies outside of the image");
  if (m.angle >= angle_steps(format)) return wrong(fmt::format("minutia angle {} is out of bounds", m.angle));
  if (m.quality > 100 && !(format == Format::iso_2011 && m.quality >= 254))
    return wrong(fmt::format("minutia quality {} is out of bounds", m.quality));
  return m;
}

Result<> read_minutiae(ByteReader& in, Format format, std::size_t count, View& v) {
  const std::size_t each = v.minutia_quality ? 6 : 5;
  if (count * each > in.left()) return wrong(fmt::format("counts {} minutiae, but has room for {}", count, in.left() / each));
  v.minutiae.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    AX_TRY(const RawMinutia m, read_minutia(in, format, v, v.minutia_quality));
    v.minutiae.push_back(m);
  }
  const std::size_t extended = in.u16();
  if (in.ran_out() || extended > in.left()) return wrong("extended data reaches beyond the end");
  const BytesView rest = in.block(extended);
  v.extended.assign(rest.begin(), rest.end());
  return {};
}

Result<Record> read_before_2011(BytesView bytes, Format format) {
  Record r;
  r.format = format;
  ByteReader in{bytes};
  in.block(8);
  std::size_t length = format == Format::ansi_2004 ? in.u16() : in.u32();
  if (format == Format::ansi_2004 && length == 0) {
    length = in.u32();
    if (length <= 0xffff) return wrong("has a long length field for a short record");
  }
  if (in.ran_out()) return too_short();
  if (length != bytes.size()) return wrong(fmt::format("says that it has {} bytes, but has {}", length, bytes.size()));
  if (format == Format::ansi_2004) r.product_id = in.u32();
  r.device = in.u16();
  View common;
  common.width = in.u16(), common.height = in.u16(), common.x_per_cm = in.u16(), common.y_per_cm = in.u16();
  const std::size_t views = in.u8();
  r.reserved = in.u8();
  if (in.ran_out()) return too_short();
  if (views == 0 || views > kMaxViews) return wrong(fmt::format("counts {} finger views", views));
  for (std::size_t i = 0; i < views; ++i) {
    View v = common;
    v.position = in.u8();
    const std::uint8_t both = in.u8();
    v.number = both >> 4, v.impression_type = both & 15;
    v.quality = in.u8();
    const std::size_t count = in.u8();
    if (in.ran_out()) return too_short();
    AX_CHECK(check_view(v));
    if (v.quality > 100) return wrong(fmt::format("finger quality {} is out of bounds", v.quality));
    AX_CHECK(read_minutiae(in, format, count, v));
    r.views.push_back(std::move(v));
  }
  if (in.left() != 0) return wrong("has bytes after its last view");
  return r;
}

Result<Record> read_2011(BytesView bytes) {
  Record r;
  r.format = Format::iso_2011;
  ByteReader in{bytes};
  in.block(8);
  const std::size_t length = in.u32(), views = in.u16();
  const std::uint8_t certified = in.u8();
  if (in.ran_out()) return too_short();
  if (length != bytes.size()) return wrong(fmt::format("says that it has {} bytes, but has {}", length, bytes.size()));
  if (views == 0 || views > kMaxViews) return wrong(fmt::format("counts {} finger representations", views));
  if (certified > 1) return wrong("the certification flag is neither 0 nor 1");
  r.certified = certified == 1;
  for (std::size_t i = 0; i < views; ++i) {
    const std::size_t start = in.at(), size = in.u32();
    if (in.ran_out() || size < 39 || size - 4 > in.left()) return wrong("a representation's length is out of bounds");
    View v;
    v.captured_at = in.array<9>();
    v.device_technology = in.u8(), v.device_vendor = in.u16(), v.device_type = in.u16();
    const std::size_t qualities = in.u8();
    if (qualities * 5 > in.left()) return wrong("counts more quality blocks than it has room for");
    for (std::size_t q = 0; q < qualities; ++q) v.quality_blocks.push_back(in.array<5>());
    if (r.certified) {
      const std::size_t count = in.u8();
      if (count * 3 > in.left()) return wrong("counts more certification blocks than it has room for");
      for (std::size_t c = 0; c < count; ++c) v.certifications.push_back(in.array<3>());
    }
    v.position = in.u8(), v.number = in.u8();
    v.x_per_cm = in.u16(), v.y_per_cm = in.u16();
    v.impression_type = in.u8();
    v.width = in.u16(), v.height = in.u16();
    const std::uint8_t kind = in.u8();
    const std::size_t count = in.u8();
    if (in.ran_out()) return too_short();
    AX_CHECK(check_view(v));
    if (kind >> 4 != 5 && kind >> 4 != 6) return wrong(fmt::format("minutia field length {} is not defined", kind >> 4));
    v.minutia_quality = kind >> 4 == 6, v.ridge_ending_type = kind & 15;
    for (const auto& q : v.quality_blocks) {
      if (q[0] > 100 && q[0] != 255) return wrong(fmt::format("finger quality {} is out of bounds", q[0]));
    }
    if (!v.quality_blocks.empty() && v.quality_blocks.front()[0] <= 100) v.quality = v.quality_blocks.front()[0];
    AX_CHECK(read_minutiae(in, r.format, count, v));
    if (in.at() - start != size) return wrong("a representation's length does not agree with its content");
    r.views.push_back(std::move(v));
  }
  if (in.left() != 0) return wrong("has bytes after its last representation");
  return r;
}

/// Card formats: only minutiae, in units of 0.01 mm (normal) or 0.1 mm (compact).
Result<Record> read_card(BytesView bytes, Format format) {
  const bool compact = format == Format::iso_2005_card_compact;
  const std::size_t each = compact ? 3 : 5;
  if (bytes.empty() || bytes.size() % each != 0) return wrong(fmt::format("is not a whole number of minutiae of {} bytes", each));
  if (bytes.size() / each > kMaxMinutiae) return wrong("has more minutiae than a card template may have");
  Record r;
  r.format = format;
  View v;
  v.x_per_cm = v.y_per_cm = compact ? 100 : 1000;
  v.minutia_quality = false;
  ByteReader in{bytes};
  while (in.left() != 0) {
    if (compact) {
      RawMinutia m;
      m.x = in.u8(), m.y = in.u8();
      const std::uint8_t both = in.u8();
      m.type = both >> 6, m.angle = both & 63;
      if (m.type > 2) return wrong("a minutia has the reserved type");
      v.minutiae.push_back(m);
    } else {
      AX_TRY(const RawMinutia m, read_minutia(in, format, v, false));
      v.minutiae.push_back(m);
    }
  }
  for (const auto& m : v.minutiae) {
    v.width = std::max<std::uint16_t>(v.width, m.x + 1), v.height = std::max<std::uint16_t>(v.height, m.y + 1);
  }
  r.views.push_back(std::move(v));
  return r;
}

Result<> check_minutiae(const View& v, Format format) {
  if (v.minutiae.size() > kMaxMinutiae) return wrong("has more minutiae than the format can count");
  if (v.extended.size() > 0xffff) return wrong("has more extended data than the format can count");
  const int limit = format == Format::iso_2005_card_compact ? 255 : kMaxCoordinate;
  for (const auto& m : v.minutiae) {
    if (m.x > limit || m.y > limit) return wrong("a minutia lies farther out than the format can say");
    if (m.type > 2 || m.angle >= angle_steps(format)) return wrong("a minutia has a type or an angle that the format does not have");
  }
  return {};
}

void write_minutiae(Writer& out, const View& v) {
  for (const auto& m : v.minutiae) {
    out.put(static_cast<std::uint32_t>(m.type << 14 | m.x), 2), out.put(m.y, 2), out.put(m.angle, 1);
    if (v.minutia_quality) out.put(m.quality, 1);
  }
  out.put(static_cast<std::uint32_t>(v.extended.size()), 2);
  out.block(v.extended);
}

Result<Bytes> write_before_2011(const Record& r) {
  const View& first = r.views.front();
  std::size_t length = r.format == Format::ansi_2004 ? 26 : 24;
  for (const View& v : r.views) {
    if (v.width != first.width || v.height != first.height || v.x_per_cm != first.x_per_cm || v.y_per_cm != first.y_per_cm)
      return wrong("views of different size or resolution do not fit one record of this format");
    if (v.number > 15 || v.impression_type > 15) return wrong("a view number or impression type does not fit the format");
    length += 6 + 6 * v.minutiae.size() + v.extended.size();
  }
  Writer out;
  out.block(kMagic), out.block(kVersion2005);
  if (r.format == Format::ansi_2004) {
    if (length > 0xffff)
      length += 4, out.put(0, 2), out.put(static_cast<std::uint32_t>(length), 4);
    else
      out.put(static_cast<std::uint32_t>(length), 2);
    out.put(r.product_id, 4);
  } else {
    out.put(static_cast<std::uint32_t>(length), 4);
  }
  out.put(r.device, 2), out.put(first.width, 2), out.put(first.height, 2), out.put(first.x_per_cm, 2), out.put(first.y_per_cm, 2);
  out.put(static_cast<std::uint32_t>(r.views.size()), 1), out.put(r.reserved, 1);
  for (View v : r.views) {
    out.put(v.position, 1), out.put(static_cast<std::uint32_t>(v.number << 4 | v.impression_type), 1), out.put(v.quality, 1);
    out.put(static_cast<std::uint32_t>(v.minutiae.size()), 1);
    v.minutia_quality = true;
    write_minutiae(out, v);
  }
  return std::move(out.bytes);
}

Result<Bytes> write_2011(const Record& r) {
  Writer out;
  out.block(kMagic), out.block(kVersion2011), out.put(0, 4), out.put(static_cast<std::uint32_t>(r.views.size()), 2),
      out.put(r.certified ? 1 : 0, 1);
  for (const View& v : r.views) {
    if (v.quality_blocks.size() > 255 || v.certifications.size() > 255) return wrong("has too many quality or certification blocks");
    const std::size_t start = out.bytes.size();
    out.put(0, 4), out.block(v.captured_at), out.put(v.device_technology, 1), out.put(v.device_vendor, 2), out.put(v.device_type, 2);
    out.put(static_cast<std::uint32_t>(v.quality_blocks.size()), 1);
    for (const auto& q : v.quality_blocks) out.block(q);
    if (r.certified) {
      out.put(static_cast<std::uint32_t>(v.certifications.size()), 1);
      for (const auto& c : v.certifications) out.block(c);
    }
    out.put(v.position, 1), out.put(v.number, 1), out.put(v.x_per_cm, 2), out.put(v.y_per_cm, 2), out.put(v.impression_type, 1);
    out.put(v.width, 2), out.put(v.height, 2);
    out.put(static_cast<std::uint32_t>((v.minutia_quality ? 6 : 5) << 4 | v.ridge_ending_type), 1);
    out.put(static_cast<std::uint32_t>(v.minutiae.size()), 1);
    write_minutiae(out, v);
    out.patch(start, static_cast<std::uint32_t>(out.bytes.size() - start), 4);
  }
  out.patch(8, static_cast<std::uint32_t>(out.bytes.size()), 4);
  return std::move(out.bytes);
}

Result<Bytes> write_card(const View& v, Format format) {
  Writer out;
  for (const auto& m : v.minutiae) {
    if (format == Format::iso_2005_card_compact) {
      out.put(m.x, 1), out.put(m.y, 1), out.put(static_cast<std::uint32_t>(m.type << 6 | m.angle), 1);
    } else {
      out.put(static_cast<std::uint32_t>(m.type << 14 | m.x), 2), out.put(m.y, 2), out.put(m.angle, 1);
    }
  }
  return std::move(out.bytes);
}

/// Values in another unit, rounded to the nearest.
std::uint16_t scaled(int value, double factor) { return static_cast<std::uint16_t>(std::clamp(std::lround(value * factor), 0L, 0xffffL)); }

std::uint8_t turned(int angle, int from, int to) { return static_cast<std::uint8_t>((angle * to + from / 2) / from % to); }

std::size_t overhead(Format format) {
  switch (format) {
    case Format::iso_2005: return 30;
    case Format::ansi_2004: return 32;
    case Format::iso_2011: return 15 + 40 + 2;
    default: return 0;
  }
}

std::size_t bytes_each(Format format) { return format == Format::iso_2005_card_compact ? 3 : format == Format::iso_2005_card ? 5 : 6; }

}  // namespace

std::string_view to_string(Format format) noexcept { return entry(format).name; }

std::optional<Format> format_from(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kFormats, name, &Entry::name);
  return found == kFormats.end() ? std::nullopt : std::optional{found->format};
}

int angle_steps(Format format) noexcept { return entry(format).angles; }

Result<Record> read_record(BytesView bytes, std::optional<Format> format) {
  if (format && is_card(*format)) return read_card(bytes, *format);
  if (bytes.size() < 24) return wrong("is too short for a finger minutiae record");
  if (!std::ranges::equal(bytes.first(4), kMagic)) return wrong("does not begin with FMR");
  const BytesView version = bytes.subspan(4, 4);
  Format found{};
  if (std::ranges::equal(version, kVersion2011))
    found = Format::iso_2011;
  else if (!std::ranges::equal(version, kVersion2005))
    return wrong("has an unknown version");
  // Two standards share this version. ANSI's length has two bytes (or two zero bytes and four), ISO's four.
  else if (format)
    found = *format;
  else
    found = bytes[8] == 0 && bytes[9] == 0 && (std::size_t{bytes[10]} << 8 | bytes[11]) == bytes.size() ? Format::iso_2005
            : bytes[8] == 0 && bytes[9] == 0 && bytes.size() <= 0xffff                                  ? Format::iso_2005
            : (std::size_t{bytes[8]} << 24 | std::size_t{bytes[9]} << 16 | std::size_t{bytes[10]} << 8 | bytes[11]) == bytes.size()
                ? Format::iso_2005
                : Format::ansi_2004;
  if (format && *format != found) return wrong(fmt::format("is of format {}, not {}", to_string(found), to_string(*format)));
  return found == Format::iso_2011 ? read_2011(bytes) : read_before_2011(bytes, found);
}

Result<Bytes> write_record(const Record& r) {
  if (r.views.empty() || r.views.size() > kMaxViews) return wrong("has no views, or too many");
  for (const View& v : r.views) {
    AX_CHECK(check_minutiae(v, r.format));
  }
  if (is_card(r.format)) {
    if (r.views.size() != 1) return wrong("several views do not fit a card format");
    return write_card(r.views.front(), r.format);
  }
  for (const View& v : r.views) {
    AX_CHECK(check_view(v));
  }
  return r.format == Format::iso_2011 ? write_2011(r) : write_before_2011(r);
}

Result<Template> to_template(const View& v, Format format) {
  AX_CHECK(check_view(v));
  const double sx = kPixelsPerCm / v.x_per_cm, sy = kPixelsPerCm / v.y_per_cm;
  // 197 pixels per cm is how 500 dpi is written.
  const double fx = v.x_per_cm == kPerCm ? 1 : sx, fy = v.y_per_cm == kPerCm ? 1 : sy;
  if (v.width * fx > 4000 || v.height * fy > 4000) return wrong("the image is larger than a finger can be");
  Template t;
  t.width = scaled(v.width, fx), t.height = scaled(v.height, fy);
  t.quality = v.quality;
  for (const auto& m : v.minutiae) {
    t.minutiae.push_back({static_cast<std::int16_t>(scaled(m.x, fx)), static_cast<std::int16_t>(scaled(m.y, fy)),
                          turned(m.angle, angle_steps(format), 256), static_cast<MinutiaType>(m.type),
                          m.quality > 100 ? std::uint8_t{0} : m.quality});
  }
  const auto rank = [](const Minutia& m) { return std::tuple{-m.quality, m.y, m.x, m.angle}; };
  std::ranges::sort(t.minutiae, {}, rank);
  describe(t);
  return t;
}

Result<Bytes> to_exchange(const Template& t, Format format, const ExchangeOptions& options) {
  if (options.max_bytes < overhead(format) + bytes_each(format)) return Error::invalid("max_bytes", "leaves no room for minutiae");
  View v;
  v.width = t.width, v.height = t.height, v.quality = t.quality, v.position = options.position, v.impression_type = options.impression_type;
  v.quality_blocks.push_back({t.quality, 0, 0, 0, 0});
  const std::size_t room = (options.max_bytes - overhead(format)) / bytes_each(format);
  for (const auto& m : t.minutiae) {
    if (v.minutiae.size() == std::min(room, kMaxMinutiae)) break;
    if (m.x < 0 || m.y < 0 || m.x >= t.width || m.y >= t.height) continue;
    v.minutiae.push_back(
        {static_cast<std::uint8_t>(m.type), static_cast<std::uint16_t>(m.x), static_cast<std::uint16_t>(m.y), m.angle, m.quality});
  }
  Record record;
  record.format = Format::iso_2011;
  record.views.push_back(std::move(v));
  AX_TRY(record, convert(record, format));
  return write_record(record);
}

Result<Record> convert(const Record& record, Format format) {
  Record out = record;
  out.format = format;
  if (format != Format::iso_2011) out.certified = false;
  for (View& v : out.views) {
    const std::uint16_t unit = format == Format::iso_2005_card           ? 1000
                               : format == Format::iso_2005_card_compact ? 100
                               : is_card(record.format)                  ? kPerCm
                                                                         : 0;
    if (unit != 0) {
      const double from_x = v.x_per_cm == kPerCm ? kPixelsPerCm : v.x_per_cm, from_y = v.y_per_cm == kPerCm ? kPixelsPerCm : v.y_per_cm;
      const double to = unit == kPerCm ? kPixelsPerCm : unit;
      v.width = scaled(v.width, to / from_x), v.height = scaled(v.height, to / from_y);
      for (auto& m : v.minutiae) m.x = scaled(m.x, to / from_x), m.y = scaled(m.y, to / from_y);
      v.x_per_cm = v.y_per_cm = unit;
    }
    for (auto& m : v.minutiae) {
      m.angle = turned(m.angle, angle_steps(record.format), angle_steps(format));
      if (format != Format::iso_2011 && m.quality > 100) m.quality = 0;
      if (!is_card(format)) v.width = std::max<std::uint16_t>(v.width, m.x + 1), v.height = std::max<std::uint16_t>(v.height, m.y + 1);
    }
    if (format == Format::iso_2011 && record.format != Format::iso_2011) v.quality_blocks = {{v.quality, 0, 0, 0, 0}};
    if (is_card(format))
      v.extended.clear(), v.minutia_quality = false;
    else if (is_card(record.format))
      v.minutia_quality = true;
  }
  return out;
}

}  // namespace authx::fingerprint
