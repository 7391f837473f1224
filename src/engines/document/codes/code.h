#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document {

enum class Symbology { qr, pdf417 };
std::string_view to_string(Symbology symbology) noexcept;

/// A barcode that was found and decoded.
struct Code {
  Symbology symbology = Symbology::qr;
  Bytes bytes;           ///< the content as encoded, no conversion of character sets
  imaging::Quad quad{};  ///< on the given image
  int pass = 0;          ///< which pass of the cascade read it; 0 is a plain reading
};

/// Which symbologies to look for, and how hard.
struct CodeOptions {
  bool qr = true;
  bool pdf417 = true;
  bool thorough = true;  ///< also enlarged, smoothed and sharpened; else one plain reading a region
};

/// Finds QR codes and PDF417 symbols: regions of dense black-and-white texture first, then the whole picture. Each region goes
/// through a cascade that ends with the first reading: ZXing plain, smoothed, enlarged, then zbar, then sharpened; PDF417, which is
/// read along its rows, is levelled first. At most eight codes. Blocking, CPU-bound, thread-safe; what is not read when
/// `deadline` passes is left out.
std::vector<Code> find_codes(const imaging::Image& image, const CodeOptions& options, const Deadline& deadline);

/// One plain reading of the whole picture by ZXing: the baseline of benchmarks.
std::vector<Code> find_codes_plain(const imaging::Image& image, const CodeOptions& options);

}  // namespace authx::document
