#include "engines/iris/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "imaging/decode.h"

namespace authx::iris {
namespace {

constexpr std::array<std::uint8_t, 4> kMark{'I', 'I', 'R', 0}, k2005{'0', '1', '0', 0}, k2011{'0', '2', '0', 0};
constexpr std::size_t kHeader2005 = 45, kHeader2011 = 16;
constexpr int kMaxSide = 8192;
// Image formats of both editions; 2011 keeps raw, JPEG 2000 and PNG.
constexpr std::uint16_t kMonoRaw = 2, kRgbRaw = 4;

Error wrong(std::string reason) { return Error::invalid("record", std::move(reason)); }

Error too_short() { return wrong("ends before its content is complete"); }

Result<> check(RecordImage& image) {
  if (image.width == 0 || image.height == 0 || image.width > kMaxSide || image.height > kMaxSide)
    return wrong("image size is out of bounds");
  if (image.quality > 100 && image.quality < 254) return wrong(fmt::format("image quality {} is out of bounds", image.quality));
  if (image.format == 0 || image.format > 16 || image.format % 2 != 0)
    return wrong(fmt::format("image format {} is not defined", image.format));
  image.raw = image.format == kMonoRaw || image.format == kRgbRaw;
  image.channels = image.format == kRgbRaw ? 3 : 1;
  if (image.data.empty()) return wrong("holds an empty image");
  if (!image.raw) return {};
  if (image.depth != 8) return wrong(fmt::format("raw pixels of {} bits are not supported", image.depth));
  const std::size_t want = std::size_t{image.width} * image.height * static_cast<std::size_t>(image.channels);
  if (image.data.size() != want) return wrong(fmt::format("raw image has {} bytes instead of {}", image.data.size(), want));
  return {};
}

Result<Record> read_2005(BytesView bytes) {
  ByteReader in{bytes};
  in.block(12);
  in.u16();  // capture device
  const std::size_t eyes = in.u8(), header = in.u16();
  in.u16();  // orientation, scan, occlusions
  in.u16();  // expected diameter
  RecordImage common;
  common.format = in.u16(), common.width = in.u16(), common.height = in.u16(), common.depth = in.u8();
  const std::uint8_t transformed = in.u8();
  in.block(16);
  if (in.ran_out()) return too_short();
  if (header != kHeader2005) return wrong(fmt::format("header length {} is not {}", header, kHeader2005));
  if (eyes == 0 || eyes > 2) return wrong(fmt::format("counts {} eyes", eyes));
  if (transformed > 1) return wrong("holds polar images, which are not supported");
  Record r;
  for (std::size_t e = 0; e < eyes; ++e) {
    const std::uint8_t label = in.u8();
    const std::size_t images = in.u16();
    if (in.ran_out()) return too_short();
    if (label > 2) return wrong(fmt::format("eye label {} is not defined", label));
    if (images == 0 || r.images.size() + images > kMaxRecordImages) return wrong(fmt::format("counts {} images of an eye", images));
    for (std::size_t i = 0; i < images; ++i) {
      RecordImage image = common;
      image.eye = static_cast<Eye>(label);
      in.u16();  // image number
      image.quality = in.u8();
      in.u16(), in.u16();  // rotation angle and its uncertainty
      const std::size_t length = in.u32();
      image.data = in.block(length);
      if (in.ran_out()) return too_short();
      AX_CHECK(check(image));
      r.images.push_back(image);
    }
  }
  if (in.left() != 0) return wrong("has bytes after its last image");
  return r;
}

Result<Record> read_2011(BytesView bytes) {
  ByteReader in{bytes};
  in.block(12);
  const std::size_t count = in.u16();
  const std::uint8_t certified = in.u8(), eyes = in.u8();
  if (in.ran_out()) return too_short();
  if (certified != 0) return wrong("the certification flag is not 0");
  if (eyes > 2) return wrong(fmt::format("counts {} eyes", eyes));
  if (count == 0 || count > kMaxRecordImages) return wrong(fmt::format("counts {} representations", count));
  Record r;
  r.year = 2011;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = in.at(), size = in.u32();
    if (in.ran_out() || size < 52 || size - 4 > in.left()) return wrong("a representation's length is out of bounds");
    in.block(9);                  // date and time
    in.u8(), in.u16(), in.u16();  // device's technology, vendor and type
    RecordImage image;
    const std::size_t qualities = in.u8();
    if (qualities * 5 > in.left()) return wrong("counts more quality blocks than it has room for");
    image.quality = 255;
    for (std::size_t q = 0; q < qualities; ++q) {
      const std::uint8_t score = in.u8();
      in.block(4);
      if (q == 0) image.quality = score;
    }
    in.u16();  // representation number
    const std::uint8_t label = in.u8(), kind = in.u8();
    image.format = in.u8();
    in.u8();  // orientation, compression history
    image.width = in.u16(), image.height = in.u16(), image.depth = in.u8();
    in.u16(), in.u16(), in.u16();  // range, roll angle and its uncertainty
    in.block(12);                  // bounds of the iris' centre and diameter
    const std::size_t length = in.u32();
    image.data = in.block(length);
    if (in.ran_out()) return too_short();
    if (label > 2) return wrong(fmt::format("eye label {} is not defined", label));
    if (kind != 1 && kind != 2 && kind != 3 && kind != 7) return wrong(fmt::format("image type {} is not defined", kind));
    if (in.at() - start != size) return wrong("a representation's length does not agree with its image's");
    image.eye = static_cast<Eye>(label);
    AX_CHECK(check(image));
    r.images.push_back(image);
  }
  if (in.left() != 0) return wrong("has bytes after its last representation");
  return r;
}

}  // namespace

