#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engines/iris/template.h"

namespace authx::iris {

inline constexpr int kShifts = 16;            ///< rotations tried to either side, in 1/256 of a turn: 22.5 degrees
inline constexpr int kLeastBits = 1200;       ///< bits that both codes must share; fewer compare as strangers
inline constexpr double kTypicalBits = 7372;  ///< shared bits of a typical comparison, to which distances are normalised
inline constexpr double kDefaultFmr = 1e-4;

struct Match {
  double distance = 0.5;  ///< normalised by the number of shared bits: what decides. 0 or less: same code, about 0.46: strangers
  double hamming = 0.5;   ///< fractional Hamming distance of the shared bits at the best rotation
  int bits = 0;           ///< shared bits at that rotation
  double rotation = 0;    ///< degrees
  double fmr = 1;         ///< share of comparisons of different eyes with at most this distance; see calibration.h
  bool match = false;     ///< fmr <= the wanted rate
};

/// A code in all 33 rotations, made once for many comparisons.
class Probe {
 public:
  explicit Probe(const Code& code);

  /// Masked fractional Hamming distance over all rotations, normalised for the number of bits (Daugman, IEEE CSVT 14(1),
  /// 2004; IEEE SMC-B 37(5), 2007): 0.5 - (0.5 - HD) * sqrt(bits / typical bits), the least of the 33.
  Match compare(const Code& other, double target_fmr = kDefaultFmr) const;

  /// As `compare`, of many at once, in their order: each rotation is read once for several of them.
  std::vector<Match> compare_all(std::span<const Template> others, double target_fmr = kDefaultFmr) const;

  /// The same distance, but gives up early: rotations whose distance on a sixth of the code is above `kHopeless` are left
  /// out, and with no rotation left the distance is 0.5. Several times faster; what it loses are single genuine
  /// comparisons next to the threshold.
  double quick_distance(const Code& other) const;
  static constexpr double kHopeless = 0.44;

 private:
  std::vector<Code> rotated_;
};

/// Compares two eyes' codes. Symmetric up to rounding; pure.
Match match(const Template& probe, const Template& other, double target_fmr = kDefaultFmr);

/// Names the instruction set in use: "avx512", "avx2" or "portable". All give the same numbers.
std::string_view kernel_name() noexcept;

}  // namespace authx::iris
