#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/fingerprint/matcher.h"

namespace authx::fingerprint {

struct Candidate {
  std::uint32_t index = 0;  ///< of the enrolled template
  float votes = 0;          ///< of the prefilter, comparable within one search only
};

struct Found {
  std::uint32_t index = 0;
  Match match;
};

/// Enrolled templates for 1:N search. A prefilter by locality-sensitive hashing of minutia surroundings (as Cappelli,
/// Ferrara, Maltoni, IEEE PAMI 33(5), 2011, for cylinders), whose votes are counted by rotation, orders all templates; the
/// best are compared in full. Immutable after construction: any number of threads may search.
class Gallery {
 public:
  static constexpr std::size_t kMaxSize = std::size_t{1} << 24;

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
  struct Table {
    std::vector<std::uint32_t> starts;  ///< by key
    std::vector<std::uint32_t> owners;  ///< template << 8 | angle of the minutia, grouped by key
  };
  std::vector<Template> templates_;
  std::vector<Table> tables_;
  std::vector<float> weight_;  ///< a template with many minutiae collects votes by chance
};

}  // namespace authx::fingerprint
