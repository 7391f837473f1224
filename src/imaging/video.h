#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/result.h"
#include "imaging/image.h"

namespace authx::imaging {

/// mjpeg: JPEG pictures one after the other, or the parts of a multipart/x-mixed-replace stream.
enum class VideoFormat { mjpeg, avi, webm, mp4 };

std::string_view to_string(VideoFormat format) noexcept;

/// What an untrusted video may cost.
struct VideoLimits {
  std::size_t max_bytes = std::size_t{10} << 20;
  std::int64_t max_pixels = 1920 * 1088;  ///< of one frame, before anything of it is allocated
  int max_side = 1920;
  int max_frames = 1000;  ///< decoded; more is refused
  std::chrono::milliseconds max_duration{30'000};
  int out_side = 640;  ///< frames are handed out with no side longer than this
  /// Frames are handed out this far apart in the mean, whatever the camera's rate; those between are decoded and not converted.
  std::chrono::microseconds interval{0};
  std::chrono::microseconds untimed_interval{40'000};  ///< between pictures of MJPEG without time stamps
};

/// One frame, upright, BGR. Valid during the call only.
struct VideoFrame {
  const Image& image;
  std::chrono::microseconds at;  ///< since the first frame; never falls
};

struct VideoInfo {
  VideoFormat format = VideoFormat::mjpeg;
  std::string codec;   ///< "mjpeg", "vp8", "vp9", "h264"
  std::string writer;  ///< what the container says that wrote it, at most 64 printable characters; empty when it does not
  int width = 0, height = 0;
  int frames = 0;                         ///< decoded
  bool timed = true;                      ///< false: the stream carries no times, and `untimed_interval` was assumed
  std::chrono::microseconds duration{0};  ///< time of the last frame
};

/// Gets each frame; false ends decoding early, which is no error.
using OnFrame = std::function<Result<bool>(const VideoFrame& frame)>;

/// By content; nothing when it is none of the formats above.
std::optional<VideoFormat> sniff_video(BytesView file) noexcept;

/// Decodes the video track frame by frame: MJPEG, AVI with MJPEG, WebM or Matroska with VP8, VP9 or H.264, MP4 or QuickTime
/// with H.264; 8 bits, 4:2:0. Other tracks are ignored. Only one full frame is in memory at a time. Colours are taken as
/// BT.601 with limited range (MJPEG: full range); other matrices shift hues slightly.
///
/// MJPEG and AVI are read by the project's own code. The other containers go to FFmpeg's libavformat and libavcodec, opened
/// when the first such video comes, so that a process that never gets one does not map them; the demuxer is named and not
/// guessed, decoders are those five, input is this memory only (no protocol, no second file).
///
/// Blocking, CPU-bound, thread-safe, single-threaded. Errors: validation on field "video" (unknown format, damage, a limit,
/// time running backwards); request_timeout (deadline); capability_unavailable (FFmpeg's libraries are not installed); what
/// `on_frame` returns.
Result<VideoInfo> decode_video(BytesView file, const VideoLimits& limits, const OnFrame& on_frame, const Deadline& deadline = {});

}  // namespace authx::imaging
