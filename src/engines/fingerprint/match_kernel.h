#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// A template's descriptors word by word, so that one instruction sees eight of them. Rows are filled with zeros to a
/// multiple of eight.
struct DescriptorColumns {
  static constexpr std::size_t kMax = Template::kMaxUsed;
  static_assert(kMax % 8 == 0);
  explicit DescriptorColumns(const Template& t);

  std::size_t count = 0;
  alignas(64) std::uint64_t cylinder[Descriptor::kCylinderWords][kMax], flow[Descriptor::kFlowWords][kMax], valid[kMax], flow_valid[kMax];
};

/// Patches of 16 x 16 bits of two ridge patterns at shifts of -3 .. 3 bits in both directions.
struct PatchShifts {
  static constexpr int kPatch = 16, kReach = 3, kShifts = 2 * kReach + 1, kSide = kPatch + 2 * kReach;
  static constexpr int kLane = 8, kMapSize = kShifts * kLane;  ///< a map's eighth places are fillers, the least value there is
};

/// The turned window of the other pattern: row r begins at (x[r], y[r]) and goes on by a step a bit, in 1/65536 bit. All
/// of it must lie inside of the pattern.
struct PatchWindow {
  const std::uint64_t* words = nullptr;
  std::size_t stride = 0;  ///< words a row
  std::int32_t x[PatchShifts::kSide], y[PatchShifts::kSide];
  std::int32_t step_x = 0, step_y = 0;
};

/// The matcher's inner loops. All kernels give the same numbers, bit by bit.
struct MatchKernel {
  std::string_view name;  ///< "avx512" or "portable"
  /// Similarity of one descriptor with each of the columns', 0..1; `out` has room for the filled rows.
  void (*similarities)(const Descriptor& a, const DescriptorColumns& b, float* out);
  /// Agreeing minus differing bits at each shift; `patch` holds four rows a word, the first lowest.
  void (*correlate)(const PatchWindow& window, const std::uint64_t (&patch)[4], std::int16_t (&map)[PatchShifts::kMapSize]);
};

/// The fastest that this processor runs.
const MatchKernel& match_kernel() noexcept;
/// All that this processor runs, for tests.
std::vector<MatchKernel> match_kernels();

}  // namespace authx::fingerprint
