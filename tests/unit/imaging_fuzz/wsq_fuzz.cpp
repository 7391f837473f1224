#include <cstdlib>

#include "imaging/wsq.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  imaging::WsqLimits limits;
  limits.max_pixels = 100'000;  // a fuzzer's memory and patience
  const auto read = imaging::decode_wsq(BytesView{data, size}, limits, Deadline::after(std::chrono::seconds{5}));
  if (!read) return 0;
  const auto& image = read->image;
  if (image.pixels.size() != static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height)) std::abort();
  const auto again = imaging::encode_wsq(image, 1.5, 500);
  if (!again || !imaging::decode_wsq(*again)) std::abort();
  return 0;
}
