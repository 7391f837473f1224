#include "engines/document/glyph_net.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/encoding.h"

namespace authx::document {
namespace {

#include "engines/document/ocrb_weights.inc"

std::vector<float> expand(std::string_view text, float scale) {
  const auto bytes = base64_decode(text);
  std::vector<float> out;
  if (!bytes) return out;
  out.reserve(bytes->size());
  for (const auto b : *bytes) out.push_back(static_cast<float>(static_cast<std::int8_t>(b)) * scale);
  return out;
}

struct Weights {
  std::vector<float> hidden = expand(kHiddenWeights, kHiddenWeightsScale);
  std::vector<float> hidden_bias = expand(kHiddenBias, kHiddenBiasScale);
  std::vector<float> output = expand(kOutputWeights, kOutputWeightsScale);
  std::vector<float> output_bias = expand(kOutputBias, kOutputBiasScale);
};

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
  std::array<float, kHidden> h;
  for (std::size_t j = 0; j < kHidden; ++j) {
    const float* w = weights.hidden.data() + j * kInputs;
    // Eight running sums: the compiler may not reorder one, and would leave the vector units idle.
    float s[8] = {};
    for (std::size_t i = 0; i < kInputs; i += 8) {
      for (std::size_t k = 0; k < 8; ++k) s[k] += w[i + k] * x[i + k];
    }
    float total = weights.hidden_bias[j];
    for (const float v : s) total += v;
    h[j] = std::max(0.0F, total);
  }
  std::array<float, kClasses> out;
  for (std::size_t c = 0; c < kClasses; ++c) {
    float total = weights.output_bias[c];
    for (std::size_t j = 0; j < kHidden; ++j) total += weights.output[c * kHidden + j] * h[j];
    out[c] = total;
  }
  const float top = *std::ranges::max_element(out);
  float norm = 0;
  for (const float v : out) norm += std::exp(v - top);
  const float log_norm = top + std::log(norm);
  for (float& v : out) v -= log_norm;
  return out;
}

}  // namespace authx::document
