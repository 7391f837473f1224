// Two patches of text that are alike down to the noise are one patch, copied.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_copies(Scene& scene, std::vector<Finding>& out);

namespace {

constexpr int kSide = 16;
constexpr int kCell = 4;

struct Patch {
  cv::Point at;
  std::array<std::uint8_t, 16> cells{};  ///< means of 4x4 pixels
};

struct Line {
  const Region* value = nullptr;
  double noise = 0;
  std::vector<Patch> patches;
};

int distance(const Patch& a, const Patch& b) {
  int sum = 0;
  for (std::size_t i = 0; i < a.cells.size(); ++i) sum += std::abs(a.cells[i] - b.cells[i]);
  return sum;
}

double difference(const cv::Mat& gray, cv::Point a, cv::Point b) {
  int sum = 0;
  for (int y = 0; y < kSide; ++y) {
    const auto* p = gray.ptr<std::uint8_t>(a.y + y) + a.x;
    const auto* q = gray.ptr<std::uint8_t>(b.y + y) + b.x;
    for (int x = 0; x < kSide; ++x) sum += (p[x] - q[x]) * (p[x] - q[x]);
  }
  return sum / static_cast<double>(kSide * kSide);
}

/// Patches with strong edges, at every pixel: a copy may have moved by any number.
Line patches_of(Scene& scene, const cv::Mat& means, const Region& v) {
  Line line;
  line.value = &v;
  const cv::Rect b = cv::Rect(v.box.x - 2, v.box.y - 3, v.box.width + 4, v.box.height + 6) & cv::Rect(0, 0, means.cols, means.rows);
  std::vector<double> cells = cell_noise(scene, {b.x, b.y - b.height, b.width, b.height});
  const auto below = cell_noise(scene, {b.x, b.y + b.height, b.width, b.height});
  cells.insert(cells.end(), below.begin(), below.end());
  line.noise = quantile(cells, 0.25);
  for (int y = b.y; y + kSide <= b.y + b.height; ++y) {
    for (int x = b.x; x + kSide <= b.x + b.width; ++x) {
      Patch p;
      p.at = {x, y};
      int low = 255;
      int high = 0;
      for (int i = 0; i < 16; ++i) {
        const int m = means.at<std::uint8_t>(y + kCell * (i / 4) + 2, x + kCell * (i % 4) + 2);
        p.cells[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(m);
        low = std::min(low, m);
        high = std::max(high, m);
      }
      if (high - low >= 60) line.patches.push_back(p);
    }
  }
  return line;
}

}  // namespace

void check_copies(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "no_copied_text";
  constexpr auto kind = CheckKind::authenticity;
  if (scene.in.file.empty()) {  // pages drawn by a program repeat their letters exactly
    out.push_back(unchecked(id, kind, "The original file is not at hand"));
    return;
  }
  if (std::min(scene.gray().rows, scene.gray().cols) < kSmallestPicture) {
    out.push_back(unchecked(id, kind, "The picture is too small to compare its parts"));
    return;
  }
  constexpr int kMostWidth = 420;
  cv::Mat means;
  cv::blur(scene.gray(), means, {kCell, kCell});
  double worst = 0;
  const Region* where = nullptr;
  int compared = 0;
  for (const auto& v : scene.values()) {
    if (v.box.height > 64) continue;
    // Digits are what is worth copying.
    if (v.field != "document_number" && v.field != "dob" && !v.field.ends_with("_date")) continue;
    Region part = v;
    part.box.width = std::min(part.box.width, kMostWidth);
    const Line line = patches_of(scene, means, part);
    if (line.patches.size() < 50) continue;
    ++compared;
    const double expected = 2 * line.noise * line.noise + kCopyFloor;
    const int near = static_cast<int>(16 * (2 + line.noise));
    for (std::size_t i = 0; i < line.patches.size(); ++i) {
      const Patch& a = line.patches[i];
      if (a.at.x % 5 != 0 || a.at.y % 4 != 0) continue;
      for (const Patch& b : line.patches) {
        if (std::abs(b.at.x - a.at.x) < kSide - 4 || distance(a, b) > near) continue;
        const double residue = std::max(0.01, difference(scene.gray(), a.at, b.at) / expected);
        if (kCopyResidue / residue > worst) {
          worst = kCopyResidue / residue;
          where = &v;
        }
      }
    }
  }
  if (compared == 0) {
    out.push_back(unchecked(id, kind,
                            scene.values().empty() ? "No printed value is large enough to look at"
                                                   : "The picture's noise is too faint to tell copies from equal letters"));
    return;
  }
  auto f = trace(id, worst, "No letters were copied from one place to another",
                 "Two places in a value are alike down to the noise: letters were copied",
                 "Looks within numbers and dates; a copy that was scaled, or compressed strongly afterwards, is not seen");
  if (f.outcome == Outcome::failed) f.place = where->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
