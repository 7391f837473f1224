#include "engines/iris/kernel.h"

#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace authx::iris {
namespace {

Count count_portable(const Code& a, const Code& b, int first, int step) {
  Count c;
  for (int i = first; i < Code::kGroups; i += step) {
    const auto &x = a.groups[static_cast<std::size_t>(i)], &y = b.groups[static_cast<std::size_t>(i)];
    for (std::size_t w = 0; w < 4; ++w) {
      const std::uint64_t m = x.mask[w] & y.mask[w];
      c.shared += 2 * std::popcount(m);
      c.different += std::popcount((x.bits[w] ^ y.bits[w]) & m) + std::popcount((x.bits[w + 4] ^ y.bits[w + 4]) & m);
    }
  }
  return c;
}

void several_portable(const Code& a, const Code* const (&b)[kAtOnce], Count (&out)[kAtOnce]) {
  for (std::size_t i = 0; i < kAtOnce; ++i) out[i] = count_portable(a, *b[i], 0, 1);
}

#if defined(__x86_64__)

/// Population count of bytes by two table look-ups of half bytes (Mula, Kurz and Lemire, The Computer Journal 61(1), 2018).
__attribute__((target("avx2"))) inline __m256i byte_counts(__m256i v) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
                         _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
}

__attribute__((target("avx2"))) inline int sum_of(__m256i v) {
  const __m128i h = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  return static_cast<int>(_mm_extract_epi64(h, 0) + _mm_extract_epi64(h, 1));
}

__attribute__((target("avx2"))) Count count_avx2(const Code& a, const Code& b, int first, int step) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i different = zero, shared = zero;
  for (int i = first; i < Code::kGroups; i += step) {
    const auto *x = reinterpret_cast<const __m256i*>(&a.groups[static_cast<std::size_t>(i)]),
               *y = reinterpret_cast<const __m256i*>(&b.groups[static_cast<std::size_t>(i)]);
    const __m256i m = _mm256_and_si256(_mm256_load_si256(x + 2), _mm256_load_si256(y + 2));
    const __m256i d0 = _mm256_and_si256(_mm256_xor_si256(_mm256_load_si256(x), _mm256_load_si256(y)), m);
    const __m256i d1 = _mm256_and_si256(_mm256_xor_si256(_mm256_load_si256(x + 1), _mm256_load_si256(y + 1)), m);
    different = _mm256_add_epi64(different, _mm256_sad_epu8(_mm256_add_epi8(byte_counts(d0), byte_counts(d1)), zero));
    shared = _mm256_add_epi64(shared, _mm256_sad_epu8(byte_counts(m), zero));
  }
  return {sum_of(different), 2 * sum_of(shared)};
}

__attribute__((target("avx2"))) void several_avx2(const Code& a, const Code* const (&b)[kAtOnce], Count (&out)[kAtOnce]) {
  for (std::size_t i = 0; i < kAtOnce; ++i) out[i] = count_avx2(a, *b[i], 0, 1);
}

__attribute__((target("avx512f,avx512vl,avx512vpopcntdq"))) Count count_avx512(const Code& a, const Code& b, int first, int step) {
  __m512i different = _mm512_setzero_si512();
  __m256i shared = _mm256_setzero_si256();
  for (int i = first; i < Code::kGroups; i += step) {
    const auto &x = a.groups[static_cast<std::size_t>(i)], &y = b.groups[static_cast<std::size_t>(i)];
    const __m256i m = _mm256_and_si256(_mm256_load_si256(reinterpret_cast<const __m256i*>(x.mask.data())),
                                       _mm256_load_si256(reinterpret_cast<const __m256i*>(y.mask.data())));
    const __m512i d = _mm512_xor_si512(_mm512_loadu_si512(x.bits.data()), _mm512_loadu_si512(y.bits.data()));
    different = _mm512_add_epi64(different, _mm512_popcnt_epi64(_mm512_and_si512(d, _mm512_broadcast_i64x4(m))));
    shared = _mm256_add_epi64(shared, _mm256_popcnt_epi64(m));
  }
  alignas(64) std::uint64_t d[8], s[4];
  _mm512_store_si512(d, different);
  _mm256_store_si256(reinterpret_cast<__m256i*>(s), shared);
  return {static_cast<int>(d[0] + d[1] + d[2] + d[3] + d[4] + d[5] + d[6] + d[7]), static_cast<int>(2 * (s[0] + s[1] + s[2] + s[3]))};
}

