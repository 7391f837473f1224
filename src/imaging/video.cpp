#include "imaging/video.h"

#include <algorithm>
#include <cstring>
#include <opencv2/core.hpp>

#include "imaging/video_parts.h"

namespace authx::imaging {

std::string_view to_string(VideoFormat format) noexcept {
  switch (format) {
    case VideoFormat::mjpeg: return "mjpeg";
    case VideoFormat::avi: return "avi";
    case VideoFormat::webm: return "webm";
    case VideoFormat::mp4: return "mp4";
  }
  return "unknown";
}

namespace detail {

Error refuse_video(std::string reason) { return Error::invalid("video", std::move(reason)); }

Result<bool> FrameSink::admit(std::chrono::microseconds at) {
  if (deadline_.passed()) return Error{Errc::request_timeout, "video decoding took too long"};
  if (!first_) first_ = at;
  const auto since = at - *first_;
  if (since < last_) return refuse_video("its time runs backwards");
  if (since > limits_.max_duration)
    return refuse_video("is longer than " + std::to_string(limits_.max_duration.count() / 1000) + " seconds");
  if (++frames_ > limits_.max_frames) return refuse_video("has more than " + std::to_string(limits_.max_frames) + " frames");
  last_ = since;
  if (due_ && since < *due_) return false;
  const bool steady = due_ && since - *due_ < limits_.interval;
  due_ = (steady ? *due_ : since) + limits_.interval;
  return true;
}

Result<> FrameSink::check_size(long long width, long long height) const {
  if (width < 16 || height < 16) return refuse_video("its frames are too small");
  if (width > limits_.max_side || height > limits_.max_side || width * height > limits_.max_pixels)
    return refuse_video("its frames have more than " + std::to_string(limits_.max_side) + " pixels a side");
  return {};
}

double FrameSink::scale(int width, int height) const {
  return std::min(1.0, static_cast<double>(limits_.out_side) / std::max(width, height));
}

Result<bool> FrameSink::hand_out(const Image& image) { return on_frame_({image, last_}); }

}  // namespace detail

std::optional<VideoFormat> sniff_video(BytesView file) noexcept {
  if (file.size() < 16) return std::nullopt;
  const auto text = as_text(file);
  if (text.starts_with("\x1A\x45\xDF\xA3")) return VideoFormat::webm;
  if (text.substr(4, 4) == "ftyp") return VideoFormat::mp4;
  if (text.starts_with("RIFF") && text.substr(8, 4) == "AVI ") return VideoFormat::avi;
  if (text.starts_with("\xFF\xD8\xFF") || text.starts_with("--") || text.starts_with("\r\n--")) return VideoFormat::mjpeg;
  return std::nullopt;
}

Result<VideoInfo> decode_video(BytesView file, const VideoLimits& limits, const OnFrame& on_frame, const Deadline& deadline) {
  if (file.size() > limits.max_bytes) return detail::refuse_video("is larger than " + std::to_string(limits.max_bytes >> 20) + " MB");
  const auto format = sniff_video(file);
  if (!format) return detail::refuse_video("must be a WebM, MP4, AVI or MJPEG video");
  detail::FrameSink sink{limits, on_frame, deadline};
  try {
    auto info = *format == VideoFormat::webm || *format == VideoFormat::mp4 ? detail::decode_with_libav(file, *format, sink)
                                                                            : detail::decode_mjpeg(file, *format, sink);
    if (!info) return info;
    if (sink.frames() == 0) return detail::refuse_video("has no frames");
    info->format = *format;
    info->frames = sink.frames();
    info->duration = sink.last();
    return info;
  } catch (const cv::Exception& e) {
    return Error{Errc::internal, std::string{"OpenCV: "} + e.what()};
  } catch (const std::bad_alloc&) {
    return Error{Errc::overloaded, "out of memory in video decoding"};
  }
}

}  // namespace authx::imaging
