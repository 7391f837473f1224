#include "engines/iris/matcher.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

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

/// What a shared bit weighs in `0.5 - normalised`, by half of the number of shared bits; 0 where they are too few.
const std::array<float, Code::kGroups * Code::kColumns + 1> kWeights = [] {
  std::array<float, Code::kGroups * Code::kColumns + 1> t{};
  for (int half = kLeastBits / 2; half < static_cast<int>(t.size()); ++half)
    t[static_cast<std::size_t>(half)] = static_cast<float>((0.5 - normalised(0, 2 * half)) / half);
  return t;
}();

double hamming_of(Count c) { return c.shared > 0 ? static_cast<double>(c.different) / c.shared : 0.5; }

/// The best rotation of one comparison.
class Best {
 public:
  /// Without a branch: which rotation is the best so far cannot be foretold.
  void offer(Count c, std::size_t rotation) {
    counts_[rotation] = c;
    // How far the distance lies below 0.5, but for a factor: by table, since roots and quotients would cost as much as counting.
    const float alike = static_cast<float>(c.shared - 2 * c.different) * kWeights[static_cast<std::size_t>(c.shared / 2)];
    best_ = std::max(best_, static_cast<std::int64_t>(alike * kUnit) * kRotations + (kRotations - 1 - static_cast<std::int64_t>(rotation)));
  }
  Match match(double target_fmr) const {
    const auto rotation = static_cast<std::size_t>(kRotations - 1 - (best_ % kRotations + kRotations) % kRotations);
    const Count& c = counts_[rotation];
    Match m;
    m.hamming = hamming_of(c), m.bits = c.shared;
    m.distance = c.shared < kLeastBits ? 0.5 : normalised(m.hamming, c.shared);
    m.rotation = (static_cast<int>(rotation) - kShifts) * 360.0 / Code::kColumns;
    m.fmr = fmr_at(m.distance);
    m.match = m.fmr <= target_fmr;
    return m;
  }

 private:
  static constexpr std::int64_t kRotations = 2 * kShifts + 1;
  static constexpr float kUnit = 1 << 24;
  std::array<Count, kRotations> counts_{};
  std::int64_t best_ = std::numeric_limits<std::int64_t>::min();
};

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
  Best best;
  for (std::size_t r = 0; r < rotated_.size(); ++r) best.offer(count(rotated_[r], other, 0, 1), r);
  return best.match(target_fmr);
}

std::vector<Match> Probe::compare_all(std::span<const Template> others, double target_fmr) const {
  const CountSeveralFn count = kernel().count_several;
  std::vector<Match> out;
  out.reserve(others.size());
  for (std::size_t first = 0; first < others.size(); first += kAtOnce) {
    const std::size_t n = std::min(kAtOnce, others.size() - first);
    const Code* codes[kAtOnce];
    for (std::size_t o = 0; o < kAtOnce; ++o) codes[o] = &others[first + std::min(o, n - 1)].code;
    Best best[kAtOnce];
    for (std::size_t r = 0; r < rotated_.size(); ++r) {
      Count counts[kAtOnce];
      count(rotated_[r], codes, counts);
      for (std::size_t o = 0; o < kAtOnce; ++o) best[o].offer(counts[o], r);
    }
    for (std::size_t o = 0; o < n; ++o) out.push_back(best[o].match(target_fmr));
  }
  return out;
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
