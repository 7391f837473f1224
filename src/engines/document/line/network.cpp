#include "engines/document/line/network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace authx::document::line {
namespace {

constexpr auto kHeight = static_cast<std::size_t>(Model::kHeight);
constexpr auto kPool = static_cast<std::size_t>(Model::kPool);

/// What the network was trained with around pictures (Knuth's 64-bit congruential generator).
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : seed_(seed) { next(); }
  std::int16_t next() {
    seed_ = seed_ * 6364136223846793005ULL + 1442695040888963407ULL;
    const double v = 2.0 * 127 * static_cast<double>(static_cast<std::int32_t>(seed_ >> 33)) / 2147483647.0 - 127;
    return static_cast<std::int16_t>(std::lround(v));
  }

 private:
  std::uint64_t seed_;
};

/// The value below which the given share of the counts lies, between the whole numbers.
double quantile(const std::array<int, 256>& counts, double share) {
  int total = 0;
  for (const int c : counts) total += c;
  const double target = std::clamp(share * total, 1.0, static_cast<double>(total));
  int sum = 0;
  int at = 0;
  while (at < 256 && sum < target) sum += counts[static_cast<std::size_t>(at++)];
  return at == 0 ? 0 : at - (sum - target) / counts[static_cast<std::size_t>(at - 1)];
}

struct Contrast {
  double black = 0;
  double half = 127.5;
};

/// A row through the middle of a line crosses its strokes: the lower quartile of its minima is black, the upper one of its maxima white.
Contrast contrast_of(const imaging::Image& picture) {
  std::array<int, 256> low{};
  std::array<int, 256> high{};
  bool any_low = false;
  bool any_high = false;
  const std::uint8_t* row = picture.row(picture.height / 2);
  for (int x = 1; x + 1 < picture.width; ++x) {
    const int before = row[x - 1];
    const int here = row[x];
    const int after = row[x + 1];
    if ((here < before && here <= after) || (here <= before && here < after)) ++low[static_cast<std::size_t>(here)], any_low = true;
    if ((here > before && here >= after) || (here >= before && here > after)) ++high[static_cast<std::size_t>(here)], any_high = true;
  }
  if (!any_low) low[0] = 1;
  if (!any_high) high[255] = 1;
  Contrast out;
  out.black = quantile(low, 0.25);
  out.half = (quantile(high, 0.75) - out.black) / 2;
  if (out.half <= 0) out.half = 1;
  return out;
}

std::vector<std::int16_t> levels(const imaging::Image& picture) {
  const auto contrast = contrast_of(picture);
  std::array<std::int16_t, 256> level{};
  for (std::size_t v = 0; v < level.size(); ++v)
    level[v] = static_cast<std::int16_t>(
        std::clamp(std::lround(128 * ((static_cast<double>(v) - contrast.black) / contrast.half - 1)), -127L, 127L));
  std::vector<std::int16_t> out(picture.pixels.size());
  std::ranges::transform(picture.pixels, out.begin(), [&](std::uint8_t p) { return level[p]; });
  return out;
}

/// Steps by features, -127..127.
struct Sequence {
  std::size_t steps = 0;
  std::size_t features = 0;
  std::vector<std::int16_t> values;

  Sequence(std::size_t s, std::size_t f) : steps(s), features(f), values(s * f) {}
  std::int16_t* at(std::size_t step) { return values.data() + step * features; }
  const std::int16_t* at(std::size_t step) const { return values.data() + step * features; }
};

