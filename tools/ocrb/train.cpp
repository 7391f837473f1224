// Trains the classifier of machine-readable zones from free fonts and writes its weights as C++ source:
//   cmake --build build/release --target train_ocrb && build/release/bin/train_ocrb src/engines/document/ocrb_weights.inc
// The same seed gives the same weights on the same machine. No document image takes part.
#include <fmt/format.h>

#include <fstream>
#include <numbers>

#include "base/encoding.h"
#include "network.h"
#include "samples.h"

namespace {

using authx::document::GlyphNet;
using authx::specimen::Dice;
using namespace authx::ocrb;

/// Signed bytes times the scale that lets the largest weight be 127.
float scale_of(const Parameters& w) {
  float top = 1e-9F;
  for (const float v : w) top = std::max(top, std::abs(v));
  return top / 127;
}

void quantise(Parameters& w) {
  const float scale = scale_of(w);
  for (float& v : w) v = std::round(v / scale) * scale;
}

void emit(std::ofstream& out, const char* name, const Parameters& w) {
  const float scale = scale_of(w);
  authx::Bytes bytes;
  for (const float v : w) bytes.push_back(static_cast<std::uint8_t>(static_cast<std::int8_t>(std::lround(v / scale))));
  const std::string text = authx::base64_encode(bytes);
  // Lines of an array, because a compiler need not take a longer literal than 64 KiB.
  out << fmt::format("constexpr float k{}Scale = {:.9g}F;\nconstexpr std::string_view k{}[] = {{\n", name, scale, name);
  for (std::size_t i = 0; i < text.size(); i += 120) out << "    \"" << text.substr(i, 120) << "\",\n";
  out << "};\n";
}

double accuracy(Network& net, const Sampler& sampler, std::uint64_t seed, int count) {
  Dice dice{seed};
  int right = 0;
  Patch patch;
  for (int i = 0; i < count; ++i) {
    const int label = dice.between(0, GlyphNet::kGlyphs - 1);
    sampler.draw(label, dice, patch);
    right += net.forward(patch) == label ? 1 : 0;
  }
  return static_cast<double>(right) / count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: train_ocrb OUTPUT [batches]\n");
    return 2;
  }
  const int batches = argc > 2 ? std::atoi(argv[2]) : 13000;
  constexpr int kBatch = 64;
  const Sampler sampler;
  Dice dice{20240607};
  Network net{dice};
  Patch patch;
  double loss = 0;
  int right = 0;
  for (int t = 1; t <= batches; ++t) {
    for (int k = 0; k < kBatch; ++k) {
      const int label = dice.chance(0.16) ? GlyphNet::kNone : dice.between(0, GlyphNet::kGlyphs - 1);
      sampler.draw(label, dice, patch);
      right += net.forward(patch) == label ? 1 : 0;
      loss += net.backward(label);
    }
    const double rate = 0.003 * 0.5 * (1 + std::cos(std::numbers::pi * t / batches)) + 2e-5;
    net.step(static_cast<float>(rate), t, kBatch);
    if (t % 1000 == 0) {
      fmt::print("{:6} loss {:.4f} right {:.4f}\n", t, loss / (1000.0 * kBatch), right / (1000.0 * kBatch));
      std::fflush(stdout);
      loss = right = 0;
    }
  }
  const double before = accuracy(net, sampler, 7, 20000);
  for (Parameters* p : net.parameters()) quantise(*p);
  fmt::print("new samples: right {:.4f}, as signed bytes {:.4f}\n", before, accuracy(net, sampler, 7, 20000));
  std::ofstream out{argv[1]};
  out << "// Written by tools/ocrb/train.cpp. Layers as signed bytes times their scale; glyph_net.h says in which order.\n";
  emit(out, "Conv1Weights", net.conv1);
  emit(out, "Conv1Bias", net.conv1_bias);
  emit(out, "Conv2Weights", net.conv2);
  emit(out, "Conv2Bias", net.conv2_bias);
  emit(out, "HiddenWeights", net.hidden);
  emit(out, "HiddenBias", net.hidden_bias);
  emit(out, "OutputWeights", net.output);
  emit(out, "OutputBias", net.output_bias);
  return out.good() ? 0 : 1;
}
