#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "imaging/image.h"

namespace authx::document {

/// 64 bits that small changes of a picture hardly change: signs of the 8x8 lowest frequencies of a 32x32 copy against their
/// median (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010). For the rectified page or the
/// portrait, to find the same picture sent again. Two cards of one design are alike too: take the portrait's hash to tell
/// their holders apart. 0 for an empty image.
std::uint64_t perceptual_hash(const imaging::Image& image);

/// Bits that differ, 0..64. Unrelated pictures lie around 32.
int hash_distance(std::uint64_t a, std::uint64_t b) noexcept;

inline constexpr int kSamePictureDistance = 8;  ///< at most this: the same picture, compressed, scaled or lit otherwise

struct HashMatch {
  std::size_t index = 0;
  int distance = 0;
};
/// The nearest of `known` within `most` bits; nothing when there is none. Linear; a million take about a millisecond.
std::optional<HashMatch> nearest_hash(std::uint64_t hash, std::span<const std::uint64_t> known, int most = kSamePictureDistance);

}  // namespace authx::document
