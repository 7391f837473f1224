#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/result.h"
#include "imaging/image.h"

namespace authx::imaging {

enum class FileFormat { jpeg, png, webp, tiff, bmp, jp2, pdf };

std::string_view to_string(FileFormat format) noexcept;     ///< "jpeg", "pdf", ...
std::string_view content_type(FileFormat format) noexcept;  ///< "image/jpeg", "application/pdf", ...

/// What an untrusted file may cost. Pixels are counted per page, before anything is allocated.
struct DecodeLimits {
  std::size_t max_bytes = std::size_t{10} << 20;
  std::int64_t max_pixels = 40'000'000;
  int max_side = 20'000;
  double max_aspect = 50;  ///< long side over short side
  int max_pages = 10;      ///< PDF and TIFF with more are refused
  double pdf_dpi = 200;    ///< lowered for a large page, so that it stays within `pdf_pixels`
  std::int64_t pdf_pixels = 8'000'000;
  /// JPEG: a picture whose long side is at least twice, four or eight times this is decoded at a half, a quarter or an
  /// eighth (by its DCT, several times faster). 0: always whole. What the file may cost is counted at full size.
  int enough_side = 0;
  std::string_view pdf_password{};  ///< opens a protected PDF; must outlive the call
};

/// What the headers say. EXIF orientation is applied to width and height. For a PDF, width and height are 0
/// and `pages` is 0 when it can't be told without parsing the file.
struct ProbedFile {
  FileFormat format = FileFormat::jpeg;
  int width = 0;
  int height = 0;
  int pages = 1;
};

struct DecodedFile {
  FileFormat format = FileFormat::jpeg;
  std::vector<Image> pages;  ///< at least one; BGR, or gray when the file is
};

/// Recognises the format by its content and reads headers only: microseconds, safe on an I/O thread.
/// Refuses empty, unknown, truncated and oversized files and files that carry other data before or after the picture.
/// Error: `Errc::validation` with one fault on field "image" that says why in plain words.
Result<ProbedFile> probe(BytesView file, const DecodeLimits& limits = {});

/// `probe`, then every page as pixels: orientation applied, transparency laid on white, 16 bits reduced to 8,
/// palettes and CMYK converted, metadata dropped. A file whose data is damaged is refused, not half decoded.
/// Blocking, CPU-bound. Thread-safe. Errors as `probe`; `Errc::request_timeout` when `deadline` passes.
Result<DecodedFile> decode(BytesView file, const DecodeLimits& limits = {}, const Deadline& deadline = {});

/// Baseline JPEG, quality 1..100. Error: `Errc::internal` for an empty image.
Result<Bytes> encode_jpeg(const Image& image, int quality = 90);
Result<Bytes> encode_png(const Image& image);

}  // namespace authx::imaging
