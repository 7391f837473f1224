#include "imaging/wsq.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "imaging/wsq_huffman.h"
#include "imaging/wsq_layout.h"

namespace authx::imaging {
namespace {

using namespace wsq;

Error refuse(std::string reason) { return Error::invalid("image", std::move(reason)); }
Error damaged() { return refuse("the WSQ file is damaged or truncated"); }

constexpr float kCentre = 0.44f;  ///< where in a quantization bin its values are taken to lie

struct Quantization {
  float centre = kCentre;
  std::array<float, kBands> bin{}, zero{};
};

struct Header {
  int width = 0, height = 0;
  float shift = 0, scale = 1;
};

/// Big-endian, never beyond its bytes: what is not there reads as 0 and spoils `good`.
class Reader {
 public:
  explicit Reader(BytesView bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  BytesView rest() const { return bytes_.subspan(at_); }

  std::uint32_t number(std::size_t n) {
    if (left() < n) return good_ = false, 0;
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < n; ++i) v = v << 8 | bytes_[at_++];
    return v;
  }
  /// A segment's content: what its length field announces.
  Reader segment() {
    const std::uint32_t length = number(2);
    if (length < 2 || left() < length - 2) return good_ = false, Reader{{}};
    const BytesView part = bytes_.subspan(at_, length - 2);
    at_ += length - 2;
    return Reader{part};
  }
  void skip(std::size_t n) {
    if (n > left()) good_ = false, n = left();
    at_ += n;
  }
  /// A decimal: digits and a power of ten by which to divide.
  float scaled(std::size_t digits = 2) {
    const int power = static_cast<int>(number(1));
    const auto value = static_cast<double>(number(digits));
    return static_cast<float>(value * std::pow(10.0, -std::min(power, 30)));
  }

