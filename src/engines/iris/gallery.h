#pragma once

#include <cstdint>
#include <vector>

#include "engines/iris/matcher.h"

namespace authx::iris {

struct Found {
  std::uint32_t index = 0;  ///< of the enrolled template
  Match match;              ///< its rate is of the search: each comparison's multiplied by the gallery's size
};

/// Enrolled codes for 1:N search, one after the other in memory. Every template is looked at in all 33 rotations, giving up
/// early on those that are hopeless (`Probe::quick_distance`); what comes near the threshold is compared in full.
/// Immutable after construction: any number of threads may search.
class Gallery {
 public:
  static constexpr std::size_t kMaxSize = std::size_t{1} << 22;

  /// Templates beyond kMaxSize are left out.
  explicit Gallery(std::vector<Template> templates);

  std::size_t size() const noexcept { return templates_.size(); }
  const Template& operator[](std::size_t i) const { return templates_[i]; }

  /// The matches at `target_fmr`, best first. An eye known to be the other one is not compared.
  std::vector<Found> search(const Template& probe, double target_fmr = kDefaultFmr) const;

 private:
  std::vector<Template> templates_;
};

}  // namespace authx::iris
