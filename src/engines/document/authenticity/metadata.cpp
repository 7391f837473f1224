// What a file says of the program that wrote it, and whether its embedded preview still shows the picture.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/authenticity/check.h"
#include "engines/document/authenticity/metadata.h"
#include "engines/document/authenticity/thresholds.h"
#include "imaging/mat.h"

namespace authx::document::authenticity {

void check_metadata(Scene& scene, std::vector<Finding>& out);

namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Programs made for altering pictures. Cameras', scanners' and operating systems' own programs are not among them.
constexpr std::string_view kEditors[] = {
    "adobe photoshop",
    "photoshop express",
    "gimp",
    "paint.net",
    "pixelmator",
    "affinity photo",
    "affinity designer",
    "photopea",
    "picsart",
    "canva",
    "snapseed",
    "facetune",
    "faceapp",
    "meitu",
    "coreldraw",
    "corel paint",
    "photo-paint",
    "paintshop",
    "inkscape",
    "adobe illustrator",
    "photoscape",
    "fotor",
    "pixlr",
    "krita",
    "polarr",
    "beautyplus",
};
constexpr std::string_view kGenerators[] = {
    "stable diffusion", "midjourney", "dall-e",        "dall·e", "trainedalgorithmicmedia", "compositewithtrainedalgorithmicmedia",
    "comfyui",          "novelai",    "adobe firefly",
};

template <std::size_t N>
std::string_view first_in(const std::string& text, const std::string_view (&names)[N]) {
  const auto letter = [&](std::size_t at) { return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0; };
  for (const auto n : names) {
    for (auto at = text.find(n); at != std::string::npos; at = text.find(n, at + 1)) {
      if ((at == 0 || !letter(at - 1)) && !letter(at + n.size())) return n;
    }
  }
  return {};
}

/// A preview without the black bars that some cameras add.
cv::Mat bars_off(const cv::Mat& gray) {
  int top = 0;
  int bottom = gray.rows;
  while (top < gray.rows / 3 && cv::mean(gray.row(top))[0] < 12) ++top;
  while (bottom > gray.rows * 2 / 3 && cv::mean(gray.row(bottom - 1))[0] < 12) --bottom;
  int left = 0;
  int right = gray.cols;
  while (left < gray.cols / 3 && cv::mean(gray.col(left))[0] < 12) ++left;
  while (right > gray.cols * 2 / 3 && cv::mean(gray.col(right - 1))[0] < 12) --right;
  return gray(cv::Rect(left, top, right - left, bottom - top));
}

double correlation(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat x;
  cv::Mat y;
  cv::resize(a, x, {32, 32}, 0, 0, cv::INTER_AREA);
  cv::resize(b, y, {32, 32}, 0, 0, cv::INTER_AREA);
  x.convertTo(x, CV_32F);
  y.convertTo(y, CV_32F);
  x -= cv::mean(x)[0];
  y -= cv::mean(y)[0];
  const double norm = cv::norm(x) * cv::norm(y);
  return norm < 1 ? 1 : x.dot(y) / norm;
}

}  // namespace

void check_metadata(Scene& scene, std::vector<Finding>& out) {
  const std::string id = "no_editing_software";
  constexpr auto kind = CheckKind::authenticity;
  if (scene.in.file.empty()) {
    out.push_back(unchecked(id, kind, "The original file is not at hand"));
    return;
  }
  const auto meta = read_metadata(scene.in.file);
  if (meta.text.empty()) {
    out.push_back(unchecked(id, kind, "The file names no program, as after forwarding by most messengers"));
  } else {
    const std::string text = lower(meta.text);
    const auto generator = first_in(text, kGenerators);
    const auto editor = first_in(text, kEditors);
    const std::string why = !generator.empty() ? "The file says that its picture was generated"
                                               : fmt::format("The file was written by a picture editor ({})", editor);
    out.push_back(judged(id, kind, generator.empty() && editor.empty(), "The file names no picture editor", why, Weight::review));
    out.back().limits = "Such marks are easily removed, and editors are also used to crop and turn";
  }
  if (meta.preview.empty()) return;
  imaging::DecodeLimits limits;
  limits.max_pixels = 1'000'000;
  const auto preview = imaging::decode(meta.preview, limits);
  if (!preview) return;
  const imaging::Image shown = imaging::to_gray(preview->pages.front());
  const cv::Mat small = bars_off(imaging::as_mat(shown));
  // The preview may be stored unturned.
  double best = -1;
  for (int turns = 0; turns < 4; ++turns) {
    cv::Mat turned = small;
    if (turns > 0) cv::rotate(small, turned, turns - 1);
    best = std::max(best, correlation(turned, scene.gray()));
  }
  auto f = trace("preview_matches", (1 - best) / (1 - kLeastThumbnail), "The embedded preview shows the picture",
                 "The embedded preview shows another picture: this one was changed after it was taken",
                 "Most programs renew or drop the preview; cropping changes the picture too");
  out.push_back(std::move(f));
}

}  // namespace authx::document::authenticity
