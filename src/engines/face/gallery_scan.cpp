#include "engines/face/gallery_scan.h"

#include <array>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace authx::face {
namespace {

/// The rows of one block whose upper bound reaches the threshold, in the same arithmetic as the vector kernels.
std::size_t keep(const ScanRows& rows, const ScanProbe& probe, std::size_t block, const std::int32_t* dots, unsigned candidates,
                 ScanHit* out) {
  std::size_t kept = 0;
  for (; candidates != 0; candidates &= candidates - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(candidates));
    const std::size_t row = block * kBlockRows + lane;
    const float approximate = static_cast<float>(dots[lane] - probe.offset) * probe.scale * rows.scales[row];
    out[kept++] = {static_cast<std::uint32_t>(row), approximate, rows.errors[row] * probe.per_error + probe.constant};
  }
  return kept;
}

std::size_t scan_portable(const ScanRows& rows, const ScanProbe& probe, float threshold, ScanHit* out) {
  std::size_t kept = 0;
  const std::uint8_t* at = rows.codes;
  for (std::size_t block = 0; block < rows.blocks; ++block) {
    std::array<std::int32_t, kBlockRows> dots{};
    for (std::size_t group = 0; group < rows.groups; ++group)
      for (std::size_t lane = 0; lane < kBlockRows; ++lane)
        for (std::size_t k = 0; k < 4; ++k) dots[lane] += std::int32_t{*at++} * probe.codes[4 * group + k];
    unsigned candidates = 0;
    for (std::size_t lane = 0; lane < kBlockRows; ++lane) {
      const std::size_t row = block * kBlockRows + lane;
      const float upper = static_cast<float>(dots[lane] - probe.offset) * probe.scale * rows.scales[row] +
                          (rows.errors[row] * probe.per_error + probe.constant);
      candidates |= upper >= threshold ? 1U << lane : 0U;
    }
    kept += keep(rows, probe, block, dots.data(), candidates, out + kept);
  }
  return kept;
}

#if defined(__x86_64__)

// Far enough ahead that the memory answers in time, and across the page's end, where the processor's own prefetcher stops.
constexpr std::size_t kAhead = 4096;

std::int32_t four_codes(const ScanProbe& probe, std::size_t group) {
  std::int32_t codes = 0;
  __builtin_memcpy(&codes, probe.codes.data() + 4 * group, 4);
  return codes;
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) std::size_t scan_avx512(const ScanRows& rows, const ScanProbe& probe,
                                                                                        float threshold, ScanHit* out) {
  std::size_t kept = 0;
  const std::uint8_t* at = rows.codes;
  const __m512i offset = _mm512_set1_epi32(probe.offset);
  const __m512 scale = _mm512_set1_ps(probe.scale), per_error = _mm512_set1_ps(probe.per_error), constant = _mm512_set1_ps(probe.constant),
               least = _mm512_set1_ps(threshold);
  for (std::size_t block = 0; block < rows.blocks; ++block) {
    std::array<__m512i, 4> sum{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    std::size_t group = 0;
    for (; group + 4 <= rows.groups; group += 4)
      for (std::size_t k = 0; k < 4; ++k, at += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(at + kAhead), _MM_HINT_T0);
        sum[k] = _mm512_dpbusd_epi32(sum[k], _mm512_loadu_si512(at), _mm512_set1_epi32(four_codes(probe, group + k)));
      }
    for (; group < rows.groups; ++group, at += 64)
      sum[0] = _mm512_dpbusd_epi32(sum[0], _mm512_loadu_si512(at), _mm512_set1_epi32(four_codes(probe, group)));
    const __m512i dots = _mm512_add_epi32(_mm512_add_epi32(sum[0], sum[1]), _mm512_add_epi32(sum[2], sum[3]));
    const std::size_t row = block * kBlockRows;
    const __m512 approximate =
        _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(dots, offset)), scale), _mm512_loadu_ps(rows.scales + row));
    const __m512 bound = _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(rows.errors + row), per_error), constant);
    const __mmask16 candidates = _mm512_cmp_ps_mask(_mm512_add_ps(approximate, bound), least, _CMP_GE_OQ);
    if (candidates == 0) continue;
    alignas(64) std::array<std::int32_t, kBlockRows> stored;
    _mm512_store_si512(stored.data(), dots);
    kept += keep(rows, probe, block, stored.data(), candidates, out + kept);
  }
  return kept;
}

