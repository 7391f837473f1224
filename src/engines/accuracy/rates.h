#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace authx::accuracy {

/// One comparison with its truth. Higher scores speak for `genuine`.
struct Score {
  double value = 0;
  bool genuine = false;
  std::string group;      ///< for rates of each group; may be empty
  std::string subject_a;  ///< whom the bootstrap draws; empty: Wilson intervals only
  std::string subject_b;
};

struct Interval {
  double low = 0, high = 1;
};

/// A share with its 95 % confidence interval.
struct Rate {
  double value = 0;
  std::size_t events = 0, trials = 0;
  Interval interval;
};

/// Wilson's score interval (JASA 22, 1927) at 95 %; (0, 1) without trials. It takes trials as independent, which
/// comparisons that share a subject are not: there it is too narrow, and `bootstrap` says by how much.
Interval wilson(std::size_t events, std::size_t trials) noexcept;
Rate rate(std::size_t events, std::size_t trials) noexcept;

/// Genuine and impostor scores, sorted: false match and false non-match rates as ISO/IEC 19795-1 defines them, for
/// acceptance at `score >= threshold`.
class Distribution {
 public:
  explicit Distribution(std::span<const Score> scores);
  Distribution(std::vector<double> genuine, std::vector<double> impostor);

  const std::vector<double>& genuine() const noexcept { return genuine_; }
  const std::vector<double>& impostor() const noexcept { return impostor_; }

  Rate fmr(double threshold) const noexcept;
  Rate fnmr(double threshold) const noexcept;

  /// The smallest threshold whose FMR is at most `target`; empty when fewer than five false matches would support it.
  std::optional<double> threshold_at_fmr(double target) const;

  struct EqualError {
    double rate = 1, threshold = 0;
  };
  /// Where FMR and FNMR meet. Both kinds of scores must be there.
  EqualError equal_error() const;

  struct CurvePoint {
    double threshold, fmr, fnmr;
  };
  /// At most `points` points of the DET curve, evenly spaced over the sorted scores.
  std::vector<CurvePoint> curve(std::size_t points = 200) const;

 private:
  std::vector<double> genuine_, impostor_;
};

/// 95 % interval of a statistic by the subject bootstrap: subjects are drawn with replacement, and a comparison counts as
/// often as both its subjects were drawn (Bolle, Ratha and Pankanti, CVIU 93, 2004). Deterministic in `seed`.
/// Empty when a score lacks its subjects, or when most draws lack one of the classes.
std::optional<Interval> bootstrap(std::span<const Score> scores, const std::function<double(const Distribution&)>& statistic,
                                  std::size_t rounds = 300, std::uint64_t seed = 1);

/// P(genuine | score) = 1 / (1 + exp(−slope·(score − midpoint))) at even prior odds: logistic regression with both
/// classes weighing the same and a slight pull towards a flat curve (separable data has no finite optimum).
struct Logistic {
  double slope = 0, midpoint = 0;
};
Logistic fit_logistic(std::span<const double> genuine, std::span<const double> impostor);

/// Presentation-attack detection after ISO/IEC 30107-3. `instrument` is empty for bona fide presentations.
struct PadScore {
  double value = 0;  ///< higher: more likely bona fide
  std::string instrument;
};
struct PadRates {
  double threshold = 0;
  Rate bpcer;                                       ///< bona fide presentations refused
  std::vector<std::pair<std::string, Rate>> apcer;  ///< attacks accepted, by instrument, worst first
  double worst_apcer() const noexcept { return apcer.empty() ? 0 : apcer.front().second.value; }
};
PadRates pad_rates(std::span<const PadScore> scores, double threshold);
/// The smallest threshold at which every instrument's APCER is at most `target`.
double pad_threshold_at_apcer(std::span<const PadScore> scores, double target);

}  // namespace authx::accuracy
