#pragma once

#include <array>
#include <span>

namespace authx::document {

/// A small convolutional network that tells the 37 characters of a machine-readable zone apart: two convolutions with ReLU and
/// 2x2 maximum pooling, one hidden layer. `tools/ocrb` trains it on renderings of free fonts (OCR-B and, rarely, other
/// monospaced ones) with the degradations of print and camera; no picture of a document takes part.
struct GlyphNet {
  /// A patch holds one character: its cell is `kCell` pixels wide with `kMargin` on either side, capitals are `kCap` high with
  /// `kRise` above and below.
  static constexpr int kCell = 16;
  static constexpr int kMargin = 2;
  static constexpr int kCap = 18;
  static constexpr int kRise = 3;
  static constexpr int kWidth = kCell + 2 * kMargin;
  static constexpr int kHeight = kCap + 2 * kRise;
  static constexpr int kInputs = kWidth * kHeight;
  static constexpr int kGlyphs = 37;
  static constexpr int kNone = 37;  ///< no character, or one cut in the wrong place
  static constexpr int kClasses = kGlyphs + 1;
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";

  /// Convolutions are square and lose their borders. Feature maps lie row by row, channels innermost; weights lie as
  /// [row][column][channel in][channel out].
  static constexpr int kSide1 = 5;
  static constexpr int kChannels1 = 12;
  static constexpr int kWidth1 = (kWidth - kSide1 + 1) / 2;  ///< after pooling
  static constexpr int kHeight1 = (kHeight - kSide1 + 1) / 2;
  static constexpr int kSide2 = 3;
  static constexpr int kChannels2 = 24;
  static constexpr int kWidth2 = (kWidth1 - kSide2 + 1) / 2;
  static constexpr int kHeight2 = (kHeight1 - kSide2 + 1) / 2;
  static constexpr int kFeatures = kWidth2 * kHeight2 * kChannels2;
  static constexpr int kHidden = 64;

  /// Log-probabilities in the order of `kAlphabet`, then `kNone`. The patch is gray, dark characters on light ground, row by
  /// row; its mean and contrast don't matter.
  static std::array<float, kClasses> classify(std::span<const float, kInputs> patch);
};

}  // namespace authx::document
