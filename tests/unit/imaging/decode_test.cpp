#include "imaging/decode.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <tiffio.h>
#include <webp/encode.h>

#include <cstring>

namespace authx::imaging {
namespace {

/// Not one colour: its compressed data has a length worth cutting.
Image picture(int width, int height, int channels = 3) {
  Image image(width, height, channels);
  std::uint32_t state = 7;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    image.pixels[i] = static_cast<std::uint8_t>((i / 7) % 200 + (state >> 29));
  }
  return image;
}

std::string reason(const Error& e) { return e.faults.empty() ? e.detail : e.faults.front().reason; }

template <class T>
std::string refusal(const Result<T>& r) {
  return r ? "accepted" : reason(r.error());
}

void append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

Bytes pdf_with_pages(int count) {
  std::string body = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  const auto object = [&](const std::string& text) {
    offsets.push_back(body.size());
    body += fmt::format("{} 0 obj\n{}\nendobj\n", offsets.size(), text);
  };
  object("<< /Type /Catalog /Pages 2 0 R >>");
  std::string kids;
  for (int i = 0; i < count; ++i) kids += fmt::format("{} 0 R ", 3 + i);
  object(fmt::format("<< /Type /Pages /Kids [ {}] /Count {} >>", kids, count));
  for (int i = 0; i < count; ++i) object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>");
  const auto start = body.size();
  body += fmt::format("xref\n0 {}\n0000000000 65535 f \n", offsets.size() + 1);
  for (const auto o : offsets) body += fmt::format("{:010} 00000 n \n", o);
  body += fmt::format("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", offsets.size() + 1, start);
  return to_bytes(body);
}

Bytes webp_of(const Image& image) {
  std::uint8_t* data = nullptr;
  const std::size_t size = WebPEncodeLosslessBGR(image.pixels.data(), image.width, image.height, static_cast<int>(image.stride()), &data);
  Bytes out(data, data + size);
  WebPFree(data);
  return out;
}

struct TiffSink {
  Bytes data;
  std::size_t at = 0;
};

Bytes tiff_of(const Image& image, int pages, std::uint16_t bits = 8) {
  TiffSink sink;
  TIFF* t = TIFFClientOpen(
      "memory", "w", &sink,
      [](thandle_t h, void* to, tmsize_t n) -> tmsize_t {
        auto& s = *static_cast<TiffSink*>(h);
        const std::size_t count = s.at >= s.data.size() ? 0 : std::min(static_cast<std::size_t>(n), s.data.size() - s.at);
        std::memcpy(to, s.data.data() + s.at, count);
        s.at += count;
        return static_cast<tmsize_t>(count);
      },
      [](thandle_t h, void* from, tmsize_t n) -> tmsize_t {
        auto& s = *static_cast<TiffSink*>(h);
        if (s.data.size() < s.at + static_cast<std::size_t>(n)) s.data.resize(s.at + static_cast<std::size_t>(n));
        std::memcpy(s.data.data() + s.at, from, static_cast<std::size_t>(n));
        s.at += static_cast<std::size_t>(n);
        return n;
      },
      [](thandle_t h, toff_t offset, int whence) -> toff_t {
        auto& s = *static_cast<TiffSink*>(h);
        s.at = static_cast<std::size_t>(whence == SEEK_CUR ? s.at + offset : whence == SEEK_END ? s.data.size() + offset : offset);
        return s.at;
      },
      [](thandle_t) { return 0; }, [](thandle_t h) -> toff_t { return static_cast<TiffSink*>(h)->data.size(); }, nullptr, nullptr);
  for (int p = 0; p < pages; ++p) {
    TIFFSetField(t, TIFFTAG_IMAGEWIDTH, image.width);
    TIFFSetField(t, TIFFTAG_IMAGELENGTH, image.height);
    TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, image.height);
    for (int y = 0; y < image.height; ++y) {
      std::vector<std::uint8_t> row;
      for (int x = 0; x < image.width; ++x) {
        if (bits == 16) row.push_back(0);
        row.push_back(image.row(y)[x]);
      }
      TIFFWriteScanline(t, row.data(), static_cast<std::uint32_t>(y), 0);
    }
    TIFFWriteDirectory(t);
  }
  TIFFClose(t);
  return sink.data;
}

