#pragma clang diagnostic ignored "-Wimplicit-int-float-conversion"
// Fingerprint accuracy by FVC's protocol and speed. Input lines, answers are JSON:
//   sets FOLDER...   scores of every pair within each folder (files F_I.png: finger, impression)

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <vector>

#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/matcher.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {
using namespace authx;
using namespace authx::fingerprint;
double cpu_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
}  // namespace

int main(int argc, char** argv) {
  FILE* dump = std::getenv("DUMP") ? std::fopen(std::getenv("DUMP"), "w") : nullptr;
  double all_ms = 0, match_ms = 0;
  std::size_t images = 0, matches = 0;
  for (int a = 1; a < argc; ++a) {
    const std::filesystem::path folder = argv[a];
    const int dpi = folder.filename().string().find("2002_DB2") != std::string::npos ? 569 : 500;
    std::vector<std::filesystem::path> files;
    for (const auto& f : std::filesystem::directory_iterator(folder)) files.push_back(f.path());
    std::ranges::sort(files);
    std::vector<Template> t;
    std::vector<std::pair<int, int>> id;
    std::size_t total = 0;
    for (const auto& f : files) {
      int finger = 0, imp = 0;
      if (std::sscanf(f.filename().c_str(), "%d_%d", &finger, &imp) != 2) continue;
      id.emplace_back(finger, imp);
      auto d = imaging::decode(bench::file_bytes(f));
      if (!d) bench::give_up("decode");
      const double s = cpu_ms();
      auto e = extract(d->pages.front(), dpi);
      all_ms += cpu_ms() - s, ++images;
      if (!e) std::fprintf(stderr, "FTE %s\n", f.c_str());
      t.push_back(e ? e->finger : Template{});
      total += t.back().minutiae.size();
    }
    std::vector<double> same, other, first;
    const double s = cpu_ms();
    for (std::size_t i = 0; i < t.size(); ++i)
      for (std::size_t j = i + 1; j < t.size(); ++j) {
        if (id[i].first != id[j].first && id[i].second != id[j].second && id[i].second != 1 && false) continue;
        const auto m = match(t[i], t[j]);
        ++matches;
        const auto& e = m.evidence;
        const bool gen = id[i].first == id[j].first;
        (gen ? same : other).push_back(m.score);
        if (dump) std::fprintf(dump, "%d %d %d_%d %d_%d %g %g %g %g %g %g %g %g %g %g %g\n", a, gen, id[i].first, id[i].second, id[j].first, id[j].second, m.score, e.local, e.matched, e.share, e.similarity, e.flow, e.overlap, e.residual, e.support, e.ridges, e.patches);
      }
    match_ms += cpu_ms() - s;
    std::ranges::sort(same); std::ranges::sort(other, std::greater{});
    double best = 2, eer = 1;
    for (double x : same) {
      double fn = double(std::ranges::lower_bound(same, x) - same.begin()) / same.size();
      double fm = double(std::ranges::upper_bound(other, x, std::greater{}) - other.begin()) / other.size();
      if (std::abs(fn - fm) < best) best = std::abs(fn - fm), eer = (fn + fm) / 2;
    }
    auto fnmr = [&](double rate) { double th = other[std::size_t(rate * other.size())]; return 100.0 * double(std::ranges::upper_bound(same, th) - same.begin()) / same.size(); };
    std::printf("%s n=%zu mean minutiae %.1f EER %.2f FNMR@1e-2 %.2f @1e-3 %.2f zero %.2f\n", folder.filename().c_str(), t.size(), double(total) / t.size(), 100 * eer, fnmr(0.01), fnmr(0.001), fnmr(0));
  }
  std::printf("enrol %.2f ms, match %.0f/s\n", all_ms / images, matches / match_ms * 1e3);
}
