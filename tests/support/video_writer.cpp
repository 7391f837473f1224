#include "support/video_writer.h"

#include <cstdio>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

#include "imaging/decode.h"
#include "imaging/mat.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wconversion"
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}
#pragma clang diagnostic pop

namespace authx::film {
namespace {

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "video writer: %s\n", what);
  std::abort();
}

void put32(Bytes& out, std::uint32_t v) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}
void put(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

class JpegWriter final : public VideoWriter {
 public:
  JpegWriter(std::string_view kind, int width, int height, int fps, int quality)
      : kind_(kind), width_(width), height_(height), fps_(fps), quality_(quality) {}

  void add(const imaging::Image& bgr, std::int64_t at_us) override {
    const auto jpeg = imaging::encode_jpeg(bgr, quality_);
    if (!jpeg) broken("JPEG");
    ++count_;
    if (kind_ == "avi") {
      put(body_, "00dc");
      put32(body_, static_cast<std::uint32_t>(jpeg->size()));
    } else if (kind_ == "multipart") {
      put(body_, fmt::format("--frame\r\nContent-Type: image/jpeg\r\nX-Timestamp: {}.{:06}\r\n\r\n", at_us / 1'000'000, at_us % 1'000'000));
    }
    body_.insert(body_.end(), jpeg->begin(), jpeg->end());
    if (kind_ == "avi" && jpeg->size() % 2 == 1) body_.push_back(0);
    if (kind_ == "multipart") put(body_, "\r\n");
  }

  Bytes finish() override {
    if (kind_ == "multipart") put(body_, "--frame--\r\n");
    if (kind_ != "avi") return std::move(body_);
    Bytes main;  // AVIMAINHEADER, and the stream's header and format
    put(main, "hdrl");
    put(main, "avih");
    put32(main, 56);
    for (const std::uint32_t v : {1'000'000U / static_cast<unsigned>(fps_), 0U, 0U, 0x10U, count_, 0U, 1U, 0U,
                                  static_cast<unsigned>(width_), static_cast<unsigned>(height_), 0U, 0U, 0U, 0U})
      put32(main, v);
    Bytes out;
    put(out, "RIFF");
    put32(out, static_cast<std::uint32_t>(4 + 8 + main.size() + 12 + body_.size()));
    put(out, "AVI LIST");
    put32(out, static_cast<std::uint32_t>(main.size()));
    out.insert(out.end(), main.begin(), main.end());
    put(out, "LIST");
    put32(out, static_cast<std::uint32_t>(4 + body_.size()));
    put(out, "movi");
    out.insert(out.end(), body_.begin(), body_.end());
    return out;
  }

 private:
  std::string kind_;
  int width_, height_, fps_, quality_;
  std::uint32_t count_ = 0;
  Bytes body_;
};

class CodedWriter final : public VideoWriter {
 public:
  CodedWriter(const char* container, const char* encoder, int width, int height, int fps) : size_(width, height) {
    av_log_set_level(AV_LOG_QUIET);
    if (avformat_alloc_output_context2(&format_, nullptr, container, nullptr) < 0) broken("container");
    if (avio_open_dyn_buf(&format_->pb) < 0) broken("buffer");
    const auto* codec = avcodec_find_encoder_by_name(encoder);
    if (codec == nullptr) broken("encoder is missing");
    codec_ = avcodec_alloc_context3(codec);
    codec_->width = width, codec_->height = height;
    codec_->pix_fmt = AV_PIX_FMT_YUV420P;
    codec_->time_base = {1, 1000};
    codec_->framerate = {fps, 1};
    codec_->bit_rate = 1'800'000;
    codec_->gop_size = 60;
    codec_->thread_count = 1;
    if (std::string_view{encoder}.starts_with("libvpx")) {
      av_opt_set(codec_->priv_data, "deadline", "realtime", 0);
      av_opt_set_int(codec_->priv_data, "cpu-used", 8, 0);
    } else {
      av_opt_set(codec_->priv_data, "preset", "ultrafast", 0);
      codec_->max_b_frames = 0;
    }
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (avcodec_open2(codec_, codec, nullptr) < 0) broken("encoder");
    stream_ = avformat_new_stream(format_, nullptr);
    stream_->time_base = codec_->time_base;
    avcodec_parameters_from_context(stream_->codecpar, codec_);
    AVDictionary* options = nullptr;
    if (std::string_view{container} == "mp4") av_dict_set(&options, "movflags", "frag_keyframe+empty_moov", 0);
    if (avformat_write_header(format_, &options) < 0) broken("header");
    av_dict_free(&options);
    packet_ = av_packet_alloc();
    frame_ = av_frame_alloc();
    frame_->format = AV_PIX_FMT_YUV420P, frame_->width = width, frame_->height = height;
    if (av_frame_get_buffer(frame_, 0) < 0) broken("frame");
  }
  ~CodedWriter() override {
    av_packet_free(&packet_);
    av_frame_free(&frame_);
    avcodec_free_context(&codec_);
    avformat_free_context(format_);
  }

  void add(const imaging::Image& bgr, std::int64_t at_us) override {
    cv::Mat yuv;
    cv::cvtColor(imaging::as_mat(bgr), yuv, cv::COLOR_BGR2YUV_I420);
    av_frame_make_writable(frame_);
    const int w = size_.width, h = size_.height;
    const auto plane = [&](int i, const std::uint8_t* from, int pw, int ph) {
      for (int y = 0; y < ph; ++y)
        std::copy_n(from + static_cast<std::ptrdiff_t>(y) * pw, pw, frame_->data[i] + static_cast<std::ptrdiff_t>(y) * frame_->linesize[i]);
    };
    plane(0, yuv.data, w, h);
    plane(1, yuv.data + w * h, w / 2, h / 2);
    plane(2, yuv.data + w * h * 5 / 4, w / 2, h / 2);
    frame_->pts = at_us / 1000;
    encode(frame_);
  }

  Bytes finish() override {
    encode(nullptr);
    av_write_trailer(format_);
    std::uint8_t* data = nullptr;
    const int size = avio_close_dyn_buf(format_->pb, &data);
    format_->pb = nullptr;
    Bytes out(data, data + size);
    av_free(data);
    return out;
  }

 private:
  void encode(const AVFrame* frame) {
    if (avcodec_send_frame(codec_, frame) < 0) broken("encode");
    while (avcodec_receive_packet(codec_, packet_) == 0) {
      av_packet_rescale_ts(packet_, codec_->time_base, stream_->time_base);
      packet_->stream_index = stream_->index;
      if (av_interleaved_write_frame(format_, packet_) < 0) broken("write");
    }
  }
  cv::Size size_;
  AVFormatContext* format_ = nullptr;
  AVCodecContext* codec_ = nullptr;
  AVStream* stream_ = nullptr;
  AVPacket* packet_ = nullptr;
  AVFrame* frame_ = nullptr;
};

}  // namespace

std::unique_ptr<VideoWriter> make_video_writer(std::string_view kind, int width, int height, int fps, int jpeg_quality) {
  if (kind == "webm") return std::make_unique<CodedWriter>("webm", "libvpx", width, height, fps);
  if (kind == "vp9.webm") return std::make_unique<CodedWriter>("webm", "libvpx-vp9", width, height, fps);
  if (kind == "mp4") return std::make_unique<CodedWriter>("mp4", "libx264", width, height, fps);
  return std::make_unique<JpegWriter>(kind, width, height, fps, jpeg_quality);
}

}  // namespace authx::film