bool is_record(BytesView bytes) noexcept { return bytes.size() >= 8 && std::ranges::equal(bytes.first(4), kMark); }

Result<Record> read_record(BytesView bytes) {
  if (!is_record(bytes)) return wrong("is no iris image record");
  if (bytes.size() > kMaxRecordBytes) return wrong("is too large");
  ByteReader in{bytes.subspan(8)};
  if (const std::size_t length = in.u32(); in.ran_out() || length != bytes.size())
    return wrong("its length field does not agree with its size");
  if (std::ranges::equal(bytes.subspan(4, 4), k2005)) return read_2005(bytes);
  if (std::ranges::equal(bytes.subspan(4, 4), k2011)) return read_2011(bytes);
  return wrong("is of an unknown version");
}

Result<imaging::Image> picture(const RecordImage& image) {
  if (image.raw) {
    imaging::Image out(image.width, image.height, image.channels);
    if (image.data.size() != out.pixels.size()) return wrong("raw image has the wrong size");
    std::ranges::copy(image.data, out.pixels.begin());
    if (image.channels == 3) {  // stored as red, green, blue
      for (std::size_t i = 0; i + 2 < out.pixels.size(); i += 3) std::swap(out.pixels[i], out.pixels[i + 2]);
    }
    return out;
  }
  const imaging::DecodeLimits limits{.max_bytes = kMaxRecordBytes, .max_side = kMaxSide, .max_pages = 1};
  AX_TRY(const auto probed, imaging::probe(image.data, limits));
  if (probed.format != imaging::FileFormat::jpeg && probed.format != imaging::FileFormat::png && probed.format != imaging::FileFormat::jp2)
    return wrong("its image is neither JPEG, PNG nor JPEG 2000");
  if (probed.width != image.width || probed.height != image.height) return wrong("its image has another size than its header says");
  AX_TRY(auto decoded, imaging::decode(image.data, limits));
  return std::move(decoded.pages.front());
}

Result<Bytes> write_record(const imaging::Image& gray, Eye eye, int year) {
  if (gray.empty() || gray.channels != 1 || gray.width > kMaxSide || gray.height > kMaxSide)
    return Error::invalid("image", "is no gray picture of an allowed size");
  Bytes out;
  const auto put = [&out](std::uint64_t v, std::size_t n) {
    for (std::size_t i = n; i-- > 0;) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  };
  const auto size = gray.pixels.size();
  const auto width = static_cast<std::uint64_t>(gray.width), height = static_cast<std::uint64_t>(gray.height);
  out.assign(kMark.begin(), kMark.end());
  if (year == 2011) {
    constexpr std::size_t kRepresentation = 52;
    out.insert(out.end(), k2011.begin(), k2011.end());
    put(kHeader2011 + kRepresentation + size, 4), put(1, 2), put(0, 1), put(eye == Eye::unknown ? 0 : 1, 1);
    put(kRepresentation + size, 4);
    for (int i = 0; i < 9; ++i) put(0xff, 1);  // time not known
    put(0, 1), put(0, 2), put(0, 2), put(0, 1);
    put(1, 2), put(static_cast<std::uint64_t>(eye), 1), put(1, 1), put(kMonoRaw, 1), put(0, 1);
    put(width, 2), put(height, 2), put(8, 1), put(0, 2), put(0xffff, 2), put(0xffff, 2);
    for (int i = 0; i < 6; ++i) put(0, 2);
  } else {
    out.insert(out.end(), k2005.begin(), k2005.end());
    put(kHeader2005 + 3 + 11 + size, 4), put(0, 2), put(1, 1), put(kHeader2005, 2), put(0, 2), put(0, 2), put(kMonoRaw, 2);
    put(width, 2), put(height, 2), put(8, 1), put(0, 1);
    for (int i = 0; i < 16; ++i) put(0, 1);
    put(static_cast<std::uint64_t>(eye), 1), put(1, 2);
    put(1, 2), put(254, 1), put(0xffff, 2), put(0xffff, 2);
  }
  put(size, 4);
  out.insert(out.end(), gray.pixels.begin(), gray.pixels.end());
  return out;
}

}  // namespace authx::iris
