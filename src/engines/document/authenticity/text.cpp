// Letters set over a photograph are sharper than the letters that the camera saw.

#include <algorithm>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/strokes.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_text(Scene& scene, std::vector<Finding>& out);

namespace {

/// The sharpest letter over the median one; 0 when there are too few.
double outlier(const Strokes& s) {
  std::vector<double> slopes;
  for (const auto& l : s.letters) {
    if (l.slope > 0) slopes.push_back(l.slope);
  }
  return slopes.size() < 5 ? 0 : *std::ranges::max_element(slopes) / quantile(slopes, 0.5);
}

}  // namespace

void check_text(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "text_uniform";
  std::vector<const Strokes*> all;
  for (const auto& s : scene.strokes()) {
    if (s.slope > 0) all.push_back(&s);
  }
  if (all.empty()) {
    out.push_back(unchecked(id, CheckKind::authenticity, "No printed value is large and clear enough to look at"));
    return;
  }
  // Several lines hold more edges in a stretch than one, which raises the measure: an address is compared within itself only.
  const auto one_line = [](const Strokes* s) { return s->value->field != "address"; };
  double worst = 0;
  const Region* where = nullptr;
  for (const auto* s : all) {
    std::vector<double> others;
    for (const auto* o : all) {
      if (o != s && one_line(o)) others.push_back(o->slope);
    }
    const double excess =
        std::max(others.size() < 2 || !one_line(s) ? 0 : s->slope / quantile(others, 0.5) / kSharpestValue, outlier(*s) / kSharpestLetter);
    if (excess > worst) {
      worst = excess;
      where = s->value;
    }
  }
  auto f = trace(id, worst, "All values are equally sharp",
                 "Letters of one value are sharper than the others, as when they are set over a photograph",
                 "Letters that were blurred to match pass, and a sharp picture hides sharp letters");
  if (f.outcome == Outcome::failed) f.place = where->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
