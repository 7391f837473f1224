#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace authx::imaging {

/// Owns the pixels of one picture: 8 bits a channel, gray (1 channel) or BGR (3 channels), rows packed without
/// padding, top row first. Free of OpenCV; `imaging/mat.h` gives a `cv::Mat` view of it.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  /// All pixels take `value`. Width and height must be positive, channels 1 or 3.
  Image(int w, int h, int c, std::uint8_t value = 0)
      : width(w),
        height(h),
        channels(c),
        pixels(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * static_cast<std::size_t>(c), value) {}

  bool empty() const noexcept { return pixels.empty(); }
  std::size_t stride() const noexcept { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::uint8_t* row(int y) noexcept { return pixels.data() + static_cast<std::size_t>(y) * stride(); }
  const std::uint8_t* row(int y) const noexcept { return pixels.data() + static_cast<std::size_t>(y) * stride(); }
};

}  // namespace authx::imaging
