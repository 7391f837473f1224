#include "imaging/video.h"

#include <gtest/gtest.h>

#include "support/video_writer.h"

namespace authx::imaging {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

/// Ten frames, 100 ms apart, of a colour that each frame makes brighter; the right half is red.
Bytes movie(std::string_view kind, int width = 160, int height = 120, int frames = 10) {
  const auto writer = film::make_video_writer(kind, width, height, 10);
  for (int i = 0; i < frames; ++i) {
    Image image{width, height, 3, static_cast<std::uint8_t>(40 + 10 * i)};
    for (int y = 0; y < height; ++y)
      for (int x = width / 2; x < width; ++x) image.row(y)[3 * x] = image.row(y)[3 * x + 1] = 30, image.row(y)[3 * x + 2] = 200;
    writer->add(image, i * 100'000);
  }
  return writer->finish();
}

Error refusal(BytesView file, const VideoLimits& limits = {}) {
  auto result = decode_video(file, limits, [](const VideoFrame&) -> Result<bool> { return true; });
  EXPECT_FALSE(result);
  return result ? Error{Errc::internal} : result.error();
}

class EachFormat : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Video, EachFormat, testing::Values("avi", "mjpeg", "multipart", "webm", "vp9.webm", "mp4"));

TEST_P(EachFormat, GivesEveryFrameWithItsTimeAndColours) {
  const auto file = movie(GetParam());
  std::vector<microseconds> times;
  std::vector<int> left, red;
  VideoLimits limits;
  limits.untimed_interval = 100ms;
  const auto info = decode_video(file, limits, [&](const VideoFrame& f) -> Result<bool> {
    times.push_back(f.at);
    EXPECT_EQ(f.image.width, 160);
    EXPECT_EQ(f.image.height, 120);
    EXPECT_EQ(f.image.channels, 3);
    left.push_back(f.image.row(60)[3 * 40 + 1]);
    red.push_back(f.image.row(60)[3 * 120 + 2] - f.image.row(60)[3 * 120]);
    return true;
  });
  ASSERT_TRUE(info) << info.error().detail << (info.error().faults.empty() ? "" : info.error().faults[0].reason);
  ASSERT_EQ(times.size(), 10U);
  EXPECT_EQ(info->frames, 10);
  EXPECT_EQ(info->width, 160);
  EXPECT_EQ(info->duration, 900ms);
  EXPECT_EQ(info->timed, std::string_view{GetParam()} != "mjpeg");
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i], 100ms * static_cast<int>(i));
    EXPECT_NEAR(left[i], 40 + 10 * static_cast<int>(i), 8);
    EXPECT_GT(red[i], 120);
  }
}

TEST_P(EachFormat, ShrinksAndThins) {
  const auto file = movie(GetParam());
  VideoLimits limits;
  limits.out_side = 80;
  limits.interval = 250ms;
  limits.untimed_interval = 100ms;
  std::vector<microseconds> times;
  const auto info = decode_video(file, limits, [&](const VideoFrame& f) -> Result<bool> {
    times.push_back(f.at);
    EXPECT_EQ(f.image.width, 80);
    EXPECT_EQ(f.image.height, 60);
    return true;
  });
  ASSERT_TRUE(info);
  EXPECT_EQ(info->frames, 10);
  EXPECT_EQ(times, (std::vector<microseconds>{0ms, 300ms, 500ms, 800ms}));
}

TEST_P(EachFormat, EveryLimitIsARefusalInPlainWords) {
  const auto file = movie(GetParam());
  VideoLimits limits;
  limits.max_bytes = 100;
  EXPECT_EQ(refusal(file, limits).code, Errc::validation);
  limits = {};
  limits.max_frames = 5;
  EXPECT_EQ(refusal(file, limits).faults.at(0).field, "video");
  limits = {};
  limits.max_side = 100;
  EXPECT_EQ(refusal(file, limits).code, Errc::validation);
  limits = {};
  limits.max_duration = 500ms;
  limits.untimed_interval = 100ms;
  EXPECT_EQ(refusal(file, limits).code, Errc::validation);
}

TEST_P(EachFormat, StopsWhenTheCallerHasEnoughAndWhenTimeIsUp) {
  const auto file = movie(GetParam());
  int seen = 0;
  EXPECT_TRUE(decode_video(file, {}, [&](const VideoFrame&) -> Result<bool> { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
  Deadline over;
  over.at = {};
  const auto late = decode_video(file, {}, [](const VideoFrame&) -> Result<bool> { return true; }, over);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::request_timeout);
  const auto own = decode_video(file, {}, [](const VideoFrame&) -> Result<bool> { return Errc::conflict; });
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, Errc::conflict);
}

TEST_P(EachFormat, DamageNeverCrashes) {
  const auto whole = movie(GetParam());
  std::uint32_t state = 12345;
  const auto random = [&] { return state = state * 1664525U + 1013904223U; };
  for (int round = 0; round < 60; ++round) {
    auto file = whole;
    if (round % 3 == 0) file.resize(random() % file.size());
    for (int i = 0; i < 12 && !file.empty(); ++i) file[random() % file.size()] = static_cast<std::uint8_t>(random() >> 24);
    const auto result = decode_video(file, {}, [](const VideoFrame&) -> Result<bool> { return true; });
    if (!result) EXPECT_TRUE(result.error().code == Errc::validation) << result.error().detail;
  }
}

TEST(Video, WhatIsNoVideoIsRefused) {
  EXPECT_FALSE(sniff_video({}));
  EXPECT_FALSE(sniff_video(as_bytes("this is no video, whatever its name")));
  EXPECT_EQ(refusal(as_bytes("this is no video, whatever its name")).code, Errc::validation);
  EXPECT_EQ(refusal(as_bytes(std::string{"\x1A\x45\xDF\xA3"} + std::string(300, '\0'))).code, Errc::validation);
  EXPECT_EQ(refusal(as_bytes(std::string{"RIFF\0\0\0\0AVI LIST", 16} + std::string(300, 'x'))).code, Errc::validation);
}

TEST(Video, PicturesWithSomethingElseBetweenThemAreRefused) {
  auto file = movie("mjpeg", 160, 120, 2);
  const auto more = to_bytes("<script>not a picture</script>");
  file.insert(file.end(), more.begin(), more.end());
  EXPECT_EQ(refusal(file).code, Errc::validation);
}

TEST(Video, TimeThatRunsBackwardsIsRefused) {
  const auto writer = film::make_video_writer("multipart", 160, 120, 10);
  for (const int at : {0, 300'000, 100'000}) writer->add(Image{160, 120, 3, 90}, at);
  EXPECT_EQ(refusal(writer->finish()).code, Errc::validation);
}

}  // namespace
}  // namespace authx::imaging
