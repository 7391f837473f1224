#include "engines/fingerprint/gallery.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace authx::fingerprint {
namespace {

constexpr std::size_t kTables = 32, kKeyBits = 17, kFlowBits = 12;
constexpr std::size_t kUsed = 48;
constexpr std::size_t kTurnBins = 16;

struct BitPlace {
  std::size_t word;
  int bit;
};

/// Which bits make each table's key: spread over cells by a fixed generator (SplitMix64), so that keys never change.
const std::vector<std::vector<BitPlace>>& places() {
  static const auto all = [] {
    std::vector<std::vector<BitPlace>> out(kTables, std::vector<BitPlace>(kKeyBits));
    std::uint64_t state = 0x41757468585f4647;
    const auto next = [&state] {
      state += 0x9e3779b97f4a7c15;
      std::uint64_t z = state;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
      z = (z ^ z >> 27) * 0x94d049bb133111eb;
      return z ^ z >> 31;
    };
    for (auto& table : out) {
      for (std::size_t i = 0; i < kKeyBits; ++i) {
        int x = 0, y = 0, square = 0;
        do {
          x = static_cast<int>(next() % 8), y = static_cast<int>(next() % 8);
          square = (2 * x - 7) * (2 * x - 7) + (2 * y - 7) * (2 * y - 7);
        } while (square > 50 || (i < kFlowBits && square < 9));  // outside of the circle; near the minutia the flow is its own
        const std::size_t word =
            i < kFlowBits ? Descriptor::kCylinderWords + next() % Descriptor::kFlowWords : next() % Descriptor::kCylinderWords;
        table[i] = {word, x * 8 + y};
      }
    }
    return out;
  }();
  return all;
}

std::uint32_t key_of(const Descriptor& d, const std::vector<BitPlace>& table) {
  std::uint32_t key = 0;
  for (const auto& [word, bit] : table) {
    const std::uint64_t w = word < Descriptor::kCylinderWords ? d.cylinder[word] : d.flow[word - Descriptor::kCylinderWords];
    key = key << 1 | static_cast<std::uint32_t>(w >> bit & 1);
  }
  return key;
}

std::size_t used(const Template& t) { return std::min(t.descriptors.size(), kUsed); }

}  // namespace

Gallery::Gallery(std::vector<Template> templates) : templates_(std::move(templates)), tables_(kTables) {
  if (templates_.size() > kMaxSize) templates_.resize(kMaxSize);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> entries;
  for (std::size_t t = 0; t < kTables; ++t) {
    entries.clear();
    for (std::size_t i = 0; i < templates_.size(); ++i) {
      for (std::size_t m = 0; m < used(templates_[i]); ++m) {
        const std::uint32_t key = key_of(templates_[i].descriptors[m], places()[t]);
        entries.emplace_back(key, static_cast<std::uint32_t>(i << 8 | templates_[i].minutiae[m].angle));
      }
    }
    std::ranges::sort(entries);
    Table& table = tables_[t];
    table.starts.assign((std::size_t{1} << kKeyBits) + 1, 0);
    for (const auto& [key, owner] : entries) ++table.starts[key + 1], table.owners.push_back(owner);
    for (std::size_t k = 1; k < table.starts.size(); ++k) table.starts[k] += table.starts[k - 1];
  }
  for (const auto& t : templates_) weight_.push_back(1 / std::sqrt(static_cast<float>(used(t)) + 8));
}

std::vector<Candidate> Gallery::shortlist(const Template& probe, std::size_t count) const {
  std::vector<std::uint16_t> votes(templates_.size() * kTurnBins, 0);
  for (std::size_t t = 0; t < kTables; ++t) {
    const Table& table = tables_[t];
    for (std::size_t m = 0; m < used(probe); ++m) {
      const std::uint32_t key = key_of(probe.descriptors[m], places()[t]);
      const std::uint8_t angle = probe.minutiae[m].angle;
      for (std::uint32_t e = table.starts[key]; e < table.starts[key + 1]; ++e) {
        const std::uint32_t owner = table.owners[e];
        const auto turn = static_cast<std::uint8_t>(owner - angle);
        ++votes[(owner >> 8) * kTurnBins + turn / (256 / kTurnBins)];
      }
    }
  }
  std::vector<Candidate> out(templates_.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint16_t* v = votes.data() + i * kTurnBins;
    int most = v[kTurnBins - 1] + v[0];  // a turn may fall on the border of two bins
    for (std::size_t b = 0; b + 1 < kTurnBins; ++b) most = std::max(most, v[b] + v[b + 1]);
    out[i] = {static_cast<std::uint32_t>(i), static_cast<float>(most) * weight_[i]};
  }
  count = std::min(count, out.size());
  const auto better = [](const Candidate& a, const Candidate& b) { return a.votes != b.votes ? a.votes > b.votes : a.index < b.index; };
  std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), better);
  out.resize(count);
  std::ranges::sort(out, better);
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
