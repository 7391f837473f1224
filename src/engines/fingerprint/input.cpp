#include "engines/fingerprint/input.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "engines/fingerprint/image_record.h"
#include "imaging/decode.h"
#include "imaging/wsq.h"

namespace authx::fingerprint {
namespace {

constexpr int kLeastDpi = 200, kMostDpi = 2500;
constexpr std::size_t kMaxBytes = std::size_t{50} << 20;
constexpr std::int64_t kMaxPixels = 24'000'000;  ///< of all images in a record

std::uint32_t big(BytesView b, std::size_t at, std::size_t n) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < n; ++i) v = v << 8 | b[at + i];
  return v;
}

int plausible(double dpi) {
  const auto rounded = static_cast<int>(std::lround(std::clamp(dpi, 0.0, 1e6)));
  return rounded < kLeastDpi || rounded > kMostDpi ? 0 : rounded;
}

/// Resolution by a PNG's pHYs chunk, a JFIF header or a BMP header.
int declared_dpi(BytesView f) {
  const auto text = as_text(f);
  if (text.starts_with("\x89PNG")) {
    for (std::size_t at = 8; at + 12 <= f.size();) {
      const std::size_t length = big(f, at, 4);
      const auto type = text.substr(at + 4, 4);
      if (type == "IDAT" || length > f.size() - at - 12) break;
      if (type == "pHYs" && length == 9 && f[at + 16] == 1) return plausible(big(f, at + 8, 4) * 0.0254);
      at += length + 12;
    }
  } else if (text.starts_with("\xff\xd8\xff\xe0") && f.size() > 18 && text.substr(6, 5) == std::string_view{"JFIF\0", 5}) {
    const double density = big(f, 14, 2);
    if (f[13] == 1 || f[13] == 2) return plausible(f[13] == 1 ? density : density * 2.54);
  } else if (text.starts_with("BM") && f.size() > 46) {
    return plausible((f[38] | f[39] << 8 | f[40] << 16) * 0.0254);
  }
  return 0;
}

Result<imaging::Image> raw_image(BytesView data, int width, int height, int depth, bool packed) {
  if (depth != 8 && !(depth < 8 && packed)) return Error::invalid("image", "must have 8 bits a pixel");
  imaging::Image out{width, height, 1};
  if (depth == 8) {
    std::ranges::copy(data.first(out.pixels.size()), out.pixels.begin());
    return out;
  }
  const unsigned most = (1U << depth) - 1;
  for (std::size_t i = 0; i < out.pixels.size(); ++i) {
    unsigned v = 0;
    for (std::size_t bit = i * static_cast<std::size_t>(depth), end = bit + static_cast<std::size_t>(depth); bit < end; ++bit)
      v = v << 1 | (data[bit / 8] >> (7 - bit % 8) & 1U);
    out.pixels[i] = static_cast<std::uint8_t>(v * 255 / most);
  }
  return out;
}

Result<InputImage> picture(BytesView file, const Deadline& deadline) {
  if (imaging::is_wsq(file)) {
    AX_TRY(auto wsq, imaging::decode_wsq(file, {}, deadline));
    return InputImage{std::move(wsq.image), plausible(wsq.dpi), 0};
  }
  AX_TRY(const auto probed, imaging::probe(file, {.max_bytes = kMaxBytes}));
  if (probed.format == imaging::FileFormat::pdf) return Error::invalid("image", "must be a picture, not a PDF");
  AX_TRY(auto decoded, imaging::decode(file, {.max_bytes = kMaxBytes}, deadline));
  return InputImage{std::move(decoded.pages.front()), declared_dpi(file), 0};
}

}  // namespace

Result<std::vector<InputImage>> read_input(BytesView file, std::optional<RawSize> raw, const Deadline& deadline) {
  std::vector<InputImage> out;
  if (raw) {
    if (raw->width < 32 || raw->height < 32 || raw->width > 4000 || raw->height > 4000)
      return Error::invalid("image", "must have 32 to 4000 pixels a side");
    if (file.size() != static_cast<std::size_t>(raw->width) * static_cast<std::size_t>(raw->height))
      return Error::invalid("image", "does not have as many bytes as pixels");
    AX_TRY(auto image, raw_image(file, raw->width, raw->height, 8, false));
    out.push_back({std::move(image), 0, 0});
  } else if (is_image_record(file)) {
    AX_TRY(const auto record, read_image_record(file));
    std::int64_t pixels = 0;
    for (const FingerImage& i : record.images) pixels += static_cast<std::int64_t>(i.width) * i.height;
    if (pixels > kMaxPixels) return Error::invalid("image", "the record's images have too many pixels");
    for (const FingerImage& i : record.images) {
      InputImage in;
      if (i.compression <= ImageCompression::packed) {
        AX_TRY(in.image, raw_image(i.data, i.width, i.height, i.depth, i.compression == ImageCompression::packed));
      } else {
        AX_TRY(in, picture(i.data, deadline));
        if (in.image.width != i.width || in.image.height != i.height)
          return Error::invalid("image", "an image does not have the size that its record says");
      }
      in.dpi = plausible(i.dpi), in.position = i.position;
      out.push_back(std::move(in));
    }
  } else {
    AX_TRY(auto one, picture(file, deadline));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace authx::fingerprint
