#include "engines/fingerprint/prefilter.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace authx::fingerprint {
namespace {

constexpr std::size_t kBits = 64, kBlocks = 16;  ///< blocks of 2 x 2 cells
constexpr std::size_t kWords = Descriptor::kCylinderWords + Descriptor::kFlowWords, kInputs = kWords * kBlocks;

struct Discriminants {
  std::array<float, kBits> thresholds;
  std::array<std::array<std::int8_t, kInputs>, kBits> weights;
};
constexpr Discriminants kLearned{
#include "engines/fingerprint/prefilter_weights.inc"
};

/// The cells of each block.
constexpr std::array<std::uint64_t, kBlocks> kMasks = [] {
  std::array<std::uint64_t, kBlocks> masks{};
  for (std::size_t b = 0; b < kBlocks; ++b) {
    const std::size_t first = b / 4 * 16 + b % 4 * 2;
    masks[b] = std::uint64_t{0x303} << first;
  }
  return masks;
}();

/// The share of a block's known cells that are set.
float share(std::uint64_t word, std::uint64_t valid, std::size_t block, float unknown) {
  const int known = std::popcount(valid & kMasks[block]);
  return known == 0 ? unknown : static_cast<float>(std::popcount(word & valid & kMasks[block])) / static_cast<float>(known);
}

void scan_portable(const Prefilter::Row* rows, const std::uint8_t* counts, std::size_t n, std::span<const MinutiaCode> probe,
                   std::uint16_t* scores) {
  for (std::size_t i = 0; i < n; ++i) {
    int sum = 0;
    for (std::size_t c = 0; c < counts[i]; ++c) {
      int least = Prefilter::kNear;
      for (const MinutiaCode p : probe) least = std::min(least, std::popcount(p ^ rows[i].codes[c]));
      sum += Prefilter::kNear - least;
    }
    scores[i] = static_cast<std::uint16_t>(sum);
  }
}

#if defined(__x86_64__)

/// Distances by two table look-ups of half bytes (Mula, Kurz and Lemire, The Computer Journal 61(1), 2018).
__attribute__((target("avx2"))) void scan_avx2(const Prefilter::Row* rows, const std::uint8_t* counts, std::size_t n,
                                               std::span<const MinutiaCode> probe, std::uint16_t* scores) {
  constexpr std::size_t kRegisters = Prefilter::kCodes / 4;
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15), zero = _mm256_setzero_si256(), near = _mm256_set1_epi64x(Prefilter::kNear);
  for (std::size_t i = 0; i < n; ++i) {
    __m256i codes[kRegisters], least[kRegisters];
#pragma clang loop unroll(full)
    for (std::size_t k = 0; k < kRegisters; ++k)
      codes[k] = _mm256_load_si256(reinterpret_cast<const __m256i*>(rows[i].codes.data() + 4 * k)), least[k] = near;
    for (const MinutiaCode p : probe) {
      const __m256i one = _mm256_set1_epi64x(static_cast<long long>(p));
#pragma clang loop unroll(full)
      for (std::size_t k = 0; k < kRegisters; ++k) {
        const __m256i d = _mm256_xor_si256(codes[k], one);
        const __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(d, low)),
                                              _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(d, 4), low)));
        least[k] = _mm256_min_epu8(least[k], _mm256_sad_epu8(bytes, zero));
      }
    }
    alignas(32) std::array<std::uint64_t, Prefilter::kCodes> distances;
#pragma clang loop unroll(full)
    for (std::size_t k = 0; k < kRegisters; ++k) _mm256_store_si256(reinterpret_cast<__m256i*>(distances.data() + 4 * k), least[k]);
    int sum = 0;
    for (std::size_t c = 0; c < counts[i]; ++c) sum += Prefilter::kNear - static_cast<int>(distances[c]);
    scores[i] = static_cast<std::uint16_t>(sum);
  }
}

