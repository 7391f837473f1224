#include <charconv>
#include <cmath>

#include "imaging/decode.h"
#include "imaging/geometry.h"
#include "imaging/video_parts.h"

namespace authx::imaging::detail {
namespace {

using std::chrono::microseconds;

/// Length of the JPEG picture (ISO/IEC 10918-1, annex B) at the start of `b`, found by walking its markers; 0 when there is
/// no whole one.
std::size_t jpeg_length(BytesView b) {
  if (b.size() < 4 || b[0] != 0xFF || b[1] != 0xD8) return 0;
  std::size_t at = 2;
  while (at + 4 <= b.size()) {
    if (b[at] != 0xFF) return 0;
    const auto marker = b[at + 1];
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    if (marker == 0xD9) return at + 2;
    const std::size_t length = static_cast<std::size_t>(b[at + 2]) << 8 | b[at + 3];
    if (length < 2 || at + 2 + length > b.size()) return 0;
    at += 2 + length;
    if (marker != 0xDA) continue;
    // Entropy-coded data: stuffed zeros and restart markers belong to it.
    while (at + 1 < b.size() && (b[at] != 0xFF || b[at + 1] == 0 || b[at + 1] == 0xFF || (b[at + 1] >= 0xD0 && b[at + 1] <= 0xD7))) ++at;
    if (at + 2 <= b.size() && b[at + 1] == 0xD9) return at + 2;
  }
  return 0;
}

/// Decodes one picture and hands it out. False: no more are wanted.
Result<bool> picture(BytesView jpeg, microseconds at, FrameSink& sink, VideoInfo& info) {
  AX_TRY(const bool wanted, sink.admit(at));
  const DecodeLimits limits{
      .max_bytes = sink.limits().max_bytes, .max_pixels = sink.limits().max_pixels, .max_side = sink.limits().max_side};
  if (!wanted && info.width > 0) return true;
  auto decoded = decode(jpeg, limits, sink.deadline());
  if (!decoded) {
    if (decoded.error().code != Errc::validation) return std::move(decoded).error();
    return refuse_video("one of its pictures is damaged");
  }
  Image& image = decoded->pages.front();
  AX_CHECK(sink.check_size(image.width, image.height));
  info.width = image.width, info.height = image.height;
  if (!wanted) return true;
  if (image.channels == 1) image = to_bgr(image);
  const double scale = sink.scale(image.width, image.height);
  if (scale < 1)
    image = resize(image, std::max(1, static_cast<int>(std::lround(image.width * scale))),
                   std::max(1, static_cast<int>(std::lround(image.height * scale))));
  return sink.hand_out(image);
}

/// The text between two pictures: nothing, or a part's boundary and headers. Empty when it is something else.
struct Between {
  std::optional<microseconds> at;  ///< of the X-Timestamp header, seconds
};
std::optional<Between> between(std::string_view text) {
  Between out;
  bool headers = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() > 200) return std::nullopt;
    if (line.starts_with("--")) {
      headers = true;
      continue;
    }
    const auto colon = line.find(':');
    if (!headers || colon == std::string_view::npos) return std::nullopt;
    std::string name{line.substr(0, colon)};
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (name != "x-timestamp") continue;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    double seconds = 0;
    const auto [rest, ec] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (ec != std::errc{} || rest != value.data() + value.size() || !(seconds >= 0) || seconds > 1e11) return std::nullopt;
    out.at = microseconds{static_cast<std::int64_t>(seconds * 1e6)};
  }
  return out;
}

Result<VideoInfo> decode_stream(BytesView file, FrameSink& sink) {
  constexpr std::size_t kBetween = 1024;
  VideoInfo info;
  info.codec = "mjpeg";
  std::size_t at = 0;
  for (std::int64_t index = 0; at < file.size(); ++index) {
    const auto rest = file.subspan(at);
    const auto start = as_text(rest.first(std::min(rest.size(), kBetween))).find("\xFF\xD8\xFF");
    if (start == std::string_view::npos) {
      // The closing boundary.
      if (index == 0 || rest.size() > kBetween || !between(as_text(rest))) return refuse_video("holds other data than pictures");
      break;
    }
    const auto head = between(as_text(rest.first(start)));
    if (!head) return refuse_video("holds other data than pictures");
    const auto length = jpeg_length(rest.subspan(start));
    if (length == 0) return refuse_video("one of its pictures is damaged");
    if (index == 0) info.timed = head->at.has_value();
    if (info.timed != head->at.has_value()) return refuse_video("only some of its pictures have a time");
    const auto time = info.timed ? *head->at : sink.limits().untimed_interval * index;
    AX_TRY(const bool more, picture(rest.subspan(start, length), time, sink, info));
    if (!more) break;
    at += start + length;
  }
  return info;
}

std::uint32_t le32(BytesView b, std::size_t at) {
  return static_cast<std::uint32_t>(b[at]) | static_cast<std::uint32_t>(b[at + 1]) << 8 | static_cast<std::uint32_t>(b[at + 2]) << 16 |
         static_cast<std::uint32_t>(b[at + 3]) << 24;
}

/// AVI (Microsoft's RIFF reference): the main header's frame interval and the `movi` list's video chunks, in their order.
struct Avi {
  FrameSink& sink;
  VideoInfo info;
  microseconds interval{0};
  std::int64_t index = 0;
  int chunks = 0;

  /// Walks the chunks of one list. False: no more are wanted.
  Result<bool> walk(BytesView list, bool movi, int depth) {
    std::size_t at = 0;
    while (at + 8 <= list.size()) {
      if (++chunks > 20'000) return refuse_video("has too many chunks");
      const auto id = as_text(list.subspan(at, 4));
      const std::size_t size = le32(list, at + 4);
      // A recorder that was cut off leaves a last chunk that is too short, or sizes of zero: what is whole counts.
      if (size > list.size() - at - 8) return true;
      const auto body = list.subspan(at + 8, size);
      if (id == "LIST" && size >= 4) {
        const auto kind = as_text(body.first(4));
        if (depth > 3) return refuse_video("is nested too deeply");
        if (kind == "hdrl" || kind == "movi" || (movi && kind == "rec ")) {
          AX_TRY(const bool more, walk(body.subspan(4), kind != "hdrl", depth + 1));
          if (!more) return false;
        }
      } else if (!movi && id == "avih" && size >= 40) {
        interval = microseconds{le32(body, 0)};
        AX_CHECK(sink.check_size(le32(body, 32), le32(body, 36)));
      } else if (movi && (id == "00dc" || id == "00db")) {
        if (interval < microseconds{5'000} || interval > microseconds{1'000'000}) return refuse_video("has an implausible frame rate");
        if (size > 0) {
          const auto length = jpeg_length(body);
          if (length == 0) return refuse_video("is not MJPEG, or one of its pictures is damaged");
          AX_TRY(const bool more, picture(body.first(length), interval * index, sink, info));
          if (!more) return false;
        }
        ++index;  // an empty chunk repeats the last picture
      }
      at += 8 + size + (size & 1U);
    }
    return true;
  }
};

}  // namespace

Result<VideoInfo> decode_mjpeg(BytesView file, VideoFormat format, FrameSink& sink) {
  if (format == VideoFormat::mjpeg) return decode_stream(file, sink);
  Avi avi{.sink = sink, .info = {}};
  avi.info.codec = "mjpeg";
  AX_TRY([[maybe_unused]] const bool more, avi.walk(file.subspan(12), false, 0));
  return avi.info;
}

}  // namespace authx::imaging::detail
