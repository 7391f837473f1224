#include "engines/fingerprint/gallery.h"

#include <algorithm>
#include <array>
#include <functional>

#include "engines/fingerprint/match_kernel.h"

namespace authx::fingerprint {
namespace {

constexpr std::size_t kUsed = 48;  ///< of the probe's minutiae, in the second stage
constexpr std::size_t kBest = 8;   ///< of their similarities

}  // namespace

float local_similarity(const Template& probe, const Template& other) {
  const DescriptorColumns columns{other};
  std::array<float, kUsed> best{};
  std::array<float, DescriptorColumns::kMax> row;
  const std::size_t n = std::min(probe.descriptors.size(), kUsed);
  for (std::size_t i = 0; i < n && columns.count > 0; ++i) {
    match_kernel().similarities(probe.descriptors[i], columns, row.data());
    best[i] = *std::max_element(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(columns.count));
  }
  std::partial_sort(best.begin(), best.begin() + kBest, best.end(), std::greater{});
  float sum = 0;
  for (std::size_t i = 0; i < kBest; ++i) sum += best[i];
  return sum;
}

Gallery::Gallery(std::vector<Template> templates) : templates_(std::move(templates)) {
  if (templates_.size() > kMaxSize) templates_.resize(kMaxSize);
  prefilter_.reserve(templates_.size());
  for (const auto& t : templates_) prefilter_.add(t);
}

std::vector<Candidate> Gallery::shortlist(const Template& probe, std::size_t count) const {
  count = std::min(count, size());
  auto out = prefilter_.best(probe, kWider * count);
  for (Candidate& c : out) c.votes = local_similarity(probe, templates_[c.index]);
  std::ranges::sort(out, [](const Candidate& a, const Candidate& b) { return a.votes != b.votes ? a.votes > b.votes : a.index < b.index; });
  out.resize(std::min(count, out.size()));
  return out;
}

std::vector<Found> Gallery::search(const Template& probe, double target_fmr, std::size_t shortlist_size) const {
  std::vector<Found> found;
  for (const Candidate& c : shortlist(probe, shortlist_size)) {
    Match m = match(probe, templates_[c.index], target_fmr);
    m.fmr = std::min(1.0, m.fmr * static_cast<double>(size()));
    m.match = m.fmr <= target_fmr;
    if (m.match) found.push_back({c.index, m});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return a.match.score != b.match.score ? a.match.score > b.match.score : a.index < b.index;
  });
  return found;
}

}  // namespace authx::fingerprint
