#include <dlfcn.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"
#include "imaging/video_parts.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wconversion"
#endif
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

namespace authx::imaging::detail {
namespace {

using std::chrono::microseconds;

/// FFmpeg's functions, by name, from the libraries of the versions whose headers this was compiled with.
struct Libav {
#define AX_AV_FORMAT(X)      \
  X(avformat_alloc_context)  \
  X(avformat_open_input)     \
  X(avformat_close_input)    \
  X(avformat_free_context)   \
  X(av_find_input_format)    \
  X(av_read_frame)           \
  X(av_stream_get_side_data) \
  X(avio_alloc_context)      \
  X(avio_context_free)
#define AX_AV_CODEC(X)             \
  X(avcodec_find_decoder)          \
  X(avcodec_alloc_context3)        \
  X(avcodec_free_context)          \
  X(avcodec_parameters_to_context) \
  X(avcodec_open2)                 \
  X(avcodec_send_packet)           \
  X(avcodec_receive_frame)         \
  X(avcodec_get_name)              \
  X(av_packet_alloc)               \
  X(av_packet_free)                \
  X(av_packet_unref)
#define AX_AV_UTIL(X) \
  X(av_malloc)        \
  X(av_freep)         \
  X(av_frame_alloc)   \
  X(av_frame_free)    \
  X(av_frame_unref)   \
  X(av_dict_get)      \
  X(av_rescale_q)     \
  X(av_log_set_level)
#define AX_AV_DECLARE(name) decltype(&::name) name = nullptr;
  AX_AV_FORMAT(AX_AV_DECLARE)
  AX_AV_CODEC(AX_AV_DECLARE)
  AX_AV_UTIL(AX_AV_DECLARE)
#undef AX_AV_DECLARE
  std::string missing;  ///< why it cannot be used; empty when it can

  Libav() {
    const auto open = [this](const char* name, int version) -> void* {
      const auto file = fmt::format("lib{}.so.{}", name, version);
      void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr && missing.empty()) missing = file + " cannot be opened";
      return library;
    };
    void* util = open("avutil", LIBAVUTIL_VERSION_MAJOR);
    void* codec = open("avcodec", LIBAVCODEC_VERSION_MAJOR);
    void* format = open("avformat", LIBAVFORMAT_VERSION_MAJOR);
    if (!missing.empty()) return;
    const auto bind = [this](void* library, const char* name) {
      void* address = ::dlsym(library, name);
      if (address == nullptr && missing.empty()) missing = fmt::format("FFmpeg's {} is missing", name);
      return address;
    };
#define AX_AV_BIND(library, name) name = reinterpret_cast<decltype(&::name)>(bind(library, #name));
#define AX_AV_BIND_FORMAT(name) AX_AV_BIND(format, name)
#define AX_AV_BIND_CODEC(name) AX_AV_BIND(codec, name)
#define AX_AV_BIND_UTIL(name) AX_AV_BIND(util, name)
    AX_AV_FORMAT(AX_AV_BIND_FORMAT)
    AX_AV_CODEC(AX_AV_BIND_CODEC)
    AX_AV_UTIL(AX_AV_BIND_UTIL)
    if (missing.empty()) av_log_set_level(AV_LOG_QUIET);  // it would print what strangers put into files
  }

  static const Libav& get() {
    static const Libav libav;
    return libav;
  }
};

/// The file as FFmpeg reads it.
struct Memory {
  BytesView bytes;
  std::int64_t at = 0;

  static int read(void* opaque, std::uint8_t* to, int size) {
    auto& m = *static_cast<Memory*>(opaque);
    const auto left = static_cast<std::int64_t>(m.bytes.size()) - m.at;
    const auto n = std::min<std::int64_t>(left, size);
    if (n <= 0) return AVERROR_EOF;
    std::memcpy(to, m.bytes.data() + m.at, static_cast<std::size_t>(n));
    m.at += n;
    return static_cast<int>(n);
  }
  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    auto& m = *static_cast<Memory*>(opaque);
    const auto size = static_cast<std::int64_t>(m.bytes.size());
    if (whence == AVSEEK_SIZE) return size;
    const auto base = whence == SEEK_CUR ? m.at : whence == SEEK_END ? size : 0;
    if (offset < -base || offset > size - base) return AVERROR(EINVAL);
    return m.at = base + offset;
  }
};

/// Ends FFmpeg's own loops when time is up.
int interrupted(void* opaque) { return static_cast<const Deadline*>(opaque)->passed() ? 1 : 0; }

