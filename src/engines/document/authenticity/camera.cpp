// A sensor's noise leaves no two pixels of a plain surface alike for long; drawn and grabbed pictures are exactly even.

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_camera(Scene& scene, std::vector<Finding>& out);

namespace {

using Levels = std::array<int, 256>;

/// Exactly even 8x8 blocks, counted by their level. Black and white are left out: a sensor saturates there.
Levels even_blocks(const cv::Mat& gray) {
  Levels out{};
  for (int y = 0; y + 8 <= gray.rows; y += 8) {
    for (int x = 0; x + 8 <= gray.cols; x += 8) {
      const std::uint8_t level = gray.at<std::uint8_t>(y, x);
      bool same = true;
      for (int v = 0; v < 8 && same; ++v) {
        const auto* row = gray.ptr<std::uint8_t>(y + v) + x;
        for (int u = 0; u < 8; ++u) same = same && row[u] == level;
      }
      out[level] += same ? 1 : 0;
    }
  }
  return out;
}

Levels even_blocks(const imaging::JpegBlocks& jpeg) {
  Levels out{};
  for (const auto& b : jpeg.blocks) {
    if (b.flat) ++out[static_cast<std::size_t>(std::clamp(b.quantised[0] * jpeg.step[0] / 8 + 128, 0, 255))];
  }
  return out;
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
  Levels levels{};
  double blocks = 0;
  if (const auto& jpeg = scene.jpeg()) {
    // The steps that a sensor's noise must overcome.
    if (*std::max_element(jpeg->step.begin() + 1, jpeg->step.begin() + 6) > kFinestStep) {
      out.push_back(unchecked(id, CheckKind::authenticity, "The picture is compressed too strongly to show its noise"));
      return;
    }
    levels = even_blocks(*jpeg);
    blocks = static_cast<double>(jpeg->blocks.size());
  } else if (scene.in.format != imaging::FileFormat::png && scene.in.format != imaging::FileFormat::bmp &&
             scene.in.format != imaging::FileFormat::tiff) {
    out.push_back(unchecked(id, CheckKind::authenticity, "The original file is not at hand, or its format does not tell"));
    return;
  } else {
    levels = even_blocks(scene.gray());
    blocks = static_cast<double>(scene.gray().total()) / 64;
  }
  // A scan that a program cleaned is as even as a drawing, and genuine: a note.
  // Light falls off over a real surface: that so many even blocks have one and the same level is a program's doing.
  const double share = *std::max_element(levels.begin() + 8, levels.begin() + 253) / std::max(1.0, blocks);
  out.push_back(trace(id, share / kFlatShare, good, bad, limits, Weight::note));
}

}  // namespace authx::document::authenticity