 private:
  BytesView bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

std::optional<Filters> read_filters(Reader r) {
  const std::uint32_t low = r.number(1), high = r.number(1);
  if (low % 2 == 0 || high % 2 == 0 || low > 31 || high > 31) return std::nullopt;
  Filters f;
  const auto taps = [&r](std::uint32_t length, std::vector<float>& out) {
    for (std::uint32_t i = 0; i < (length + 1) / 2; ++i) {
      const bool negative = r.number(1) != 0;
      const float v = r.scaled(4);
      out.push_back(negative ? -v : v);
    }
  };
  taps(low, f.low), taps(high, f.high);
  const auto usable = [](float v) { return std::abs(v) < 100; };
  if (!r.good() || !std::ranges::all_of(f.low, usable) || !std::ranges::all_of(f.high, usable)) return std::nullopt;
  return f;
}

std::optional<Quantization> read_quantization(Reader r) {
  Quantization q;
  q.centre = r.scaled();
  for (std::size_t i = 0; i < kBands; ++i) q.bin[i] = r.scaled(), q.zero[i] = r.scaled();
  return r.good() ? std::optional{q} : std::nullopt;
}

std::optional<Header> read_header(Reader r) {
  Header h;
  r.skip(2);  // black and white of the scanner
  h.height = static_cast<int>(r.number(2)), h.width = static_cast<int>(r.number(2));
  h.shift = r.scaled(), h.scale = r.scaled();
  return r.good() ? std::optional{h} : std::nullopt;
}

int dpi_of(BytesView comment) {
  const std::string_view text = as_text(comment);
  const auto at = text.find("PPI ");
  if (!text.starts_with("NIST_COM") || at == std::string_view::npos) return 0;
  int dpi = 0;
  const auto* first = text.data() + at + 4;
  if (std::from_chars(first, text.data() + text.size(), dpi).ec != std::errc{} || dpi < 50 || dpi > 5000) return 0;
  return dpi;
}

struct Scan {
  Header header;
  Filters filters;
  Quantization quantization;
  std::array<std::optional<HuffmanTable>, 8> tables;
  std::vector<std::int32_t> values;  ///< of the coded bands in turn
  int dpi = 0;
};

std::size_t coded_values(const Layout& layout, const Quantization& q) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < kCodedBands; ++i) {
    if (q.bin[i] > 0) n += static_cast<std::size_t>(layout.bands[i].width) * static_cast<std::size_t>(layout.bands[i].height);
  }
  return n;
}

Result<Scan> read_scan(BytesView file, const WsqLimits& limits, const Deadline& deadline) {
  Reader r{file};
  if (r.number(2) != kStartImage) return refuse("is not a WSQ file");
  Scan s;
  bool framed = false, filtered = false, quantized = false;
  std::size_t wanted = 0;
  while (true) {
    if (deadline.passed()) return Errc::request_timeout;
    const std::uint32_t marker = r.number(2);
    if (!r.good()) return damaged();
    if (marker == kEndImage) break;
    Reader part = r.segment();
    if (!r.good()) return damaged();
    switch (marker) {
      case kTransform: {
        auto f = read_filters(part);
        if (!f) return refuse("the WSQ file uses wavelet filters that are not supported");
        s.filters = std::move(*f), filtered = true;
        break;
      }
      case kQuantization: {
        const auto q = read_quantization(part);
        if (!q || framed) return damaged();
        s.quantization = *q, quantized = true;
        break;
      }
      case kHuffman:
        while (part.left() > 0) {
          const std::uint32_t id = part.number(1);
          auto table = HuffmanTable::read(part.rest());
          if (id >= s.tables.size() || !table) return damaged();
          part.skip(table->stored_bytes());
          s.tables[id] = std::move(*table);
        }
        break;
      case kStartFrame: {
        const auto h = read_header(part);
        if (!h || framed || !quantized || h->width < 1 || h->height < 1) return damaged();
        if (h->width > limits.max_side || h->height > limits.max_side ||
            static_cast<std::int64_t>(h->width) * h->height > limits.max_pixels)
          return refuse("the image has too many pixels");
        if (h->width < 32 || h->height < 32) return refuse("the image is smaller than 32 pixels a side");
        s.header = *h, framed = true;
        wanted = coded_values(layout_of(h->width, h->height), s.quantization);
        break;
      }
      case kStartBlock: {
        const std::uint32_t id = part.number(1);
        if (!framed || !part.good() || id >= s.tables.size() || !s.tables[id]) return damaged();
        const auto used = decode_values(r.rest(), *s.tables[id], wanted, s.values);
        if (!used) return damaged();
        r.skip(*used);
        break;
      }
      case kComment:
        if (s.dpi == 0) s.dpi = dpi_of(part.rest());
        break;
      case kRestart: break;
      default: return damaged();
    }
  }
  if (!framed || !filtered || s.values.size() != wanted) return damaged();
  return s;
}

// --- encoding -----------------------------------------------------------------------------------

void put(Bytes& out, std::uint64_t v, int bytes) {
  for (int i = 8 * (bytes - 1); i >= 0; i -= 8) out.push_back(static_cast<std::uint8_t>(v >> i));
}

/// The largest power of ten that keeps the digits within `bytes`, as decoders of the standard read it.
void put_scaled(Bytes& out, double value, int bytes) {
  const double limit = bytes == 2 ? 65535 : 4294967295.0;
  int power = 0;
  double v = value;
  while (power < 20 && v > 0 && v * 10 < limit) v *= 10, ++power;
  put(out, static_cast<std::uint64_t>(power), 1), put(out, static_cast<std::uint64_t>(std::min(std::round(v), limit)), bytes);
}

void put_filters(Bytes& out, const Filters& f) {
  put(out, kTransform, 2), put(out, 4 + 6 * (f.low.size() + f.high.size()), 2);
  put(out, 2 * f.low.size() - 1, 1), put(out, 2 * f.high.size() - 1, 1);
  for (const auto* taps : {&f.low, &f.high}) {
    for (const float t : *taps) put(out, t < 0, 1), put_scaled(out, std::abs(t), 4);
  }
}

/// The middle of a band stands for the finger; of the four lowest bands, all.
double variance_of(const std::vector<float>& image, int width, Region r, bool whole) {
  if (!whole) {
    r.x += r.width / 8, r.y += 9 * r.height / 32;
    r.width = 3 * r.width / 4, r.height = 7 * r.height / 16;
  }
  double sum = 0, square = 0;
  for (int y = r.y; y < r.y + r.height; ++y) {
    for (int x = r.x; x < r.x + r.width; ++x) {
      const double v = image[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      sum += v, square += v * v;
    }
  }
  const double n = static_cast<double>(r.width) * r.height;
  return n < 2 ? 0 : (square - sum * sum / n) / (n - 1);
}

/// Bin widths for a bit rate (IAFIS-IC-0110, bit allocation): bands whose bins would be too wide for their spread get none
/// of the rate.
Quantization allocate(const std::vector<float>& image, int width, const Layout& layout, double rate) {
  constexpr std::array<double, 8> kWeights{1.32, 1.08, 1.42, 1.08, 1.32, 1.42, 1.08, 1.08};  // of bands 52 to 59
  std::array<double, kCodedBands> variance{}, bin{}, share{};
  double lowest = 0;
  for (std::size_t i = 0; i < 4; ++i) lowest += variance[i] = variance_of(image, width, layout.bands[i], true);
  for (std::size_t i = 4; i < kCodedBands; ++i) variance[i] = variance_of(image, width, layout.bands[i], lowest < 20000);
  std::vector<std::size_t> active;
  for (std::size_t i = 0; i < kCodedBands; ++i) {
    share[i] = i < 4 ? 1.0 / 1024 : i < 51 ? 1.0 / 256 : 1.0 / 16;
    if (variance[i] < 1.01) continue;
    bin[i] = i < 4 ? 1 : 10 / ((i < 52 ? 1.0 : kWeights[i - 52]) * std::log(variance[i]));
    active.push_back(i);
  }
  Quantization q;
  double factor = 1;
  for (auto rated = active; !rated.empty();) {
    double area = 0, product = 0;
    for (const auto i : rated) area += share[i], product += share[i] * std::log2(std::sqrt(variance[i]) / bin[i]);
    factor = std::exp2(rate / area - 1) / 2.5 / std::exp2(product / area);
    const auto too_wide = [&](std::size_t i) { return bin[i] / factor >= 5 * std::sqrt(variance[i]); };
    if (std::erase_if(rated, too_wide) == 0) break;
  }
  for (const auto i : active) q.bin[i] = static_cast<float>(bin[i] / factor), q.zero[i] = 1.2f * q.bin[i];
  return q;
}

/// At most what 16 bits of an escape code say: bins may be too narrow for the picture when the rate is more than it needs.
std::int32_t quantized(float v, float bin, float zero) {
  constexpr float kMost = 65534;
  const float half = zero / 2;
  if (v > half) return static_cast<std::int32_t>(std::min((v - half) / bin, kMost)) + 1;
  if (v < -half) return static_cast<std::int32_t>(std::max((v + half) / bin, -kMost)) - 1;
  return 0;
}

}  // namespace

bool is_wsq(BytesView file) noexcept { return file.size() > 4 && file[0] == 0xff && file[1] == 0xa0 && file[2] == 0xff; }

Result<WsqImage> decode_wsq(BytesView file, const WsqLimits& limits, const Deadline& deadline) {
  if (file.size() > limits.max_bytes) return refuse("the file is too large");
  AX_TRY(const Scan s, read_scan(file, limits, deadline));
  const int width = s.header.width, height = s.header.height;
  const Layout layout = layout_of(width, height);
  const auto row = static_cast<std::size_t>(width);
  std::vector<float> plane(row * static_cast<std::size_t>(height));
  auto next = s.values.begin();
  for (std::size_t b = 0; b < kCodedBands; ++b) {
    const float bin = s.quantization.bin[b], half = s.quantization.zero[b] / 2;
    if (!(bin > 0)) continue;
    const Region& r = layout.bands[b];
    for (int y = r.y; y < r.y + r.height; ++y) {
      float* out = plane.data() + static_cast<std::size_t>(y) * row + r.x;
      for (int x = 0; x < r.width; ++x) {
        const auto v = static_cast<float>(*next++);
        out[x] = v > 0 ? bin * (v - s.quantization.centre) + half : v < 0 ? bin * (v + s.quantization.centre) - half : 0;
      }
    }
  }
  synthesise(plane, width, layout, s.filters);
  if (deadline.passed()) return Errc::request_timeout;
  WsqImage out{Image{width, height, 1}, s.dpi};
  for (std::size_t i = 0; i < plane.size(); ++i) {
    const float v = plane[i] * s.header.scale + s.header.shift + 0.5f;
    out.image.pixels[i] = v > 0 ? v < 255 ? static_cast<std::uint8_t>(v) : std::uint8_t{255} : std::uint8_t{0};  // not a number: 0
  }
  return out;
}

Result<Bytes> encode_wsq(const Image& image, double bits_per_pixel, int dpi) {
  if (image.channels != 1) return refuse("is not gray");
  if (image.width < 32 || image.height < 32 || image.width > 65535 || image.height > 65535)
    return refuse("has a size that WSQ does not hold");
  const auto [least, most] = std::ranges::minmax(image.pixels);
  double mean = 0;
  for (const std::uint8_t p : image.pixels) mean += p;
  mean /= static_cast<double>(image.pixels.size());
  const double scale = std::max({mean - least, most - mean, 1.0}) / 128;

  Bytes out;
  put(out, kStartImage, 2);
  const std::string comment = fmt::format("NIST_COM 6\nPIX_WIDTH {}\nPIX_HEIGHT {}\nPIX_DEPTH 8\nPPI {}\nLOSSY 1\nCOLORSPACE GRAY\n",
                                          image.width, image.height, dpi);
  put(out, kComment, 2), put(out, comment.size() + 2, 2);
  out.insert(out.end(), comment.begin(), comment.end());
  put_filters(out, standard_filters());

  // What decoders will read, not what was computed, is subtracted and divided by.
  Bytes shift_and_scale;
  put_scaled(shift_and_scale, mean, 2), put_scaled(shift_and_scale, scale, 2);
  Reader exact{shift_and_scale};
  const float shift = exact.scaled(), divisor = exact.scaled();
  std::vector<float> plane(image.pixels.size());
  for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = (static_cast<float>(image.pixels[i]) - shift) / divisor;
  const Layout layout = layout_of(image.width, image.height);
  analyse(plane, image.width, layout, standard_filters());
  const Quantization wanted = allocate(plane, image.width, layout, std::clamp(bits_per_pixel, 0.05, 8.0));
  Bytes table;
  put_scaled(table, wanted.centre, 2);
  for (std::size_t b = 0; b < kBands; ++b) put_scaled(table, wanted.bin[b], 2), put_scaled(table, wanted.zero[b], 2);
  put(out, kQuantization, 2), put(out, table.size() + 2, 2);
  out.insert(out.end(), table.begin(), table.end());
  const Quantization q = read_quantization(Reader{table}).value_or(wanted);

  put(out, kStartFrame, 2), put(out, 17, 2);
  put(out, 0, 1), put(out, 255, 1), put(out, static_cast<std::uint64_t>(image.height), 2),
      put(out, static_cast<std::uint64_t>(image.width), 2);
  out.insert(out.end(), shift_and_scale.begin(), shift_and_scale.end());
  put(out, 2, 1), put(out, 0, 2);  // parameters of the standard's second encoder; no registered software

  std::array<std::vector<Token>, 3> blocks;
  for (std::size_t block = 0, b = 0; block < blocks.size(); ++block) {
    std::vector<std::int32_t> values;
    for (; b < static_cast<std::size_t>(kBlockEnds[block]); ++b) {
      if (!(q.bin[b] > 0)) continue;
      const Region& r = layout.bands[b];
      for (int y = r.y; y < r.y + r.height; ++y) {
        for (int x = r.x; x < r.x + r.width; ++x) {
          const float v = plane[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)];
          values.push_back(quantized(v, q.bin[b], q.zero[b]));
        }
      }
    }
    blocks[block] = tokens_of(values);
  }
  const std::array<HuffmanTable, 2> tables{HuffmanTable::for_tokens({&blocks[0]}), HuffmanTable::for_tokens({&blocks[1], &blocks[2]})};
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    const auto id = std::min<std::size_t>(block, 1);
    if (block < 2) {
      const Bytes stored = tables[id].stored();
      put(out, kHuffman, 2), put(out, stored.size() + 3, 2), put(out, id, 1);
      out.insert(out.end(), stored.begin(), stored.end());
    }
    put(out, kStartBlock, 2), put(out, 3, 2), put(out, id, 1);
    encode_tokens(blocks[block], tables[id], out);
  }
  put(out, kEndImage, 2);
  return out;
}

}  // namespace authx::imaging