/// The 256-bit kernels differ in how they multiply and add.
#define AUTHX_SCAN_256(NAME, TARGET, STEP, START)                                                                                 \
  __attribute__((target(TARGET))) std::size_t NAME(const ScanRows& rows, const ScanProbe& probe, float threshold, ScanHit* out) { \
    std::size_t kept = 0;                                                                                                         \
    const std::uint8_t* at = rows.codes;                                                                                          \
    const __m256i offset = _mm256_set1_epi32(probe.offset);                                                                       \
    const __m256 scale = _mm256_set1_ps(probe.scale), per_error = _mm256_set1_ps(probe.per_error),                                \
                 constant = _mm256_set1_ps(probe.constant), least = _mm256_set1_ps(threshold);                                    \
    for (std::size_t block = 0; block < rows.blocks; ++block) {                                                                   \
      __m256i low = START, high = START;                                                                                          \
      for (std::size_t group = 0; group < rows.groups; ++group, at += 64) {                                                       \
        _mm_prefetch(reinterpret_cast<const char*>(at + kAhead), _MM_HINT_T0);                                                    \
        const __m256i codes = _mm256_set1_epi32(four_codes(probe, group));                                                        \
        low = STEP(low, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), codes);                                         \
        high = STEP(high, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32)), codes);                                  \
      }                                                                                                                           \
      const std::size_t row = block * kBlockRows;                                                                                 \
      unsigned candidates = 0;                                                                                                    \
      for (std::size_t half = 0; half < 2; ++half) {                                                                              \
        const __m256 approximate =                                                                                                \
            _mm256_mul_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(half == 0 ? low : high, offset)), scale),             \
                          _mm256_loadu_ps(rows.scales + row + 8 * half));                                                         \
        const __m256 bound = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(rows.errors + row + 8 * half), per_error), constant);    \
        const int mask = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_add_ps(approximate, bound), least, _CMP_GE_OQ));                 \
        candidates |= static_cast<unsigned>(mask) << (8 * half);                                                                  \
      }                                                                                                                           \
      if (candidates == 0) continue;                                                                                              \
      alignas(32) std::array<std::int32_t, kBlockRows> stored;                                                                    \
      _mm256_store_si256(reinterpret_cast<__m256i*>(stored.data()), low);                                                         \
      _mm256_store_si256(reinterpret_cast<__m256i*>(stored.data() + 8), high);                                                    \
      kept += keep(rows, probe, block, stored.data(), candidates, out + kept);                                                    \
    }                                                                                                                             \
    return kept;                                                                                                                  \
  }

__attribute__((target("avx2"), always_inline)) inline __m256i step_avx2(__m256i sum, __m256i stored, __m256i probe) {
  // |code| as the unsigned factor and its sign on the other: two products of at most 128 * 127 fit 16 bits. The sums begin at
  // the probe's offset, for which the stored codes' 128 stands in the other kernels.
  const __m256i code = _mm256_xor_si256(stored, _mm256_set1_epi8(static_cast<char>(0x80)));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(code), _mm256_sign_epi8(probe, code));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

AUTHX_SCAN_256(scan_avx2, "avx2", step_avx2, offset)
AUTHX_SCAN_256(scan_avxvnni, "avx2,avxvnni", _mm256_dpbusd_avx_epi32, _mm256_setzero_si256())
#undef AUTHX_SCAN_256

std::vector<ScanKernel> runnable() {
  std::vector<ScanKernel> out;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni"))
    out.push_back({"avx512-vnni", &scan_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("avxvnni")) out.push_back({"avx-vnni", &scan_avxvnni});
  if (__builtin_cpu_supports("avx2")) out.push_back({"avx2", &scan_avx2});
  out.push_back({"portable", &scan_portable});
  return out;
}

#else

std::vector<ScanKernel> runnable() { return {{"portable", &scan_portable}}; }

#endif

}  // namespace

std::span<const ScanKernel> scan_kernels() {
  static const std::vector<ScanKernel> kernels = runnable();
  return kernels;
}

}  // namespace authx::face
