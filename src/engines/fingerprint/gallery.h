#pragma once

#include <cstdint>
#include <vector>

#include "engines/fingerprint/matcher.h"
#include "engines/fingerprint/prefilter.h"

namespace authx::fingerprint {

struct Found {
  std::uint32_t index = 0;
  Match match;
};

/// The sum of the probe's eight best similarities with any minutia of the other's (local similarity sort, as Cappelli,
/// Ferrara, Maltoni, IEEE PAMI 32(12), 2010): a search's second stage.
float local_similarity(const Template& probe, const Template& other);

/// Enrolled templates for 1:N search in three stages: `Prefilter` over all, the surroundings of minutiae in full for the
/// best of those, then the matcher. Immutable after construction: any number of threads may search.
class Gallery {
 public:
  static constexpr std::size_t kMaxSize = std::size_t{1} << 24;
  static constexpr std::size_t kWider = 4;  ///< templates that the second stage looks at for each that it keeps

  /// Templates beyond kMaxSize are left out.
  explicit Gallery(std::vector<Template> templates);

  std::size_t size() const noexcept { return templates_.size(); }
  const Template& operator[](std::size_t i) const { return templates_[i]; }

  /// At most `count` templates, most alike first.
  std::vector<Candidate> shortlist(const Template& probe, std::size_t count) const;

  /// The matches at `target_fmr` among the `shortlist` best, best first. The rate is of the search: each comparison's is
  /// multiplied by the gallery's size.
  std::vector<Found> search(const Template& probe, double target_fmr = kDefaultFmr, std::size_t shortlist = 200) const;

 private:
  std::vector<Template> templates_;
  Prefilter prefilter_;
};

}  // namespace authx::fingerprint
