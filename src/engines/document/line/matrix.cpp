#include "engines/document/line/matrix.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace authx::document::line {

Matrix::Matrix(std::size_t outputs, std::size_t inputs) : outputs_(outputs), inputs_(inputs) {
  const std::size_t padded = (outputs + kLanes - 1) / kLanes * kLanes;
  weights_.assign(padded * pairs() * 2, 0);
  bias_.assign(padded, 0);
  factors_.assign(padded, 0);
}

void Matrix::set_row(std::size_t output, std::span<const std::int8_t> weights, float factor) {
  std::int16_t* const at = weights_.data() + output / kLanes * pairs() * 2 * kLanes + output % kLanes * 2;
  for (std::size_t i = 0; i < inputs_; ++i) at[i / 2 * 2 * kLanes + i % 2] = weights[i];  // NOLINT(bugprone-signed-char-misuse): a number
  bias_[output] = weights[inputs_] * 127;
  factors_[output] = factor;
}

namespace {

constexpr std::size_t kLanes = Matrix::kLanes;
constexpr float kMostState = 100;  ///< a cell counts no further

// The functions of one number are written so that a compiler makes vectors of their loops: no branches, no calls.

/// Within 2e-7 of e^x, relatively, for -87 <= x <= 87: 2^n by the exponent's bits times a polynomial.
[[gnu::always_inline]] inline float exp_of(float x) {
  constexpr float kRound = 12582912.F;  // adding it rounds to a whole number, which its low bits then hold
  const float t = x * 1.44269504F;
  const float whole = t + kRound;
  const float f = (t - (whole - kRound)) * 0.693147181F;
  float p = 1.F / 720;
  p = p * f + 1.F / 120;
  p = p * f + 1.F / 24;
  p = p * f + 1.F / 6;
  p = p * f + 0.5F;
  p = p * f + 1;
  p = p * f + 1;
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(p) + (std::bit_cast<std::int32_t>(whole) << 23));
}

[[gnu::always_inline]] inline float within(float x, float most) { return x < -most ? -most : x > most ? most : x; }
[[gnu::always_inline]] inline float logistic(float x) { return 1 / (1 + exp_of(-within(x, 40))); }
[[gnu::always_inline]] inline float tanh_of(float x) { return 2 * logistic(2 * x) - 1; }

/// -1..1 to -127..127, halves away from zero.
[[gnu::always_inline]] inline std::int16_t whole(float x) {
  const float scaled = x * 127;
  return static_cast<std::int16_t>(scaled + (scaled < 0 ? -0.5F : 0.5F));
}

[[gnu::always_inline]] inline void step_body(const float* gates, std::size_t n, float* state, std::int16_t* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float cell = state[i] * logistic(gates[2 * n + i]) + tanh_of(gates[i]) * logistic(gates[n + i]);
    state[i] = within(cell, kMostState);
    out[i] = whole(tanh_of(state[i]) * logistic(gates[3 * n + i]));
  }
}

[[gnu::always_inline]] inline void squash_body(const float* in, std::size_t n, std::int16_t* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = whole(tanh_of(in[i]));
}

[[gnu::always_inline]] inline void softmax_body(float* values, std::size_t n) {
  float most = values[0];
  for (std::size_t i = 1; i < n; ++i) most = values[i] > most ? values[i] : most;
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = exp_of(within(values[i] - most, 86));
    sum += values[i];
  }
  for (std::size_t i = 0; i < n; ++i) values[i] /= sum;
}

void multiply_portable(const Matrix& m, const std::int16_t* x, float* out) {
  for (std::size_t b = 0; b < m.blocks(); ++b) {
    const std::int16_t* w = m.block(b);
    std::int32_t sums[kLanes];
    std::copy_n(m.bias() + b * kLanes, kLanes, sums);
    for (std::size_t p = 0; p < m.pairs(); ++p, w += 2 * kLanes)
      for (std::size_t o = 0; o < kLanes; ++o) sums[o] += w[2 * o] * x[2 * p] + w[2 * o + 1] * x[2 * p + 1];
    for (std::size_t o = 0; o < kLanes; ++o) out[b * kLanes + o] = static_cast<float>(sums[o]) * m.factors()[b * kLanes + o];
  }
}
void step_portable(const float* gates, std::size_t n, float* state, std::int16_t* out) { step_body(gates, n, state, out); }
void squash_portable(const float* in, std::size_t n, std::int16_t* out) { squash_body(in, n, out); }
void softmax_portable(float* values, std::size_t n) { softmax_body(values, n); }