Bytes bmp_of(const Image& image) {
  const std::size_t stride = (image.stride() + 3) / 4 * 4;
  Bytes out(54 + stride * static_cast<std::size_t>(image.height));
  const auto put = [&](std::size_t at, std::uint32_t v, int n) {
    for (int i = 0; i < n; ++i) out[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(v >> (8 * i));
  };
  out[0] = 'B';
  out[1] = 'M';
  put(2, static_cast<std::uint32_t>(out.size()), 4);
  put(10, 54, 4);
  put(14, 40, 4);
  put(18, static_cast<std::uint32_t>(image.width), 4);
  put(22, static_cast<std::uint32_t>(image.height), 4);
  put(26, 1, 2);
  put(28, 24, 2);
  for (int y = 0; y < image.height; ++y)
    std::memcpy(out.data() + 54 + stride * static_cast<std::size_t>(image.height - 1 - y), image.row(y), image.stride());
  return out;
}

TEST(Decode, PngComesBackPixelForPixel) {
  for (const int channels : {1, 3}) {
    const Image image = picture(61, 40, channels);
    const auto file = encode_png(image);
    ASSERT_TRUE(file);
    const auto decoded = decode(*file);
    ASSERT_TRUE(decoded) << reason(decoded.error());
    EXPECT_EQ(decoded->format, FileFormat::png);
    ASSERT_EQ(decoded->pages.size(), 1U);
    EXPECT_EQ(decoded->pages[0].channels, channels);
    EXPECT_EQ(decoded->pages[0].pixels, image.pixels);
  }
}

TEST(Decode, JpegComesBackNearlyTheSame) {
  Image image(64, 48, 3, 90);
  for (int y = 0; y < 48; ++y) image.row(y)[0] = static_cast<std::uint8_t>(y * 4);
  const auto file = encode_jpeg(image, 95);
  ASSERT_TRUE(file);
  const auto decoded = decode(*file);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->pages[0].width, 64);
  EXPECT_NEAR(decoded->pages[0].row(20)[90], 90, 3);
}

TEST(Decode, WebpTiffAndBmpComeBackPixelForPixel) {
  const Image color = picture(33, 21);
  const auto webp = decode(webp_of(color));
  ASSERT_TRUE(webp) << reason(webp.error());
  EXPECT_EQ(webp->pages[0].pixels, color.pixels);
  const auto bmp = decode(bmp_of(color));
  ASSERT_TRUE(bmp) << reason(bmp.error());
  EXPECT_EQ(bmp->pages[0].pixels, color.pixels);
  const Image gray = picture(33, 21, 1);
  for (const std::uint16_t bits : {std::uint16_t{8}, std::uint16_t{16}}) {
    const auto tiff = decode(tiff_of(gray, 1, bits));
    ASSERT_TRUE(tiff) << reason(tiff.error());
    EXPECT_EQ(tiff->pages[0].pixels, gray.pixels) << bits << " bits";
  }
}

TEST(Decode, ProbeAgreesWithDecode) {
  const Image image = picture(120, 50);
  for (const auto& file : {*encode_png(image), *encode_jpeg(image), webp_of(image), bmp_of(image)}) {
    const auto probed = probe(file);
    ASSERT_TRUE(probed) << reason(probed.error());
    const auto decoded = decode(file);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(probed->width, decoded->pages[0].width);
    EXPECT_EQ(probed->height, decoded->pages[0].height);
    EXPECT_EQ(probed->format, decoded->format);
  }
}

TEST(Decode, EveryTruncationIsRefusedByDecodeAndMostByProbe) {
  const Image image = picture(80, 60);
  for (const auto& file : {*encode_png(image), *encode_jpeg(image), webp_of(image), bmp_of(image), tiff_of(picture(80, 60, 1), 1)}) {
    for (std::size_t keep = 1; keep < file.size() - 1; keep += 1 + file.size() / 97) {
      const BytesView part{file.data(), keep};
      EXPECT_FALSE(decode(part)) << keep << " of " << file.size();
    }
  }
  const auto jpeg = *encode_jpeg(image);
  EXPECT_EQ(refusal(probe(BytesView{jpeg}.first(jpeg.size() / 2))), "the image is truncated");
}

TEST(Decode, EmptyAndUnknownFilesAreRefused) {
  EXPECT_EQ(refusal(decode({})), "the file is empty");
  EXPECT_EQ(refusal(decode(as_bytes("hello, this is text"))), "Unsupported file format");
  EXPECT_EQ(refusal(decode(as_bytes("GIF89a..........................."))), "Unsupported file format");
}

TEST(Decode, FilesAboveTheSizeLimitAreRefused) {
  DecodeLimits limits;
  limits.max_bytes = 100;
  EXPECT_EQ(refusal(probe(*encode_png(picture(50, 50)), limits)), "the file is larger than 0 MiB");
}

