// Text that was painted over loses the noise of the surface beneath it.

#include <algorithm>

#include <opencv2/core.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/strokes.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_noise(Scene& scene, std::vector<Finding>& out);

namespace {

struct Papers {
  std::vector<double> noise;
  std::vector<double> still;
  void add(const Strokes& s) {
    for (const auto& l : s.letters) {
      if (l.paper < kLeastPaper) continue;
      noise.push_back(l.noise);
      still.push_back(l.still);
    }
  }
  /// Whether it is noisy enough that quiet stretches mean something: a strong compression stills some by itself.
  bool noisy(double level) const { return level >= kLeastPaperNoise && quantile(still, 0.5) <= kStillPaper; }
};

double share_of(double part, double whole) { return (part + 0.05) / (whole + 0.05); }

/// Paper between the letters: the quietest stretch against the value's others, and the value against the other values.
void look_between_letters(Scene& scene, double& worst, const Region*& where, int& compared) {
  const auto& all = scene.strokes();
  for (const auto& s : all) {
    Papers own;
    own.add(s);
    Papers others;
    for (const auto& o : all) {
      if (&o != &s) others.add(o);
    }
    double excess = 0;
    if (const double ground = quantile(own.noise, 0.3); own.noise.size() >= 6 && own.noisy(ground)) {
      ++compared;
      excess = kQuietestLetter / share_of(*std::ranges::min_element(own.noise), ground);
    }
    if (const double ground = quantile(others.noise, 0.15); own.noise.size() >= 4 && others.noise.size() >= 8 && others.noisy(ground)) {
      ++compared;
      excess = std::max(excess, kQuietestValue / share_of(quantile(own.noise, 0.3), ground));
    }
    if (excess > worst) {
      worst = excess;
      where = s.value;
    }
  }
}

}  // namespace

void check_noise(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "noise_uniform";
  constexpr auto kind = CheckKind::authenticity;
  if (std::min(scene.gray().rows, scene.gray().cols) < kSmallestPicture) {
    out.push_back(unchecked(id, kind, "The picture is too small to compare its parts"));
    return;
  }
  double worst = 0;
  const Region* where = nullptr;
  int compared = 0;
  const auto look = [&](const Region& v) {
    const int h = v.box.height;
    const cv::Rect around(v.box.x - h, v.box.y - h, v.box.width + 2 * h, v.box.height + 2 * h);
    const cv::Rect strips[] = {{around.x, around.y, around.width, h - 2}, {around.x, v.box.y + v.box.height + 2, around.width, h - 2}};
    std::vector<double> outside;
    for (const auto& s : strips) {
      const auto cells = cell_noise(scene, s);
      outside.insert(outside.end(), cells.begin(), cells.end());
    }
    const auto inside = cell_noise(scene, v.box);
    if (inside.size() < 6 || outside.size() < 6) return;
    const double ground = quantile(outside, 0.2);
    if (ground < kLeastNoise) return;
    ++compared;
    const double excess = kQuietest / std::max(0.02, quantile(inside, 0.12) / ground);
    if (excess > worst) {
      worst = excess;
      where = &v;
    }
  };
  for (const auto& v : scene.values()) look(v);
  // Labels and headings by the dozen, on a page that shows its noise everywhere only.
  if (quantile(cell_noise(scene, scene.document()), 0.1) >= kLeastNoise) {
    for (const auto& l : scene.lines()) look(l);
  }
  look_between_letters(scene, worst, where, compared);
  if (compared == 0) {
    out.push_back(unchecked(
        id, kind, scene.values().empty() ? "No printed value is large enough to look at" : "The picture's noise is too faint to compare"));
    return;
  }
  auto f = trace(id, worst, "The printed values stand in the same noise as the page",
                 "A printed value stands on a patch without the page's noise",
                 "Patches taken from the page itself, and strong compression, keep or hide the noise");
  if (f.outcome == Outcome::failed) f.place = where->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
