#include <cstdlib>

#include "imaging/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  authx::imaging::DecodeLimits limits;
  limits.max_pixels = 400'000;  // a fuzzer's memory and patience
  limits.pdf_pixels = 200'000;
  const authx::BytesView file{data, size};
  const auto probed = authx::imaging::probe(file, limits);
  const auto decoded = authx::imaging::decode(file, limits, authx::Deadline::after(std::chrono::seconds{5}));
  if (decoded && !probed) std::abort();
  if (decoded) {
    for (const auto& page : decoded->pages) {
      if (page.pixels.size() != page.stride() * static_cast<std::size_t>(page.height)) std::abort();
    }
  }
  return 0;
}
