#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace authx::document::line {

/// Rows of weights -127..127, each with a bias and a factor of its own, as networks that were made whole-numbered hold them. Outputs
/// are padded to blocks of `kLanes`, inputs to pairs; the padding's weights are zero.
class Matrix {
 public:
  static constexpr std::size_t kLanes = 16;

  Matrix() = default;
  /// Room for `outputs` rows of `inputs` weights.
  Matrix(std::size_t outputs, std::size_t inputs);

  std::size_t outputs() const noexcept { return outputs_; }
  std::size_t inputs() const noexcept { return inputs_; }
  std::size_t blocks() const noexcept { return bias_.size() / kLanes; }
  std::size_t pairs() const noexcept { return (inputs_ + 1) / 2; }

  /// Weights of one row, its bias last: `inputs() + 1` numbers.
  void set_row(std::size_t output, std::span<const std::int8_t> weights, float factor);

  /// One block: for each pair of inputs, two weights of each of its outputs.
  const std::int16_t* block(std::size_t b) const noexcept { return weights_.data() + b * pairs() * 2 * kLanes; }
  const std::int32_t* bias() const noexcept { return bias_.data(); }
  const float* factors() const noexcept { return factors_.data(); }

 private:
  std::size_t outputs_ = 0;
  std::size_t inputs_ = 0;
  std::vector<std::int16_t> weights_;
  std::vector<std::int32_t> bias_;
  std::vector<float> factors_;
};

/// What the network computes with; the processor's vector instructions are chosen once.
struct Kernels {
  /// `out[o] = factor[o] * (bias[o] + sum of weight[o][i] * x[i])` for all padded outputs; `x` has `2 * pairs()` numbers.
  void (*multiply)(const Matrix& m, const std::int16_t* x, float* out);
  /// One step of a long short-term memory (Hochreiter and Schmidhuber, 1997; forget gates: Gers et al., 2000) without peepholes. `gates`
  /// holds the sums for `n` cell inputs, input, forget and output gates; `out` gets the outputs as -127..127.
  void (*step)(const float* gates, std::size_t n, float* state, std::int16_t* out);
  /// Hyperbolic tangents as -127..127.
  void (*squash)(const float* in, std::size_t n, std::int16_t* out);
  /// Sums to probabilities, in place.
  void (*softmax)(float* values, std::size_t n);
};
const Kernels& kernels() noexcept;
/// Without vector instructions: what the others are tested against.
const Kernels& portable_kernels() noexcept;

}  // namespace authx::document::line
