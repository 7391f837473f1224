#include <gtest/gtest.h>

#include <cstdio>

#include "engines/fingerprint/evaluate.h"
#include "engines/fingerprint/exchange.h"
#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/gallery.h"
#include "engines/fingerprint/matcher.h"
#include "imaging/decode.h"
#include "ridges.h"

namespace authx::fingerprint {
namespace {

struct Labelled {
  unsigned finger = 0, impression = 0;
  Template t;
};

/// FVC2002's B sets in order of name; a failure to enrol is an empty template.
const std::vector<std::vector<Labelled>>& sets() {
  static const auto all = [] {
    std::vector<std::vector<Labelled>> out;
    for (int set = 1; set <= 4; ++set) {
      auto& labelled = out.emplace_back();
      for (unsigned finger = 101; finger <= 110; ++finger) {
        for (unsigned impression = 1; impression <= 8; ++impression) {
          const auto path = test::data() / ("FVC2002_DB" + std::to_string(set) + "_B") /
                            (std::to_string(finger) + "_" + std::to_string(impression) + ".png");
          const auto decoded = imaging::decode(test::file(path));
          if (!decoded) continue;
          auto e = extract(decoded->pages.front(), set == 2 ? 569 : 500);
          labelled.push_back({finger, impression, e ? std::move(e->finger) : Template{}});
        }
      }
    }
    return out;
  }();
  return all;
}

#define NEED_DATA() \
  if (!std::filesystem::is_directory(test::data() / "FVC2002_DB1_B")) GTEST_SKIP() << "no development fingerprints in " << test::data()

template <class Score>
Rates rates(const std::vector<Labelled>& set, Score&& score) {
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < set.size(); ++i) {
    for (std::size_t j = i + 1; j < set.size(); ++j) {
      trials.push_back({score(set[i].t, set[j].t), set[i].finger, set[j].finger, set[i].impression, set[j].impression});
    }
  }
  return rates_of(trials);
}

TEST(FingerAccuracy, DevelopmentSetsStayBelowTheirErrorFloors) {
  NEED_DATA();
  double eer = 0, fmr1000 = 0;
  for (const auto& set : sets()) {
    ASSERT_EQ(set.size(), 80u);
    EXPECT_EQ(std::ranges::count_if(set, [](const Labelled& l) { return l.t.minutiae.empty(); }), 0) << "failures to enrol";
    const auto r = rates(set, [](const Template& a, const Template& b) { return match(a, b).score; });
    EXPECT_LE(r.eer, 0.02);
    eer += r.eer / 4, fmr1000 += r.fmr1000 / 4;
  }
  EXPECT_LE(eer, 0.012);
  EXPECT_LE(fmr1000, 0.04);
}

TEST(FingerAccuracy, TheCalibratedRateHoldsAcrossTheSets) {
  NEED_DATA();
  std::size_t impostors = 0, accepted = 0, genuine = 0, missed = 0;
  for (const auto& set : sets()) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (std::size_t j = i + 1; j < set.size(); ++j) {
        const bool yes = match(set[i].t, set[j].t, 1e-3).match;
        if (set[i].finger == set[j].finger)
          ++genuine, missed += yes ? 0 : 1;
        else
          ++impostors, accepted += yes ? 1 : 0;
      }
    }
  }
  EXPECT_LE(accepted, impostors * 2 / 1000);
  EXPECT_LE(missed, genuine * 4 / 100);
}

TEST(FingerAccuracy, ExchangeTemplatesLoseLittle) {
  NEED_DATA();
  std::vector<Labelled> set = sets().front();
  for (auto& l : set) {
    const auto bytes = to_exchange(l.t, Format::iso_2005);
    ASSERT_TRUE(bytes);
    ASSERT_LE(bytes->size(), 600u);
    l.t = *to_template(read_record(*bytes)->views.front(), Format::iso_2005);
  }
  EXPECT_LE(rates(set, [](const Template& a, const Template& b) { return match(a, b).score; }).eer, 0.03);
}

TEST(FingerAccuracy, AnotherMakersTemplatesAreMatchedToo) {
  const auto folder = test::data() / "iso19794-2" / "FVC2002_DB2_B";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no templates in " << folder;
  std::vector<Labelled> set;
  for (unsigned finger = 101; finger <= 110; ++finger) {
    for (unsigned impression = 1; impression <= 8; ++impression) {
      const auto record = read_record(test::file(folder / (std::to_string(finger) + "_" + std::to_string(impression) + ".iso")));
      if (record) set.push_back({finger, impression, *to_template(record->views.front(), record->format)});
    }
  }
  ASSERT_GE(set.size(), 75u);
  EXPECT_LE(rates(set, [](const Template& a, const Template& b) { return match(a, b).score; }).eer, 0.05);
}

TEST(FingerAccuracy, ThePrefilterKeepsTheFingerInItsShortList) {
  NEED_DATA();
  std::vector<Template> enrolled;
  std::vector<std::pair<std::size_t, unsigned>> owners;
  for (std::size_t s = 0; s < sets().size(); ++s) {
    for (const auto& l : sets()[s]) {
      if (l.impression <= 4) enrolled.push_back(l.t), owners.emplace_back(s, l.finger);
    }
  }
  const Gallery gallery{std::move(enrolled)};
  std::size_t probes = 0, kept = 0;
  for (std::size_t s = 0; s < sets().size(); ++s) {
    for (const auto& l : sets()[s]) {
      if (l.impression <= 4) continue;
      ++probes;
      const auto list = gallery.shortlist(l.t, 8);  // a twentieth
      kept += std::ranges::any_of(list, [&](const Candidate& c) { return owners[c.index] == std::pair{s, l.finger}; }) ? 1 : 0;
    }
  }
  EXPECT_GE(kept, probes * 97 / 100);
}

TEST(FingerQuality, ScoresPredictHowWellImpressionsMatch) {
  NEED_DATA();
  double poor = 0, good = 0;
  std::size_t n_poor = 0, n_good = 0;
  for (const auto& set : sets()) {
    std::vector<int> scores;
    for (const auto& l : set) scores.push_back(l.t.quality);
    std::ranges::sort(scores);
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (std::size_t j = i + 1; j < set.size(); ++j) {
        if (set[i].finger != set[j].finger) continue;
        const int worse = std::min(set[i].t.quality, set[j].t.quality);
        const double s = match(set[i].t, set[j].t).score;
        if (worse <= scores[scores.size() / 4])
          poor += s, ++n_poor;
        else
          good += s, ++n_good;
      }
    }
  }
  ASSERT_GT(n_poor, 0u);
  EXPECT_GT(good / static_cast<double>(n_good), poor / static_cast<double>(n_poor));
}

}  // namespace
}  // namespace authx::fingerprint
