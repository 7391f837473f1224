// Speed of the fingerprint engine in processor time of one thread. Input:
// folders of impressions, FOLDER:DPI separated by blanks; answer: milliseconds
// to enrol an image, full matches a second over all pairs of a folder,
// templates a second that a search's first stage goes through in a gallery of a
// million made-up neighbours of these fingers, keeping the 800 best, and
// comparisons a second of its second stage.

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

constexpr std::size_t kGallery = 1'000'000;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
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
  // A gallery of a million: the codes of these fingers, each with some bits changed.
  std::mt19937 random{1};
  std::vector<std::vector<MinutiaCode>> known;
  for (const auto& set : sets) {
    for (const auto& t : set) {
      auto& codes = known.emplace_back();
      for (const auto& d : t.descriptors) codes.push_back(minutia_code(d));
    }
  }
  Prefilter prefilter;
  prefilter.reserve(kGallery);
  std::vector<MinutiaCode> codes;
  while (prefilter.size() < kGallery) {
    codes = known[random() % known.size()];
    for (auto& c : codes) {
      for (int i = 0; i < 16; ++i) c ^= MinutiaCode{1} << random() % 64;
    }
    prefilter.add(codes);
  }
  double searches = 0, wide = 0;
  from = cpu_seconds();
  for (const auto& set : sets) {
    for (std::size_t i = 0; i < set.size(); i += 4) sink += static_cast<double>(prefilter.best(set[i], 800).size()), searches += 1;
  }
  const double search_seconds = cpu_seconds() - from;
  from = cpu_seconds();
  for (const auto& set : sets) {
    for (std::size_t i = 0; i < set.size(); i += 4) {
      for (const auto& t : set) sink += static_cast<double>(local_similarity(set[i], t)), wide += 1;
    }
  }
  const double local_seconds = cpu_seconds() - from;
  return fmt::format(
      R"({{"enrol_ms": {}, "match_per_s": {}, "search_per_s": {}, "local_per_s": {}, "gallery": {}, "kernel": "{}", "checksum": {}}})",
      1e3 * enrol / images, matches / match_seconds, searches * static_cast<double>(prefilter.size()) / search_seconds,
      wide / local_seconds, prefilter.size(), prefilter_kernel().name, sink);
}

}  // namespace

int main() {
  cv::setNumThreads(1);
  return bench::answer_lines(measure);
}
