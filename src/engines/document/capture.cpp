#include "engines/document/capture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/glare.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr double kLeastSharpness = 9;
/// Of faultless drawn cards and public pictures none had less than 0.52, of those moved by a fiftieth of their width none more than 0.23.
constexpr double kLeastEvenness = 0.35;
constexpr double kSureOutline = 0.82;
constexpr int kLongSide = 640;  ///< of the document as it is judged: fine print is still there, noise is not

double side(const imaging::Quad& q, std::size_t a, std::size_t b) { return std::hypot(q[a].x - q[b].x, q[a].y - q[b].y); }

/// The document alone, at a size of its own, so that the measures don't depend on the desk or the camera.
imaging::Image flat(const imaging::Image& image, const imaging::Quad& quad) {
  const double w = (side(quad, 0, 1) + side(quad, 2, 3)) / 2;
  const double h = (side(quad, 1, 2) + side(quad, 3, 0)) / 2;
  const double scale = std::min(1.0, kLongSide / std::max(w, h));
  // Only the part that holds it: the rest of a large picture would be shrunk for nothing.
  const imaging::Box box = imaging::bounds_of(quad);
  const imaging::Image part = imaging::crop(image, box);
  if (part.empty()) return image;
  imaging::Quad inside = quad;
  for (auto& p : inside) p = {p.x - std::max(0, box.x), p.y - std::max(0, box.y)};
  return imaging::warp(part, inside, std::max(8, static_cast<int>(w * scale)), std::max(8, static_cast<int>(h * scale)));
}

/// Whether print covers a picture the way it covers documents: several rows of fine dark strokes.
bool shows_print(const imaging::Image& page) { return text_strips(imaging::to_gray(page)).size() >= 3; }

bool document_shape(int width, int height) {
  const double aspect = static_cast<double>(std::max(width, height)) / std::max(1, std::min(width, height));
  return std::abs(aspect - 1.586) < 0.09 || std::abs(aspect - 1.42) < 0.08;
}

/// Reflections on the flat page, as a box on it.
std::optional<imaging::Box> brightest_patch(const imaging::Image& page) {
  const imaging::Image gray = imaging::to_gray(page);
  cv::Mat patch = imaging::as_mat(gray) >= 250;
  cv::erode(patch, patch, cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7}));
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int n = cv::connectedComponentsWithStats(patch, labels, stats, centers, 8);
  int best = 0;
  for (int i = 1; i < n; ++i) {
    if (best == 0 || stats.at<int>(i, cv::CC_STAT_AREA) > stats.at<int>(best, cv::CC_STAT_AREA)) best = i;
  }
  if (best == 0) return std::nullopt;
  return imaging::Box{stats.at<int>(best, cv::CC_STAT_LEFT), stats.at<int>(best, cv::CC_STAT_TOP), stats.at<int>(best, cv::CC_STAT_WIDTH),
                      stats.at<int>(best, cv::CC_STAT_HEIGHT)};
}

/// How much weaker slopes are in their weakest direction than across it, 0..1, from the structure tensor of the second differences: print
/// has strokes in all directions, of which a moving camera wipes out those across its way.
double evenness_of_slopes(const imaging::Image& page) {
  const imaging::Image image = imaging::to_gray(page);
  cv::Mat fine;
  imaging::as_mat(image).convertTo(fine, CV_32F);
  cv::Mat smooth;
  cv::GaussianBlur(fine, smooth, {}, 2.5);
  fine -= smooth;  // strokes, not the borders of coloured fields
  cv::Mat gx;
  cv::Mat gy;
  cv::Sobel(fine, gx, CV_32F, 1, 0);
  cv::Sobel(fine, gy, CV_32F, 0, 1);
  const double xx = cv::mean(gx.mul(gx))[0];
  const double yy = cv::mean(gy.mul(gy))[0];
  const double xy = cv::mean(gx.mul(gy))[0];
  const double half = (xx + yy) / 2;
  const double off = std::hypot((xx - yy) / 2, xy);
  return half + off < 1e-6 ? 1 : (half - off) / (half + off);
}

/// The four of its points that lie farthest out towards the picture's corners.
imaging::Quad corners_of(const std::vector<imaging::Point>& polygon) {
  constexpr std::array<std::array<double, 2>, 4> kToward{{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}};
  imaging::Quad out{};
  for (std::size_t i = 0; i < 4; ++i)
    out[i] = *std::ranges::max_element(polygon, {}, [&](const imaging::Point& p) { return p.x * kToward[i][0] + p.y * kToward[i][1]; });
  return out;
}

std::string cut_off_at(const CutDocument& cut) {
  std::string where;
  for (const auto border : {Border::left, Border::top, Border::right, Border::bottom}) {
    if (std::ranges::find(cut.runs_out, border) == cut.runs_out.end()) continue;
    constexpr std::array<std::string_view, 4> kNames{"left", "top", "right", "bottom"};
    where += where.empty() ? " at the " : " and the ";
    where += kNames[static_cast<std::size_t>(border)];
  }
  return "A side of the document is cut off: it runs out of the picture" + where;
}