/// Four rows at a time stay in registers; each of the probe's codes is loaded once for all of them. Distances fit in the
/// lowest byte of a lane, whose other bytes are zero.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq"))) void scan_avx512(const Prefilter::Row* rows,
                                                                                      const std::uint8_t* counts, std::size_t n,
                                                                                      std::span<const MinutiaCode> probe,
                                                                                      std::uint16_t* scores) {
  constexpr std::size_t kAtOnce = 4, kRegisters = Prefilter::kCodes / 8;
  static_assert(Prefilter::kCodes % 8 == 0);
  const __m512i near = _mm512_set1_epi64(Prefilter::kNear);
  std::size_t i = 0;
  for (; i + kAtOnce <= n; i += kAtOnce) {
    __m512i codes[kAtOnce][kRegisters], least[kAtOnce][kRegisters];
#pragma clang loop unroll(full)
    for (std::size_t r = 0; r < kAtOnce; ++r) {
#pragma clang loop unroll(full)
      for (std::size_t k = 0; k < kRegisters; ++k) codes[r][k] = _mm512_load_si512(rows[i + r].codes.data() + 8 * k), least[r][k] = near;
    }
    for (const MinutiaCode p : probe) {
      const __m512i one = _mm512_set1_epi64(static_cast<long long>(p));
#pragma clang loop unroll(full)
      for (std::size_t r = 0; r < kAtOnce; ++r) {
#pragma clang loop unroll(full)
        for (std::size_t k = 0; k < kRegisters; ++k)
          least[r][k] = _mm512_min_epu8(least[r][k], _mm512_popcnt_epi64(_mm512_xor_si512(codes[r][k], one)));
      }
    }
#pragma clang loop unroll(full)
    for (std::size_t r = 0; r < kAtOnce; ++r) {
      const auto present = (1U << counts[i + r]) - 1;
      __m512i sum = _mm512_setzero_si512();
#pragma clang loop unroll(full)
      for (std::size_t k = 0; k < kRegisters; ++k)
        sum = _mm512_mask_add_epi64(sum, static_cast<__mmask8>(present >> (8 * k)), sum, _mm512_sub_epi64(near, least[r][k]));
      scores[i + r] = static_cast<std::uint16_t>(_mm512_reduce_add_epi64(sum));
    }
  }
  scan_portable(rows + i, counts + i, n - i, probe, scores + i);
}

#endif

}  // namespace

MinutiaCode minutia_code(const Descriptor& d) {
  constexpr float kUsuallySet = 0.2f;  // of a cylinder's cells
  std::array<float, kInputs> x;
  std::size_t at = 0;
  for (const std::uint64_t w : d.cylinder) {
    for (std::size_t b = 0; b < kBlocks; ++b) x[at++] = share(w, d.valid, b, kUsuallySet);
  }
  for (const std::uint64_t w : d.flow) {
    for (std::size_t b = 0; b < kBlocks; ++b) x[at++] = share(w, d.flow_valid, b, 0.5f);
  }
  MinutiaCode code = 0;
  for (std::size_t bit = 0; bit < kBits; ++bit) {
    float sum = -kLearned.thresholds[bit];
    for (std::size_t i = 0; i < kInputs; ++i) sum += static_cast<float>(kLearned.weights[bit][i]) * x[i];
    code |= static_cast<MinutiaCode>(sum > 0) << bit;
  }
  return code;
}

void Prefilter::reserve(std::size_t n) { rows_.reserve(n), counts_.reserve(n); }

void Prefilter::add(const Template& t) {
  std::array<MinutiaCode, kCodes> codes;
  const std::size_t n = std::min(t.descriptors.size(), kCodes);
  for (std::size_t i = 0; i < n; ++i) codes[i] = minutia_code(t.descriptors[i]);
  add(std::span{codes}.first(n));
}

void Prefilter::add(std::span<const MinutiaCode> codes) {
  const std::size_t n = std::min(codes.size(), kCodes);
  std::copy_n(codes.begin(), n, rows_.emplace_back().codes.begin());
  counts_.push_back(static_cast<std::uint8_t>(n));
}

std::vector<std::uint16_t> Prefilter::scores(const Template& probe) const {
  std::vector<MinutiaCode> codes;
  for (std::size_t i = 0; i < std::min(probe.descriptors.size(), kProbeCodes); ++i) codes.push_back(minutia_code(probe.descriptors[i]));
  std::vector<std::uint16_t> out(rows_.size());
  prefilter_kernel().scan(rows_.data(), counts_.data(), rows_.size(), codes, out.data());
  return out;
}

std::vector<Candidate> Prefilter::best(const Template& probe, std::size_t count) const {
  const auto all = scores(probe);
  count = std::min(count, all.size());
  std::vector<Candidate> out;
  if (count == 0) return out;
  // The least score that still gets in, by counting; of that score only the first rows do.
  std::array<std::size_t, kMostScore + 1> rows_with{};
  for (const std::uint16_t s : all) ++rows_with[s];
  std::size_t least = kMostScore, above = 0;
  while (above + rows_with[least] < count) above += rows_with[least--];
  std::size_t room = count - above;
  out.reserve(count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < least || (all[i] == least && room == 0)) continue;
    if (all[i] == least) --room;
    out.push_back({static_cast<std::uint32_t>(i), static_cast<float>(all[i])});
  }
  std::ranges::sort(out, [](const Candidate& a, const Candidate& b) { return a.votes != b.votes ? a.votes > b.votes : a.index < b.index; });
  return out;
}

std::vector<PrefilterKernel> prefilter_kernels() {
  std::vector<PrefilterKernel> out;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    out.push_back({"avx512", &scan_avx512});
  if (__builtin_cpu_supports("avx2")) out.push_back({"avx2", &scan_avx2});
#endif
  out.push_back({"portable", &scan_portable});
  return out;
}

const PrefilterKernel& prefilter_kernel() noexcept {
  static const PrefilterKernel best = prefilter_kernels().front();
  return best;
}

}  // namespace authx::fingerprint
