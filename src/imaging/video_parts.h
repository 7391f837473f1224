#pragma once

#include <opencv2/core/mat.hpp>

#include "imaging/video.h"

namespace authx::imaging::detail {

Error refuse_video(std::string reason);

/// Keeps the limits and the clock of one decoding, and hands frames out.
class FrameSink {
 public:
  FrameSink(const VideoLimits& limits, const OnFrame& on_frame, const Deadline& deadline)
      : limits_(limits), on_frame_(on_frame), deadline_(deadline) {}

  /// Counts a frame at `at` (since any origin). True when it is to be converted and given to `hand_out`.
  Result<bool> admit(std::chrono::microseconds at);
  Result<> check_size(long long width, long long height) const;
  /// Side to which a frame is shrunk, as a factor of at most 1.
  double scale(int width, int height) const;
  /// The frame that was admitted last. False: the caller wants no more.
  Result<bool> hand_out(const Image& image);

  const VideoLimits& limits() const noexcept { return limits_; }
  const Deadline& deadline() const noexcept { return deadline_; }
  int frames() const noexcept { return frames_; }
  std::chrono::microseconds last() const noexcept { return last_; }

 private:
  const VideoLimits& limits_;
  const OnFrame& on_frame_;
  const Deadline& deadline_;
  int frames_ = 0;
  std::optional<std::chrono::microseconds> first_, due_;
  std::chrono::microseconds last_{0};
};

Result<VideoInfo> decode_mjpeg(BytesView file, VideoFormat format, FrameSink& sink);
Result<VideoInfo> decode_with_libav(BytesView file, VideoFormat format, FrameSink& sink);

}  // namespace authx::imaging::detail
