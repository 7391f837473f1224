#include <algorithm>
#include <cstdlib>

#include "engines/document/codes/code.h"

// A gray picture: its width and what is looked for, then pixels, each of them a module of two by two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  if (size < 3) return 0;
  const int width = 20 + data[0] % 100;
  const int height = std::clamp(static_cast<int>((size - 2) / static_cast<std::size_t>(width)) + 1, 10, 100);
  imaging::Image image(2 * width + 16, 2 * height + 16, 1, 255);
  for (int y = 0; y < 2 * height; ++y) {
    for (int x = 0; x < 2 * width; ++x) {
      const auto at = 2 + static_cast<std::size_t>(y / 2) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x / 2);
      if (at < size) image.row(y + 8)[x + 8] = data[at];
    }
  }
  document::CodeOptions options;
  options.qr = data[1] % 2 == 0;
  options.pdf417 = data[1] % 3 != 0;
  options.thorough = data[1] % 5 == 0;
  const auto codes = document::find_codes(image, options, Deadline::after(std::chrono::seconds{15}));
  if (codes.size() > 8) std::abort();
  for (const auto& code : codes) {
    if (code.bytes.size() > 16384) std::abort();  // a symbol holds at most 2,953 bytes
  }
  return 0;
}
