// Speed and segmentation of the iris engine, in processor time of one thread. Input: a folder of eyes and a folder of masks
// of the same names, separated by a blank; answer: milliseconds to enrol an image, mean and tenth percentile of the
// masks' overlap (intersection over union), and comparisons a second over 33 rotations: in full, and as the 1:N search
// does them.

#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <sstream>
#include <vector>

#include "engines/iris/extract.h"
#include "engines/iris/matcher.h"
#include "engines/iris/segment.h"
#include "imaging/decode.h"
#include "imaging/mat.h"
#include "probe.h"

namespace {

using namespace authx;
using namespace authx::iris;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// 0 for an eye whose borders were not found.
double overlap(const imaging::Image& image, const imaging::Image& truth) {
  const auto eye = prepare(image);
  if (!eye || eye->scale != 1) return 0;
  auto s = find_borders(*eye);
  if (!s) return 0;
  mask_occlusions(*eye, *s);
  const cv::Mat want = imaging::as_mat(truth) > 127;
  return static_cast<double>(cv::countNonZero(s->mask & want)) / std::max(1, cv::countNonZero(s->mask | want));
}

std::string measure(const std::string& line) {
  std::istringstream words{line};
  std::string folder, masks;
  words >> folder >> masks;
  if (!std::filesystem::is_directory(folder)) bench::give_up(folder + " is no folder");
  std::vector<Template> eyes;
  std::vector<double> overlaps;
  double enrol = 0, images = 0;
  for (const auto& f : std::filesystem::directory_iterator(folder)) {
    const auto decoded = imaging::decode(bench::file_bytes(f.path()));
    if (!decoded) continue;
    const double from = cpu_seconds();
    auto e = extract(decoded->pages.front());
    enrol += cpu_seconds() - from, images += 1;
    if (e) eyes.push_back(e->iris);
    if (const auto path = std::filesystem::path{masks} / f.path().filename(); std::filesystem::exists(path)) {
      const auto truth = imaging::decode(bench::file_bytes(path));
      if (truth) overlaps.push_back(overlap(decoded->pages.front(), truth->pages.front()));
    }
  }
  if (eyes.size() < 2 || overlaps.empty()) bench::give_up("no images, or no masks");
  double sum = 0, sink = 0, comparisons = 0, full = 0, quick = 0;
  std::ranges::sort(overlaps);
  for (const double o : overlaps) sum += o;
  for (const Template& t : eyes) {
    const Probe probe{t.code};
    const double a = cpu_seconds();
    for (const Match& m : probe.compare_all(eyes)) sink += m.distance;
    const double b = cpu_seconds();
    for (const Template& other : eyes) sink += probe.quick_distance(other.code);
    full += b - a, quick += cpu_seconds() - b, comparisons += static_cast<double>(eyes.size());
  }
  return fmt::format(
      R"({{"encode_ms": {}, "mask_iou": {}, "mask_iou_p10": {}, "masks": {}, "compare_per_s": {}, "search_per_s": {}, "kernel": "{}", "checksum": {}}})",
      1e3 * enrol / images, sum / static_cast<double>(overlaps.size()), overlaps[overlaps.size() / 10], overlaps.size(), comparisons / full,
      comparisons / quick, kernel_name(), sink);
}

}  // namespace

int main() {
  cv::setNumThreads(1);
  return bench::answer_lines(measure);
}