/// The strip inside the picture's border where the document runs out of it, by the longest stretch.
imaging::Quad strip_along(const imaging::Image& image, const CutDocument& cut) {
  const double deep = std::min(image.width, image.height) / 20.0;
  const double right = image.width - deep / 2;
  const double bottom = image.height - deep / 2;
  imaging::Quad out = corners_of(cut.visible);
  double longest = 0;
  for (std::size_t i = 0; i < cut.visible.size(); ++i) {
    const auto& p = cut.visible[i];
    const auto& q = cut.visible[(i + 1) % cut.visible.size()];
    const double length = std::hypot(p.x - q.x, p.y - q.y);
    const bool on =
        std::max(p.x, q.x) < deep / 2 || std::min(p.x, q.x) > right || std::max(p.y, q.y) < deep / 2 || std::min(p.y, q.y) > bottom;
    if (!on || length <= longest) continue;
    longest = length;
    const bool upright = std::abs(p.x - q.x) < std::abs(p.y - q.y);
    const double x = upright ? (p.x < deep ? 0 : image.width - deep) : std::min(p.x, q.x);
    const double y = upright ? std::min(p.y, q.y) : (p.y < deep ? 0 : image.height - deep);
    out = imaging::quad_of(
        {static_cast<int>(x), static_cast<int>(y), static_cast<int>(upright ? deep : length), static_cast<int>(upright ? length : deep)});
  }
  return out;
}

struct Judge {
  CaptureAppraisal& out;

  void add(std::string id, bool good, Weight weight, std::string yes, std::string no, std::optional<double> score = {},
           std::optional<imaging::Quad> place = {}) const {
    Finding f;
    f.id = std::move(id);
    f.outcome = good ? Outcome::passed : Outcome::failed;
    f.explanation = good ? std::move(yes) : std::move(no);
    f.kind = CheckKind::capture;
    f.weight = weight;
    f.score = score;
    if (!good) f.place = place;
    out.findings.push_back(std::move(f));
  }
};

double ramp(double v, double zero, double one) { return std::clamp((v - zero) / (one - zero), 0.0, 1.0); }

/// Two quads apart from one another rather than one inside the other.
bool disjoint(const imaging::Quad& a, const imaging::Quad& b) {
  const auto polygon = [](const imaging::Quad& q) {
    std::vector<cv::Point2f> p;
    for (const auto& c : q) p.emplace_back(static_cast<float>(c.x), static_cast<float>(c.y));
    return p;
  };
  std::vector<cv::Point2f> common;
  const double shared = cv::intersectConvexConvex(polygon(a), polygon(b), common);
  return shared < 0.08 * std::min(std::abs(imaging::area_of(a)), std::abs(imaging::area_of(b)));
}

}  // namespace

CaptureAppraisal appraise_capture(const imaging::Image& image) {
  if (image.empty()) return appraise_capture(image, Sighting{});
  return appraise_capture(image, look_for_documents(image, 6));
}