constexpr Kernels kPortable{multiply_portable, step_portable, squash_portable, softmax_portable};

#if defined(__x86_64__)

#define AUTHX_AVX2 __attribute__((target("avx2,fma")))
#define AUTHX_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))

std::int32_t pair_at(const std::int16_t* x, std::size_t p) {
  std::int32_t both = 0;
  __builtin_memcpy(&both, x + 2 * p, sizeof both);
  return both;
}

AUTHX_AVX2 void multiply_avx2(const Matrix& m, const std::int16_t* x, float* out) {
  for (std::size_t b = 0; b < m.blocks(); ++b) {
    const auto* w = reinterpret_cast<const __m256i*>(m.block(b));
    const auto* bias = reinterpret_cast<const __m256i*>(m.bias() + b * kLanes);
    __m256i low = _mm256_loadu_si256(bias);
    __m256i high = _mm256_loadu_si256(bias + 1);
    for (std::size_t p = 0; p < m.pairs(); ++p, w += 2) {
      const __m256i both = _mm256_set1_epi32(pair_at(x, p));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_loadu_si256(w), both));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_loadu_si256(w + 1), both));
    }
    const float* f = m.factors() + b * kLanes;
    _mm256_storeu_ps(out + b * kLanes, _mm256_mul_ps(_mm256_cvtepi32_ps(low), _mm256_loadu_ps(f)));
    _mm256_storeu_ps(out + b * kLanes + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(high), _mm256_loadu_ps(f + 8)));
  }
}

/// `N` blocks at once, so that as many sums are under way as the processor can add.
template <std::size_t N>
AUTHX_AVX512 void multiply_blocks(const Matrix& m, std::size_t first, const std::int16_t* x, float* out) {
  __m512i sums[N];
  const std::int16_t* w[N];
  for (std::size_t k = 0; k < N; ++k) {
    sums[k] = _mm512_loadu_si512(m.bias() + (first + k) * kLanes);
    w[k] = m.block(first + k);
  }
  for (std::size_t p = 0; p < m.pairs(); ++p) {
    const __m512i both = _mm512_set1_epi32(pair_at(x, p));
    for (std::size_t k = 0; k < N; ++k) sums[k] = _mm512_dpwssd_epi32(sums[k], _mm512_loadu_si512(w[k] + p * 2 * kLanes), both);
  }
  for (std::size_t k = 0; k < N; ++k) {
    const std::size_t at = (first + k) * kLanes;
    _mm512_storeu_ps(out + at, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[k]), _mm512_loadu_ps(m.factors() + at)));
  }
}

AUTHX_AVX512 void multiply_avx512(const Matrix& m, const std::int16_t* x, float* out) {
  std::size_t b = 0;
  for (; b + 6 <= m.blocks(); b += 6) multiply_blocks<6>(m, b, x, out);
  for (; b + 2 <= m.blocks(); b += 2) multiply_blocks<2>(m, b, x, out);
  for (; b < m.blocks(); ++b) multiply_blocks<1>(m, b, x, out);
}

AUTHX_AVX2 void step_avx2(const float* gates, std::size_t n, float* state, std::int16_t* out) { step_body(gates, n, state, out); }
AUTHX_AVX2 void squash_avx2(const float* in, std::size_t n, std::int16_t* out) { squash_body(in, n, out); }
AUTHX_AVX2 void softmax_avx2(float* values, std::size_t n) { softmax_body(values, n); }
AUTHX_AVX512 void step_avx512(const float* gates, std::size_t n, float* state, std::int16_t* out) { step_body(gates, n, state, out); }
AUTHX_AVX512 void squash_avx512(const float* in, std::size_t n, std::int16_t* out) { squash_body(in, n, out); }
AUTHX_AVX512 void softmax_avx512(float* values, std::size_t n) { softmax_body(values, n); }

constexpr Kernels kAvx2{multiply_avx2, step_avx2, squash_avx2, softmax_avx2};
constexpr Kernels kAvx512{multiply_avx512, step_avx512, squash_avx512, softmax_avx512};

const Kernels& choose() noexcept {
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq"))
    return kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2;
  return kPortable;
}

#else

const Kernels& choose() noexcept { return kPortable; }

#endif

}  // namespace

const Kernels& kernels() noexcept {
  static const Kernels& chosen = choose();
  return chosen;
}

const Kernels& portable_kernels() noexcept { return kPortable; }

}  // namespace authx::document::line
