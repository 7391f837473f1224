#include "engines/accuracy/linkability.h"

#include <algorithm>
#include <vector>

namespace authx::accuracy {

double linkability(std::span<const double> mated, std::span<const double> non_mated, std::size_t bins) {
  const auto [a, b] = std::ranges::minmax(mated);
  const auto [c, d] = std::ranges::minmax(non_mated);
  const double low = std::min(a, c), width = (std::max(b, d) - low) / static_cast<double>(bins);
  if (!(width > 0)) return 0;
  const auto histogram = [&](std::span<const double> scores) {
    std::vector<double> shares(bins, 0);
    for (const double s : scores)
      shares[std::min(static_cast<std::size_t>((s - low) / width), bins - 1)] += 1 / static_cast<double>(scores.size());
    return shares;
  };
  const auto same = histogram(mated), other = histogram(non_mated);
  double sum = 0;
  for (std::size_t i = 0; i < bins; ++i)
    if (same[i] > other[i]) sum += same[i] * (2 * same[i] / (same[i] + other[i]) - 1);  // likelihood ratio / (1 + it), twice, less 1
  return sum;
}

}  // namespace authx::accuracy
