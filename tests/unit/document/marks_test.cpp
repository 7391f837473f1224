#include "engines/document/marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <tuple>

namespace authx::document {
namespace {

using Shape = std::tuple<int, int, int, int, int>;

std::vector<Shape> shapes(const InkMarks& marks) {
  std::vector<Shape> out;
  for (const auto& m : marks.marks) out.emplace_back(m.box.x, m.box.y, m.box.width, m.box.height, m.area);
  std::ranges::sort(out);
  return out;
}

std::vector<Shape> by_labels(const cv::Mat& mask) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centres;
  const int n = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
  std::vector<Shape> out;
  for (int i = 1; i < n; ++i) {
    const int* s = stats.ptr<int>(i);
    out.emplace_back(s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH], s[cv::CC_STAT_HEIGHT], s[cv::CC_STAT_AREA]);
  }
  std::ranges::sort(out);
  return out;
}

TEST(Marks, AreThoseOfAPictureOfLabels) {
  std::mt19937 random{7};
  for (const int level : {1, 20, 90, 128, 150, 200, 255}) {
    for (const auto& size : {cv::Size{1, 1}, cv::Size{7, 5}, cv::Size{64, 31}, cv::Size{131, 90}}) {
      cv::Mat gray(size, CV_8U);
      for (int y = 0; y < gray.rows; ++y)
        for (int x = 0; x < gray.cols; ++x) gray.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(random() & 255U);
      const cv::Mat mask = gray < level;
      EXPECT_EQ(shapes(marks_below(gray, level)), by_labels(mask)) << level << " " << size;
      EXPECT_EQ(shapes(marks_of(mask)), by_labels(mask)) << level << " " << size;
    }
  }
}

TEST(Marks, RunsCoverEachMarkFromTopToBottom) {
  cv::Mat mask(6, 40, CV_8U, cv::Scalar(0));
  cv::rectangle(mask, cv::Rect(2, 1, 20, 2), cv::Scalar(255), cv::FILLED);
  mask.at<std::uint8_t>(3, 22) = 255;  // touches at a corner
  cv::rectangle(mask, cv::Rect(30, 0, 4, 6), cv::Scalar(1), cv::FILLED);
  const auto found = marks_of(mask);
  ASSERT_EQ(found.marks.size(), 2U);
  for (const auto& m : found.marks) {
    int area = 0;
    int y = -1;
    for (const auto& r : found.runs_of(m)) {
      EXPECT_GE(r.y, y);
      y = r.y;
      area += r.to - r.from;
      EXPECT_TRUE(r.from >= m.box.x && r.to <= m.box.x + m.box.width);
    }
    EXPECT_EQ(area, m.area);
  }
}

}  // namespace
}  // namespace authx::document
