#include "engines/document/glyph_net.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"

namespace authx::document {
namespace {

#include "engines/document/ocrb_weights.inc"

std::vector<float> expand(std::span<const std::string_view> lines, float scale) {
  std::string text;
  for (const auto line : lines) text += line;
  const auto bytes = base64_decode(text);
  std::vector<float> out;
  if (!bytes) return out;
  out.reserve(bytes->size());
  for (const auto b : *bytes) out.push_back(static_cast<float>(static_cast<std::int8_t>(b)) * scale);
  return out;
}

struct Weights {
  std::vector<float> conv1 = expand(kConv1Weights, kConv1WeightsScale);
  std::vector<float> conv1_bias = expand(kConv1Bias, kConv1BiasScale);
  std::vector<float> conv2 = expand(kConv2Weights, kConv2WeightsScale);
  std::vector<float> conv2_bias = expand(kConv2Bias, kConv2BiasScale);
  std::vector<float> hidden = expand(kHiddenWeights, kHiddenWeightsScale);  ///< [feature][unit]
  std::vector<float> hidden_bias = expand(kHiddenBias, kHiddenBiasScale);
  std::vector<float> output = expand(kOutputWeights, kOutputWeightsScale);  ///< [unit][class]
  std::vector<float> output_bias = expand(kOutputBias, kOutputBiasScale);
};

// Half of the reader's time goes here: also compiled for processors of the last ten years, chosen at load.
#if defined(__x86_64__)
#define AUTHX_VECTORISED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define AUTHX_VECTORISED
#endif

/// Convolution, ReLU and 2x2 maximum pooling. Four positions and a block of channels at a time keep the sums in registers.
template <int Height, int Width, int In, int Side, int Out>
[[gnu::always_inline]] inline void convolve(const float* in, const float* weights, const float* bias, float* out) {
  constexpr int kBlock = 12;
  static_assert(Out % kBlock == 0);
  constexpr int kRows = (Height - Side + 1) / 2;
  constexpr int kColumns = (Width - Side + 1) / 2;
  for (int y = 0; y < kRows; ++y) {
    for (int x = 0; x < kColumns; ++x) {
      for (int block = 0; block < Out; block += kBlock) {
        float a[kBlock] = {};
        float b[kBlock] = {};
        float c[kBlock] = {};
        float d[kBlock] = {};
        for (int row = 0; row < Side; ++row) {
          const float* at = in + ((2 * y + row) * Width + 2 * x) * In;
          const float* w = weights + row * Side * In * Out + block;
          for (int k = 0; k < Side * In; ++k, ++at, w += Out) {
            const float va = at[0];
            const float vb = at[In];
            const float vc = at[Width * In];
            const float vd = at[Width * In + In];
            for (int i = 0; i < kBlock; ++i) {
              a[i] += va * w[i];
              b[i] += vb * w[i];
              c[i] += vc * w[i];
              d[i] += vd * w[i];
            }
          }
        }
        float* to = out + (y * kColumns + x) * Out + block;
        for (int i = 0; i < kBlock; ++i) {
          to[i] = std::max(0.0F, std::max(std::max(a[i], b[i]), std::max(c[i], d[i])) + bias[block + i]);
        }
      }
    }
  }
}

template <int In, int Out>
[[gnu::always_inline]] inline std::array<float, Out> connect(const float* in, const float* weights, const float* bias) {
  std::array<float, Out> out;
  std::copy_n(bias, Out, out.begin());
  for (int i = 0; i < In; ++i) {
    const float v = in[i];
    if (v == 0) continue;  // half of them are, after ReLU
    const float* w = weights + i * Out;
    for (int j = 0; j < Out; ++j) out[static_cast<std::size_t>(j)] += v * w[j];
  }
  return out;
}

AUTHX_VECTORISED std::array<float, GlyphNet::kClasses> logits(const float* x, const Weights& weights) {
  using G = GlyphNet;
  std::array<float, G::kHeight1 * G::kWidth1 * G::kChannels1> first;
  convolve<G::kHeight, G::kWidth, 1, G::kSide1, G::kChannels1>(x, weights.conv1.data(), weights.conv1_bias.data(), first.data());
  std::array<float, G::kFeatures> second;
  convolve<G::kHeight1, G::kWidth1, G::kChannels1, G::kSide2, G::kChannels2>(first.data(), weights.conv2.data(), weights.conv2_bias.data(),
                                                                             second.data());
  auto hidden = connect<G::kFeatures, G::kHidden>(second.data(), weights.hidden.data(), weights.hidden_bias.data());
  for (float& v : hidden) v = std::max(0.0F, v);
  return connect<G::kHidden, G::kClasses>(hidden.data(), weights.output.data(), weights.output_bias.data());
}

}  // namespace

std::array<float, GlyphNet::kClasses> GlyphNet::classify(std::span<const float, kInputs> patch) {
  static const Weights weights;  // immutable, made once
  double sum = 0;
  double squares = 0;
  for (const float v : patch) {
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  const auto mean = static_cast<float>(sum / kInputs);
  const float gain = 1 / (static_cast<float>(std::sqrt(std::max(1e-6, squares / kInputs - static_cast<double>(mean) * mean))) + 1e-3F);
  std::array<float, kInputs> x;
  for (std::size_t i = 0; i < kInputs; ++i) x[i] = (patch[i] - mean) * gain;
  auto out = logits(x.data(), weights);
  const float top = *std::ranges::max_element(out);
  float norm = 0;
  for (const float v : out) norm += std::exp(v - top);
  const float log_norm = top + std::log(norm);
  for (float& v : out) v -= log_norm;
  return out;
}

}  // namespace authx::document
