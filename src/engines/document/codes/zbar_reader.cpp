#include <zbar.h>

#include <array>
#include <exception>
#include <string>

#include "engines/document/codes/readers.h"

namespace authx::document {

std::vector<Code> read_zbar(const cv::Mat& gray) {
  std::vector<Code> out;
  try {
    zbar::ImageScanner scanner;
    scanner.set_config(zbar::ZBAR_NONE, zbar::ZBAR_CFG_ENABLE, 0);
    scanner.set_config(zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_ENABLE, 1);
    scanner.set_config(zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_BINARY, 1);
    const cv::Mat packed = gray.isContinuous() ? gray : gray.clone();
    zbar::Image image(static_cast<unsigned>(packed.cols), static_cast<unsigned>(packed.rows), "Y800", packed.data, packed.total());
    if (scanner.scan(image) <= 0) return out;
    for (auto s = image.symbol_begin(); s != image.symbol_end() && out.size() < kMostCodes; ++s) {
      const std::string data = s->get_data();
      if (data.empty() || s->get_location_size() < 4) continue;
      Code c;
      c.bytes.assign(data.begin(), data.end());
      // zbar goes round the other way: top left, bottom left, bottom right, top right.
      constexpr std::array<unsigned, 4> kOrder{0, 3, 2, 1};
      for (std::size_t i = 0; i < 4; ++i)
        c.quad[i] = {static_cast<double>(s->get_location_x(kOrder[i])), static_cast<double>(s->get_location_y(kOrder[i]))};
      out.push_back(std::move(c));
    }
  } catch (const std::exception&) {
    out.clear();
  }
  return out;
}

}  // namespace authx::document
