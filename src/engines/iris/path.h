#pragma once

#include <vector>

namespace authx::iris {

/// The path of greatest gain through a matrix of `columns` x `levels` (row-major by column): one level a column, moving by
/// at most `reach` levels from column to column at `price` a level (Viterbi). `closed`: the first column follows the last.
std::vector<int> best_path(const std::vector<float>& gain, int columns, int levels, int reach, float price, bool closed);

/// A Fourier series of `order` harmonics fitted to a closed line's values by weighted least squares with re-weighting of
/// outliers (Cauchy's weights). `stiffness` pulls higher harmonics towards zero, in units of mean weight.
std::vector<float> smooth_closed(const std::vector<float>& values, const std::vector<float>& weights, int order, float outlier,
                                 float stiffness);

}  // namespace authx::iris
