// A photograph laid over another brings a noise of its own, and edges finer than those of the print, which the camera's optics blurred
// together with the rest: nothing on a real page looks sharper than its letters.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/strokes.h"
#include "engines/document/authenticity/thresholds.h"

namespace authx::document::authenticity {

void check_portrait(Scene& scene, std::vector<Finding>& out);

namespace {

constexpr int kLeastEdges = 60;       ///< pixels
constexpr double kLeastSlope = 5;     ///< gray levels a pixel: noise alone has less
constexpr double kPhotoEdges = 0.04;  ///< share of a photo's pixels that are taken for edges
constexpr double kPrintEdges = 0.25;

/// How quickly slopes change around the steepest edges: root mean square of the second difference over that of the first. An edge that is
/// blurred by s pixels has about 0.6 / s, whatever its height.
std::optional<double> fineness(const cv::Mat& gray, const cv::Rect& box, double share, double noise) {
  const cv::Rect inside = box & cv::Rect(1, 1, gray.cols - 2, gray.rows - 2);
  if (inside.width < 8 || inside.height < 8) return std::nullopt;
  cv::Mat gx;
  cv::Mat gy;
  cv::Sobel(gray(inside), gx, CV_16S, 1, 0);
  cv::Sobel(gray(inside), gy, CV_16S, 0, 1);
  cv::Mat slope(inside.size(), CV_32F);
  std::vector<double> all;
  all.reserve(slope.total());
  for (int y = 0; y < slope.rows; ++y) {
    for (int x = 0; x < slope.cols; ++x) {
      const double m = std::hypot(gx.at<short>(y, x), gy.at<short>(y, x)) / 8;
      slope.at<float>(y, x) = static_cast<float>(m);
      all.push_back(m);
    }
  }
  cv::Mat edges = slope >= std::max(kLeastSlope, quantile(std::move(all), 1 - share));
  if (cv::countNonZero(edges) < kLeastEdges) return std::nullopt;
  cv::dilate(edges, edges, cv::Mat::ones(5, 5, CV_8U));
  double first = 0;
  double second = 0;
  int n = 0;
  for (int y = 0; y < slope.rows; ++y) {
    const auto* g = gray.ptr<std::uint8_t>(inside.y + y) + inside.x;
    const auto* up = gray.ptr<std::uint8_t>(inside.y + y - 1) + inside.x;
    const auto* down = gray.ptr<std::uint8_t>(inside.y + y + 1) + inside.x;
    for (int x = 0; x < slope.cols; ++x) {
      if (edges.at<std::uint8_t>(y, x) == 0) continue;
      const double dx = g[x - 1] - 2.0 * g[x] + g[x + 1];
      const double dy = up[x] - 2.0 * g[x] + down[x];
      const double m = slope.at<float>(y, x);
      first += m * m;
      second += dx * dx + dy * dy;
      ++n;
    }
  }
  // White noise of variance v adds 12 v to the second differences and 3 v / 8 to the slopes.
  first = first / n - 0.375 * noise * noise;
  second = second / n - 12 * noise * noise;
  if (first <= 0 || second <= 0) return std::nullopt;
  return std::sqrt(second / first);
}

/// The photo's fineness over the print's; nothing when either shows no edges, or the print is so sharp that no photo could be sharper.
std::optional<double> finer_than_print(Scene& scene, const cv::Rect& photo, double noise) {
  std::vector<double> print;
  for (const auto& s : scene.strokes()) {
    if (const auto f = fineness(scene.gray(), s.value->box, kPrintEdges, 0)) print.push_back(*f);
  }
  if (print.size() < 2) return std::nullopt;
  const double letters = quantile(print, 0.5);
  if (letters > kBlurredPrint) return std::nullopt;
  const auto own = fineness(scene.gray(), photo, kPhotoEdges, noise);
  return own ? std::optional{*own / letters} : std::nullopt;
}

}  // namespace

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
  const auto finer = finer_than_print(scene, inner, photo);
  const bool noisy = std::max(photo, paper) >= 2 * kLeastNoise;
  if (!noisy && !finer) {
    out.push_back(unchecked(id, kind, "The picture's noise is too faint to compare, and the portrait or the print shows too few edges"));
    return;
  }
  const double factor = noisy ? (std::max(photo, paper) + 0.1) / (std::min(photo, paper) + 0.1) : 1;
  const double by_noise = std::log(factor) / std::log(kPortraitNoise);
  const double by_edges = finer ? *finer / kPortraitEdges : 0;
  auto f =
      trace(id, std::max(by_noise, by_edges), "The portrait is as sharp and as noisy as the page",
            by_edges >= 1 ? "The portrait is sharper than the print around it, as when another photo is laid over it"
                          : "The portrait's noise differs from the page's, as when another photo is laid over it",
            "A photo that was printed and pasted before the picture was taken shares its noise and blur; a sharp scan hides a sharp photo");
  if (f.outcome == Outcome::failed) f.place = portrait->place;
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
