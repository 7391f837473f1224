#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "imaging/image.h"

namespace authx::film {

/// Writes test videos. All frames have one size. Aborts on misuse: it serves tests alone.
class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  virtual void add(const imaging::Image& bgr, std::int64_t at_us) = 0;
  virtual Bytes finish() = 0;
};

/// "avi" (MJPEG, at `fps`), "mjpeg" (pictures one after the other), "multipart" (with X-Timestamp), "webm" (VP8), "vp9.webm",
/// "mp4" (H.264).
std::unique_ptr<VideoWriter> make_video_writer(std::string_view kind, int width, int height, int fps, int jpeg_quality = 88);

}  // namespace authx::film
