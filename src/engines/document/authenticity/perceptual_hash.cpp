#include "engines/document/authenticity/perceptual_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/geometry.h"
#include "imaging/mat.h"

namespace authx::document {

std::uint64_t perceptual_hash(const imaging::Image& image) {
  if (image.empty()) return 0;
  const imaging::Image gray = imaging::to_gray(image);
  cv::Mat small;
  cv::resize(imaging::as_mat(gray), small, {32, 32}, 0, 0, cv::INTER_AREA);
  small.convertTo(small, CV_32F);
  cv::Mat spectrum;
  cv::dct(small, spectrum);
  std::array<float, 64> low{};
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) low[static_cast<std::size_t>(8 * y + x)] = spectrum.at<float>(y, x);
  }
  // The level says how bright the picture is, nothing else: it takes no part in the median.
  std::array<float, 63> others{};
  std::copy(low.begin() + 1, low.end(), others.begin());
  std::ranges::nth_element(others, others.begin() + 31);
  std::uint64_t hash = 0;
  for (std::size_t i = 1; i < 64; ++i) {
    if (low[i] > others[31]) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

int hash_distance(std::uint64_t a, std::uint64_t b) noexcept { return std::popcount(a ^ b); }

std::optional<HashMatch> nearest_hash(std::uint64_t hash, std::span<const std::uint64_t> known, int most) {
  std::optional<HashMatch> best;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const int d = hash_distance(hash, known[i]);
    if (d <= most && (!best || d < best->distance)) best = HashMatch{i, d};
  }
  return best;
}

}  // namespace authx::document
