#include <cstdlib>

#include "imaging/video.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  imaging::VideoLimits limits;
  limits.max_side = 320;  // a fuzzer's memory and patience
  limits.max_pixels = 320 * 240;
  limits.max_frames = 30;
  int frames = 0;
  const auto each = [&](const imaging::VideoFrame& frame) -> Result<bool> {
    ++frames;
    if (frame.image.channels != 3 || frame.image.pixels.size() != frame.image.stride() * static_cast<std::size_t>(frame.image.height))
      std::abort();
    return true;
  };
  const auto info = imaging::decode_video({data, size}, limits, each, Deadline::after(std::chrono::seconds{5}));
  if (info && info->frames < frames) std::abort();
  return 0;
}
