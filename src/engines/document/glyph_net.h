#pragma once

#include <array>
#include <span>

namespace authx::document {

/// A small network that tells the 37 characters of a machine-readable zone apart: one hidden layer, trained by
/// `tools/ocrb` on renderings of a free OCR-B font with blur, noise, tilt and neighbours.
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
  static constexpr int kHidden = 160;
  static constexpr int kGlyphs = 37;
  static constexpr int kNone = 37;  ///< no character, or one cut in the wrong place
  static constexpr int kClasses = kGlyphs + 1;
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";

  /// Log-probabilities in the order of `kAlphabet`, then `kNone`. The patch is gray, dark characters on light ground, row by row; its mean
  /// and contrast don't matter.
  static std::array<float, kClasses> classify(std::span<const float, kInputs> patch);
};

}  // namespace authx::document
