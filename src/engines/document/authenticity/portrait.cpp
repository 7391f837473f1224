// A photograph laid over another brings a noise of its own.

#include <algorithm>
#include <cmath>

#include <opencv2/core.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_portrait(Scene& scene, std::vector<Finding>& out);

void check_portrait(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "portrait_uniform";
  constexpr auto kind = CheckKind::authenticity;
  if (std::min(scene.gray().rows, scene.gray().cols) < kSmallestPicture) {
    out.push_back(unchecked(id, kind, "The picture is too small to compare its parts"));
    return;
  }
  const auto& portrait = scene.portrait();
  if (!portrait) {
    if (scene.in.page->side == Side::front) out.push_back(unchecked(id, kind, "The place of the portrait is not known"));
    return;
  }
  const cv::Rect& b = portrait->box;
  const cv::Rect inner(b.x + b.width / 8, b.y + b.height / 8, b.width * 3 / 4, b.height * 3 / 4);
  const auto inside = cell_noise(scene, inner);
  const auto page = cell_noise(scene, scene.document());
  if (inside.size() < 40) {
    out.push_back(unchecked(id, kind, "The portrait is too small to look at"));
    return;
  }
  // The quietest cells show the noise alone, on skin and background as on paper.
  const double photo = quantile(inside, 0.1);
  const double paper = quantile(page, 0.1);
  if (std::max(photo, paper) < 2 * kLeastNoise) {
    out.push_back(unchecked(id, kind, "The picture's noise is too faint to compare"));
    return;
  }
  const double factor = (std::max(photo, paper) + 0.1) / (std::min(photo, paper) + 0.1);
  auto f = trace(id, std::log(factor) / std::log(kPortraitNoise), "The portrait has the page's noise",
                 "The portrait's noise differs from the page's, as when another photo is laid over it",
                 "A photo that was printed and pasted before the picture was taken shares its noise");
  if (f.outcome == Outcome::failed) f.place = portrait->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