/// Two groups at a time: their masks fill one register.
__attribute__((target("avx512f,avx512vl,avx512vpopcntdq"))) void several_avx512(const Code& a, const Code* const (&b)[kAtOnce],
                                                                                Count (&out)[kAtOnce]) {
  static_assert(Code::kGroups % 2 == 0);
  __m512i different[kAtOnce], shared[kAtOnce];
  for (std::size_t o = 0; o < kAtOnce; ++o) different[o] = shared[o] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < Code::kGroups; i += 2) {
    const auto &x = a.groups[i], &y = a.groups[i + 1];
    const __m512i x_bits = _mm512_loadu_si512(x.bits.data()), y_bits = _mm512_loadu_si512(y.bits.data());
    const __m256i x_mask = _mm256_load_si256(reinterpret_cast<const __m256i*>(x.mask.data())),
                  y_mask = _mm256_load_si256(reinterpret_cast<const __m256i*>(y.mask.data()));
#pragma clang loop unroll(full)
    for (std::size_t o = 0; o < kAtOnce; ++o) {
      const auto &u = b[o]->groups[i], &v = b[o]->groups[i + 1];
      const __m256i u_mask = _mm256_and_si256(x_mask, _mm256_load_si256(reinterpret_cast<const __m256i*>(u.mask.data()))),
                    v_mask = _mm256_and_si256(y_mask, _mm256_load_si256(reinterpret_cast<const __m256i*>(v.mask.data())));
      constexpr int kXorAnd = 0x28;  // (first ^ second) & third
      const __m512i d = _mm512_ternarylogic_epi64(x_bits, _mm512_loadu_si512(u.bits.data()), _mm512_broadcast_i64x4(u_mask), kXorAnd),
                    e = _mm512_ternarylogic_epi64(y_bits, _mm512_loadu_si512(v.bits.data()), _mm512_broadcast_i64x4(v_mask), kXorAnd);
      different[o] = _mm512_add_epi64(different[o], _mm512_add_epi64(_mm512_popcnt_epi64(d), _mm512_popcnt_epi64(e)));
      shared[o] = _mm512_add_epi64(shared[o], _mm512_popcnt_epi64(_mm512_inserti64x4(_mm512_castsi256_si512(u_mask), v_mask, 1)));
    }
  }
#pragma clang loop unroll(full)
  for (std::size_t o = 0; o < kAtOnce; ++o) {
    // Both sums at once: even lanes different, odd lanes shared.
    const __m512i both = _mm512_add_epi64(_mm512_unpacklo_epi64(different[o], shared[o]), _mm512_unpackhi_epi64(different[o], shared[o]));
    const __m256i half = _mm256_add_epi64(_mm512_castsi512_si256(both), _mm512_extracti64x4_epi64(both, 1));
    const __m128i sum = _mm_add_epi64(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    out[o] = {static_cast<int>(_mm_cvtsi128_si64(sum)), static_cast<int>(2 * _mm_extract_epi64(sum, 1))};
  }
}

#endif

}  // namespace

std::vector<Kernel> kernels() {
  std::vector<Kernel> out;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl"))
    out.push_back({"avx512", &count_avx512, &several_avx512});
  if (__builtin_cpu_supports("avx2")) out.push_back({"avx2", &count_avx2, &several_avx2});
#endif
  out.push_back({"portable", &count_portable, &several_portable});
  return out;
}

const Kernel& kernel() noexcept {
  static const Kernel best = kernels().front();
  return best;
}

}  // namespace authx::iris
