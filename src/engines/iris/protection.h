#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "engines/iris/matcher.h"

namespace authx::iris {

/// A renewable, keyed transform of iris codes (ISO/IEC 24745): a keyed permutation of all 6,144 places of a code with their
/// mask, and a keyed swap and inversion of the two bits at each. Distances are those of the plain codes, so matching
/// loses nothing; under another key the bits are unlike. Rotations are made of the probe, before the transform.
///
/// Reversible by who has the key, which must be kept apart; without it, only how many places are masked still shows.
class Protection {
 public:
  /// `key`: 32 bytes of full entropy.
  explicit Protection(BytesView key);

  Template apply(const Template& t) const;
  /// The probe's 33 rotations.
  std::vector<Code> rotations(const Code& code) const;

 private:
  Code apply(const Code& code) const;
  static constexpr std::size_t kPlaces = std::size_t{Code::kGroups} * Code::kColumns;
  std::array<std::uint16_t, kPlaces> from_{};
  std::array<std::uint8_t, kPlaces> change_{};  ///< bit 0: swap, 1: invert the real bit, 2: the imaginary one
};

/// As `Probe::compare`, of `Protection::rotations` with a protected code under the same key; the rotation is not known.
Match match_protected(const std::vector<Code>& rotations, const Code& other, double target_fmr = kDefaultFmr);

}  // namespace authx::iris