int refuse_other_files(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

class Reader {
 public:
  Reader(const Libav& av, BytesView file, FrameSink& sink) : av_(av), memory_{file}, sink_(sink) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    av_.avcodec_free_context(&codec_);
    if (opened_)
      av_.avformat_close_input(&format_);
    else
      av_.avformat_free_context(format_);
    if (io_ != nullptr) {
      av_.av_freep(&io_->buffer);
      av_.avio_context_free(&io_);
    }
    av_.av_packet_free(&packet_);
    av_.av_frame_free(&frame_);
  }

  Result<VideoInfo> run(VideoFormat format) {
    AX_CHECK(open(format));
    AX_CHECK(open_codec());
    bool more = true;
    while (more) {
      const int got = av_.av_read_frame(format_, packet_);
      if (sink_.deadline().passed()) return Error{Errc::request_timeout, "video decoding took too long"};
      if (got == AVERROR_EOF) break;
      if (got < 0) return damaged();
      if (packet_->stream_index == stream_->index) {
        AX_TRY(more, decode(packet_));
      }
      av_.av_packet_unref(packet_);
    }
    if (more) AX_CHECK(decode(nullptr));
    return info_;
  }

 private:
  static Error damaged() { return refuse_video("is damaged or truncated"); }

  Result<> open(VideoFormat format) {
    constexpr int kBuffer = 32 * 1024;
    auto* buffer = static_cast<unsigned char*>(av_.av_malloc(kBuffer));
    format_ = av_.avformat_alloc_context();
    packet_ = av_.av_packet_alloc();
    frame_ = av_.av_frame_alloc();
    if (buffer != nullptr) io_ = av_.avio_alloc_context(buffer, kBuffer, 0, &memory_, &Memory::read, nullptr, &Memory::seek);
    if (io_ == nullptr) av_.av_freep(&buffer);
    if (io_ == nullptr || format_ == nullptr || packet_ == nullptr || frame_ == nullptr)
      return Error{Errc::overloaded, "out of memory in video decoding"};
    const auto* demuxer = av_.av_find_input_format(format == VideoFormat::webm ? "matroska" : "mov");
    if (demuxer == nullptr) return Error{Errc::capability_unavailable, "this FFmpeg lacks the demuxer"};
    format_->pb = io_;
    format_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_NOBUFFER;
    format_->io_open = &refuse_other_files;
    format_->max_streams = 8;
    format_->probesize = 64 * 1024;
    format_->max_index_size = 1U << 20;
    format_->interrupt_callback = {&interrupted, const_cast<Deadline*>(&sink_.deadline())};
    // On failure it frees the context and nulls the pointer.
    if (av_.avformat_open_input(&format_, "", demuxer, nullptr) < 0) return damaged();
    opened_ = true;
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
      AVStream* s = format_->streams[i];
      const bool take =
          stream_ == nullptr && s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (s->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
      if (take) stream_ = s;
      s->discard = take ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    if (stream_ == nullptr) return refuse_video("has no video track");
    const AVDictionaryEntry* writer = nullptr;
    for (const char* key : {"encoder", "ENCODER"})
      if (writer == nullptr) writer = av_.av_dict_get(format_->metadata, key, nullptr, 0);
    if (writer != nullptr)
      for (const char* c = writer->value; *c != '\0' && info_.writer.size() < 64; ++c)
        if (*c >= ' ' && *c < 127) info_.writer += *c;
    const auto* matrix = reinterpret_cast<const std::int32_t*>(av_.av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
    if (matrix != nullptr && (matrix[0] != 0 || matrix[1] != 0)) {
      // Only quarter turns occur in recordings.
      const double degrees = std::atan2(static_cast<double>(matrix[1]), static_cast<double>(matrix[0])) * 180 / std::numbers::pi;
      turns_ = (static_cast<int>(std::lround(degrees / 90)) % 4 + 4) % 4;
    }
    return {};
  }

  Result<> open_codec() {
    const auto& parameters = *stream_->codecpar;
    const bool allowed =
        parameters.codec_id == AV_CODEC_ID_VP8 || parameters.codec_id == AV_CODEC_ID_VP9 || parameters.codec_id == AV_CODEC_ID_H264;
    if (!allowed) return refuse_video("must be coded as VP8, VP9 or H.264");
    AX_CHECK(sink_.check_size(parameters.width, parameters.height));
    const auto* decoder = av_.avcodec_find_decoder(parameters.codec_id);
    if (decoder == nullptr) return Error{Errc::capability_unavailable, "this FFmpeg lacks the decoder"};
    codec_ = av_.avcodec_alloc_context3(decoder);
    if (codec_ == nullptr) return Error{Errc::overloaded, "out of memory in video decoding"};
    if (av_.avcodec_parameters_to_context(codec_, &parameters) < 0) return damaged();
    codec_->thread_count = 1;
    codec_->max_pixels = sink_.limits().max_pixels;
    codec_->pkt_timebase = stream_->time_base;
    codec_->err_recognition = AV_EF_EXPLODE;
    if (av_.avcodec_open2(codec_, decoder, nullptr) < 0) return damaged();
    info_.codec = av_.avcodec_get_name(parameters.codec_id);
    return {};
  }

  /// `packet` null: what the decoder still holds. False: no more are wanted.
  Result<bool> decode(const AVPacket* packet) {
    const int sent = av_.avcodec_send_packet(codec_, packet);
    if (sent < 0 && sent != AVERROR_EOF) return damaged();
    while (true) {
      const int got = av_.avcodec_receive_frame(codec_, frame_);
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return true;
      if (got < 0) return damaged();
      auto more = take();
      av_.av_frame_unref(frame_);
      if (!more || !*more) return more;
    }
  }

  Result<bool> take() {
    const AVFrame& f = *frame_;
    AX_CHECK(sink_.check_size(f.width, f.height));
    if (f.format != AV_PIX_FMT_YUV420P && f.format != AV_PIX_FMT_YUVJ420P) return refuse_video("must have 8 bits and 4:2:0 colour");
    if (f.best_effort_timestamp == AV_NOPTS_VALUE) return refuse_video("has frames without a time");
    const microseconds at{av_.av_rescale_q(f.best_effort_timestamp, stream_->time_base, {1, 1'000'000})};
    AX_TRY(const bool wanted, sink_.admit(at));
    info_.width = turns_ % 2 == 0 ? f.width : f.height;
    info_.height = turns_ % 2 == 0 ? f.height : f.width;
    if (!wanted) return true;
    return sink_.hand_out(convert(f));
  }

  /// Each plane is shrunk before colour is made of them: a quarter of the work, and nothing at full size but the decoder's own.
  Image convert(const AVFrame& f) {
    const double scale = sink_.scale(f.width, f.height);
    const auto even = [](double v) { return std::max(2, static_cast<int>(std::lround(v / 2)) * 2); };
    const cv::Size size{even(f.width * scale), even(f.height * scale)};
    cv::Mat yuv(size.height * 3 / 2, size.width, CV_8UC1);
    const auto plane = [&](int index, cv::Size from, cv::Size to, std::uint8_t* out) {
      const cv::Mat source(from, CV_8UC1, f.data[index], static_cast<std::size_t>(f.linesize[index]));
      cv::Mat target(to, CV_8UC1, out);
      if (from == to)
        source.copyTo(target);
      else
        cv::resize(source, target, to, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    };
    const cv::Size chroma{(f.width + 1) / 2, (f.height + 1) / 2}, half{size.width / 2, size.height / 2};
    const auto luma_bytes = static_cast<std::size_t>(size.area()), chroma_bytes = static_cast<std::size_t>(half.area());
    plane(0, {f.width, f.height}, size, yuv.data);
    plane(1, chroma, half, yuv.data + luma_bytes);
    plane(2, chroma, half, yuv.data + luma_bytes + chroma_bytes);
    if (f.color_range == AVCOL_RANGE_JPEG || f.format == AV_PIX_FMT_YUVJ420P) {
      // The conversion expects 16..235 and 16..240.
      cv::Mat luma(size, CV_8UC1, yuv.data), both(half.height * 2, half.width, CV_8UC1, yuv.data + luma_bytes);
      luma.convertTo(luma, CV_8U, 219.0 / 255, 16);
      both.convertTo(both, CV_8U, 224.0 / 255, 128 * (1 - 224.0 / 255));
    }
    cv::Mat bgr;
    cv::cvtColor(yuv, bgr, cv::COLOR_YUV2BGR_I420);
    if (turns_ == 1) cv::rotate(bgr, bgr, cv::ROTATE_90_CLOCKWISE);
    if (turns_ == 2) cv::rotate(bgr, bgr, cv::ROTATE_180);
    if (turns_ == 3) cv::rotate(bgr, bgr, cv::ROTATE_90_COUNTERCLOCKWISE);
    return from_mat(bgr);
  }

  const Libav& av_;
  Memory memory_;
  FrameSink& sink_;
  VideoInfo info_;
  AVIOContext* io_ = nullptr;
  AVFormatContext* format_ = nullptr;
  bool opened_ = false;
  AVCodecContext* codec_ = nullptr;
  AVStream* stream_ = nullptr;
  AVPacket* packet_ = nullptr;
  AVFrame* frame_ = nullptr;
  int turns_ = 0;  ///< clockwise quarter turns that make it upright
};

}  // namespace

Result<VideoInfo> decode_with_libav(BytesView file, VideoFormat format, FrameSink& sink) {
  const auto& av = Libav::get();
  if (!av.missing.empty()) {
    Error error{Errc::capability_unavailable, av.missing};
    error.message = "This server cannot decode such videos; send MJPEG";
    return error;
  }
  return Reader{av, file, sink}.run(format);
}

}  // namespace authx::imaging::detail
