#include "engines/fingerprint/match_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace authx::fingerprint {
namespace {

using S = PatchShifts;
constexpr float kMinFlow = 0.35f;    ///< agreement of the surrounding flow below which minutiae are different ones
constexpr int kMinCommonCells = 26;  ///< half of a cylinder's 52

/// The flow is compared first: most minutiae of other fingers differ in it already.
float similarity(const Descriptor& a, const DescriptorColumns& b, std::size_t j) {
  const std::uint64_t flow_valid = a.flow_valid & b.flow_valid[j];
  const int cells = std::popcount(flow_valid);
  float flow = 1;
  if (cells >= kMinCommonCells) {
    int off = 0;
    for (std::size_t k = 0; k < Descriptor::kFlowWords; ++k) off += std::popcount((a.flow[k] ^ b.flow[k][j]) & flow_valid);
    flow = 1 - static_cast<float>(off) / static_cast<float>(2 * cells);
    if (flow < kMinFlow) return 0;
    flow = 0.25f + 0.75f * flow;
  }
  const std::uint64_t valid = a.valid & b.valid[j];
  if (std::popcount(valid) < kMinCommonCells) return 0;
  int in_a = 0, in_b = 0, different = 0;
  for (std::size_t k = 0; k < Descriptor::kCylinderWords; ++k) {
    const std::uint64_t x = a.cylinder[k] & valid, y = b.cylinder[k][j] & valid;
    in_a += std::popcount(x), in_b += std::popcount(y), different += std::popcount(x ^ y);
  }
  if (in_a + in_b == 0) return 0;
  const float norm = std::sqrt(static_cast<float>(in_a)) + std::sqrt(static_cast<float>(in_b));
  return (1 - std::sqrt(static_cast<float>(different)) / norm) * flow;
}

void similarities_portable(const Descriptor& a, const DescriptorColumns& b, float* out) {
  for (std::size_t j = 0; j < b.count; ++j) out[j] = similarity(a, b, j);
}

void correlate_portable(const PatchWindow& w, const std::uint64_t (&patch)[4], std::int16_t (&map)[S::kMapSize]) {
  std::uint32_t rows[S::kSide];
  for (int r = 0; r < S::kSide; ++r) {
    std::uint32_t bits = 0;
    std::int32_t x = w.x[r], y = w.y[r];
    for (int i = 0; i < S::kSide; ++i, x += w.step_x, y += w.step_y) {
      const auto px = static_cast<std::uint32_t>(x >> 16);
      bits |= static_cast<std::uint32_t>(w.words[static_cast<std::size_t>(y >> 16) * w.stride + px / 64] >> (px % 64) & 1) << i;
    }
    rows[r] = bits;
  }
  for (int dx = 0; dx < S::kShifts; ++dx) {
    std::uint64_t four[S::kSide];  // rows r .. r + 3, the first lowest
    std::uint64_t last = 0;
    for (int r = 0; r < S::kSide; ++r) {
      last = last >> 16 | static_cast<std::uint64_t>(rows[r] >> dx & 0xffff) << 48;
      if (r >= 3) four[r - 3] = last;
    }
    for (int dy = 0; dy < S::kShifts; ++dy) {
      int different = 0;
      for (int q = 0; q < 4; ++q) different += std::popcount(four[dy + 4 * q] ^ patch[q]);
      map[dx * S::kLane + dy] = static_cast<std::int16_t>(S::kPatch * S::kPatch - 2 * different);
    }
    map[dx * S::kLane + S::kShifts] = -S::kPatch * S::kPatch;
  }
}

#if defined(__x86_64__)
#define AUTHX_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vpopcntdq")))

AUTHX_AVX512 inline __m256 to_float(__m512i counts) { return _mm256_cvtepi32_ps(_mm512_cvtepi64_epi32(counts)); }

/// As `similarity`, operation by operation, of eight columns at once.
AUTHX_AVX512 void similarities_avx512(const Descriptor& a, const DescriptorColumns& b, float* out) {
  const __m512i a_flow_valid = _mm512_set1_epi64(static_cast<long long>(a.flow_valid)),
                a_valid = _mm512_set1_epi64(static_cast<long long>(a.valid)), least = _mm512_set1_epi64(kMinCommonCells);
  const __m256 one = _mm256_set1_ps(1);
  for (std::size_t j = 0; j < b.count; j += 8) {
    const __m512i flow_valid = _mm512_and_si512(a_flow_valid, _mm512_load_si512(b.flow_valid + j)), cells = _mm512_popcnt_epi64(flow_valid);
    __m512i off = _mm512_setzero_si512();
    for (std::size_t k = 0; k < Descriptor::kFlowWords; ++k) {
      const __m512i d = _mm512_xor_si512(_mm512_set1_epi64(static_cast<long long>(a.flow[k])), _mm512_load_si512(b.flow[k] + j));
      off = _mm512_add_epi64(off, _mm512_popcnt_epi64(_mm512_and_si512(d, flow_valid)));
    }
    const __mmask8 known = _mm512_cmpge_epi64_mask(cells, least);
    const __m256 agreement = _mm256_sub_ps(one, _mm256_div_ps(to_float(off), to_float(_mm512_add_epi64(cells, cells))));
    const __mmask8 unlike = _mm256_mask_cmp_ps_mask(known, agreement, _mm256_set1_ps(kMinFlow), _CMP_LT_OQ);
    const __m512i valid = _mm512_and_si512(a_valid, _mm512_load_si512(b.valid + j));
    const auto alive = static_cast<__mmask8>(_mm512_cmpge_epi64_mask(_mm512_popcnt_epi64(valid), least) & ~unlike);
    if (alive == 0) {
      _mm256_storeu_ps(out + j, _mm256_setzero_ps());
      continue;
    }
    const __m256 flow = _mm256_mask_add_ps(one, known, _mm256_set1_ps(0.25f), _mm256_mul_ps(_mm256_set1_ps(0.75f), agreement));
    __m512i in_a = _mm512_setzero_si512(), in_b = in_a, different = in_a;
    for (std::size_t k = 0; k < Descriptor::kCylinderWords; ++k) {
      const __m512i x = _mm512_and_si512(_mm512_set1_epi64(static_cast<long long>(a.cylinder[k])), valid),
                    y = _mm512_and_si512(_mm512_load_si512(b.cylinder[k] + j), valid);
      in_a = _mm512_add_epi64(in_a, _mm512_popcnt_epi64(x)), in_b = _mm512_add_epi64(in_b, _mm512_popcnt_epi64(y));
      different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_xor_si512(x, y)));
    }
    const __m256 norm = _mm256_add_ps(_mm256_sqrt_ps(to_float(in_a)), _mm256_sqrt_ps(to_float(in_b)));
    const __mmask8 some = _mm512_mask_test_epi64_mask(alive, _mm512_or_si512(in_a, in_b), _mm512_set1_epi64(-1));
    const __m256 s = _mm256_mul_ps(_mm256_sub_ps(one, _mm256_div_ps(_mm256_sqrt_ps(to_float(different)), norm)), flow);
    _mm256_storeu_ps(out + j, _mm256_maskz_mov_ps(some, s));
  }
}

