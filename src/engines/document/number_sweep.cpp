#include <algorithm>
#include <cmath>
#include <numbers>

#include "engines/document/number_lines.h"
#include "engines/document/ocr.h"
#include "engines/document/secrets.h"
#include "imaging/geometry.h"

namespace authx::document {
namespace {

constexpr int kSearchedSide = 1200;  ///< of the picture that lines are looked for on
constexpr int kInkHeight = 40;       ///< of a line when it is read

/// A picture turned so that print in one direction runs across, and the way back.
struct Turned {
  imaging::Image page;
  imaging::Homography to_input{};
};

Turned turned_by(const imaging::Image& gray, double degrees, int quarters) {
  const double a = degrees * std::numbers::pi / 180;
  const imaging::Point u{std::cos(a), std::sin(a)};
  double s0 = 1e9;
  double s1 = -1e9;
  double t0 = 1e9;
  double t1 = -1e9;
  for (const auto& p : imaging::quad_of({0, 0, gray.width, gray.height})) {
    const double s = p.x * u.x + p.y * u.y;
    const double t = -p.x * u.y + p.y * u.x;
    s0 = std::min(s0, s);
    s1 = std::max(s1, s);
    t0 = std::min(t0, t);
    t1 = std::max(t1, t);
  }
  const auto at = [&](double s, double t) { return imaging::Point{s * u.x - t * u.y, s * u.y + t * u.x}; };
  const imaging::Quad corners{at(s0, t0), at(s1, t0), at(s1, t1), at(s0, t1)};
  imaging::Quad quad;
  for (std::size_t i = 0; i < 4; ++i) quad[i] = corners[(i + static_cast<std::size_t>(4 - quarters)) % 4];
  double w = s1 - s0;
  double h = t1 - t0;
  if (quarters % 2 == 1) std::swap(w, h);
  const double scale = std::min(1.0, kSearchedSide / std::max(w, h));
  const int width = std::max(8, static_cast<int>(w * scale));
  const int height = std::max(8, static_cast<int>(h * scale));
  return {imaging::warp(gray, quad, width, height), imaging::homography(imaging::quad_of({0, 0, width, height}), quad)};
}

/// A line of the picture at the size that is read.
imaging::Image cut(const imaging::Image& gray, const imaging::Quad& quad, double ink) {
  const double w = std::hypot(quad[1].x - quad[0].x, quad[1].y - quad[0].y);
  const double h = std::hypot(quad[3].x - quad[0].x, quad[3].y - quad[0].y);
  const double scale = std::min(kInkHeight / ink, 4000 / std::max(1.0, w));
  const int width = std::max(8, static_cast<int>(w * scale));
  const int height = std::max(8, static_cast<int>(h * scale));
  const imaging::Box box = imaging::bounds_of(quad);
  const imaging::Image part = imaging::crop(gray, {box.x - 2, box.y - 2, box.width + 4, box.height + 4});
  if (part.empty()) return {};
  imaging::Quad inside = quad;
  for (auto& p : inside) p = {p.x - std::max(0, box.x - 2), p.y - std::max(0, box.y - 2)};
  return imaging::warp(part, inside, width, height);
}

bool inside(const imaging::Quad& outer, const imaging::Quad& inner, double margin) {
  return std::ranges::all_of(inner, [&](const imaging::Point& p) {
    for (std::size_t i = 0; i < 4; ++i) {
      const auto& a = outer[i];
      const auto& b = outer[(i + 1) % 4];
      const double length = std::max(1.0, std::hypot(b.x - a.x, b.y - a.y));
      if (((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)) / length < margin) return false;
    }
    return true;
  });
}

std::size_t digits_in(const std::vector<Word>& words) {
  std::size_t n = 0;
  for (const auto& w : words) n += static_cast<std::size_t>(std::ranges::count_if(w.text, [](char c) { return c >= '0' && c <= '9'; }));
  return n;
}

class Sweeper {
 public:
  Sweeper(const imaging::Image& input, const NumberSweep& sweep, const Deadline& deadline)
      : gray_(imaging::to_gray(input)), sweep_(sweep), deadline_(deadline) {}

  SweptNumbers run() {
    for (const double degrees : sweep_.directions) {
      for (const int quarters : {0, 1}) {
        if (deadline_.passed()) return std::move(out_);
        look(turned_by(gray_, degrees, quarters));
      }
    }
    return std::move(out_);
  }

 private:
  void look(const Turned& turned) {
    auto lines = text_lines(turned.page);
    std::erase_if(lines, [](const TextLine& l) { return !may_be_number(l); });
    // Groups of four digits: of even height, a dozen marks or so.
    std::ranges::sort(lines, std::greater{}, [](const TextLine& l) { return l.even - std::abs(l.letters - 13) / 20; });
    std::size_t tried = 0;
    for (const auto& l : lines) {
      const int pad = l.box.height / 2 + 2;
      const imaging::Quad wide = imaging::apply(
          turned.to_input, imaging::quad_of({l.box.x - 2 * pad, l.box.y - pad, l.box.width + 4 * pad, l.box.height + 2 * pad}));
      const imaging::Quad tight = imaging::apply(turned.to_input, imaging::quad_of(l.box));
      const double ink = std::hypot(tight[3].x - tight[0].x, tight[3].y - tight[0].y);
      if (sweep_.searched && inside(*sweep_.searched, tight, ink / 2)) continue;
      if (++tried > sweep_.most_lines || deadline_.passed()) return;
      double sure = 0;
      const bool held = read(wide, ink, sure) || ((sure < 0.8 || digital_) && read({wide[2], wide[3], wide[0], wide[1]}, ink, sure));
      // Words' boxes are rough: the line is hidden from end to end.
      const int rim = l.box.height / 3 + 2;
      if (held)
        out_.places.push_back(imaging::apply(
            turned.to_input, imaging::quad_of({l.box.x - rim, l.box.y - rim, l.box.width + 2 * rim, l.box.height + 2 * rim})));
    }
  }

  /// True when the strip held a number; `sure` of what it holds otherwise.
  bool read(const imaging::Quad& quad, double ink, double& sure) {
    const imaging::Image strip = cut(gray_, quad, ink);
    if (strip.empty()) return false;
    const auto words = ocr(strip, OcrMode::line, deadline_);
    if (!words) return false;
    double letters = 0;
    double sum = 0;
    for (const auto& w : *words) {
      letters += static_cast<double>(w.text.size());
      sum += w.confidence * static_cast<double>(w.text.size());
    }
    sure = std::max(sure, letters > 5 ? sum / letters : 0);
    auto found = find_numbers(strip, group_rows(*words), deadline_);
    std::erase_if(found, [](const GroupedNumber& n) { return !n.valid(); });
    const std::size_t digits = digits_in(*words);
    digital_ = digits >= 7;
    if (found.empty() && digits >= 7) {
      const imaging::Box all{strip.height / 4, strip.height / 4, strip.width - strip.height / 2, strip.height / 2};
      if (auto n = read_digits(strip, all, deadline_); n && n->valid()) found.push_back(std::move(*n));
    }
    if (found.empty() && digits >= 8) out_.doubtful.push_back(quad);
    return !found.empty();
  }

  imaging::Image gray_;
  const NumberSweep& sweep_;
  const Deadline& deadline_;
  SweptNumbers out_;
  bool digital_ = false;  ///< the strip read last holds digits, which look like digits upside down, too
};

}  // namespace

SweptNumbers sweep_numbers(const imaging::Image& input, const NumberSweep& sweep, const Deadline& deadline) {
  return Sweeper{input, sweep, deadline}.run();
}

}  // namespace authx::document
