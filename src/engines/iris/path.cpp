#include "engines/iris/path.h"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace authx::iris {

std::vector<int> best_path(const std::vector<float>& gain, int columns, int levels, int reach, float price, bool closed) {
  // A closed path is one that has gone around before: half a turn is prepended and half a turn appended.
  const int lead = closed ? columns / 2 : 0, total = columns + 2 * lead;
  std::vector<float> sum(static_cast<std::size_t>(levels)), next(sum.size());
  std::vector<signed char> from(static_cast<std::size_t>(total) * sum.size());
  const auto at = [&](int step) {
    return gain.data() + static_cast<std::size_t>((step - lead + columns) % columns) * static_cast<std::size_t>(levels);
  };
  std::copy_n(at(0), levels, sum.begin());
  for (int step = 1; step < total; ++step) {
    const float* g = at(step);
    signed char* f = from.data() + static_cast<std::size_t>(step) * sum.size();
    for (int l = 0; l < levels; ++l) {
      float best = sum[static_cast<std::size_t>(l)];
      int move = 0;
      for (int d = -reach; d <= reach; ++d) {
        if (d == 0 || l + d < 0 || l + d >= levels) continue;
        const float v = sum[static_cast<std::size_t>(l + d)] - price * static_cast<float>(std::abs(d));
        if (v > best) best = v, move = d;
      }
      next[static_cast<std::size_t>(l)] = best + g[l];
      f[l] = static_cast<signed char>(move);
    }
    std::swap(sum, next);
  }
  int level = static_cast<int>(std::max_element(sum.begin(), sum.end()) - sum.begin());
  std::vector<int> path(static_cast<std::size_t>(columns));
  for (int step = total - 1; step >= 0; --step) {
    if (step >= lead && step < lead + columns) path[static_cast<std::size_t>(step - lead)] = level;
    if (step > 0) level += from[static_cast<std::size_t>(step) * sum.size() + static_cast<std::size_t>(level)];
  }
  return path;
}

std::vector<float> smooth_closed(const std::vector<float>& values, const std::vector<float>& weights, int order, float outlier,
                                 float stiffness) {
  const int n = static_cast<int>(values.size()), terms = 2 * order + 1;
  cv::Mat1d basis(n, terms);
  for (int k = 0; k < n; ++k) {
    basis(k, 0) = 1;
    for (int h = 1; h <= order; ++h) {
      const double a = 2 * std::numbers::pi * h * k / n;
      basis(k, 2 * h - 1) = std::cos(a), basis(k, 2 * h) = std::sin(a);
    }
  }
  std::vector<float> fitted = values;
  cv::Mat1d coefficients(terms, 1, 0.0);
  for (int round = 0; round < 5; ++round) {
    cv::Mat1d normal(terms, terms, 0.0), right(terms, 1, 0.0);
    double total = 0;
    for (int k = 0; k < n; ++k) {
      const double r = round == 0 ? 0 : (values[static_cast<std::size_t>(k)] - fitted[static_cast<std::size_t>(k)]) / outlier;
      const double w = weights[static_cast<std::size_t>(k)] / (1 + r * r);
      total += w;
      const double* b = basis[k];
      for (int i = 0; i < terms; ++i) {
        right(i, 0) += w * b[i] * values[static_cast<std::size_t>(k)];
        for (int j = 0; j <= i; ++j) normal(i, j) += w * b[i] * b[j];
      }
    }
    if (total <= 0) return values;
    for (int i = 0; i < terms; ++i) {
      for (int j = 0; j < i; ++j) normal(j, i) = normal(i, j);
      const int h = (i + 1) / 2;
      normal(i, i) += stiffness * total * (h * h * h * h) + 1e-9;
    }
    if (!cv::solve(normal, right, coefficients, cv::DECOMP_CHOLESKY)) return values;
    for (int k = 0; k < n; ++k) {
      double v = 0;
      for (int i = 0; i < terms; ++i) v += basis(k, i) * coefficients(i, 0);
      fitted[static_cast<std::size_t>(k)] = static_cast<float>(v);
    }
  }
  return fitted;
}

}  // namespace authx::iris
