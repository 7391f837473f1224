#define ZX_USE_UTF8 1
#include <ZXing/ReadBarcode.h>

#include <exception>

#include "engines/document/codes/readers.h"

namespace authx::document {

std::vector<Code> read_zxing(const cv::Mat& gray, const CodeOptions& options) {
  ZXing::BarcodeFormats formats;
  if (options.qr) formats |= ZXing::BarcodeFormat::QRCode;
  if (options.pdf417) formats |= ZXing::BarcodeFormat::PDF417;
  ZXing::DecodeHints hints;
  hints.setFormats(formats);
  hints.setTryHarder(true);
  hints.setTryRotate(true);
  hints.setTryDownscale(false);
  hints.setMaxNumberOfSymbols(static_cast<std::uint8_t>(kMostCodes));
  const ZXing::ImageView view{gray.data, gray.cols, gray.rows, ZXing::ImageFormat::Lum, static_cast<int>(gray.step)};
  std::vector<Code> out;
  try {
    for (const auto& r : ZXing::ReadBarcodes(view, hints)) {
      if (!r.isValid() || r.bytes().empty()) continue;
      Code c;
      c.symbology = r.format() == ZXing::BarcodeFormat::PDF417 ? Symbology::pdf417 : Symbology::qr;
      c.bytes.assign(r.bytes().begin(), r.bytes().end());
      for (std::size_t i = 0; i < 4; ++i) {
        const auto p = r.position()[i];
        c.quad[i] = {static_cast<double>(p.x), static_cast<double>(p.y)};
      }
      out.push_back(std::move(c));
    }
  } catch (const std::exception&) {
    out.clear();  // the library throws on some damaged symbols
  }
  return out;
}

}  // namespace authx::document
