#include "network.h"

#include <algorithm>

namespace authx::ocrb {
namespace {

/// As in glyph_net.cpp, remembering which of the four positions won.
template <int Height, int Width, int In, int Side, int Out>
void convolve(const float* in, const float* weights, const float* bias, float* out, int* from) {
  constexpr int kRows = (Height - Side + 1) / 2;
  constexpr int kColumns = (Width - Side + 1) / 2;
  constexpr int kOffsets[4] = {0, In, Width * In, Width * In + In};
  for (int y = 0; y < kRows; ++y) {
    for (int x = 0; x < kColumns; ++x) {
      const int corner = (2 * y * Width + 2 * x) * In;
      float sums[4][Out] = {};
      for (int row = 0; row < Side; ++row) {
        const float* at = in + corner + row * Width * In;
        const float* w = weights + row * Side * In * Out;
        for (int k = 0; k < Side * In; ++k, ++at, w += Out) {
          for (int p = 0; p < 4; ++p) {
            const float v = at[kOffsets[p]];
            for (int i = 0; i < Out; ++i) sums[p][i] += v * w[i];
          }
        }
      }
      for (int i = 0; i < Out; ++i) {
        int best = 0;
        for (int p = 1; p < 4; ++p) best = sums[p][i] > sums[best][i] ? p : best;
        const auto to = (y * kColumns + x) * Out + i;
        out[to] = std::max(0.0F, sums[best][i] + bias[i]);
        from[to] = corner + kOffsets[best];
      }
    }
  }
}

Parameters drawn(specimen::Dice& dice, int in, int out) {
  Parameters w(static_cast<std::size_t>(in) * static_cast<std::size_t>(out));
  for (auto& v : w) v = static_cast<float>(dice.range(-1, 1) * std::sqrt(6.0 / in));
  return w;
}

}  // namespace

Network::Network(specimen::Dice& dice)
    : conv1(drawn(dice, G::kSide1 * G::kSide1, G::kChannels1)),
      conv1_bias(G::kChannels1),
      conv2(drawn(dice, G::kSide2 * G::kSide2 * G::kChannels1, G::kChannels2)),
      conv2_bias(G::kChannels2),
      hidden(drawn(dice, G::kFeatures, G::kHidden)),
      hidden_bias(G::kHidden),
      output(drawn(dice, G::kHidden, G::kClasses)),
      output_bias(G::kClasses) {
  for (auto& v : output) v *= 0.5F;
  for (const Parameters* p : parameters()) {
    gradients_.emplace_back(p->size());
    first_moments_.emplace_back(p->size());
    second_moments_.emplace_back(p->size());
  }
}

std::vector<Parameters*> Network::parameters() {
  return {&conv1, &conv1_bias, &conv2, &conv2_bias, &hidden, &hidden_bias, &output, &output_bias};
}

int Network::forward(const Patch& patch) {
  input_ = patch;
  convolve<G::kHeight, G::kWidth, 1, G::kSide1, G::kChannels1>(input_.data(), conv1.data(), conv1_bias.data(), first_.data(),
                                                               first_from_.data());
  convolve<G::kHeight1, G::kWidth1, G::kChannels1, G::kSide2, G::kChannels2>(first_.data(), conv2.data(), conv2_bias.data(), second_.data(),
                                                                             second_from_.data());
  std::copy(hidden_bias.begin(), hidden_bias.end(), units_.begin());
  for (int i = 0; i < G::kFeatures; ++i) {
    const float v = second_[static_cast<std::size_t>(i)];
    if (v == 0) continue;
    const float* w = &hidden[static_cast<std::size_t>(i * G::kHidden)];
    for (int j = 0; j < G::kHidden; ++j) units_[static_cast<std::size_t>(j)] += v * w[j];
  }
  for (auto& v : units_) v = std::max(0.0F, v);
  std::copy(output_bias.begin(), output_bias.end(), odds_.begin());
  for (int i = 0; i < G::kHidden; ++i) {
    const float v = units_[static_cast<std::size_t>(i)];
    const float* w = &output[static_cast<std::size_t>(i * G::kClasses)];
    for (int j = 0; j < G::kClasses; ++j) odds_[static_cast<std::size_t>(j)] += v * w[j];
  }
  return static_cast<int>(std::ranges::max_element(odds_) - odds_.begin());
}

double Network::backward(int label) {
  const float top = *std::ranges::max_element(odds_);
  float total = 0;
  for (auto& v : odds_) total += v = std::exp(v - top);
  for (auto& v : odds_) v /= total;
  const double loss = -std::log(std::max(1e-9F, odds_[static_cast<std::size_t>(label)]));
  odds_[static_cast<std::size_t>(label)] -= 1;
  enum { kConv1, kConv1Bias, kConv2, kConv2Bias, kHiddenW, kHiddenBias, kOutputW, kOutputBias };
  auto& g = gradients_;
  for (int c = 0; c < G::kClasses; ++c) g[kOutputBias][static_cast<std::size_t>(c)] += odds_[static_cast<std::size_t>(c)];
  std::array<float, G::kHidden> d_units{};
  for (int i = 0; i < G::kHidden; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (units_[at] <= 0) continue;
    const float* w = &output[at * G::kClasses];
    float* gw = &g[kOutputW][at * G::kClasses];
    float sum = 0;
    for (int c = 0; c < G::kClasses; ++c) {
      sum += w[c] * odds_[static_cast<std::size_t>(c)];
      gw[c] += units_[at] * odds_[static_cast<std::size_t>(c)];
    }
    d_units[at] = sum;
    g[kHiddenBias][at] += sum;
  }
  std::array<float, G::kHeight1 * G::kWidth1 * G::kChannels1> d_first{};
  // Gradients of a convolution's weights gather per channel out, so that their inner loop runs over neighbours in memory.
  constexpr int kRun = G::kSide2 * G::kChannels1;
  for (int i = 0; i < G::kFeatures; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float v = second_[at];
    if (v <= 0) continue;
    const float* w = &hidden[at * G::kHidden];
    float* gw = &g[kHiddenW][at * G::kHidden];
    float d = 0;
    for (std::size_t j = 0; j < G::kHidden; ++j) {
      d += w[j] * d_units[j];
      gw[j] += v * d_units[j];
    }
    const auto channel = static_cast<std::size_t>(i % G::kChannels2);
    g[kConv2Bias][channel] += d;
    for (int row = 0; row < G::kSide2; ++row) {
      const auto from = static_cast<std::size_t>(second_from_[at] + row * G::kWidth1 * G::kChannels1);
      const auto base = static_cast<std::size_t>(row * kRun * G::kChannels2) + channel;
      for (std::size_t k = 0; k < kRun; ++k) {
        g[kConv2][base + k * G::kChannels2] += d * first_[from + k];
        d_first[from + k] += d * conv2[base + k * G::kChannels2];
      }
    }
  }
  for (std::size_t i = 0; i < first_.size(); ++i) {
    const float d = d_first[i];
    if (first_[i] <= 0 || d == 0) continue;
    const auto channel = i % G::kChannels1;
    g[kConv1Bias][channel] += d;
    for (int row = 0; row < G::kSide1; ++row) {
      const auto from = static_cast<std::size_t>(first_from_[i] + row * G::kWidth);
      float* gw = &g[kConv1][static_cast<std::size_t>(row * G::kSide1 * G::kChannels1) + channel];
      for (std::size_t k = 0; k < G::kSide1; ++k) gw[k * G::kChannels1] += d * input_[from + k];
    }
  }
  return loss;
}

void Network::step(float rate, int t, int batch) {
  const float c1 = 1 - std::pow(0.9F, static_cast<float>(t));
  const float c2 = 1 - std::pow(0.999F, static_cast<float>(t));
  const auto all = parameters();
  for (std::size_t p = 0; p < all.size(); ++p) {
    auto& w = *all[p];
    auto& m = first_moments_[p];
    auto& v = second_moments_[p];
    for (std::size_t i = 0; i < w.size(); ++i) {
      const float g = gradients_[p][i] / static_cast<float>(batch);
      m[i] = 0.9F * m[i] + 0.1F * g;
      v[i] = 0.999F * v[i] + 0.001F * g * g;
      w[i] -= rate * (m[i] / c1) / (std::sqrt(v[i] / c2) + 1e-8F);
    }
    std::ranges::fill(gradients_[p], 0.0F);
  }
}

}  // namespace authx::ocrb
