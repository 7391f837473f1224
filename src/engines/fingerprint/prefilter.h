#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

struct Candidate {
  std::uint32_t index = 0;  ///< of the enrolled template
  float votes = 0;          ///< comparable within one search only
};

/// The surroundings of one minutia in 64 bits, in its own frame: signs of linear functions of the pooled cylinder and flow
/// of its descriptor, those that tell minutiae apart best against what differs between impressions of one minutia (linear
/// discriminant analysis, as Strecha, Bronstein, Bronstein, Fua, LDAHash, IEEE PAMI 34(1), 2012). Learned on
/// FVC2002 DB1_B and DB3_B and their mirror images.
using MinutiaCode = std::uint64_t;
MinutiaCode minutia_code(const Descriptor& d);

/// The first stage of a 1:N search: enrolled templates as the codes of their best minutiae, 192 bytes each, scanned from
/// the first to the last at tens of millions a second. Needs no alignment. A row's score is the sum over its codes of how
/// far the nearest of the probe's codes lies below `kNear` bits.
class Prefilter {
 public:
  static constexpr std::size_t kCodes = 24;       ///< of an enrolled template
  static constexpr std::size_t kProbeCodes = 32;  ///< of a probe
  static constexpr int kNear = 20;
  static constexpr std::size_t kMostScore = kCodes * kNear;

  struct alignas(64) Row {
    std::array<MinutiaCode, kCodes> codes{};
  };

  void reserve(std::size_t n);
  void add(const Template& t);
  /// Codes made elsewhere, the best minutiae's first.
  void add(std::span<const MinutiaCode> codes);
  std::size_t size() const noexcept { return rows_.size(); }

  /// The score of every row.
  std::vector<std::uint16_t> scores(const Template& probe) const;
  /// At most `count` rows, the highest scores first; equal scores in order of index.
  std::vector<Candidate> best(const Template& probe, std::size_t count) const;

 private:
  std::vector<Row> rows_;
  std::vector<std::uint8_t> counts_;  ///< codes in each row
};

/// Writes the scores of `n` rows. All kernels give the same numbers.
using PrefilterScan = void (*)(const Prefilter::Row* rows, const std::uint8_t* counts, std::size_t n, std::span<const MinutiaCode> probe,
                               std::uint16_t* scores);
struct PrefilterKernel {
  std::string_view name;  ///< "avx512", "avx2" or "portable"
  PrefilterScan scan;
};
/// The fastest that this processor runs.
const PrefilterKernel& prefilter_kernel() noexcept;
/// All that this processor runs, for tests.
std::vector<PrefilterKernel> prefilter_kernels();

}  // namespace authx::fingerprint
