#pragma clang diagnostic ignored "-Wimplicit-int-float-conversion"
// Fingerprint accuracy by FVC's protocol and speed. Input lines, answers are JSON:
//   sets FOLDER...   scores of every pair within each folder (files F_I.png: finger, impression)

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <vector>

#include "engines/fingerprint/exchange.h"
#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/gallery.h"
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
  std::vector<std::vector<Template>> everything;
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
      if (f.extension() == ".iso") {
        const auto r = read_record(bench::file_bytes(f));
        if (!r) bench::give_up("iso");
        t.push_back(*to_template(r->views.front(), r->format));
        ++images;
        total += t.back().minutiae.size();
        continue;
      }
      auto d = imaging::decode(bench::file_bytes(f));
      if (!d) bench::give_up("decode");
      const double s = cpu_ms();
      auto e = extract(d->pages.front(), dpi);
      all_ms += cpu_ms() - s, ++images;
      if (!e) std::fprintf(stderr, "FTE %s\n", f.c_str());
      t.push_back(e ? e->finger : Template{});
      if (std::getenv("STRIP")) t.back().flow = {}, t.back().ridges = {}, describe(t.back());
      if (std::getenv("QUAL") && e) std::printf("Q %s %d ocl %.2f lcs %.2f fda %.2f rvu %.2f ofl %.2f area %.0f coh %.2f sp %zu %s cues %.2f %.2f %.2f\n", f.filename().c_str(), e->quality.score, e->quality.orientation_certainty, e->quality.local_clarity, e->quality.frequency_domain, e->quality.ridge_valley_uniformity, e->quality.orientation_flow, e->quality.area_mm2, e->quality.coherent_area, e->singular_points.size(), std::string(to_string(e->finger.pattern)).c_str(), e->cues[0].value, e->cues[1].value, e->cues[2].value);
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
    everything.push_back(t);
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
  if (dump && std::getenv("CROSS"))
    for (std::size_t a = 0; a < everything.size(); ++a)
      for (std::size_t b = a + 1; b < everything.size(); ++b)
        for (const auto& x : everything[a])
          for (const auto& y : everything[b]) {
            const auto m = match(x, y);
            const auto& e = m.evidence;
            std::fprintf(dump, "%d 0 x_x x_x %g %g %g %g %g %g %g %g %g %g %g\n", 9, m.score, e.local, e.matched, e.share, e.similarity, e.flow, e.overlap, e.residual, e.support, e.ridges, e.patches);
          }
  if (std::getenv("PRE")) {
    std::vector<Template> en; std::vector<std::pair<std::size_t,std::size_t>> own; std::size_t pr = 0, k1 = 0, k2 = 0, k3 = 0;
    for (std::size_t a = 0; a < everything.size(); ++a) for (std::size_t i = 0; i < everything[a].size(); ++i) if (i % 8 == 0) en.push_back(everything[a][i]), own.emplace_back(a, i / 8);
    const Gallery g{en};
    for (std::size_t a = 0; a < everything.size(); ++a) for (std::size_t i = 0; i < everything[a].size(); ++i) if (i % 8) {
      auto l = g.shortlist(everything[a][i], 40); ++pr;
      for (std::size_t r = 0; r < l.size(); ++r) if (own[l[r].index] == std::pair{a, i / 8}) { k1 += r < 1; k2 += r < 2; k3 += r < 4; }
    }
    std::printf("prefilter single enrolment: rank1 %.3f rank2 %.3f rank4 of 40 %.3f\n", double(k1) / pr, double(k2) / pr, double(k3) / pr);
  }
  std::printf("enrol %.2f ms, match %.0f/s\n", all_ms / images, matches / match_ms * 1e3);
}
