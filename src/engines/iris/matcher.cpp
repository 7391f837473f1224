#include "engines/iris/matcher.h"

#include <algorithm>
#include <cmath>

#include "engines/iris/calibration.h"
#include "engines/iris/kernel.h"

namespace authx::iris {
namespace {

/// Bit k of `to` is bit k + shift of `from`, around 256 bits.
void rotate(const std::uint64_t* from, std::uint64_t* to, int shift) {
  const auto by = static_cast<unsigned>(shift & 255), word = by / 64, bit = by % 64;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint64_t a = from[(i + word) % 4], b = from[(i + word + 1) % 4];
    to[i] = bit == 0 ? a : a >> bit | b << (64 - bit);
  }
}

double normalised(double hamming, int bits) { return 0.5 - (0.5 - hamming) * std::min(std::sqrt(bits / kTypicalBits), 1.5); }

double hamming_of(Count c) { return c.shared > 0 ? static_cast<double>(c.different) / c.shared : 0.5; }

}  // namespace

Probe::Probe(const Code& code) : rotated_(2 * kShifts + 1) {
  for (int s = -kShifts; s <= kShifts; ++s) {
    Code& out = rotated_[static_cast<std::size_t>(s + kShifts)];
    for (std::size_t i = 0; i < Code::kGroups; ++i) {
      rotate(code.groups[i].bits.data(), out.groups[i].bits.data(), s);
      rotate(code.groups[i].bits.data() + 4, out.groups[i].bits.data() + 4, s);
      rotate(code.groups[i].mask.data(), out.groups[i].mask.data(), s);
    }
  }
}

Match Probe::compare(const Code& other, double target_fmr) const {
  const CountFn count = kernel().count;
  Match best;
  best.distance = 1;
  for (int s = -kShifts; s <= kShifts; ++s) {
    const Count c = count(rotated_[static_cast<std::size_t>(s + kShifts)], other, 0, 1);
    const double hamming = hamming_of(c), distance = c.shared < kLeastBits ? 0.5 : normalised(hamming, c.shared);
    if (distance < best.distance) best = {distance, hamming, c.shared, s * 360.0 / Code::kColumns, 1, false};
  }
  best.fmr = fmr_at(best.distance);
  best.match = best.fmr <= target_fmr;
  return best;
}

double Probe::quick_distance(const Code& other) const {
  // Groups 1, 7, 13, 19: every scale, rows from near the pupil to the limbus.
  constexpr int kFirst = 1, kStep = 6;
  const CountFn count = kernel().count;
  double best = 0.5;
  for (const Code& rotated : rotated_) {
    const Count part = count(rotated, other, kFirst, kStep);
    if (part.different > kHopeless * part.shared) continue;
    const Count c = count(rotated, other, 0, 1);
    if (c.shared >= kLeastBits) best = std::min(best, normalised(hamming_of(c), c.shared));
  }
  return best;
}

Match match(const Template& probe, const Template& other, double target_fmr) { return Probe{probe.code}.compare(other.code, target_fmr); }

std::string_view kernel_name() noexcept { return kernel().name; }

}  // namespace authx::iris
