#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "engines/accuracy/linkability.h"
#include "engines/accuracy/report.h"

namespace authx::accuracy {
namespace {

using ::testing::HasSubstr;

TEST(Wilson, AgreesWithTablesAndStaysInside) {
  // 5 of 50: Newcombe (Statistics in Medicine 17, 1998), Wilson without continuity correction.
  const auto i = wilson(5, 50);
  EXPECT_NEAR(i.low, 0.0435, 5e-4);
  EXPECT_NEAR(i.high, 0.2136, 5e-4);
  EXPECT_EQ(wilson(0, 20).low, 0);
  EXPECT_NEAR(wilson(0, 20).high, 0.1611, 5e-4);
  EXPECT_EQ(wilson(20, 20).high, 1);
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

TEST(Distribution, CountsAcceptanceAtTheThresholdItself) {
  const Distribution d{{0.5, 0.7, 0.9}, {0.1, 0.5, 0.6, 0.2}};
  EXPECT_DOUBLE_EQ(d.fmr(0.5).value, 0.5);
  EXPECT_DOUBLE_EQ(d.fnmr(0.5).value, 0);
  EXPECT_DOUBLE_EQ(d.fnmr(0.7).value, 1.0 / 3);
  EXPECT_DOUBLE_EQ(d.fmr(0.61).value, 0);
}

TEST(Distribution, EqualErrorOfTwoNormalsIsWhereTheyCross) {
  std::mt19937_64 random{3};
  std::normal_distribution<double> same{2, 1}, other{0, 1};
  std::vector<double> genuine, impostor;
  for (int i = 0; i < 20000; ++i) genuine.push_back(same(random)), impostor.push_back(other(random));
  const Distribution d{genuine, impostor};
  const auto eer = d.equal_error();
  EXPECT_NEAR(eer.rate, 0.1587, 0.005);  // Φ(−1)
  EXPECT_NEAR(eer.threshold, 1, 0.05);
  const auto strict = d.threshold_at_fmr(1e-2);
  ASSERT_TRUE(strict);
  EXPECT_NEAR(*strict, 2.326, 0.08);
  EXPECT_LE(d.fmr(*strict).value, 1e-2);
  EXPECT_FALSE(d.threshold_at_fmr(1e-4)) << "two false matches support no rate";
}

TEST(Distribution, SeparatedScoresHaveNoError) { EXPECT_EQ((Distribution{{0.8, 0.9}, {0.1, 0.2}}.equal_error().rate), 0); }

TEST(Distribution, TheCurveFallsInOneRateAsItGrowsInTheOther) {
  std::mt19937_64 random{5};
  std::normal_distribution<double> noise{0, 1};
  std::vector<double> genuine, impostor;
  for (int i = 0; i < 500; ++i) genuine.push_back(1 + noise(random)), impostor.push_back(noise(random));
  const auto curve = Distribution{genuine, impostor}.curve();
  ASSERT_GT(curve.size(), 50u);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_GT(curve[i].threshold, curve[i - 1].threshold);
    EXPECT_LE(curve[i].fmr, curve[i - 1].fmr);
    EXPECT_GE(curve[i].fnmr, curve[i - 1].fnmr);
  }
}

/// 40 people; what one person's comparisons share is larger than what is their own.
std::vector<Score> correlated() {
  std::mt19937_64 random{11};
  std::normal_distribution<double> noise{0, 1};
  std::vector<Score> scores;
  for (int p = 0; p < 40; ++p) {
    const double shared = noise(random);
    const std::string name = "p" + std::to_string(p);
    for (int i = 0; i < 20; ++i) scores.push_back({1.5 + shared + 0.2 * noise(random), true, p < 20 ? "a" : "b", name, name});
    for (int q = 0; q < p; ++q) scores.push_back({noise(random) - 1, false, p < 20 ? "a" : "b", name, "p" + std::to_string(q)});
  }
  return scores;
}

TEST(Bootstrap, BySubjectIsWiderThanWilsonWhereComparisonsShareASubject) {
  const auto scores = correlated();
  const Distribution d{scores};
  const auto fnmr = d.fnmr(1);
  const auto interval = bootstrap(scores, [](const Distribution& x) { return x.fnmr(1).value; });
  ASSERT_TRUE(interval);
  EXPECT_LE(interval->low, fnmr.value);
  EXPECT_GE(interval->high, fnmr.value);
  EXPECT_GT(interval->high - interval->low, 1.5 * (fnmr.interval.high - fnmr.interval.low));
  const auto again = bootstrap(scores, [](const Distribution& x) { return x.fnmr(1).value; });
  EXPECT_EQ(interval->low, again->low) << "deterministic";
}

TEST(Bootstrap, NeedsSubjects) {
  const std::vector<Score> scores{{0.5, true, "", "", ""}, {0.1, false, "", "", ""}};
  EXPECT_FALSE(bootstrap(scores, [](const Distribution&) { return 0.0; }));
}

TEST(FitLogistic, FindsTheCurveThatMadeTheScores) {
  // Two normals of equal variance have a logistic posterior: slope Δ/σ², midpoint between the means.
  std::mt19937_64 random{7};
  std::normal_distribution<double> same{0.5, 0.1}, other{0.3, 0.1};
  std::vector<double> genuine, impostor;
  for (int i = 0; i < 20000; ++i) genuine.push_back(same(random)), impostor.push_back(other(random));
  const auto fit = fit_logistic(genuine, impostor);
  EXPECT_NEAR(fit.midpoint, 0.4, 0.01);
  EXPECT_NEAR(fit.slope, 20, 1);
}

std::vector<PadScore> pad() {
  std::vector<PadScore> scores;
  for (int i = 0; i < 20; ++i) scores.push_back({0.5 + i * 0.02, ""});
  for (int i = 0; i < 10; ++i) scores.push_back({0.1 + i * 0.02, "print"}), scores.push_back({0.3 + i * 0.05, "mask"});
  return scores;
}

TEST(Pad, RatesStandByInstrumentWorstFirst) {
  const auto rates = pad_rates(pad(), 0.6);
  ASSERT_EQ(rates.apcer.size(), 2u);
  EXPECT_EQ(rates.apcer[0].first, "mask");
  EXPECT_EQ(rates.apcer[0].second.events, 4u);  // 0.60 .. 0.75
  EXPECT_EQ(rates.apcer[1].second.events, 0u);
  EXPECT_EQ(rates.bpcer.events, 5u);  // 0.50 .. 0.58
  const double strict = pad_threshold_at_apcer(pad(), 0.1);
  EXPECT_LE(pad_rates(pad(), strict).worst_apcer(), 0.1);
  EXPECT_GT(pad_rates(pad(), strict - 0.06).worst_apcer(), 0.1);
}

TEST(Report, SaysRatesGroupsAndIntervalsAndEscapesNames) {
  auto scores = correlated();
  for (auto& s : scores) s.group = "<" + s.group + ">";
  const auto r = verification_report("Title & more", scores);
  const Distribution d{scores};
  EXPECT_DOUBLE_EQ(r.json.at("eer").to_number<double>(), d.equal_error().rate);
  EXPECT_TRUE(r.json.contains("eer_interval"));
  EXPECT_EQ(r.json.at("groups").as_array().size(), 2u);
  EXPECT_GE(r.json.at("rates").as_array().size(), 2u);
  const auto html = to_html(r.page);
  EXPECT_THAT(html, HasSubstr("Title &amp; more"));
  EXPECT_THAT(html, HasSubstr("&lt;a&gt;"));
  EXPECT_THAT(html, ::testing::Not(HasSubstr("<a>")));
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(to_text(r.page), HasSubstr("equal error rate"));
}

TEST(Report, PadHasTheThreeWorkingPoints) {
  const auto r = pad_report("PAD", pad(), 0.6);
  EXPECT_NEAR(r.json.at("given").at("apcer_worst").to_number<double>(), 0.4, 1e-9);
  EXPECT_LE(r.json.at("bpcer20").at("apcer_worst").to_number<double>(), 0.05);
  EXPECT_LE(r.json.at("bpcer10").at("apcer_worst").to_number<double>(), 0.1);
}

TEST(Linkability, IsNothingForOneDistributionAndAllForTwoApart) {
  std::mt19937 random{4};
  std::normal_distribution<double> normal;
  std::vector<double> a, b, apart, near;
  for (int i = 0; i < 40000; ++i) {
    const double x = normal(random), y = normal(random);
    a.push_back(x), b.push_back(y), apart.push_back(y + 20), near.push_back(y + 1);
  }
  EXPECT_LT(linkability(a, b), 0.02);
  EXPECT_GT(linkability(a, apart), 0.999);
  // Two unit normals a unit apart: the integral over s > 1/2 of tanh((s - 1/2) / 2) times the mated density is 0.293.
  EXPECT_NEAR(linkability(near, a), 0.293, 0.02);
  EXPECT_EQ(linkability(std::vector{1.0, 1.0}, std::vector{1.0}), 0);
}

TEST(SvgPlot, LeavesOutWhatItsAxesCannotShow) {
  const Curve curve{"c", {{0, 0.5}, {1e-3, 0.5}, {std::nan(""), 0.5}, {0.1, 7}}};
  const auto svg = svg_plot({&curve, 1}, {"x", 1e-4, 1, Scale::logarithmic}, {"y"});
  const auto from = svg.find("points=\"") + 8, to = svg.find('"', from);
  const std::string points = svg.substr(from, to - from);
  EXPECT_EQ(std::ranges::count(points, ','), 1);
}

}  // namespace
}  // namespace authx::accuracy
