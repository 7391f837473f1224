#pragma once

#include <span>
#include <vector>

#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

struct Enrolled {
  std::uint32_t set = 0, finger = 0;
  Template t;
};

/// How often the first stages of a 1:N search keep the finger that is looked for, when they hand on a share of the
/// gallery (the penetration rate).
struct Narrowing {
  double share = 0;
  double first = 0;     ///< of the targets, kept by `Prefilter` alone
  double both = 0;      ///< kept by `Prefilter`, which hands on Gallery::kWider times as many, and the second stage
  double matching = 0;  ///< as `both`, of the targets that the matcher accepts at a false-match rate of 1e-4
  std::size_t targets = 0, others = 0;
};

/// Every impression of `set` searches each other impression of its finger, alone among all impressions of other fingers of
/// all sets and nine made-up strangers of each. Ties count against the target.
std::vector<Narrowing> narrowing(std::span<const Enrolled> all, std::uint32_t set);

}  // namespace authx::fingerprint