CaptureAppraisal appraise_capture(const imaging::Image& image, const Sighting& sighting) {
  CaptureAppraisal out;
  const Judge judge{out};
  if (image.empty()) {
    judge.add("document_found", false, Weight::refuse, "", "The picture is empty");
    return out;
  }
  const imaging::Quad whole = imaging::quad_of({0, 0, image.width, image.height});
  const auto& [outlines, cut] = sighting;
  const Outline* best = outlines.empty() ? nullptr : &outlines.front();
  // An outline of such a score stands for itself, whatever runs out of the picture.
  const bool sure = best != nullptr && best->score >= kSureOutline;
  const auto visible = cut && !sure ? std::optional{corners_of(cut->visible)} : std::nullopt;
  imaging::Image page = flat(image, visible ? *visible : best != nullptr ? best->quad : whole);
  // Where no outline is in sight either, only print tells a document from a table's edge.
  const bool runs_out = cut && (best != nullptr || shows_print(page));
  if (runs_out && visible) {
    best = nullptr;
    out.outline = visible;
  } else if (best != nullptr) {
    out.outline = best->quad;
  } else {
    if (visible) page = flat(image, whole);
    // A scanner or another program has cut the picture to the document's edges.
    out.fills_picture = document_shape(image.width, image.height) && shows_print(page);
    if (out.fills_picture) out.outline = whole;
  }
  judge.add("document_found", out.outline.has_value(), Weight::refuse, "A document is in the picture",
            "No document stands out in the picture: put it on a plain, darker ground");

  const Outline* other = nullptr;
  for (const auto& o : outlines) {
    const bool like_card = std::abs(o.aspect - 1.586) < 0.10 || std::abs(o.aspect - 1.42) < 0.06;
    if (best != nullptr && &o != best && !o.cut_off && o.score > 0.80 && like_card && disjoint(o.quad, best->quad) &&
        std::abs(imaging::area_of(o.quad)) > 0.5 * std::abs(imaging::area_of(best->quad)) && shows_print(flat(image, o.quad)))
      other = &o;
  }
  judge.add("one_document", other == nullptr, Weight::review, "One document is in the picture",
            "Several documents are in the picture: show one", {}, other != nullptr ? std::optional{other->quad} : std::nullopt);
  judge.add("document_whole", !runs_out, Weight::review, "The whole document is in the picture",
            runs_out ? cut_off_at(*cut) : std::string{}, {}, runs_out ? std::optional{strip_along(image, *cut)} : std::nullopt);

  out.quality = imaging::measure(page);
  const auto& q = out.quality;
  const imaging::Quad seen = out.outline.value_or(whole);
  // A clean scan at a low resolution is as sharp as its pixels allow: what is small is judged by its size.
  const double evenness = q.sharpness >= kLeastSharpness ? evenness_of_slopes(page) : 1;
  const bool moved = evenness < kLeastEvenness;
  judge.add("sharp_enough", q.sharpness >= kLeastSharpness && !moved, Weight::review, "The picture is sharp",
            moved ? "The camera moved: hold still" : "The picture is blurred: hold still and let the camera focus",
            std::min(ramp(q.sharpness, 4, 22), ramp(evenness, 0, 2 * kLeastEvenness)), seen);
  std::optional<imaging::Quad> glare;
  if (q.glare_share >= 0.02) {
    if (const auto box = brightest_patch(page)) {
      glare = imaging::apply(imaging::homography(imaging::quad_of({0, 0, page.width, page.height}), seen), imaging::quad_of(*box));
    }
  }
  // A large one raises its own surroundings.
  const bool glaring = q.glare_share >= 0.02;
  if (!glaring) {
    if (const auto box = large_reflection(page))
      glare = imaging::apply(imaging::homography(imaging::quad_of({0, 0, page.width, page.height}), seen), imaging::quad_of(*box));
  }
  judge.add("free_of_glare", !glaring && !glare, Weight::review, "No glare covers the document",
            "Glare covers part of the document: tilt it or move the light", glaring || !glare ? 1 - ramp(q.glare_share, 0, 0.08) : 0.4,
            glare);
  const double long_side = std::max((side(seen, 0, 1) + side(seen, 2, 3)) / 2, (side(seen, 1, 2) + side(seen, 3, 0)) / 2);
  judge.add("large_enough", long_side >= 500, long_side < 350 ? Weight::refuse : Weight::review,
            "The document is large enough in the picture", "The document is too small in the picture: move closer",
            ramp(long_side, 200, 900), seen);
  const double skew = best == nullptr ? 0 : best->skew;
  judge.add("straight_enough", skew < 0.34, skew < 0.6 ? Weight::note : Weight::review, "The document is seen from above",
            "The document is seen at a slant: hold the camera straight above it", 1 - ramp(skew, 0, 0.7), seen);
  const bool dark = q.brightness < 60 || q.contrast < 35;
  const bool washed = q.brightness > 246 && q.contrast < 25;
  judge.add("bright_enough", !dark && !washed, Weight::review, "The light is good",
            washed ? "The picture is washed out: use less light" : "The picture is too dark or too dull: use more light",
            std::min(ramp(q.brightness, 30, 100), ramp(q.contrast, 15, 80)), seen);
  judge.add("in_color", !q.gray, Weight::note, "The picture has colours", "The picture has no colours, as a photocopy or a gray scan", {},
            seen);
  if (!out.outline) {
    for (auto& f : out.findings) {
      if (f.id != "document_found" && f.id != "bright_enough") f.outcome = Outcome::not_checked;
    }
  }
  out.ready = std::ranges::none_of(out.findings, [](const Finding& f) { return f.outcome == Outcome::failed && f.weight != Weight::note; });
  return out;
}

std::string_view advice(const CaptureAppraisal& appraisal) noexcept {
  struct Line {
    std::string_view id;
    std::string_view text;
  };
  static constexpr Line kLines[] = {{"document_found", "Show the document"},
                                    {"one_document", "Show one document only"},
                                    {"document_whole", "Show the whole document"},
                                    {"large_enough", "Move closer"},
                                    {"bright_enough", "Use better light"},
                                    {"sharp_enough", "Hold still"},
                                    {"free_of_glare", "Tilt it to avoid the reflection"},
                                    {"straight_enough", "Hold the camera straight above"}};
  for (const auto& line : kLines) {
    for (const auto& f : appraisal.findings) {
      if (f.id == line.id && f.outcome == Outcome::failed && (f.weight != Weight::note || line.id == "straight_enough")) return line.text;
    }
  }
  return {};
}

}  // namespace authx::document
