#include "engines/fingerprint/evaluate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace authx::fingerprint {
namespace {

/// Indices of the trials, highest score first.
std::vector<std::size_t> ranking(std::span<const Trial> trials) {
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return trials[a].score > trials[b].score; });
  return order;
}

Rates rates_in_order(std::span<const Trial> trials, std::span<const double> weights, std::span<const std::size_t> order) {
  const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0 : weights[i]; };
  double genuine = 0, impostors = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) (trials[i].genuine() ? genuine : impostors) += weight(i);
  Rates r;
  if (genuine <= 0 || impostors <= 0) return r;
  double accepted = 0, wrong = 0, closest = 2;
  for (std::size_t k = 0; k < order.size();) {
    const double score = trials[order[k]].score;
    for (; k < order.size() && trials[order[k]].score == score; ++k) (trials[order[k]].genuine() ? accepted : wrong) += weight(order[k]);
    const double fnmr = 1 - accepted / genuine, fmr = wrong / impostors;
    if (std::abs(fnmr - fmr) < closest) closest = std::abs(fnmr - fmr), r.eer = (fnmr + fmr) / 2;
    if (fmr <= 0.01) r.fmr100 = fnmr;
    if (fmr <= 0.001) r.fmr1000 = fnmr;
    if (wrong <= 0) r.zero_fmr = fnmr;
  }
  return r;
}

}  // namespace

Rates rates_of(std::span<const Trial> trials, std::span<const double> weights) {
  const auto order = ranking(trials);
  return rates_in_order(trials, weights, order);
}

Interval eer_interval(std::span<const Trial> trials, int draws) {
  std::map<std::uint32_t, double> fingers;
  for (const Trial& t : trials) fingers[t.finger_a] = fingers[t.finger_b] = 0;
  if (fingers.size() < 2 || draws < 1) return {};
  const auto order = ranking(trials);
  std::mt19937 random{20020901};
  std::vector<double> eers, weights(trials.size());
  for (int d = 0; d < draws; ++d) {
    for (auto& [finger, count] : fingers) count = 0;
    for (std::size_t i = 0; i < fingers.size(); ++i)
      std::next(fingers.begin(), static_cast<std::ptrdiff_t>(random() % fingers.size()))->second += 1;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      weights[i] = trials[i].genuine() ? fingers[trials[i].finger_a] : fingers[trials[i].finger_a] * fingers[trials[i].finger_b];
    }
    eers.push_back(rates_in_order(trials, weights, order).eer);
  }
  std::ranges::sort(eers);
  const auto at = [&](double share) { return eers[static_cast<std::size_t>(share * static_cast<double>(eers.size() - 1))]; };
  return {at(0.05), at(0.95)};
}

double linkability(std::vector<double> mated, std::vector<double> others, int bins) {
  if (mated.empty() || others.empty() || bins < 1) return 0;
  std::ranges::sort(mated);
  std::ranges::sort(others);
  double sum = 0;
  std::size_t m = 0, o = static_cast<std::size_t>(std::ranges::lower_bound(others, mated.front()) - others.begin());
  for (int b = 1; b <= bins; ++b) {
    // Up to the bin's last mated score, and all that are equal to it.
    const std::size_t last = mated.size() * static_cast<std::size_t>(b) / static_cast<std::size_t>(bins);
    if (last <= m) continue;
    const double border = mated[last - 1];
    const auto m_end = static_cast<std::size_t>(std::ranges::upper_bound(mated, border) - mated.begin());
    const auto o_end = static_cast<std::size_t>(std::ranges::upper_bound(others, border) - others.begin());
    const double pm = static_cast<double>(m_end - m) / static_cast<double>(mated.size()),
                 po = static_cast<double>(o_end - o) / static_cast<double>(others.size());
    // D = 2 LR / (1 + LR) - 1 where mated scores are the likelier ones.
    if (pm > po) sum += pm * (pm - po) / (pm + po);
    m = m_end, o = o_end;
  }
  return sum;
}

}  // namespace authx::fingerprint