TEST(Decode, PixelBombsAreRefusedFromTheHeader) {
  auto png = *encode_png(picture(10, 10));
  png[16] = 0;
  png[17] = 0;
  png[18] = 0x4E;  // 20,000 x 20,000
  png[19] = 0x20;
  png[20] = 0;
  png[21] = 0;
  png[22] = 0x4E;
  png[23] = 0x20;
  EXPECT_EQ(refusal(decode(png)), "more than 40 megapixels");
  EXPECT_EQ(refusal(decode(*encode_png(Image(1, 30'000, 1)))), "more than 20000 pixels on a side");
  EXPECT_EQ(refusal(decode(*encode_png(Image(1, 15'000, 1)))), "the picture is too long and narrow");
}

TEST(Decode, PolyglotsAreRefused) {
  const Image image = picture(40, 30);
  for (const auto& clean : {*encode_jpeg(image), *encode_png(image), webp_of(image)}) {
    for (const std::string_view tail :
         {"PK\x03\x04 archive", "<html><script>alert(1)</script>", "%PDF-1.4 document", "<?php system(); ?>"}) {
      Bytes file = clean;
      append(file, tail);
      EXPECT_EQ(refusal(decode(file)), "the file carries other data besides the picture") << tail;
    }
    Bytes large = clean;
    large.resize(large.size() + 100'000, 'x');
    EXPECT_EQ(refusal(probe(large)), "the file carries other data besides the picture");
    Bytes padded = clean;
    padded.resize(padded.size() + 300, 0);
    EXPECT_TRUE(decode(padded)) << "padding is harmless";
  }
  Bytes prefixed = to_bytes("<html></html>");
  const auto jpeg = *encode_jpeg(image);
  prefixed.insert(prefixed.end(), jpeg.begin(), jpeg.end());
  EXPECT_EQ(refusal(decode(prefixed)), "Unsupported file format");
}

TEST(Decode, ArchiveInsideACommentIsRefused) {
  // A ZIP whose end-of-directory record names a comment that reaches the end of the file.
  const auto jpeg = *encode_jpeg(picture(40, 30));
  std::string record{"PK\x05\x06", 4};
  record.resize(22, '\0');
  const std::size_t comment = jpeg.size() - 2;
  record[20] = static_cast<char>(comment & 0xFF);
  record[21] = static_cast<char>(comment >> 8);
  Bytes file{0xFF, 0xD8, 0xFF, 0xFE, 0x00, 24};
  append(file, record);
  file.insert(file.end(), jpeg.begin() + 2, jpeg.end());
  EXPECT_EQ(refusal(decode(file)), "the file carries other data besides the picture");
}

TEST(Decode, FlippedBytesNeverCrash) {
  const Image image = picture(48, 36);
  std::uint32_t state = 99;
  for (const auto& clean :
       {*encode_jpeg(image), *encode_png(image), webp_of(image), bmp_of(image), tiff_of(picture(48, 36, 1), 2), pdf_with_pages(1)}) {
    for (int round = 0; round < 150; ++round) {
      Bytes file = clean;
      for (int k = 0; k < 3; ++k) {
        state = state * 1664525U + 1013904223U;
        file[(state >> 8) % file.size()] = static_cast<std::uint8_t>(state >> 24);
      }
      const auto decoded = decode(file);
      if (decoded) EXPECT_FALSE(decoded->pages.empty());
    }
  }
}

TEST(Decode, ExifOrientationIsApplied) {
  Image image(40, 20, 3, 255);
  for (int y = 0; y < 10; ++y) std::memset(image.row(y), 0, 60);  // top left black
  const auto plain = *encode_jpeg(image, 95);
  const std::uint8_t exif[] = {0xFF, 0xE1, 0x00, 0x22, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                               1,    0,    0x12, 0x01, 3,   0,   1,   0,   0, 0, 6,   0,   0,  0, 0, 0, 0, 0};
  Bytes file{0xFF, 0xD8};
  file.insert(file.end(), std::begin(exif), std::end(exif));
  file.insert(file.end(), plain.begin() + 2, plain.end());
  const auto probed = probe(file);
  ASSERT_TRUE(probed) << reason(probed.error());
  EXPECT_EQ(probed->width, 20);
  EXPECT_EQ(probed->height, 40);
  const auto decoded = decode(file);
  ASSERT_TRUE(decoded);
  const Image& turned = decoded->pages[0];
  ASSERT_EQ(turned.width, 20);
  EXPECT_LT(turned.row(5)[15 * 3], 30) << "the black corner is now at the top right";
  EXPECT_GT(turned.row(5)[3 * 3], 220);
}

TEST(Decode, PdfPagesAreRenderedAndCounted) {
  const auto decoded = decode(pdf_with_pages(2));
  ASSERT_TRUE(decoded) << reason(decoded.error());
  ASSERT_EQ(decoded->pages.size(), 2U);
  EXPECT_NEAR(decoded->pages[0].width, 200 * 200 / 72, 2);
  EXPECT_EQ(refusal(decode(pdf_with_pages(10'000))), "the file has more than 10 pages");
  EXPECT_EQ(refusal(decode(tiff_of(picture(8, 8, 1), 11))), "the file has more than 10 pages");
  auto cut = pdf_with_pages(1);
  cut.resize(cut.size() / 2);
  EXPECT_EQ(refusal(decode(cut)), "the PDF is truncated");
}

TEST(Decode, HugePdfPageIsRenderedSmall) {
  auto text = std::string{as_text(pdf_with_pages(1))};
  const auto at = text.find("[0 0 200 100]");
  text.replace(at, 13, "[0 0 99 9999]");
  EXPECT_EQ(refusal(decode(to_bytes(text))), "the picture is too long and narrow");
  text.replace(at, 13, "[0 0 14400 9]");
  EXPECT_FALSE(decode(to_bytes(text)));
}

TEST(Decode, PassedDeadlineIsATimeout) {
  const auto file = *encode_jpeg(picture(40, 30));
  const auto decoded = decode(file, {}, Deadline::after(std::chrono::milliseconds{-1}));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::request_timeout);
}

}  // namespace
}  // namespace authx::imaging
