// Speed of the fingerprint engine in processor time of one thread. Input:
// folders of impressions, FOLDER:DPI separated by blanks; answer: milliseconds
// to enrol an image, full matches a second over all pairs of a folder, and
// templates a second that the 1:N prefilter goes through in a gallery of
// made-up neighbours of these fingers.

#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <random>
#include <sstream>
#include <vector>

#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/gallery.h"
#include "engines/fingerprint/matcher.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {

using namespace authx;
using namespace authx::fingerprint;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Another finger with the same kind of surroundings: a third of the minutiae
/// elsewhere, the others moved.
Template stranger(const Template& t, std::mt19937& random) {
  Template out = t;
  out.ridges = {};
  for (auto& m : out.minutiae) {
    const bool elsewhere = random() % 3 == 0;
    const int reach = elsewhere ? 120 : 14;
    m.x = static_cast<std::int16_t>(std::clamp<int>(m.x + static_cast<int>(random() % (2 * reach + 1)) - reach, 0, t.width));
    m.y = static_cast<std::int16_t>(std::clamp<int>(m.y + static_cast<int>(random() % (2 * reach + 1)) - reach, 0, t.height));
    m.angle = static_cast<std::uint8_t>(m.angle + random() % 33 - 16);
  }
  describe(out);
  return out;
}

std::string measure(const std::string& line) {
  std::vector<std::vector<Template>> sets;
  double enrol = 0, images = 0;
  std::istringstream words{line};
  for (std::string folder; words >> folder;) {
    int dpi = kDpi;
    if (const auto colon = folder.rfind(':'); colon != std::string::npos) dpi = std::atoi(folder.c_str() + colon + 1), folder.resize(colon);
    if (!std::filesystem::is_directory(folder)) bench::give_up(folder + " is no folder");
    auto& set = sets.emplace_back();
    for (const auto& f : std::filesystem::directory_iterator(folder)) {
      const auto decoded = imaging::decode(bench::file_bytes(f.path()));
      if (!decoded) continue;
      const double from = cpu_seconds();
      auto e = extract(decoded->pages.front(), dpi);
      enrol += cpu_seconds() - from, images += 1;
      if (e) set.push_back(std::move(e->finger));
    }
  }
  if (images == 0) bench::give_up("no images");
  double matches = 0, sink = 0;
  double from = cpu_seconds();
  for (const auto& set : sets) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (std::size_t j = i + 1; j < set.size(); ++j) sink += match(set[i], set[j]).score, matches += 1;
    }
  }
  const double match_seconds = cpu_seconds() - from;
  std::mt19937 random{1};
  std::vector<Template> enrolled;
  for (int copy = 0; copy < 32; ++copy) {
    for (const auto& set : sets) {
      for (const auto& t : set) enrolled.push_back(stranger(t, random));
    }
  }
  const Gallery gallery{std::move(enrolled)};
  double searches = 0;
  from = cpu_seconds();
  for (const auto& set : sets) {
    for (const auto& t : set) sink += static_cast<double>(gallery.shortlist(t, 100).size()), searches += 1;
  }
  const double search_seconds = cpu_seconds() - from;
  return fmt::format(R"({{"enrol_ms": {}, "match_per_s": {}, "search_per_s": {}, "gallery": {}, "checksum": {}}})", 1e3 * enrol / images,
                     matches / match_seconds, searches * static_cast<double>(gallery.size()) / search_seconds, gallery.size(), sink);
}

}  // namespace

int main() {
  cv::setNumThreads(1);
  return bench::answer_lines(measure);
}
