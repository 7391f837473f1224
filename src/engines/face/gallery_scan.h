#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace authx::face {

/// Rows whose codes lie together. A block holds, for each group of four dimensions, those four codes of row 0, then of row 1,
/// and so on: one 64-byte load and one multiply-add then serve all rows, and no sum runs across a register.
inline constexpr std::size_t kBlockRows = 16;

/// Quantised rows in memory. Row r is about `scales[r] * (code - 128)`; `errors[r]` is at least the length of what the
/// quantisation lost, or hugely negative for a row that holds nothing.
struct ScanRows {
  const std::uint8_t* codes = nullptr;  ///< blocks * kBlockRows * 4 * groups
  const float* scales = nullptr;
  const float* errors = nullptr;
  std::size_t blocks = 0;
  std::size_t groups = 0;  ///< of four dimensions
};

struct ScanProbe {
  std::span<const std::int8_t> codes;  ///< 4 * groups, -127..127
  std::int32_t offset = 0;             ///< 128 * the sum of `codes`
  float scale = 0;
  float per_error = 0, constant = 0;  ///< the true product differs from the approximate one by at most error * per_error + constant
};

struct ScanHit {
  std::uint32_t row = 0;
  float approximate = 0, bound = 0;
};

/// Writes the rows whose product may reach `threshold`, at most `blocks * kBlockRows`, and returns how many.
using Scan = std::size_t (*)(const ScanRows& rows, const ScanProbe& probe, float threshold, ScanHit* out);

struct ScanKernel {
  std::string_view name;  ///< "avx512-vnni", "avx-vnni", "avx2", "portable"
  Scan scan;
};

/// What this processor can run, fastest first; "portable" is always there. All give the same products, which are whole numbers.
std::span<const ScanKernel> scan_kernels();

}  // namespace authx::face
