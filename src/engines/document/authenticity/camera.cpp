// A sensor's noise leaves no two pixels of a plain surface alike for long; drawn and grabbed pictures are exactly even.

#include <algorithm>
#include <opencv2/core.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_camera(Scene& scene, std::vector<Finding>& out);

namespace {

/// Share of 8x8 blocks, neither black nor white, whose pixels are all the same; of all blocks.
double even_share(const cv::Mat& gray) {
  int even = 0;
  int all = 0;
  for (int y = 0; y + 8 <= gray.rows; y += 8) {
    for (int x = 0; x + 8 <= gray.cols; x += 8) {
      ++all;
      const std::uint8_t level = gray.at<std::uint8_t>(y, x);
      if (level < 8 || level > 252) continue;
      bool same = true;
      for (int v = 0; v < 8 && same; ++v) {
        const auto* row = gray.ptr<std::uint8_t>(y + v) + x;
        for (int u = 0; u < 8; ++u) same = same && row[u] == level;
      }
      even += same ? 1 : 0;
    }
  }
  return all == 0 ? 0 : static_cast<double>(even) / all;
}

}  // namespace

void check_camera(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "camera_noise_present";
  const std::string good = "The picture has a sensor's noise";
  const std::string bad = "Large parts of the picture are exactly even, as in a screenshot or a drawn picture";
  const std::string limits = "A screenshot of a photograph that fills it looks like the photograph";
  double share = 0;
  if (const auto& jpeg = scene.jpeg()) {
    const int coarsest = *std::max_element(jpeg->step.begin() + 1, jpeg->step.begin() + 6);
    if (coarsest > kFinestStep) {
      out.push_back(unchecked(id, CheckKind::authenticity, "The picture is compressed too strongly to show its noise"));
      return;
    }
    int flat = 0;
    for (const auto& b : jpeg->blocks) {
      const int level = b.quantised[0] * jpeg->step[0] / 8 + 128;
      flat += b.flat && level >= 8 && level <= 252 ? 1 : 0;
    }
    share = static_cast<double>(flat) / static_cast<double>(std::max<std::size_t>(1, jpeg->blocks.size()));
  } else if (scene.in.format && (*scene.in.format == imaging::FileFormat::jpeg || *scene.in.format == imaging::FileFormat::pdf)) {
    out.push_back(unchecked(id, CheckKind::authenticity, "The original file is not at hand or has no sensor's picture"));
    return;
  } else {
    share = even_share(scene.gray());
  }
  out.push_back(trace(id, share / kFlatShare, good, bad, limits));
}

}  // namespace authx::document::authenticity
