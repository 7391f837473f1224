// The appraisal of a capture on drawn cards with one fault each. Input lines:
//   FAULT KIND LEVEL SEED   fault: none, blur, motion, glare, cut_off (8 to 35 % of one to three sides), cut_little (4 to 6 %), cut_corner,
//                           small, tilted, several, absent, dark, washed; scan: nothing but the card, up to five pixels of it shaved
//   file PATH               a picture as it is
//   candidates FAULT KIND LEVEL SEED   what tools/cuts/train.py fits the search for cut documents on
// Answer: {"failed": {id: whether its place covers the fault's, or null without one}, "ready": …, "ms": CPU milliseconds}.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "engines/document/capture.h"
#include "engines/document/outline_cut.h"
#include "engines/specimen/people.h"
#include "engines/specimen/specimen.h"
#include "imaging/decode.h"
#include "imaging/mat.h"
#include "probe.h"

namespace {

using namespace authx;

constexpr Date kToday{std::chrono::year{2026}, std::chrono::June, std::chrono::day{1}};

struct Scene {
  cv::Mat picture;
  imaging::Quad card{};
  cv::Point2d fault{-1, -1};  ///< a point that its place must cover
};

Scene draw(specimen::Kind kind, int level, std::uint64_t seed) {
  specimen::Request r;
  r.kind = kind;
  r.level = level;
  r.seed = seed;
  r.today = kToday;
  r.compressed = false;
  auto made = specimen::generate(r);
  if (!made) bench::give_up("no specimen: " + made.error().detail);
  Scene out;
  out.picture = imaging::as_mat(made->image).clone();
  out.card = made->truth.outline;
  return out;
}

double side(const imaging::Quad& q, std::size_t a, std::size_t b) { return std::hypot(q[a].x - q[b].x, q[a].y - q[b].y); }

cv::Point2d inside(const imaging::Quad& q, double u, double v) {
  const auto mix = [](imaging::Point a, imaging::Point b, double t) {
    return imaging::Point{a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
  };
  const auto p = mix(mix(q[0], q[1], u), mix(q[3], q[2], u), v);
  return {p.x, p.y};
}

void scale(Scene& s, double by) {
  cv::resize(s.picture, s.picture, {}, by, by, by < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  for (auto& p : s.card) p = {p.x * by, p.y * by};
}

void crop(Scene& s, cv::Rect to) {
  to &= cv::Rect(0, 0, s.picture.cols, s.picture.rows);
  s.picture = s.picture(to).clone();
  for (auto& p : s.card) p = {p.x - to.x, p.y - to.y};
}

void blur(Scene& s, bool motion, specimen::Dice& dice) {
  const double unit = side(s.card, 0, 1) / 1000;
  if (!motion) {
    cv::GaussianBlur(s.picture, s.picture, {}, unit * dice.range(4, 8));
    return;
  }
  const int n = std::max(9, static_cast<int>(unit * dice.range(18, 34))) | 1;
  cv::Mat kernel(n, n, CV_32F, cv::Scalar(0));
  const double a = dice.range(0, std::numbers::pi);
  const cv::Point c(n / 2, n / 2);
  const cv::Point d(static_cast<int>(std::cos(a) * n / 2), static_cast<int>(std::sin(a) * n / 2));
  cv::line(kernel, c - d, c + d, cv::Scalar(1), 1);
  kernel /= cv::sum(kernel)[0];
  cv::filter2D(s.picture, s.picture, -1, kernel);
}

/// A lamp's mirror image: burnt out in the middle, with a soft rim.
void glare(Scene& s, specimen::Dice& dice) {
  const double unit = side(s.card, 0, 1);
  s.fault = inside(s.card, dice.range(0.2, 0.8), dice.range(0.25, 0.75));
  cv::Mat patch(s.picture.size(), CV_32F, cv::Scalar(0));
  const cv::Size axes(static_cast<int>(unit * dice.range(0.1, 0.2)), static_cast<int>(unit * dice.range(0.06, 0.12)));
  cv::ellipse(patch, cv::Point(s.fault), axes, dice.range(0, 180), 0, 360, cv::Scalar(1.4), cv::FILLED);
  cv::GaussianBlur(patch, patch, {}, unit * dice.range(0.012, 0.035));
  for (int y = 0; y < s.picture.rows; ++y) {
    auto* p = s.picture.ptr<cv::Vec3b>(y);
    const auto* g = patch.ptr<float>(y);
    for (int x = 0; x < s.picture.cols; ++x) {
      if (g[x] <= 0.002F) continue;
      for (int c = 0; c < 3; ++c) p[x][c] = cv::saturate_cast<std::uint8_t>(p[x][c] + 255.0F * g[x]);
    }
  }
}

/// A part of the card is left outside the picture: `share` of its length or height at one, two or three sides, or a corner.
void cut_off(Scene& s, double share, specimen::Dice& dice) {
  const auto b = imaging::bounds_of(s.card);
  cv::Rect to(0, 0, s.picture.cols, s.picture.rows);
  const auto from = [&](int side, double by) {
    const cv::Point end = to.br();
    switch (side) {
      case 0: to.width = std::max(80, std::min(end.x, b.x + static_cast<int>(b.width * (1 - by))) - to.x); break;
      case 1: to.height = std::max(80, std::min(end.y, b.y + static_cast<int>(b.height * (1 - by))) - to.y); break;
      case 2:
        to.x = std::max(0, b.x + static_cast<int>(b.width * by));
        to.width = std::max(80, end.x - to.x);
        break;
      default: to.y = std::max(0, b.y + static_cast<int>(b.height * by)); to.height = std::max(80, end.y - to.y);
    }
  };
  const int first = dice.between(0, 3);
  const double kind = dice.unit();
  from(first, share);
  if (kind > 0.5) from((first + 1) % 4, share * dice.range(0.5, 1.2));
  if (kind > 0.75) from((first + 2) % 4, share * dice.range(0.5, 1.2));
  crop(s, to);
}

/// A corner alone: the card is turned, and the picture ends before it.
void corner_off(Scene& s, double share, bool plain, specimen::Dice& dice) {
  const double degrees = dice.range(12, 33) * (dice.chance(0.5) ? 1 : -1);
  const cv::Point2d middle(s.picture.cols / 2.0, s.picture.rows / 2.0);
  cv::Mat turn = cv::getRotationMatrix2D(middle, degrees, 0.8);
  cv::Mat out;
  cv::warpAffine(s.picture, out, turn, s.picture.size(), cv::INTER_LINEAR, plain ? cv::BORDER_REPLICATE : cv::BORDER_REFLECT_101);
  s.picture = out;
  for (auto& p : s.card) {
    const double x = turn.at<double>(0, 0) * p.x + turn.at<double>(0, 1) * p.y + turn.at<double>(0, 2);
    const double y = turn.at<double>(1, 0) * p.x + turn.at<double>(1, 1) * p.y + turn.at<double>(1, 2);
    p = {x, y};
  }
  const auto b = imaging::bounds_of(s.card);
  cv::Rect to(0, 0, s.picture.cols, s.picture.rows);
  // Along the border that the corner crosses.
  const double deep = share * std::min(side(s.card, 0, 1), side(s.card, 1, 2));
  switch (dice.between(0, 3)) {
    case 0: to.width = static_cast<int>(b.x + b.width - deep); break;
    case 1: to.height = static_cast<int>(b.y + b.height - deep); break;
    case 2:
      to.x = static_cast<int>(b.x + deep);
      to.width -= to.x;
      break;
    default: to.y = static_cast<int>(b.y + deep); to.height -= to.y;
  }
  crop(s, to);
}

/// The whole picture as a plane seen from the side.
void tilt(Scene& s, specimen::Dice& dice) {
  const double w = s.picture.cols;
  const double h = s.picture.rows;
  const double angle = dice.range(52, 62) * std::numbers::pi / 180 * (dice.chance(0.5) ? 1 : -1);
  const bool sideways = dice.chance(0.5);
  const double far = 1.6 * std::max(w, h);
  const auto seen = [&](imaging::Point p) {
    double x = p.x - w / 2;
    double y = p.y - h / 2;
    double z = 0;
    if (sideways) {
      z = x * std::sin(angle);
      x *= std::cos(angle);
    } else {
      z = y * std::sin(angle);
      y *= std::cos(angle);
    }
    const double k = far / (far + z);
    return imaging::Point{w / 2 + k * x, h / 2 + k * y};
  };
  imaging::Quad from = imaging::quad_of({0, 0, s.picture.cols, s.picture.rows});
  imaging::Quad to{};
  for (std::size_t i = 0; i < 4; ++i) to[i] = seen(from[i]);
  const auto map = imaging::homography(from, to);
  const cv::Mat m(3, 3, CV_64F, const_cast<double*>(map.data()));
  cv::Mat out;
  cv::warpPerspective(s.picture, out, m, s.picture.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  s.picture = out;
  s.card = imaging::apply(map, s.card);
}

void several(Scene& s, specimen::Kind kind, int level, std::uint64_t seed) {
  Scene other = draw(kind, level, seed + 7777);
  cv::resize(other.picture, other.picture, s.picture.size());
  cv::Mat both;
  cv::vconcat(s.picture, other.picture, both);
  s.picture = both;
}

/// A table with things on it, none of them a document.
cv::Mat table(specimen::Dice& dice) {
  cv::Mat m(900, 1200, CV_8UC3, cv::Scalar(dice.between(60, 200), dice.between(60, 200), dice.between(60, 200)));
  for (int i = 0, n = dice.between(2, 7); i < n; ++i) {
    const cv::Scalar color(dice.between(20, 235), dice.between(20, 235), dice.between(20, 235));
    const cv::Point at(dice.between(0, 1200), dice.between(0, 900));
    if (dice.chance(0.5)) {
      cv::circle(m, at, dice.between(30, 160), color, cv::FILLED, cv::LINE_AA);
    } else {
      cv::line(m, at, {dice.between(0, 1200), dice.between(0, 900)}, color, dice.between(4, 30), cv::LINE_AA);
    }
  }
  cv::RNG rng(dice.raw());
  cv::Mat noise(m.size(), CV_16SC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, 3);
  cv::add(m, noise, m, cv::noArray(), CV_8UC3);
  return m;
}

/// The middle of the longest stretch of the picture's border that the card covers, two pixels inside it.
cv::Point2d where_cut(const Scene& s) {
  std::vector<cv::Point2f> polygon;
  for (const auto& p : s.card) polygon.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
  cv::Point2d best(-1, -1);
  int longest = 0;
  const auto along = [&](cv::Point2f from, cv::Point2f step, int n) {
    int run = 0;
    for (int i = 0; i <= n; ++i) {
      const cv::Point2f at = from + step * static_cast<float>(i);
      if (i < n && cv::pointPolygonTest(polygon, at, false) >= 0) {
        ++run;
        continue;
      }
      if (run > longest) {
        longest = run;
        best = at - step * (static_cast<float>(run) / 2);
      }
      run = 0;
    }
  };
  const auto w = static_cast<float>(s.picture.cols);
  const auto h = static_cast<float>(s.picture.rows);
  along({2, 2}, {0, 1}, s.picture.rows - 4);
  along({w - 3, 2}, {0, 1}, s.picture.rows - 4);
  along({2, 2}, {1, 0}, s.picture.cols - 4);
  along({2, h - 3}, {1, 0}, s.picture.cols - 4);
  return best;
}

Scene faulty(const std::string& fault, specimen::Kind kind, int level, std::uint64_t seed) {
  specimen::Dice dice{seed * 131 + 17};
  if (fault == "absent") {
    Scene none;
    none.picture = table(dice);
    return none;
  }
  Scene s = draw(kind, level, seed);
  if (fault == "blur" || fault == "motion") {
    blur(s, fault == "motion", dice);
  } else if (fault == "glare") {
    glare(s, dice);
  } else if (fault == "cut_off") {
    cut_off(s, dice.range(0.08, 0.35), dice);
  } else if (fault == "cut_little") {
    cut_off(s, dice.range(0.04, 0.06), dice);
  } else if (fault == "cut_corner") {
    corner_off(s, dice.range(0.15, 0.4), level == 0, dice);
  } else if (fault == "scan") {
    // Cut to the card's edges, or a few pixels into it.
    const auto b = imaging::bounds_of(s.card);
    const int shaved = dice.between(0, 5);
    crop(s, {b.x + shaved, b.y + shaved, b.width - 2 * shaved, b.height - 2 * shaved});
  } else if (fault == "small") {
    scale(s, dice.range(260, 460) / std::max(side(s.card, 0, 1), side(s.card, 1, 2)));
  } else if (fault == "tilted") {
    tilt(s, dice);
  } else if (fault == "several") {
    several(s, kind, level, seed);
  } else if (fault == "dark") {
    s.picture.convertTo(s.picture, CV_8U, dice.range(0.08, 0.2));
  } else if (fault == "washed") {
    s.picture.convertTo(s.picture, CV_8U, 0.1, dice.range(232, 240));
  } else if (fault != "none") {
    bench::give_up("no such fault: " + fault);
  }
  if (fault.starts_with("cut")) s.fault = where_cut(s);
  if (s.fault.x < 0) s.fault = inside(s.card, 0.5, 0.5);
  return s;
}

std::string answer(const Scene& s) {
  const imaging::Image image = imaging::decode(*imaging::encode_jpeg(imaging::from_mat(s.picture), 88))->pages.front();
  const std::clock_t from = std::clock();
  const auto appraisal = document::appraise_capture(image);
  const double ms = 1000.0 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
  std::string failed;
  for (const auto& f : appraisal.findings) {
    if (f.outcome != document::Outcome::failed) continue;
    std::string covers = "null";
    if (f.place) {
      std::vector<cv::Point2f> polygon;
      for (const auto& p : *f.place) polygon.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
      covers = cv::pointPolygonTest(polygon, cv::Point2f(s.fault), false) >= 0 ? "true" : "false";
    }
    failed += fmt::format(R"({}"{}": {})", failed.empty() ? "" : ", ", f.id, covers);
  }
  return fmt::format(R"({{"failed": {{{}}}, "ready": {}, "ms": {:.2f}}})", failed, appraisal.ready, ms);
}

std::vector<cv::Point2f> hull(const auto& points) {
  std::vector<cv::Point2f> all;
  for (const auto& p : points) all.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
  std::vector<cv::Point2f> out;
  cv::convexHull(all, out);
  return out;
}

/// {"outlines": [[score, aspect]], "cuts": [[shape, overlap over union with what is to be seen of the card, share of the best outline
/// within it, their overlap over union, [traits]]]}
std::string candidates(const Scene& s) {
  const imaging::Image image = imaging::decode(*imaging::encode_jpeg(imaging::from_mat(s.picture), 88))->pages.front();
  const auto outlines = document::find_outlines(image, 1);
  const auto shared = [](const std::vector<cv::Point2f>& a, const std::vector<cv::Point2f>& b) {
    std::vector<cv::Point2f> common;
    return a.size() < 3 || b.size() < 3 ? 0.0 : cv::intersectConvexConvex(a, b, common);
  };
  const auto overlap = [&](const std::vector<cv::Point2f>& a, const std::vector<cv::Point2f>& b) {
    const double both = shared(a, b);
    return both / std::max(1.0, cv::contourArea(a) + cv::contourArea(b) - both);
  };
  const auto frame = hull(imaging::quad_of({0, 0, image.width, image.height}));
  std::vector<cv::Point2f> visible;
  cv::intersectConvexConvex(hull(s.card), frame, visible);
  const auto whole = outlines.empty() ? std::vector<cv::Point2f>{} : hull(outlines.front().quad);
  std::string list;
  for (const auto& c : document::cut_candidates(image)) {
    const auto area = hull(c.visible);
    list +=
        fmt::format("{}[{}, {:.3f}, {:.3f}, {:.3f}, [{:.3f}]]", list.empty() ? "" : ", ", static_cast<int>(c.shape),
                    visible.size() < 3 ? 0.0 : overlap(area, visible), whole.empty() ? 0.0 : shared(whole, area) / cv::contourArea(whole),
                    whole.empty() ? 0.0 : overlap(whole, area), fmt::join(c.traits, ", "));
  }
  return fmt::format(R"({{"outlines": [{}], "cuts": [{}]}})",
                     outlines.empty() ? "" : fmt::format("[{:.3f}, {:.3f}]", outlines.front().score, outlines.front().aspect), list);
}

}  // namespace

int main() {
  return authx::bench::answer_lines([](const std::string& line) {
    if (line.starts_with("file ")) {
      const auto decoded = imaging::decode(bench::file_bytes(line.substr(5)));
      if (!decoded) bench::give_up(decoded.error().detail);
      Scene s;
      s.picture = imaging::as_mat(decoded->pages.front()).clone();
      return answer(s);
    }
    const bool fitting = line.starts_with("candidates ");
    std::istringstream words{fitting ? line.substr(11) : line};
    std::string fault;
    std::string kind;
    int level = 0;
    std::uint64_t seed = 0;
    words >> fault >> kind >> level >> seed;
    const auto parsed = specimen::parse_kind(kind);
    if (!parsed || !words) bench::give_up("cannot read the line: " + line);
    const Scene scene = faulty(fault, *parsed, level, seed);
    return fitting ? candidates(scene) : answer(scene);
  });
}
