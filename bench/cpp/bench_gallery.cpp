// Search of one face among many, against reading the same bytes. Argument: a folder for the mapped file. Input: "ROWS DIMENSION
// ROUNDS"; answer: milliseconds of a search for the ten best and of reading as many bytes from large pages (both the medians of
// alternating rounds, one thread), their ratio, and the share of the ten best by full comparison that the searches found.

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engines/face/gallery.h"
#include "engines/face/gallery_scan.h"
#include "probe.h"

namespace {

using namespace authx;

Uuid id_of(std::uint32_t n) {
  Uuid id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return id;
}

/// Directions with a part in common, as the embeddings of one model have.
class Faces {
 public:
  explicit Faces(std::size_t dimension) : shared_(dimension) {
    for (auto& v : shared_) v = normal_(random_);
  }
  std::vector<float> next() {
    std::vector<float> v(shared_.size());
    double length = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      v[i] = 0.5F * shared_[i] + normal_(random_);
      length += static_cast<double>(v[i]) * v[i];
    }
    for (auto& x : v) x = static_cast<float>(static_cast<double>(x) / std::sqrt(length));
    return v;
  }

 private:
  std::mt19937 random_{20261124};
  std::normal_distribution<float> normal_;
  std::vector<float> shared_;
};

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::uint64_t read_all(const std::uint8_t* at, std::size_t bytes) {
  __m256i sums[4]{};
  for (std::size_t i = 0; i + 256 <= bytes; i += 256)
    for (std::size_t k = 0; k < 4; ++k) {
      const auto* p = reinterpret_cast<const __m256i*>(at + i + 64 * k);
      sums[k] = _mm256_add_epi64(sums[k], _mm256_xor_si256(_mm256_load_si256(p), _mm256_load_si256(p + 1)));
    }
  std::uint64_t out = 0;
  for (auto s : sums) out += static_cast<std::uint64_t>(_mm256_extract_epi64(s, 0) + _mm256_extract_epi64(s, 2));
  return out;
}
#else
std::uint64_t read_all(const std::uint8_t* at, std::size_t bytes) {
  std::uint64_t out = 0, word = 0;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) std::memcpy(&word, at + i, 8), out += word;
  return out;
}
#endif

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) bench::give_up("usage: bench_gallery FOLDER");
  const std::filesystem::path folder{argv[1]};
  return bench::answer_lines([&](const std::string& line) {
    std::istringstream in{line};
    std::size_t rows = 0, dimension = 0, rounds = 0;
    in >> rows >> dimension >> rounds;
    if (rows == 0 || rounds == 0) bench::give_up("a line is ROWS DIMENSION ROUNDS");
    const auto file = folder / "bench-gallery";
    std::filesystem::remove(file);
    auto opened = face::Gallery::open({file.string(), "bench", dimension});
    if (!opened) bench::give_up(opened.error().detail);
    auto gallery = std::move(*opened);
    Faces faces{dimension};
    std::vector<float> all(rows * dimension);
    const double filled = bench::milliseconds([&] {
      for (std::size_t i = 0; i < rows; ++i) {
        const auto v = faces.next();
        std::ranges::copy(v, all.begin() + static_cast<std::ptrdiff_t>(i * dimension));
        if (!gallery->put(id_of(static_cast<std::uint32_t>(i)), i, v)) bench::give_up("a row was refused");
      }
    });
    const std::size_t bytes = gallery->bytes_scanned() / 256 * 256;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) bench::give_up("not enough memory");
    ::madvise(memory, bytes, MADV_HUGEPAGE);
    std::memset(memory, 7, bytes);

    std::vector<double> searching, reading;
    std::uint64_t sum = 0;
    constexpr std::size_t kBest = 10;
    std::size_t found = 0, wanted = 0;
    for (std::size_t r = 0; r < rounds + 1; ++r) {
      const auto probe = faces.next();
      std::vector<face::GalleryHit> hits;
      const double searched = bench::milliseconds([&] { hits = gallery->search(probe, kBest, -1).value(); });
      const double read = bench::milliseconds([&] { sum += read_all(static_cast<const std::uint8_t*>(memory), bytes); });
      if (r == 0) continue;  // pages were not there yet
      searching.push_back(searched);
      reading.push_back(read);
      if (r > 5) continue;
      std::vector<std::pair<double, std::size_t>> full(rows);
      for (std::size_t i = 0; i < rows; ++i) {
        double dot = 0;
        for (std::size_t k = 0; k < dimension; ++k) dot += static_cast<double>(all[i * dimension + k]) * probe[k];
        full[i] = {-dot, i};
      }
      const std::size_t count = std::min(kBest, rows);
      std::ranges::partial_sort(full, full.begin() + static_cast<std::ptrdiff_t>(count));
      wanted += count;
      for (std::size_t i = 0; i < count; ++i)
        found += std::ranges::count(hits, id_of(static_cast<std::uint32_t>(full[i].second)), &face::GalleryHit::id) > 0 ? 1 : 0;
    }
    ::munmap(memory, bytes);
    gallery.reset();
    std::filesystem::remove(file);
    const double search = median(searching), read = median(reading);
    return fmt::format(
        R"({{"search_ms": {}, "read_ms": {}, "ratio": {}, "gigabytes_per_second": {}, "recall": {}, "fill_ms": {}, "kernel": "{}", "sum": {}}})",
        search, read, read / search, static_cast<double>(bytes) / search / 1e6, static_cast<double>(found) / static_cast<double>(wanted),
        filled, face::scan_kernels().front().name, sum & 1);
  });
}
