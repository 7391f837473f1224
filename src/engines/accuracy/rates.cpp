#include "engines/accuracy/rates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "base/collect.h"

namespace authx::accuracy {
namespace {

std::size_t at_least(const std::vector<double>& sorted, double threshold) {
  return static_cast<std::size_t>(sorted.end() - std::ranges::lower_bound(sorted, threshold));
}

double mean(std::span<const double> v) { return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size()); }

}  // namespace

Interval wilson(std::size_t events, std::size_t trials) noexcept {
  if (trials == 0) return {};
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(events) / n, z2 = z * z;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double reach = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {events == 0 ? 0 : std::max(0.0, middle - reach), events == trials ? 1 : std::min(1.0, middle + reach)};
}

Rate rate(std::size_t events, std::size_t trials) noexcept {
  return {trials == 0 ? 0 : static_cast<double>(events) / static_cast<double>(trials), events, trials, wilson(events, trials)};
}

Distribution::Distribution(std::span<const Score> scores) {
  for (const auto& s : scores) (s.genuine ? genuine_ : impostor_).push_back(s.value);
  std::ranges::sort(genuine_);
  std::ranges::sort(impostor_);
}

Distribution::Distribution(std::vector<double> genuine, std::vector<double> impostor)
    : genuine_(std::move(genuine)), impostor_(std::move(impostor)) {
  std::ranges::sort(genuine_);
  std::ranges::sort(impostor_);
}

Rate Distribution::fmr(double threshold) const noexcept { return rate(at_least(impostor_, threshold), impostor_.size()); }
Rate Distribution::fnmr(double threshold) const noexcept { return rate(genuine_.size() - at_least(genuine_, threshold), genuine_.size()); }

std::optional<double> Distribution::threshold_at_fmr(double target) const {
  const auto allowed = static_cast<std::size_t>(target * static_cast<double>(impostor_.size()));
  if (allowed < 5 || allowed >= impostor_.size()) return std::nullopt;
  // Just above the highest score that has to be refused.
  return std::nextafter(impostor_[impostor_.size() - 1 - allowed], std::numeric_limits<double>::infinity());
}

Distribution::EqualError Distribution::equal_error() const {
  EqualError best;
  double least = 2;
  const auto consider = [&](double t) {
    const double fmr_here = fmr(t).value, fnmr_here = fnmr(t).value, gap = std::abs(fmr_here - fnmr_here);
    if (gap < least) least = gap, best = {(fmr_here + fnmr_here) / 2, t};
  };
  for (const double t : genuine_) consider(t);
  if (!impostor_.empty()) consider(std::nextafter(impostor_.back(), std::numeric_limits<double>::infinity()));
  return best;
}

std::vector<Distribution::CurvePoint> Distribution::curve(std::size_t points) const {
  std::vector<double> thresholds;
  // The interesting impostors are the highest: every second point sits among a share of them that halves.
  for (const auto* sorted : {&genuine_, &impostor_}) {
    const std::size_t n = sorted->size();
    for (std::size_t i = 0; i < points / 2 && n > 0; ++i) thresholds.push_back((*sorted)[i * n / (points / 2)]);
  }
  for (std::size_t k = 1; k < impostor_.size(); k = k * 5 / 4 + 1) thresholds.push_back(impostor_[impostor_.size() - k]);
  std::ranges::sort(thresholds);
  const auto repeated = std::ranges::unique(thresholds);
  thresholds.erase(repeated.begin(), repeated.end());
  return collect(thresholds, [this](double t) { return CurvePoint{t, fmr(t).value, fnmr(t).value}; });
}

std::optional<Interval> bootstrap(std::span<const Score> scores, const std::function<double(const Distribution&)>& statistic,
                                  std::size_t rounds, std::uint64_t seed) {
  std::map<std::string_view, std::size_t> subjects;
  for (const auto& s : scores) {
    if (s.subject_a.empty() || s.subject_b.empty()) return std::nullopt;
    subjects.emplace(s.subject_a, subjects.size());
    subjects.emplace(s.subject_b, subjects.size());
  }
  if (subjects.size() < 2 || rounds == 0) return std::nullopt;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const auto& s : scores) places.emplace_back(subjects.at(s.subject_a), subjects.at(s.subject_b));
  std::mt19937_64 random{seed};
  std::uniform_int_distribution<std::size_t> any{0, subjects.size() - 1};
  std::vector<double> values;
  std::vector<std::size_t> drawn(subjects.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    std::ranges::fill(drawn, 0);
    for (std::size_t i = 0; i < subjects.size(); ++i) ++drawn[any(random)];
    std::vector<double> genuine, impostor;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto [a, b] = places[i];
      const std::size_t times = a == b ? drawn[a] : drawn[a] * drawn[b];
      auto& into = scores[i].genuine ? genuine : impostor;
      into.insert(into.end(), times, scores[i].value);
    }
    if (genuine.empty() || impostor.empty()) continue;
    values.push_back(statistic(Distribution{std::move(genuine), std::move(impostor)}));
  }
  if (values.size() * 2 < rounds) return std::nullopt;
  std::ranges::sort(values);
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]; };
  return Interval{at(0.025), at(0.975)};
}