/// Windows of 3 by 3 pixels, of whose features the largest in each block of 3 by 3 windows stay: column by column, from top to bottom.
/// What rises stays in order under the tangent, so that is taken of the largest alone.
Sequence convolved(const Model& model, const imaging::Image& picture, const Kernels& k) {
  const auto width = static_cast<std::size_t>(picture.width);
  const auto pixels = levels(picture);
  const std::size_t columns = width / kPool;
  const std::size_t bands = kHeight / kPool;
  const std::size_t features = model.convolution.outputs();
  Sequence out{columns * bands, features};
  Noise noise{model.seed};
  std::vector<float> best(columns * features);
  std::vector<float> sums(features);
  std::array<std::int16_t, 10> window{};
  for (std::size_t band = 0; band < bands; ++band) {
    std::ranges::fill(best, -std::numeric_limits<float>::infinity());
    for (std::size_t y = band * kPool; y < (band + 1) * kPool; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const bool inside = x > 0 && x + 1 < width && y > 0 && y + 1 < kHeight;
        if (inside) {
          const std::int16_t* at = pixels.data() + (y - 1) * width + x - 1;
          for (std::size_t dx = 0; dx < 3; ++dx)
            for (std::size_t dy = 0; dy < 3; ++dy) window[3 * dx + dy] = at[dy * width + dx];
        } else {
          for (std::size_t dx = 0; dx < 3; ++dx) {
            for (std::size_t dy = 0; dy < 3; ++dy) {
              const bool out_x = x + dx < 1 || x + dx > width;
              const bool out_y = y + dy < 1 || y + dy > kHeight;
              window[3 * dx + dy] = out_x || out_y ? noise.next() : pixels[(y + dy - 1) * width + x + dx - 1];
            }
          }
        }
        if (x / kPool >= columns) continue;
        k.multiply(model.convolution, window.data(), sums.data());
        float* const most = best.data() + x / kPool * features;
        for (std::size_t f = 0; f < features; ++f) most[f] = std::max(most[f], sums[f]);
      }
    }
    for (std::size_t c = 0; c < columns; ++c) k.squash(best.data() + c * features, features, out.at(c * bands + band));
  }
  return out;
}

/// Scratch for one memory: its inputs with its own last outputs, its sums, its state.
struct Runner {
  const Memory& memory;
  const Kernels& k;
  std::vector<std::int16_t> input;
  std::vector<float> gates;
  std::vector<float> state;

  Runner(const Memory& m, const Kernels& kernels)
      : memory(m), k(kernels), input(2 * m.gates.pairs()), gates(m.gates.blocks() * Matrix::kLanes), state(m.states) {}

  void reset() {
    std::ranges::fill(input, std::int16_t{0});
    std::ranges::fill(state, 0.F);
  }
  /// The outputs after another step.
  std::int16_t* step(const std::int16_t* features) {
    std::copy_n(features, memory.inputs, input.data());
    k.multiply(memory.gates, input.data(), gates.data());
    std::int16_t* const own = input.data() + memory.inputs;
    k.step(gates.data(), memory.states, state.data(), own);
    return own;
  }
};

Sequence down_columns(const Memory& memory, const Sequence& in, std::size_t bands, const Kernels& k) {
  Sequence out{in.steps / bands, memory.states};
  Runner runner{memory, k};
  for (std::size_t c = 0; c < out.steps; ++c) {
    runner.reset();
    const std::int16_t* last = nullptr;
    for (std::size_t b = 0; b < bands; ++b) last = runner.step(in.at(c * bands + b));
    std::copy_n(last, memory.states, out.at(c));
  }
  return out;
}

Sequence along(const Memory& memory, const Sequence& in, const Kernels& k) {
  Sequence out{in.steps, memory.states};
  Runner runner{memory, k};
  runner.reset();
  for (std::size_t i = 0; i < in.steps; ++i) {
    const std::size_t t = memory.backward ? in.steps - 1 - i : i;
    std::copy_n(runner.step(in.at(t)), memory.states, out.at(t));
  }
  return out;
}

}  // namespace

Probabilities run(const Model& model, const imaging::Image& picture, const Kernels& k) {
  const std::size_t bands = kHeight / kPool;
  Sequence features = down_columns(model.column, convolved(model, picture, k), bands, k);
  for (const auto& memory : model.rows) features = along(memory, features, k);
  Probabilities out;
  out.steps = features.steps;
  out.classes = model.output.outputs();
  out.stride = model.output.blocks() * Matrix::kLanes;
  out.values.resize(out.steps * out.stride);
  std::vector<std::int16_t> padded(2 * model.output.pairs());
  for (std::size_t t = 0; t < out.steps; ++t) {
    std::copy_n(features.at(t), features.features, padded.data());
    float* const at = out.values.data() + t * out.stride;
    k.multiply(model.output, padded.data(), at);
    k.softmax(at, out.classes);
  }
  return out;
}

}  // namespace authx::document::line
