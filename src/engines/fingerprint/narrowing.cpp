#include "engines/fingerprint/narrowing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "engines/fingerprint/gallery.h"
#include "engines/fingerprint/stretch.h"

namespace authx::fingerprint {

std::vector<Narrowing> narrowing(std::span<const Enrolled> all, std::uint32_t set) {
  constexpr std::array kShares{0.001, 0.01, 0.05, 0.1};
  std::vector<Narrowing> out;
  for (const double share : kShares) out.push_back({.share = share});
  // Strangers come after all impressions, each group with its finger.
  std::vector<Template> templates;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < all.size(); ++i) templates.push_back(all[i].t), owners.push_back(i);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (auto& t : strangers(all[i].t)) templates.push_back(std::move(t)), owners.push_back(i);
  }
  Prefilter prefilter;
  for (const Template& t : templates) prefilter.add(t);
  std::size_t targets = 0, matching = 0, others = 0;
  for (std::size_t p = 0; p < all.size(); ++p) {
    if (all[p].set != set) continue;
    const auto votes = prefilter.scores(all[p].t);
    std::vector<std::size_t> strange;
    for (std::size_t i = 0; i < templates.size(); ++i) {
      const Enrolled& e = all[owners[i]];
      if (e.set != all[p].set || e.finger != all[p].finger) strange.push_back(i);
    }
    others = strange.size();
    std::ranges::sort(strange, [&](std::size_t a, std::size_t b) { return votes[a] != votes[b] ? votes[a] > votes[b] : a < b; });
    const auto handed_on = [&](double share) { return static_cast<std::size_t>(std::floor(share * static_cast<double>(others))); };
    const std::size_t most = std::min(others, Gallery::kWider * handed_on(kShares.back()));
    std::vector<float> local;
    for (std::size_t i = 0; i < most; ++i) local.push_back(local_similarity(all[p].t, templates[strange[i]]));
    for (std::size_t t = 0; t < all.size(); ++t) {
      if (t == p || all[t].set != all[p].set || all[t].finger != all[p].finger) continue;
      const auto ahead = static_cast<std::size_t>(
          std::ranges::partition_point(strange, [&](std::size_t i) { return votes[i] >= votes[t]; }) - strange.begin());
      const float own = local_similarity(all[p].t, all[t].t);
      const bool matches = match(all[p].t, all[t].t, 1e-4).match;
      ++targets, matching += matches ? 1 : 0;
      for (Narrowing& n : out) {
        const std::size_t room = std::max<std::size_t>(1, handed_on(n.share)), wider = std::min(Gallery::kWider * room, most);
        n.first += ahead < room ? 1 : 0;
        if (ahead >= wider) continue;
        const auto likelier =
            std::count_if(local.begin(), local.begin() + static_cast<std::ptrdiff_t>(wider), [&](float l) { return l >= own; });
        const bool kept = static_cast<std::size_t>(likelier) < room;
        n.both += kept ? 1 : 0, n.matching += kept && matches ? 1 : 0;
      }
    }
  }
  for (Narrowing& n : out) {
    n.targets = targets, n.others = others;
    n.first /= std::max(1.0, static_cast<double>(targets)), n.both /= std::max(1.0, static_cast<double>(targets));
    n.matching /= std::max(1.0, static_cast<double>(matching));
  }
  return out;
}

}  // namespace authx::fingerprint
