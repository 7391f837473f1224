// A sensor's noise leaves no two pixels of a plain surface alike for long; drawn and grabbed pictures are exactly even.

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_camera(Scene& scene, std::vector<Finding>& out);

namespace {

constexpr int kUneven = -1;

/// The level of each 8x8 block that is exactly even, else `kUneven`.
cv::Mat even_blocks(const cv::Mat& gray) {
  cv::Mat out(gray.rows / 8, gray.cols / 8, CV_16S, cv::Scalar(kUneven));
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      const std::uint8_t level = gray.at<std::uint8_t>(8 * y, 8 * x);
      bool same = true;
      for (int v = 0; v < 8 && same; ++v) {
        const auto* row = gray.ptr<std::uint8_t>(8 * y + v) + 8 * x;
        for (int u = 0; u < 8; ++u) same = same && row[u] == level;
      }
      if (same) out.at<short>(y, x) = level;
    }
  }
  return out;
}

cv::Mat even_blocks(const imaging::JpegBlocks& jpeg) {
  cv::Mat out(jpeg.rows, jpeg.columns, CV_16S, cv::Scalar(kUneven));
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      const auto& b = jpeg.at(x, y);
      if (b.flat) out.at<short>(y, x) = static_cast<short>(std::clamp(b.quantised[0] * jpeg.step[0] / 8 + 128, 0, 255));
    }
  }
  return out;
}

/// Share of the blocks that lie in wide areas of the commonest level without a single other block: compression takes a faint noise
/// from most blocks of a plain surface, but not from all. Black and white are left out: a sensor saturates there.
double plain_share(const cv::Mat& levels) {
  std::array<int, 256> counts{};
  for (int y = 0; y < levels.rows; ++y) {
    const auto* row = levels.ptr<short>(y);
    for (int x = 0; x < levels.cols; ++x) {
      if (row[x] >= 8 && row[x] < 253) ++counts[static_cast<std::size_t>(row[x])];
    }
  }
  const auto top = std::ranges::max_element(counts) - counts.begin();
  cv::Mat plain = levels == static_cast<double>(top);
  cv::morphologyEx(plain, plain, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {kPlainBlocks, kPlainBlocks}));
  return static_cast<double>(cv::countNonZero(plain)) / std::max<double>(1, static_cast<double>(plain.total()));
}

}  // namespace

void check_camera(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "camera_noise_present";
  const std::string good = "The picture has a sensor's noise";
  const std::string bad = "Large parts of the picture are exactly even, as in a screenshot or a drawn picture";
  const std::string limits =
      "A screenshot that shows nothing but the photograph looks like it, and pure black or white surroundings are not counted";
  // An earlier, coarser compression made its blocks even; the finer one that followed only keeps them so.
  const auto before = std::find_if(out.rbegin(), out.rend(), [](const Finding& f) { return f.id == "compressed_once"; });
  if (before != out.rend() && before->outcome == Outcome::failed) {
    out.push_back(unchecked(id, CheckKind::authenticity, "An earlier compression took the picture's noise"));
    return;
  }
  cv::Mat levels;
  if (const auto& jpeg = scene.jpeg()) {
    // The steps that a sensor's noise must overcome.
    if (*std::max_element(jpeg->step.begin() + 1, jpeg->step.begin() + 6) > kFinestStep) {
      out.push_back(unchecked(id, CheckKind::authenticity, "The picture is compressed too strongly to show its noise"));
      return;
    }
    levels = even_blocks(*jpeg);
  } else if (scene.in.format != imaging::FileFormat::png && scene.in.format != imaging::FileFormat::bmp &&
             scene.in.format != imaging::FileFormat::tiff) {
    out.push_back(unchecked(id, CheckKind::authenticity, "The original file is not at hand, or its format does not tell"));
    return;
  } else {
    levels = even_blocks(scene.gray());
  }
  // A scan that a program cleaned is as even as a drawing, and genuine: a note.
  out.push_back(trace(id, plain_share(levels) / kFlatShare, good, bad, limits, Weight::note));
}

}  // namespace authx::document::authenticity
