#include <algorithm>
#include <cmath>
#include <numbers>

#include "engines/document/digit_rows.h"
#include "engines/document/number_lines.h"
#include "engines/document/ocr.h"
#include "engines/document/rules.h"
#include "engines/document/secrets.h"
#include "imaging/geometry.h"

namespace authx::document {
namespace {

constexpr int kSearchedSide = 1200;   ///< of the picture that lines are looked for on
constexpr int kInkHeight = 40;        ///< of a line when it is read
constexpr std::size_t kMostRows = 8;  ///< of digits that are read

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

std::size_t digits_in(const std::vector<Word>& words) {
  std::size_t n = 0;
  for (const auto& w : words) n += static_cast<std::size_t>(std::ranges::count_if(w.text, [](char c) { return c >= '0' && c <= '9'; }));
  return n;
}

/// A strip of a picture, read.
struct StripReading {
  bool held = false;       ///< a number whose check digit is right
  bool masked = false;     ///< one whose first digits are masked in print
  std::size_t digits = 0;  ///< that came out when letters were allowed, too
  double sure = 0;         ///< of all that came out
  bool date = false;       ///< surely read, and nothing else of digits
};

StripReading read_strip(const imaging::Image& gray, const imaging::Quad& quad, double ink, const Deadline& deadline) {
  StripReading out;
  const imaging::Image strip = cut(gray, quad, ink);
  if (strip.empty()) return out;
  const auto words = ocr(strip, OcrMode::line, deadline);
  if (!words) return out;
  double letters = 0;
  double sum = 0;
  for (const auto& w : *words) {
    letters += static_cast<double>(w.text.size());
    sum += w.confidence * static_cast<double>(w.text.size());
  }
  out.sure = letters > 5 ? sum / letters : 0;
  out.digits = digits_in(*words);
  out.date = out.digits <= 10 && std::ranges::any_of(*words, [](const Word& w) { return w.confidence > 0.9 && is_plain_date(w.text); });
  if (out.date) return out;
  for (const auto& n : find_numbers(strip, group_rows(*words), deadline)) {
    out.held = out.held || n.valid();
    out.masked = out.masked || n.masked();
  }
  if (!out.held && !out.masked && out.digits >= 7) {
    const imaging::Box all{strip.height / 4, strip.height / 4, strip.width - strip.height / 2, strip.height / 2};
    const auto n = read_digits(strip, all, deadline);
    out.held = n && n->valid();
  }
  return out;
}

imaging::Quad upside_down(const imaging::Quad& q) { return {q[2], q[3], q[0], q[1]}; }

/// The quad with `along` and `across` of its height more on every side.
imaging::Quad widened(const imaging::Quad& q, double along, double across) {
  const double w = std::max(1.0, std::hypot(q[1].x - q[0].x, q[1].y - q[0].y));
  const double h = std::hypot(q[3].x - q[0].x, q[3].y - q[0].y);
  const auto at = [&](double u, double v) {
    return imaging::Point{q[0].x + (q[1].x - q[0].x) * u + (q[3].x - q[0].x) * v, q[0].y + (q[1].y - q[0].y) * u + (q[3].y - q[0].y) * v};
  };
  const double u = along * h / w;
  return {at(-u, -across), at(1 + u, -across), at(1 + u, 1 + across), at(-u, 1 + across)};
}

bool holds(const imaging::Quad& q, const imaging::Point& p) {
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& a = q[i];
    const auto& b = q[(i + 1) % 4];
    if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < 0) return false;
  }
  return true;
}

/// Whether two run in one direction or the opposite, within seven degrees: a number may be stamped across a word.
bool parallel(const imaging::Quad& a, const imaging::Quad& b) {
  const double ax = a[1].x - a[0].x;
  const double ay = a[1].y - a[0].y;
  const double bx = b[1].x - b[0].x;
  const double by = b[1].y - b[0].y;
  return std::abs(ax * by - ay * bx) <= 0.12 * std::hypot(ax, ay) * std::hypot(bx, by);
}

class Sweeper {
 public:
  Sweeper(const imaging::Image& gray, const NumberSweep& sweep, const Deadline& deadline)
      : gray_(gray), sweep_(sweep), deadline_(deadline) {}

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
      if (++tried > sweep_.most_lines || deadline_.passed()) return;
      auto read = read_strip(gray_, wide, ink, deadline_);
      bool doubtful = read.digits >= 8;
      // Digits look like digits upside down, too.
      if (!read.held && (read.sure < 0.8 || read.digits >= 7)) {
        read = read_strip(gray_, upside_down(wide), ink, deadline_);
        doubtful = doubtful || read.digits >= 8;
      }
      // Words' boxes are rough: the line is hidden from end to end.
      const int rim = l.box.height / 3 + 2;
      if (read.held) {
        out_.places.push_back(imaging::apply(
            turned.to_input, imaging::quad_of({l.box.x - rim, l.box.y - rim, l.box.width + 2 * rim, l.box.height + 2 * rim})));
      } else if (doubtful) {
        out_.doubtful.push_back(wide);
      }
    }
  }

  const imaging::Image& gray_;
  const NumberSweep& sweep_;
  const Deadline& deadline_;
  SweptNumbers out_;
};

}  // namespace

SweptNumbers read_digit_rows(const imaging::Image& gray, const KnownPrint& known, const Deadline& deadline,
                             const std::optional<imaging::Box>& closer) {
  SweptNumbers out;
  std::size_t tried = 0;
  for (const auto& row : digit_rows(gray, closer)) {
    const auto along = [&](double t) {
      const auto& q = row.place;
      return imaging::Point{((1 - t) * (q[0].x + q[3].x) + t * (q[1].x + q[2].x)) / 2,
                            ((1 - t) * (q[0].y + q[3].y) + t * (q[1].y + q[2].y)) / 2};
    };
    if (std::ranges::any_of(known.places, [&](const imaging::Quad& q) { return holds(q, along(0.5)); })) continue;
    if (std::ranges::any_of(known.words, [&](const imaging::Quad& q) { return parallel(q, row.place) && holds(q, along(0.5)); })) continue;
    if (std::ranges::any_of(known.runs, [&](const imaging::Quad& q) {
          return parallel(q, row.place) && holds(q, along(0.08)) && holds(q, along(0.5)) && holds(q, along(0.92));
        }))
      continue;
    if (++tried > kMostRows || deadline.passed()) break;
    const imaging::Quad wide = widened(row.place, 1.0, 0.5);
    const auto up = read_strip(gray, wide, row.height, deadline);
    auto down = up;
    if (up.date) continue;
    // Digits look like digits upside down, too.
    if (!up.held && !up.masked && (up.sure < 0.8 || up.digits >= 7)) down = read_strip(gray, upside_down(wide), row.height, deadline);
    if (up.masked || down.masked) continue;
    const std::size_t digits = std::max(up.digits, down.digits);
    if (up.held || down.held) {
      out.places.push_back(widened(row.place, 0.35, 0.35));
    } else if (digits >= 9 && row.grouped && row.digits >= 12) {
      // Which digit came out wrong is not known: what stands in fours is hidden as an Aadhaar number.
      out.hidden.push_back(widened(row.place, 0.35, 0.35));
    } else if (digits >= 8) {
      out.doubtful.push_back(wide);
    }
  }
  return out;
}

SweptNumbers sweep_numbers(const imaging::Image& gray, const NumberSweep& sweep, const Deadline& deadline) {
  return Sweeper{gray, sweep, deadline}.run();
}

}  // namespace authx::document
