#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <numbers>
#include <string>
#include <string_view>

#include "engines/document/digit_rows.h"
#include "engines/document/number_lines.h"
#include "engines/document/ocr.h"
#include "engines/document/rules.h"
#include "engines/document/secrets.h"
#include "imaging/geometry.h"

namespace authx::document {
namespace {

constexpr int kSearchedSide = 1200;     ///< of the picture that lines are looked for on
constexpr int kInkHeight = 40;          ///< of a line when it is read
constexpr double kSure = 0.88;          ///< print that was read so surely is not digits misread as letters
constexpr double kSurelyRead = 0.93;    ///< digits in one run that were read so surely are another number
constexpr double kEvenAsDigits = 1.12;  ///< marks in fours that are so even are digits, though nobody could read them
constexpr double kLeastLength = 0.57;   ///< of a row, in heights for each digit; the narrowest types have 0.68
constexpr double kStride = 4.5;         ///< from a group of four to the next at most, in heights

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

std::size_t digits_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; }));
}

std::size_t signs_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return std::isalnum(c) != 0; }));
}

/// A strip as digits alone, letters not being allowed.
DigitReading digits_alone(const imaging::Image& strip, const Deadline& deadline) {
  if (strip.empty()) return {};
  return read_digits(strip, {strip.height / 4, strip.height / 4, strip.width - strip.height / 2, strip.height / 2}, deadline);
}

/// "31/07/1969" within a word, whatever else came out there.
bool holds_date(std::string_view word) {
  constexpr std::string_view kShape = "dd/dd/dddd";
  for (std::size_t from = 0; from + kShape.size() <= word.size(); ++from) {
    const std::string_view part = word.substr(from, kShape.size());
    bool fits = part[2] == part[5] && (part.substr(6, 2) == "19" || part.substr(6, 2) == "20");
    for (std::size_t k = 0; k < part.size(); ++k) {
      const bool digit = part[k] >= '0' && part[k] <= '9';
      fits = fits && (kShape[k] == 'd' ? digit : part[k] == '/' || part[k] == '-' || part[k] == '.');
    }
    if (fits) return true;
  }
  return false;
}

/// "KA10 20198550360".
bool holds_licence(const std::vector<Word>& words) {
  for (std::size_t k = 1; k < words.size(); ++k) {
    const std::size_t digits = digits_in(words[k].text);
    if (words[k - 1].confidence > 0.8 && is_licensing_office(words[k - 1].text) && digits >= 10 && digits <= 12 &&
        signs_in(words[k].text) <= 12)
      return true;
  }
  return false;
}

/// A strip of a picture, read.
struct StripReading {
  bool held = false;       ///< a number whose check digit is right
  bool masked = false;     ///< one whose first digits are masked in print
  std::size_t digits = 0;  ///< that came out when letters were allowed, too
  std::size_t signs = 0;   ///< digits and letters
  std::size_t fours = 0;   ///< words of four digits
  double sure = 0;         ///< of all that came out
  double from = 1;         ///< where words of digits begin and end, in shares of the strip's length
  double to = 0;
  bool date = false;     ///< surely read, and nothing else of digits
  bool other = false;    ///< surely read, and alike as digits alone: another number
  bool licence = false;  ///< the number of a driving licence
};

