#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <map>

#include "engines/iris/calibration.h"
#include "engines/iris/extract.h"
#include "engines/iris/gallery.h"
#include "engines/iris/matcher.h"
#include "engines/iris/segment.h"
#include "eyes.h"
#include "imaging/decode.h"
#include "imaging/mat.h"

namespace authx::iris {
namespace {

#define NEED_DATA() \
  if (!std::filesystem::is_directory(test::data() / "MMU1")) GTEST_SKIP() << "no development irises in " << test::data()

struct Labelled {
  std::string subject;
  Template t;
};

/// Every third person of MMU1, in order of name; a failure to enrol is an empty code.
const std::vector<Labelled>& eyes() {
  static const auto all = [] {
    std::map<std::string, Template> by_name;
    for (const auto& f : std::filesystem::directory_iterator(test::data() / "MMU1")) {
      const std::string name = f.path().stem().string();
      if (std::stoi(name) % 3 != 1) continue;
      const auto decoded = imaging::decode(test::file(f.path()));
      if (!decoded) continue;
      const auto e = extract(decoded->pages.front());
      by_name[name] = e ? e->iris : Template{};
    }
    std::vector<Labelled> out;
    for (const auto& [name, t] : by_name) out.push_back({name.substr(0, 4), t});
    return out;
  }();
  return all;
}

TEST(IrisAccuracy, DevelopmentSetStaysBelowItsErrorFloor) {
  NEED_DATA();
  std::vector<double> genuine, impostor;
  for (std::size_t i = 0; i < eyes().size(); ++i) {
    const Probe probe{eyes()[i].t.code};
    for (std::size_t j = i + 1; j < eyes().size(); ++j)
      (eyes()[i].subject == eyes()[j].subject ? genuine : impostor).push_back(probe.compare(eyes()[j].t.code).distance);
  }
  ASSERT_GT(genuine.size(), 250u);
  std::ranges::sort(impostor);
  const auto missed = [&](double fmr) {
    const double threshold = impostor[static_cast<std::size_t>(fmr * static_cast<double>(impostor.size()))];
    return static_cast<double>(std::ranges::count_if(genuine, [&](double d) { return d >= threshold; })) /
           static_cast<double>(genuine.size());
  };
  EXPECT_LE(missed(0.018), 0.018);  // so the equal error rate is at most 1.8 %
  EXPECT_LE(missed(0.001), 0.04);
  // The calibrated rate holds within what this many comparisons can show.
  for (const double rate : {1e-2, 1e-3}) {
    const double threshold = threshold_at(rate);
    const auto accepted = std::ranges::upper_bound(impostor, threshold) - impostor.begin();
    EXPECT_LE(static_cast<double>(accepted) / static_cast<double>(impostor.size()), 2 * rate) << rate;
  }
}

TEST(IrisAccuracy, AlmostEveryEyeIsEnrolled) {
  NEED_DATA();
  const auto failed = std::ranges::count_if(eyes(), [](const Labelled& l) { return l.t.code.usable_bits() == 0; });
  EXPECT_LE(failed, static_cast<long>(eyes().size() / 100));
}

TEST(IrisAccuracy, GivingUpEarlyLosesAlmostNothing) {
  NEED_DATA();
  const double threshold = threshold_at(1e-4);
  int matches = 0, lost = 0;
  for (std::size_t i = 0; i < eyes().size(); ++i) {
    const Probe probe{eyes()[i].t.code};
    for (std::size_t j = i + 1; j < eyes().size() && eyes()[i].subject == eyes()[j].subject; ++j) {
      if (probe.compare(eyes()[j].t.code).distance > threshold) continue;
      ++matches;
      lost += probe.quick_distance(eyes()[j].t.code) > threshold ? 1 : 0;
    }
  }
  ASSERT_GT(matches, 200);
  EXPECT_LE(lost, matches / 100);
}

TEST(IrisAccuracy, MasksOverlapThoseDrawnByHand) {
  NEED_DATA();
  double sum = 0;
  int n = 0;
  for (const auto& f : std::filesystem::directory_iterator(test::data() / "MMU1")) {
    if (std::stoi(f.path().stem().string()) % 5 != 2) continue;
    const auto image = imaging::decode(test::file(f.path())),
               truth = imaging::decode(test::file(test::data() / "MMU1_masks" / f.path().filename()));
    if (!image || !truth) continue;
    ++n;
    const auto eye = prepare(image->pages.front());
    auto s = find_borders(*eye);
    if (!s) continue;
    mask_occlusions(*eye, *s);
    const cv::Mat want = imaging::as_mat(truth->pages.front()) > 127;
    sum += static_cast<double>(cv::countNonZero(s->mask & want)) / cv::countNonZero(s->mask | want);
  }
  ASSERT_GT(n, 50);
  EXPECT_GE(sum / n, 0.82);
}

}  // namespace
}  // namespace authx::iris
