#include "engines/fingerprint/gabor.h"

#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "engines/fingerprint/ridge_map.h"

namespace authx::fingerprint {
namespace {

constexpr int kSide = 2 * kGaborHalf + 1;
constexpr int kAngles = 32, kPeriods = 10;
constexpr float kFirstPeriod = 4.5f, kPeriodStep = 1.13f;  // 4.5 .. 13.5 pixels

using Kernel = std::array<float, kSide * kSide>;
using Row8 = float __attribute__((vector_size(32)));

/// All kernels, index (narrow, angle, period).
class Bank {
 public:
  Bank() : kernels_(static_cast<std::size_t>(2) * kAngles * kPeriods) {
    for (int narrow = 0; narrow < 2; ++narrow) {
      for (int a = 0; a < kAngles; ++a) {
        for (int p = 0; p < kPeriods; ++p) {
          fill(kernels_[index(narrow, a, p)], std::numbers::pi_v<float> * static_cast<float>(a) / kAngles,
               kFirstPeriod * std::pow(kPeriodStep, static_cast<float>(p)), narrow != 0);
        }
      }
    }
  }

  const float* find(float angle, float period, bool narrow) const {
    const int a = static_cast<int>(std::lround(angle * kAngles / std::numbers::pi_v<float>)) & (kAngles - 1);
    const float steps = std::log(std::max(period, kFirstPeriod) / kFirstPeriod) / std::log(kPeriodStep);
    const int p = std::min(static_cast<int>(std::lround(steps)), kPeriods - 1);
    return kernels_[index(narrow ? 1 : 0, a, p)].data();
  }

 private:
  static std::size_t index(int narrow, int a, int p) { return static_cast<std::size_t>((narrow * kAngles + a) * kPeriods + p); }

  static void fill(Kernel& k, float angle, float period, bool narrow) {
    const float along = narrow ? 2.8f : 4.6f, across = std::min(0.46f * period, 4.6f);
    const float c = std::cos(angle), s = std::sin(angle), omega = 2 * std::numbers::pi_v<float> / period;
    float window_sum = 0, sum = 0;
    Kernel window{};
    for (int y = -kGaborHalf, i = 0; y <= kGaborHalf; ++y) {
      for (int x = -kGaborHalf; x <= kGaborHalf; ++x, ++i) {
        const float u = c * static_cast<float>(x) + s * static_cast<float>(y), v = c * static_cast<float>(y) - s * static_cast<float>(x);
        window[i] = std::exp(-0.5f * (u * u / (along * along) + v * v / (across * across)));
        k[i] = window[i] * std::cos(omega * v);
        window_sum += window[i], sum += k[i];
      }
    }
    // No response to a constant, unit response to the wave it is tuned to.
    float gain = 0;
    for (int y = -kGaborHalf, i = 0; y <= kGaborHalf; ++y) {
      for (int x = -kGaborHalf; x <= kGaborHalf; ++x, ++i) {
        const float v = c * static_cast<float>(y) - s * static_cast<float>(x);
        k[i] -= window[i] * sum / window_sum;
        gain += k[i] * std::cos(omega * v);
      }
    }
    for (float& w : k) w /= gain;
  }

  std::vector<Kernel> kernels_;
};

[[gnu::always_inline]] inline void filter_block(const float* src, std::size_t stride, const float* kernel, float* dst,
                                                std::size_t dst_stride) {
  Row8 sum[kBlock] = {};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const float weight = kernel[y * kSide + x];
      const float* at = src + static_cast<std::size_t>(y) * stride + x;
#pragma clang loop unroll(full)
      for (int r = 0; r < kBlock; ++r) {
        Row8 row;
        std::memcpy(&row, at + static_cast<std::size_t>(r) * stride, sizeof row);  // rows start anywhere
        sum[r] += row * weight;
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < kBlock; ++r) std::memcpy(dst + static_cast<std::size_t>(r) * dst_stride, &sum[r], sizeof sum[r]);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void filter_block_avx2(const float* src, std::size_t stride, const float* kernel, float* dst,
                                               std::size_t dst_stride) {
  filter_block(src, stride, kernel, dst, dst_stride);
}
#endif

void filter_block_base(const float* src, std::size_t stride, const float* kernel, float* dst, std::size_t dst_stride) {
  filter_block(src, stride, kernel, dst, dst_stride);
}

}  // namespace

cv::Mat1f gabor_filter(const cv::Mat1f& src, const cv::Mat1f& angle, const cv::Mat1f& period, const cv::Mat1b& mask,
                       const cv::Mat1b& narrow) {
  static const Bank bank;
  static_assert(kBlock == 8, "a block row is one vector");
#if defined(__x86_64__)
  const auto filter = __builtin_cpu_supports("avx2") ? &filter_block_avx2 : &filter_block_base;
#else
  const auto filter = &filter_block_base;
#endif
  cv::Mat1f out(mask.rows * kBlock, mask.cols * kBlock, 0.0f);
  for (int by = 0; by < mask.rows; ++by) {
    for (int bx = 0; bx < mask.cols; ++bx) {
      if (mask(by, bx) == 0) continue;
      filter(&src(by * kBlock, bx * kBlock), src.step1(), bank.find(angle(by, bx), period(by, bx), narrow(by, bx) != 0),
             &out(by * kBlock, bx * kBlock), out.step1());
    }
  }
  return out;
}

}  // namespace authx::fingerprint