/// `number` false: only what stands there, not whether it is one.
StripReading read_strip(const imaging::Image& gray, const imaging::Quad& quad, double ink, const Deadline& deadline, bool number = true) {
  StripReading out;
  const imaging::Image strip = cut(gray, quad, ink);
  if (strip.empty()) return out;
  const auto words = ocr(strip, OcrMode::line, deadline);
  if (!words) return out;
  double letters = 0;
  double sum = 0;
  double least = 1;
  std::string number_read;
  for (const auto& w : *words) {
    letters += static_cast<double>(w.text.size());
    sum += w.confidence * static_cast<double>(w.text.size());
    const std::size_t digits = digits_in(w.text);
    const std::size_t signs = signs_in(w.text);
    out.digits += digits;
    out.signs += signs;
    out.fours += digits == 4 && signs == 4 ? 1 : 0;
    if (digits > 0) least = std::min(least, w.confidence);
    std::ranges::copy_if(w.text, std::back_inserter(number_read), [](char c) { return c >= '0' && c <= '9'; });
    if (digits < 2 || 2 * digits < signs) continue;
    out.from = std::min(out.from, static_cast<double>(w.box.x) / strip.width);
    out.to = std::max(out.to, static_cast<double>(w.box.x + w.box.width) / strip.width);
  }
  out.sure = letters > 5 ? sum / letters : 0;
  out.date = out.digits <= 10 &&
             std::ranges::any_of(*words, [](const Word& w) { return (w.confidence > 0.9 && is_plain_date(w.text)) || holds_date(w.text); });
  out.licence = holds_licence(*words);
  if (out.date || !number) return out;
  for (const auto& n : find_numbers(strip, group_rows(*words), deadline)) {
    out.held = out.held || n.valid();
    out.masked = out.masked || n.masked();
  }
  if (!out.held && !out.masked && out.digits >= 7) {
    const auto alone = digits_alone(strip, deadline);
    out.held = alone.number && alone.number->valid();
    out.other = !out.held && alone.agrees(number_read, least);
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

/// The part of a quad between two shares of its length.
imaging::Quad section(const imaging::Quad& q, double from, double to) {
  const auto at = [](const imaging::Point& a, const imaging::Point& b, double t) {
    return imaging::Point{a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
  };
  return {at(q[0], q[1], from), at(q[0], q[1], to), at(q[3], q[2], to), at(q[3], q[2], from)};
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

/// How well a row or line was seen.
struct Seen {
  bool whole = true;  ///< with its ends
  bool even = false;  ///< as digits are, groups of which, upside down, come out as words
};

/// Whether a row or line lies on what is known.
bool settled(const KnownPrint& known, const imaging::Quad& place, const Seen& seen = {}) {
  const auto along = [&](double t) {
    const auto& q = place;
    return imaging::Point{((1 - t) * (q[0].x + q[3].x) + t * (q[1].x + q[2].x)) / 2,
                          ((1 - t) * (q[0].y + q[3].y) + t * (q[1].y + q[2].y)) / 2};
  };
  const auto on_place = [&](double t) {
    return std::ranges::any_of(known.places, [&](const imaging::Quad& q) { return holds(q, along(t)); });
  };
  const auto on_word = [&](double t) {
    return std::ranges::any_of(known.words, [&](const imaging::Quad& q) { return parallel(q, place) && holds(q, along(t)); });
  };
  const auto covered = [&](double t) { return on_place(t) || on_word(t); };
  if (on_place(0.5) && (!seen.whole || (covered(0.06) && covered(0.94)))) return true;
  if (on_word(0.5) && (!seen.even || (covered(0.08) && covered(0.92)))) return true;
  return std::ranges::any_of(known.runs, [&](const imaging::Quad& q) {
    return parallel(q, place) && holds(q, along(0.08)) && holds(q, along(0.5)) && holds(q, along(0.92));
  });
}

/// Digits that were not read surely.
bool unsure(const StripReading& r) { return r.digits >= 8 && (3 * r.digits >= 2 * r.signs || r.fours >= 2) && r.sure < kSurelyRead; }

/// Of a strip read both ways up, the way that it stands.
const StripReading& likelier(const StripReading& up, const StripReading& down) {
  if (up.held != down.held) return up.held ? up : down;
  return static_cast<double>(up.digits) * up.sure >= static_cast<double>(down.digits) * down.sure ? up : down;
}

class Sweeper {
 public:
  Sweeper(const imaging::Image& gray, const NumberSweep& sweep, const KnownPrint& known, const Deadline& deadline)
      : gray_(gray), sweep_(sweep), known_(known), deadline_(deadline) {}

  SweptNumbers run() {
    for (const double degrees : sweep_.directions) {
      for (const int quarters : {0, 1}) {
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
      if (settled(known_, tight)) continue;
      if (++tried > sweep_.most_lines || deadline_.passed()) return;
      const auto up = read_strip(gray_, wide, ink, deadline_);
      auto down = up;
      // Digits look like digits upside down, too.
      if (!up.held && (up.sure < 0.8 || up.digits >= 7)) down = read_strip(gray_, upside_down(wide), ink, deadline_);
      // Words' boxes are rough: the line is hidden from end to end.
      const int rim = l.box.height / 3 + 2;
      const auto whole =
          imaging::apply(turned.to_input, imaging::quad_of({l.box.x - rim, l.box.y - rim, l.box.width + 2 * rim, l.box.height + 2 * rim}));
      if (up.held || down.held) {
        out_.places.push_back(whole);
      } else if (unsure(likelier(up, down)) && !up.date && !down.date && !up.other && !down.other) {
        out_.hidden.push_back(whole);
      }
    }
  }

  const imaging::Image& gray_;
  const NumberSweep& sweep_;
  const KnownPrint& known_;
  const Deadline& deadline_;
  SweptNumbers out_;
};

}  // namespace

SweptNumbers read_digit_rows(const imaging::Image& gray, const KnownPrint& known, std::size_t most, const Deadline& deadline,
                             const std::optional<imaging::Box>& closer) {
  SweptNumbers out;
  std::size_t tried = 0;
  for (const auto& row : digit_rows(gray, closer)) {
    const bool in_fours = row.grouped && row.digits >= 12;
    const double length = std::hypot(row.place[1].x - row.place[0].x, row.place[1].y - row.place[0].y);
    const bool as_digits = in_fours && row.even >= kEvenAsDigits && length >= kLeastLength * row.digits * row.height;
    if (settled(known, row.place, {row.digits >= 12, as_digits})) continue;
    if (++tried > most || deadline.passed()) {
      out.left = true;
      break;
    }
    const imaging::Quad wide = widened(row.place, 1.0, 0.5);
    auto up = read_strip(gray, wide, row.height, deadline);
    if (up.date) continue;
    auto down = up;
    // Digits look like digits upside down, too.
    if (!up.held && !up.masked && (up.sure < 0.8 || up.digits >= 7)) down = read_strip(gray, upside_down(wide), row.height, deadline);
    if (up.masked || down.masked || down.date) continue;
    if (!up.held && !down.held && as_digits && up.sure < kSure && down.sure < kSure) {
      // Letters were allowed and came out.
      const auto valid = [&](const imaging::Quad& q) {
        const auto n = digits_alone(cut(gray, q, row.height), deadline).number;
        return n && n->valid();
      };
      up.held = valid(wide);
      down.held = !up.held && valid(upside_down(wide));
    }
    const StripReading& best = likelier(up, down);
    const bool upright = &best == &up;
    const std::size_t digits = std::max(up.digits, down.digits);
    // Which digit came out wrong is not known: what stands in fours is hidden as an Aadhaar number.
    const bool hide = in_fours ? digits >= 5 || (as_digits && digits >= 3 && best.sure < kSure)
                               : unsure(best) && best.digits >= (row.digits >= 12 ? 11U : 8U);
    if (!best.held && !hide) continue;
    // Another group may stand before or behind.
    const imaging::Quad longer = upright ? widened(row.place, kStride, 0.5) : upside_down(widened(row.place, kStride, 0.5));
    const auto all = read_strip(gray, longer, row.height, deadline, best.other);
    if (!best.held && !all.held) {
      // A part of a number can be read surely, too.
      if (in_fours && best.other && (all.other || all.digits == best.digits)) continue;
      if (!in_fours && (all.date || all.licence || all.sure >= kSurelyRead)) continue;
    }
    auto& places = best.held ? out.places : out.hidden;
    places.push_back(widened(row.place, 0.35, 0.35));
    // The row's share of the longer one, and half a digit.
    const double across = std::hypot(row.place[3].x - row.place[0].x, row.place[3].y - row.place[0].y);
    const double begin = (kStride - 0.4) * across / (length + 2 * kStride * across);
    if (all.to > all.from && row.digits < 16 && (all.from < begin || all.to > 1 - begin))
      places.push_back(widened(section(longer, all.from, all.to), 0, -0.05));
  }
  return out;
}

SweptNumbers sweep_numbers(const imaging::Image& gray, const NumberSweep& sweep, const KnownPrint& known, const Deadline& deadline) {
  return Sweeper{gray, sweep, known, deadline}.run();
}

}  // namespace authx::document