Logistic fit_logistic(std::span<const double> genuine, std::span<const double> impostor) {
  if (genuine.empty() || impostor.empty()) return {};
  // Damped Newton steps from standardised scores; the loss is convex.
  const double middle = (mean(genuine) + mean(impostor)) / 2, unit = std::max(mean(genuine) - mean(impostor), 1e-6);
  constexpr double kRidge = 1e-4;
  const auto loss = [&](double slope, double bias) {
    const auto part = [&](std::span<const double> scores, double sign) {
      double sum = 0;
      for (const double s : scores) sum += std::log1p(std::exp(std::min(-sign * (slope * (s - middle) / unit + bias), 500.0)));
      return sum / static_cast<double>(scores.size());
    };
    return part(genuine, 1) + part(impostor, -1) + kRidge * (slope * slope + bias * bias);
  };
  double slope = 1, bias = 0, current = loss(slope, bias);
  for (int step = 0; step < 40; ++step) {
    double g0 = -2 * kRidge * bias, g1 = -2 * kRidge * slope, h00 = 2 * kRidge, h01 = 0, h11 = 2 * kRidge;
    const auto add = [&](std::span<const double> scores, double label) {
      const double w = 1.0 / static_cast<double>(scores.size());
      for (const double s : scores) {
        const double x = (s - middle) / unit, p = 1 / (1 + std::exp(-(slope * x + bias))), d = w * (label - p), v = w * p * (1 - p);
        g0 += d, g1 += d * x, h00 += v, h01 += v * x, h11 += v * x * x;
      }
    };
    add(genuine, 1);
    add(impostor, 0);
    const double det = h00 * h11 - h01 * h01, d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
    double pace = 1;
    while (pace > 1e-6 && !(loss(slope + pace * d1, bias + pace * d0) <= current)) pace /= 2;
    slope += pace * d1, bias += pace * d0;
    const double reached = loss(slope, bias);
    if (current - reached < 1e-10) break;
    current = reached;
  }
  return {slope / unit, middle - bias * unit / slope};
}

PadRates pad_rates(std::span<const PadScore> scores, double threshold) {
  struct Count {
    std::size_t accepted = 0, all = 0;
  };
  std::map<std::string, Count> attacks;
  Count live;
  for (const auto& s : scores) {
    Count& count = s.instrument.empty() ? live : attacks[s.instrument];
    ++count.all;
    count.accepted += s.value >= threshold ? 1 : 0;
  }
  PadRates out;
  out.threshold = threshold;
  out.bpcer = rate(live.all - live.accepted, live.all);
  for (const auto& [instrument, count] : attacks) out.apcer.emplace_back(instrument, rate(count.accepted, count.all));
  std::ranges::sort(out.apcer,
                    [](const auto& a, const auto& b) { return std::pair{-a.second.value, a.first} < std::pair{-b.second.value, b.first}; });
  return out;
}

double pad_threshold_at_apcer(std::span<const PadScore> scores, double target) {
  std::map<std::string, std::vector<double>> attacks;
  for (const auto& s : scores) {
    if (!s.instrument.empty()) attacks[s.instrument].push_back(s.value);
  }
  double threshold = -std::numeric_limits<double>::infinity();
  for (auto& [instrument, values] : attacks) {
    std::ranges::sort(values, std::greater{});
    const auto allowed = static_cast<std::size_t>(target * static_cast<double>(values.size()));
    if (allowed < values.size()) threshold = std::max(threshold, std::nextafter(values[allowed], std::numeric_limits<double>::infinity()));
  }
  return threshold;
}

}  // namespace authx::accuracy