AUTHX_AVX512 void correlate_avx512(const PatchWindow& w, const std::uint64_t (&patch)[4], std::int16_t (&map)[S::kMapSize]) {
  alignas(64) std::uint64_t rows[24] = {};
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i step_x = _mm512_set1_epi32(w.step_x), step_y = _mm512_set1_epi32(w.step_y), bit = _mm512_set1_epi32(31);
  const __m512i first_x = _mm512_mullo_epi32(lanes, step_x), first_y = _mm512_mullo_epi32(lanes, step_y);
  const __m512i then_x = _mm512_slli_epi32(step_x, 4), then_y = _mm512_slli_epi32(step_y, 4);
  const __m512i stride = _mm512_set1_epi32(static_cast<int>(2 * w.stride));  // in halves of words
  constexpr __mmask16 kRest = (1U << (S::kSide - 16)) - 1;
  for (int r = 0; r < S::kSide; ++r) {
    __m512i x = _mm512_add_epi32(_mm512_set1_epi32(w.x[r]), first_x), y = _mm512_add_epi32(_mm512_set1_epi32(w.y[r]), first_y);
    __m512i px = _mm512_srai_epi32(x, 16);
    __m512i at = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srai_epi32(y, 16), stride), _mm512_srai_epi32(px, 5));
    __m512i half = _mm512_i32gather_epi32(at, w.words, 4);
    std::uint32_t bits = _mm512_test_epi32_mask(half, _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(px, bit)));
    x = _mm512_add_epi32(x, then_x), y = _mm512_add_epi32(y, then_y), px = _mm512_srai_epi32(x, 16);
    at = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srai_epi32(y, 16), stride), _mm512_srai_epi32(px, 5));
    half = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), kRest, at, w.words, 4);
    bits |= static_cast<std::uint32_t>(
                _mm512_mask_test_epi32_mask(kRest, half, _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(px, bit))))
            << 16;
    rows[r] = bits;
  }
  __m512i a = _mm512_load_si512(rows), b = _mm512_load_si512(rows + 8), c = _mm512_load_si512(rows + 16);
  const __m512i low = _mm512_set1_epi64(0xffff), none = _mm512_setzero_si512();
  // Lane r of the result holds rows r .. r + 3; `n` are the eight rows that follow those of `v`.
  const auto join = [](__m512i v, __m512i n) AUTHX_AVX512 {
    const __m512i two = _mm512_or_si512(v, _mm512_slli_epi64(_mm512_alignr_epi64(n, v, 1), 16));
    const __m512i more =
        _mm512_or_si512(_mm512_slli_epi64(_mm512_alignr_epi64(n, v, 2), 32), _mm512_slli_epi64(_mm512_alignr_epi64(n, v, 3), 48));
    return _mm512_or_si512(two, more);
  };
  const __m512i q0 = _mm512_set1_epi64(static_cast<long long>(patch[0])), q1 = _mm512_set1_epi64(static_cast<long long>(patch[1])),
                q2 = _mm512_set1_epi64(static_cast<long long>(patch[2])), q3 = _mm512_set1_epi64(static_cast<long long>(patch[3]));
  const __m512i all = _mm512_set1_epi64(S::kPatch * S::kPatch);
  for (int dx = 0; dx < S::kShifts; ++dx) {
    const __m512i x = _mm512_and_si512(a, low), y = _mm512_and_si512(b, low), z = _mm512_and_si512(c, low);
    a = _mm512_srli_epi64(a, 1), b = _mm512_srli_epi64(b, 1), c = _mm512_srli_epi64(c, 1);
    const __m512i f = join(x, y), g = join(y, z), h = join(z, none);
    __m512i different = _mm512_popcnt_epi64(_mm512_xor_si512(f, q0));
    different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_alignr_epi64(g, f, 4), q1)));
    different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_xor_si512(g, q2)));
    different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_alignr_epi64(h, g, 4), q3)));
    const __m512i value = _mm512_sub_epi64(all, _mm512_add_epi64(different, different));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(map + dx * S::kLane),
                     _mm512_cvtepi64_epi16(_mm512_mask_set1_epi64(value, 0x80, -S::kPatch * S::kPatch)));
  }
}

#endif

}  // namespace

DescriptorColumns::DescriptorColumns(const Template& t) : count(std::min(t.descriptors.size(), kMax)) {
  for (std::size_t j = 0; j < count; ++j) {
    const Descriptor& d = t.descriptors[j];
    for (std::size_t k = 0; k < Descriptor::kCylinderWords; ++k) cylinder[k][j] = d.cylinder[k];
    for (std::size_t k = 0; k < Descriptor::kFlowWords; ++k) flow[k][j] = d.flow[k];
    valid[j] = d.valid, flow_valid[j] = d.flow_valid;
  }
  for (std::size_t j = count; j % 8 != 0; ++j) {
    for (auto& row : cylinder) row[j] = 0;
    for (auto& row : flow) row[j] = 0;
    valid[j] = flow_valid[j] = 0;
  }
}

std::vector<MatchKernel> match_kernels() {
  std::vector<MatchKernel> out;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq"))
    out.push_back({"avx512", &similarities_avx512, &correlate_avx512});
#endif
  out.push_back({"portable", &similarities_portable, &correlate_portable});
  return out;
}

const MatchKernel& match_kernel() noexcept {
  static const MatchKernel best = match_kernels().front();
  return best;
}

}  // namespace authx::fingerprint
