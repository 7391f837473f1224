#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "engines/document/glyph_net.h"
#include "engines/specimen/people.h"

namespace authx::ocrb {

using document::GlyphNet;
using Patch = std::array<float, GlyphNet::kInputs>;  ///< mean 0, deviation 1
using Parameters = std::vector<float>;

/// `GlyphNet` with its gradients: one sample at a time, Adam (Kingma and Ba, 2015) over the batch's mean.
class Network {
 public:
  explicit Network(specimen::Dice& dice);

  int forward(const Patch& patch);          ///< the likeliest class
  double backward(int label);               ///< after `forward`: adds the gradient, returns the loss
  void step(float rate, int t, int batch);  ///< t counts from 1; clears the gradient
  std::vector<Parameters*> parameters();    ///< in the order of their gradients

  Parameters conv1, conv1_bias, conv2, conv2_bias, hidden, hidden_bias, output, output_bias;

 private:
  using G = GlyphNet;
  Patch input_{};
  std::array<float, G::kHeight1 * G::kWidth1 * G::kChannels1> first_{};
  std::array<int, G::kHeight1 * G::kWidth1 * G::kChannels1> first_from_{};  ///< where the maximum stood, as an input offset
  std::array<float, G::kFeatures> second_{};
  std::array<int, G::kFeatures> second_from_{};
  std::array<float, G::kHidden> units_{};
  std::array<float, G::kClasses> odds_{};
  std::vector<Parameters> gradients_, first_moments_, second_moments_;
};

}  // namespace authx::ocrb
