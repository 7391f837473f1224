// The appraisal of a capture on drawn cards with one fault each. Input lines:
//   FAULT KIND LEVEL SEED   fault: none, blur, motion, glare, cut_off, small, tilted, several, absent, dark, washed
//   file PATH               a picture without a document
// Answer: {"failed": {id: whether its place covers the fault's, or null without one}, "ready": …, "ms": CPU milliseconds}.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "engines/document/capture.h"
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

void cut_off(Scene& s, specimen::Dice& dice) {
  const auto b = imaging::bounds_of(s.card);
  const double share = dice.range(0.1, 0.3);
  cv::Rect to(0, 0, s.picture.cols, s.picture.rows);
  switch (dice.between(0, 3)) {
    case 0: to.width = b.x + static_cast<int>(b.width * (1 - share)); break;
    case 1: to.height = b.y + static_cast<int>(b.height * (1 - share)); break;
    case 2: to.x = b.x + static_cast<int>(b.width * share); break;
    default: to.y = b.y + static_cast<int>(b.height * share); break;
  }
  to.width = std::min(to.width, s.picture.cols - to.x);
  to.height = std::min(to.height, s.picture.rows - to.y);
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
    cut_off(s, dice);
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
    std::istringstream words{line};
    std::string fault;
    std::string kind;
    int level = 0;
    std::uint64_t seed = 0;
    words >> fault >> kind >> level >> seed;
    const auto parsed = specimen::parse_kind(kind);
    if (!parsed || !words) bench::give_up("cannot read the line: " + line);
    return answer(faulty(fault, *parsed, level, seed));
  });
}
