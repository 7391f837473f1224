#include "engines/accuracy/fusion.h"

#include <algorithm>
#include <cmath>

namespace authx::accuracy {

double fuse_rates(std::span<const double> fmr) {
  // P(product of n uniform variables <= x) = x * sum over k < n of (-ln x)^k / k!
  double log_product = 0;
  for (const double p : fmr) log_product += std::log(std::clamp(p, 1e-30, 1.0));
  double term = 1, sum = fmr.empty() ? 1 : 0;
  for (std::size_t k = 0; k < fmr.size(); ++k) {
    sum += term;
    term *= -log_product / static_cast<double>(k + 1);
  }
  return std::min(1.0, std::exp(log_product) * sum);
}

}  // namespace authx::accuracy
