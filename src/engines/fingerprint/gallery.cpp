#include "engines/fingerprint/gallery.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace authx::fingerprint {
namespace {

constexpr std::size_t kTables = 24, kKeyBits = 15, kFlowBits = 7, kUsed = 48;

struct BitPlace {
  std::size_t word;
  int bit;
};

/// Which bits make each table's key: spread over cells by a fixed generator (SplitMix64), so that keys never change.
const std::array<std::array<BitPlace, kKeyBits>, kTables>& places() {
  static const auto all = [] {
    std::array<std::array<BitPlace, kKeyBits>, kTables> out{};
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
        int x = 0, y = 0;
        do {
          x = static_cast<int>(next() % 8), y = static_cast<int>(next() % 8);
        } while ((2 * x - 7) * (2 * x - 7) + (2 * y - 7) * (2 * y - 7) > 50 ||
                 (i < kFlowBits && (2 * x - 7) * (2 * x - 7) + (2 * y - 7) * (2 * y - 7) < 9));  // near the minutia the flow is its own
        const std::size_t word = i < kFlowBits ? Descriptor::kCylinderWords + next() % Descriptor::kFlowWords : next() % Descriptor::kCylinderWords;
        table[i] = {word, x * 8 + y};
      }
    }
    return out;
  }();
  return all;
}

std::uint32_t key_of(const Descriptor& d, const std::array<BitPlace, kKeyBits>& table) {
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
  std::vector<std::pair<std::uint32_t, std::uint32_t>> entries;
  for (std::size_t t = 0; t < kTables; ++t) {
    entries.clear();
    for (std::size_t i = 0; i < templates_.size(); ++i) {
      for (std::size_t m = 0; m < used(templates_[i]); ++m) {
        const std::uint32_t key = key_of(templates_[i].descriptors[m], places()[t]);
        if (key != 0) entries.emplace_back(key, static_cast<std::uint32_t>(i));  // nothing around: says nothing
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
  std::vector<std::uint16_t> votes(templates_.size(), 0);
  for (std::size_t t = 0; t < kTables; ++t) {
    const Table& table = tables_[t];
    for (std::size_t m = 0; m < used(probe); ++m) {
      const std::uint32_t key = key_of(probe.descriptors[m], places()[t]);
      for (std::uint32_t e = table.starts[key]; e < table.starts[key + 1]; ++e) ++votes[table.owners[e]];
    }
  }
  std::vector<Candidate> out(templates_.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = {static_cast<std::uint32_t>(i), static_cast<float>(votes[i]) * weight_[i]};
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
  std::ranges::sort(found, [](const Found& a, const Found& b) { return a.match.score != b.match.score ? a.match.score > b.match.score : a.index < b.index; });
  return found;
}

}  // namespace authx::fingerprint
