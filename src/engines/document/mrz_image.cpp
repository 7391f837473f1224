#include "engines/document/mrz_image.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/glyph_net.h"
#include "engines/document/outline.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kWorking = 1100;  ///< long side while lines are located
constexpr int kStripPad = 2;    ///< cells of margin kept on either end of a strip

/// A line of even text on the working image: y = at + slope * x for the middle of its capitals.
struct Line {
  double x0 = 0;
  double x1 = 0;
  double at = 0;
  double slope = 0;
  double height = 0;  ///< of the capitals
  double middle() const { return at + slope * (x0 + x1) / 2; }
  double length() const { return x1 - x0; }
};

/// Dark, stroke-like marks as white on black.
cv::Mat strokes(const cv::Mat& gray) {
  cv::Mat hat;
  cv::morphologyEx(gray, hat, cv::MORPH_BLACKHAT, cv::getStructuringElement(cv::MORPH_RECT, {25, 17}));
  return hat;
}

/// Horizontal lines whose length is many times their height.
std::vector<Line> find_lines(const cv::Mat& gray) {
  const cv::Mat hat = strokes(gray);
  std::vector<Line> lines;
  for (const int bridge : {27, 41}) {
    cv::Mat joined;
    cv::morphologyEx(hat, joined, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {bridge, 3}));
    cv::Mat mask;
    // What is dark on most of a document is its print: a local mean keeps faint lines beside heavy ones.
    cv::Mat mean;
    cv::blur(joined, mean, {151, 61});
    mask = (joined > mean * 1.25 + 8);
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {bridge, 3}));
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centers;
    const int n = cv::connectedComponentsWithStats(mask, labels, stats, centers, 8);
    for (int i = 1; i < n; ++i) {
      const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP), stats.at<int>(i, cv::CC_STAT_WIDTH),
                         stats.at<int>(i, cv::CC_STAT_HEIGHT));
      if (box.width < gray.cols * 0.25 || box.height < 5 || box.height > box.width / 4) continue;
      // The ink's middle per column block gives the line; its spread across the line gives the height of the capitals.
      std::vector<cv::Point2f> middles;
      for (int x = box.x; x < box.x + box.width; x += 6) {
        double weight = 0;
        double moment = 0;
        for (int xx = x; xx < std::min(x + 18, box.x + box.width); ++xx) {
          for (int y = box.y; y < box.y + box.height; ++y) {
            if (labels.at<int>(y, xx) != i) continue;
            const double v = hat.at<std::uint8_t>(y, xx);
            weight += v;
            moment += v * y;
          }
        }
        if (weight > 60) middles.emplace_back(static_cast<float>(x + 9), static_cast<float>(moment / weight));
      }
      if (middles.size() < 10) continue;
      cv::Vec4f fit;
      cv::fitLine(middles, fit, cv::DIST_HUBER, 0, 0.01, 0.01);
      if (std::abs(fit[0]) < 0.9F) continue;
      Line line;
      line.slope = fit[1] / fit[0];
      line.at = fit[3] - line.slope * fit[2];
      // Profile of ink across the line.
      std::vector<double> profile(81, 0.0);
      for (int x = box.x; x < box.x + box.width; ++x) {
        const double y0 = line.at + line.slope * x;
        for (int k = -40; k <= 40; ++k) {
          const int y = static_cast<int>(std::lround(y0 + k));
          if (y >= 0 && y < hat.rows) profile[static_cast<std::size_t>(k + 40)] += hat.at<std::uint8_t>(y, x);
        }
      }
      const double peak = *std::max_element(profile.begin() + 34, profile.begin() + 47);
      int up = 40;
      int down = 40;
      while (up > 0 && profile[static_cast<std::size_t>(up - 1)] > 0.28 * peak) --up;
      while (down < 80 && profile[static_cast<std::size_t>(down + 1)] > 0.28 * peak) ++down;
      line.height = down - up + 1;
      line.at += (up + down) / 2.0 - 40;
      if (line.height < 5 || line.height > 46) continue;
      // Ends: first and last columns with strong ink inside the band.
      const auto ink = [&](int x) {
        double best = 0;
        const double y0 = line.at + line.slope * x;
        for (int k = static_cast<int>(-line.height / 2); k <= line.height / 2; ++k) {
          const int y = static_cast<int>(std::lround(y0 + k));
          if (y >= 0 && y < hat.rows) best = std::max(best, static_cast<double>(hat.at<std::uint8_t>(y, x)));
        }
        return best;
      };
      std::vector<double> inks;
      for (int x = box.x; x < box.x + box.width; ++x) inks.push_back(ink(x));
      std::vector<double> sorted = inks;
      std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 3 / 4));
      const double strong = 0.45 * sorted[sorted.size() * 3 / 4];
      std::size_t first = 0;
      std::size_t last = inks.size() - 1;
      while (first < last && inks[first] < strong) ++first;
      while (last > first && inks[last] < strong) --last;
      line.x0 = box.x + static_cast<double>(first);
      line.x1 = box.x + static_cast<double>(last) + 1;
      if (line.length() < 10 * line.height) continue;
      const bool known = std::ranges::any_of(lines, [&](const Line& l) {
        return std::abs(l.middle() - line.middle()) < 0.4 * line.height && std::abs(l.x0 - line.x0) < line.height &&
               std::abs(l.x1 - line.x1) < line.height;
      });
      if (!known) lines.push_back(line);
    }
  }
  std::ranges::sort(lines, {}, &Line::middle);
  return lines;
}

/// Where each character stands on the working image and how tall it is.
struct Grid {
  std::vector<cv::Point2d> centers;
  double pitch = 0;
  double height = 0;
};

/// A line straightened: capitals of kCap pixels around the middle row, `scale` pixels of the strip per pixel of the working image.
struct Strip {
  cv::Mat pixels;  ///< CV_32F
  double scale_x = 1;
  double origin = 0;  ///< working-image x of column 0, measured along the line
};

Strip straighten(const cv::Mat& gray, const Line& line, double pitch) {
  Strip s;
  s.scale_x = GlyphNet::kCell / pitch;
  const double sy = GlyphNet::kCap / line.height;
  const double from = line.x0 - kStripPad * pitch;
  s.origin = from;
  const int width = static_cast<int>(std::ceil((line.length() + 2 * kStripPad * pitch) * s.scale_x));
  const double c = 1 / std::hypot(1.0, line.slope);
  const double sn = line.slope * c;
  // Column u stands at x = from + u / scale_x along the line's x; rows run across the line.
  cv::Matx23d m;  // from strip to image
  m(0, 0) = 1 / s.scale_x;
  m(0, 1) = -sn / sy;
  m(0, 2) = from + sn * GlyphNet::kHeight / 2.0 / sy;
  m(1, 0) = line.slope / s.scale_x;
  m(1, 1) = c / sy;
  m(1, 2) = line.at + line.slope * from - c * GlyphNet::kHeight / 2.0 / sy;
  // Pixel centres: half a pixel on both sides.
  m(0, 2) += 0.5 * (m(0, 0) + m(0, 1)) - 0.5;
  m(1, 2) += 0.5 * (m(1, 0) + m(1, 1)) - 0.5;
  cv::warpAffine(gray, s.pixels, m, {width, GlyphNet::kHeight}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  s.pixels.convertTo(s.pixels, CV_32F);
  return s;
}

using Scores = std::array<float, GlyphNet::kClasses>;

/// Characters of one line with their log-probabilities, and the mean of the best ones.
struct Cells {
  std::vector<Scores> scores;
  double mean = -1e9;
};

Scores classify_at(const cv::Mat& strip, double center) {
  std::array<float, GlyphNet::kInputs> patch;
  const double left = center - GlyphNet::kWidth / 2.0;
  for (int x = 0; x < GlyphNet::kWidth; ++x) {
    const double u = std::clamp(left + x, 0.0, strip.cols - 1.001);
    const int i = static_cast<int>(u);
    const auto f = static_cast<float>(u - i);
    for (int y = 0; y < GlyphNet::kHeight; ++y) {
      const float* row = strip.ptr<float>(y);
      patch[static_cast<std::size_t>(y * GlyphNet::kWidth + x)] = row[i] * (1 - f) + row[i + 1] * f;
    }
  }
  return GlyphNet::classify(patch);
}

float best_of(const Scores& s) { return *std::max_element(s.begin(), s.begin() + GlyphNet::kGlyphs); }

/// Cuts a strip into `n` cells between two centres.
Cells cut(const cv::Mat& strip, double first, double last, int n, int every = 1) {
  Cells out;
  double sum = 0;
  double weights = 0;
  for (int i = 0; i < n; i += every) {
    out.scores.push_back(classify_at(strip, first + (last - first) * i / (n - 1)));
    const Scores& s = out.scores.back();
    // Fillers look right in any cut; the few letters tell a good one.
    const double weight = s[36] > -0.7F ? 0.35 : 1.0;
    sum += weight * std::max(-4.0F, best_of(s));
    weights += weight;
  }
  out.mean = sum / weights;
  return out;
}

/// A line with its characters, and the geometry that made them look most like OCR-B.
struct Fit {
  Cells cells;
  Line line;  ///< ends moved so that they bound the cells exactly
};

/// Tries small changes of both ends, of the place and of the height. `exact`: the ends already bound the cells.
Fit fit_cells(const cv::Mat& whole, const Line& guess, int n, bool exact) {
  Line line = guess;
  // Work on the line's surroundings, smoothed once for the reduction to the classifier's scale.
  const auto [low, high] = std::minmax(guess.at + guess.slope * guess.x0, guess.at + guess.slope * guess.x1);
  const int top = std::clamp(static_cast<int>(low - 2 * guess.height), 0, whole.rows - 1);
  const int bottom = std::clamp(static_cast<int>(high + 2 * guess.height) + 1, top + 1, whole.rows);
  cv::Mat gray = whole.rowRange(top, bottom);
  const double shrink = std::max(guess.length() / n / GlyphNet::kCell, guess.height / GlyphNet::kCap);
  if (shrink > 1.25) {
    cv::Mat soft;  // not a header of the picture, which OpenCV would blur in place
    cv::GaussianBlur(gray, soft, {}, 0.4 * shrink);
    gray = soft;
  }
  line.at -= top;
  if (!exact) {
    // Ink of the first and last character falls short of its cell by the side bearings.
    const double pitch = guess.length() / (n - 0.28);
    line.x0 -= 0.14 * pitch;
    line.x1 += 0.14 * pitch;
  }
  const auto attempt = [&](const Line& l, int every) {
    const double pitch = l.length() / n;
    const Strip s = straighten(gray, l, pitch);
    const double half = GlyphNet::kCell / 2.0;
    const double left = (l.x0 - s.origin) * s.scale_x;
    return cut(s.pixels, left + half, left + (n - 0.5) * GlyphNet::kCell, n, every);
  };
  const auto moved = [&](const Line& l, double a, double b, double dy, double grow) {
    const double pitch = l.length() / n;
    Line m = l;
    m.x0 += a * pitch;
    m.x1 += b * pitch;
    m.at += dy * l.height;
    m.height *= grow;
    return m;
  };
  Fit best{{}, line};
  const auto done = [&] {
    Fit out = std::move(best);
    out.line.at += top;
    return out;
  };
  const auto offer = [&](const Line& l, int every) {
    Cells c = attempt(l, every);
    if (c.mean > best.cells.mean) best = {std::move(c), l};
  };
  const Line start = line;
  // First the ends, on a quarter of the cells; only a line that could be one goes on.
  const double reach = exact ? 0.12 : 0.28;
  for (const double grow : {1.0, 0.85}) {
    for (const double a : {0.0, -reach, reach}) {
      for (const double b : {0.0, -reach, reach}) offer(moved(start, a, b, 0, grow), 4);
    }
  }
  if (best.cells.mean < -1.9) return done();
  const auto refine = [&](std::initializer_list<double> ends, std::initializer_list<double> rises, std::initializer_list<double> heights) {
    const Line from = best.line;
    best.cells = {};
    for (const double a : ends) {
      for (const double b : ends) {
        for (const double dy : rises) {
          for (const double grow : heights) offer(moved(from, a, b, dy, grow), 1);
        }
      }
    }
  };
  best.line.height = start.height;
  refine({0.0}, {0.0, -0.09, 0.09}, {1.0, 0.8, 0.9, 1.1, 1.22});
  if (best.cells.mean < -1.5) return done();
  refine({0.0, -0.1, 0.1}, {0.0}, {1.0});
  refine({0.0}, {0.0, -0.045, 0.045}, {1.0, 0.95, 1.05});
  refine({0.0, -0.05, 0.05}, {0.0}, {1.0});
  return done();
}

int index_of(char c) { return c == '<' ? 36 : c <= '9' ? c - '0' : c - 'A' + 10; }

bool allowed(MrzSlot slot, int k) {
  const bool digit = k < 10;
  const bool filler = k == 36;
  switch (slot) {
    case MrzSlot::letter: return !digit;
    case MrzSlot::digit:
    case MrzSlot::check: return digit || filler;
    case MrzSlot::sex: return filler || k == index_of('M') || k == index_of('F') || k == index_of('X');
    case MrzSlot::any: return true;
  }
  return true;
}

/// Issuers avoid letters that look like digits in their numbers.
float prior(MrzSlot slot, int k) {
  if (slot != MrzSlot::any) return 0;
  switch (GlyphNet::kAlphabet[k]) {
    case 'O': return -2.5F;
    case 'I':
    case 'Q': return -1.5F;
    default: return k >= 10 && k < 36 ? -0.3F : 0;
  }
}

/// Second letters of document codes: `<` and D lead by far; O, U, Q and B, which resemble D, are not in use.
float code_prior(int row, int column, int k) {
  if (row != 0 || column != 1) return 0;
  switch (GlyphNet::kAlphabet[k]) {
    case 'O':
    case 'U':
    case 'Q':
    case 'B': return -6.0F;
    case 'D': return 1.0F;
    default: return 0;
  }
}

/// Fillers come in runs.
float filler_bonus(const std::vector<Cells>& cells, int row, int column) {
  const auto& line = cells[static_cast<std::size_t>(row)].scores;
  const auto filler = [&](int c) { return c >= 0 && c < static_cast<int>(line.size()) && line[static_cast<std::size_t>(c)][36] > -0.7F; };
  return (filler(column - 1) ? 1.0F : 0) + (filler(column + 1) ? 1.0F : 0);
}

/// Replaces an unknown state's code by the likeliest known one when that is nearly as likely.
void mend_state(std::string& line, std::size_t at, const std::vector<Scores>& scores) {
  const std::string now = line.substr(at, 3);
  const auto strip = [](std::string s) {
    while (!s.empty() && s.back() == '<') s.pop_back();
    return s;
  };
  if (known_issuer(strip(now))) return;
  std::string best;
  float best_cost = 6;
  float second = 6;
  std::string candidate(3, 'A');
  std::array<std::vector<std::pair<float, char>>, 3> choices;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& s = scores[at + i];
    float top = -1e9F;
    for (int k = 10; k < GlyphNet::kGlyphs; ++k) top = std::max(top, s[static_cast<std::size_t>(k)]);
    for (int k = 10; k < GlyphNet::kGlyphs; ++k) {
      const float cost = top - s[static_cast<std::size_t>(k)];
      if (cost < 6) choices[i].emplace_back(cost, GlyphNet::kAlphabet[k]);
    }
  }
  for (const auto& a : choices[0]) {
    for (const auto& b : choices[1]) {
      for (const auto& c : choices[2]) {
        const float cost = a.first + b.first + c.first;
        if (cost >= second) continue;
        candidate = {a.second, b.second, c.second};
        if (!known_issuer(strip(candidate))) continue;
        if (cost < best_cost) {
          second = best_cost;
          best_cost = cost;
          best = candidate;
        } else {
          second = cost;
        }
      }
    }
  }
  if (!best.empty() && second - best_cost > 0.7F) line.replace(at, 3, best);
}

struct Decoded {
  Mrz mrz;
  double mean = -1e9;  ///< log-probability per character after constraints
  double least = 0;
  bool corrected = false;
};

/// Most likely characters that their places allow, then the cheapest changes that satisfy the check digits.
Decoded decode(MrzFormat format, const std::vector<Cells>& cells, Date today) {
  const int rows = mrz_line_count(format);
  const int columns = mrz_line_length(format);
  std::vector<std::string> lines(static_cast<std::size_t>(rows));
  struct Doubt {
    int row;
    int column;
    char other;
    double cost;
  };
  std::vector<Doubt> doubts;
  double sum = 0;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const auto& s = cells[static_cast<std::size_t>(r)].scores[static_cast<std::size_t>(c)];
      const MrzSlot slot = mrz_slot(format, r, c);
      const auto weighed = [&](int k) {
        return s[static_cast<std::size_t>(k)] + prior(slot, k) + code_prior(r, c, k) + (k == index_of('<') ? filler_bonus(cells, r, c) : 0);
      };
      int best = -1;
      for (int k = 0; k < GlyphNet::kGlyphs; ++k) {
        if (allowed(slot, k) && (best < 0 || weighed(k) > weighed(best))) best = k;
      }
      // Some cards of the United States have the document code C1.
      if (r == 0 && c == 1 && lines[0] == "C" && s[1] > s[static_cast<std::size_t>(best)] + 2) best = 1;
      lines[static_cast<std::size_t>(r)] += GlyphNet::kAlphabet[best];
      sum += std::max(-6.0F, s[static_cast<std::size_t>(best)]);
      for (int k = 0; k < GlyphNet::kGlyphs; ++k) {
        const double cost = weighed(best) - weighed(k);
        if (k != best && allowed(slot, k) && cost < 5.0) doubts.push_back({r, c, GlyphNet::kAlphabet[k], cost});
      }
    }
  }
  mend_state(lines[0], 2, cells[0].scores);
  mend_state(lines[1], format == MrzFormat::td1 ? 15 : 10, cells[1].scores);
  const auto join_lines = [](const std::vector<std::string>& l) {
    std::string text;
    for (const auto& line : l) text += line + "\n";
    return text;
  };
  Decoded out;
  out.mean = sum / (rows * columns);
  auto first = parse_mrz(join_lines(lines), today);
  if (!first) return out;
  const auto failures = [](const Mrz& m) { return std::ranges::count_if(m.checks, [](const MrzCheck& c) { return !c.passed; }); };
  out.mrz = *std::move(first);
  if (failures(out.mrz) == 0) return out;

  // Change one doubtful character, then two, cheapest first; take the change that mends everything, unless another is nearly as cheap.
  std::ranges::sort(doubts, {}, &Doubt::cost);
  if (doubts.size() > 40) doubts.resize(40);
  std::optional<Mrz> mended;
  double best_cost = 7.0;
  double runner_up = 1e9;
  const auto attempt = [&](const std::vector<std::string>& text, double cost) {
    auto m = parse_mrz(join_lines(text), today);
    if (!m || failures(*m) != 0) return;
    if (cost < best_cost) {
      runner_up = mended ? best_cost : runner_up;
      best_cost = cost;
      mended = *std::move(m);
    } else {
      runner_up = std::min(runner_up, cost);
    }
  };
  for (std::size_t i = 0; i < doubts.size(); ++i) {
    auto one = lines;
    one[static_cast<std::size_t>(doubts[i].row)][static_cast<std::size_t>(doubts[i].column)] = doubts[i].other;
    attempt(one, doubts[i].cost);
    for (std::size_t j = i + 1; j < doubts.size(); ++j) {
      if (doubts[i].cost + doubts[j].cost > std::min(best_cost + 1.5, 7.0)) break;
      auto two = one;
      two[static_cast<std::size_t>(doubts[j].row)][static_cast<std::size_t>(doubts[j].column)] = doubts[j].other;
      attempt(two, doubts[i].cost + doubts[j].cost);
    }
  }
  if (mended && runner_up - best_cost > 1.0) {
    out.mrz = *std::move(mended);
    out.mrz.corrected = true;
    out.corrected = true;
  }
  return out;
}

bool plausible(const Mrz& m) {
  const char c = m.lines[0][0];
  if (c != 'P' && c != 'I' && c != 'A' && c != 'C' && c != 'V') return false;
  const auto passed = std::ranges::count_if(m.checks, &MrzCheck::passed);
  return passed * 2 >= static_cast<std::ptrdiff_t>(m.checks.size()) || (m.issuer_known && m.nationality_known);
}

struct Group {
  std::vector<Line> lines;
};

/// Neighbouring lines of equal length, evenly apart: two or three of them.
std::vector<Group> group(const std::vector<Line>& lines) {
  std::vector<Group> out;
  const auto fits = [](const Line& a, const Line& b) {
    const double h = std::max(a.height, b.height);
    const double gap = (b.at + b.slope * (b.x0 + b.x1) / 2) - (a.at + a.slope * (b.x0 + b.x1) / 2);
    return gap > 1.15 * h && gap < 4.2 * h && std::abs(a.x0 - b.x0) < 2.2 * h + 0.02 * a.length() &&
           std::abs(a.x1 - b.x1) < 2.2 * h + 0.02 * a.length() && std::abs(a.slope - b.slope) < 0.06 &&
           std::min(a.height, b.height) > 0.6 * h;
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t j = 0; j < lines.size(); ++j) {
      if (i == j || !fits(lines[i], lines[j])) continue;
      for (std::size_t k = 0; k < lines.size(); ++k) {
        if (k == i || k == j || !fits(lines[j], lines[k])) continue;
        out.push_back({{lines[i], lines[j], lines[k]}});
      }
      out.push_back({{lines[i], lines[j]}});
    }
  }
  std::ranges::sort(out, std::greater{}, [](const Group& g) { return g.lines.front().length() + (g.lines.size() == 3 ? 50 : 0); });
  return out;
}

/// Both lines of a zone are printed flush: take the ends that agree with most lines.
void align_ends(Group& g) {
  double x0 = 1e9;
  double x1 = -1e9;
  double height = 0;
  for (const auto& l : g.lines) {
    x0 = std::min(x0, l.x0);
    x1 = std::max(x1, l.x1);
    height = std::max(height, l.height);
  }
  for (auto& l : g.lines) {
    // A line cut short by glare or a stamp keeps the others' extent; a small difference is the glyphs' own.
    if (l.x0 - x0 > 0.6 * height) l.x0 = x0;
    if (x1 - l.x1 > 0.6 * height) l.x1 = x1;
  }
}

struct Found {
  Decoded decoded;
  Group lines;
};

/// The same lines on the picture turned by 180 degrees.
std::vector<Line> upside_down(std::vector<Line> lines, cv::Size size) {
  for (auto& l : lines) {
    const double x0 = l.x0;
    l.x0 = size.width - l.x1;
    l.x1 = size.width - x0;
    l.at = size.height - 1 - l.at - l.slope * (size.width - 1);
  }
  return lines;
}

std::optional<Found> read_upright(const cv::Mat& gray, const std::vector<Line>& lines, Date today, const Deadline& deadline) {
  auto groups = group(lines);
  if (groups.size() > 8) groups.resize(8);
  std::optional<Found> best;
  for (auto& g : groups) {
    if (deadline.passed()) break;
    align_ends(g);
    const double ratio = g.lines.front().length() / g.lines.front().height;
    std::vector<int> lengths;
    if (g.lines.size() == 3) {
      lengths = {30};
    } else {
      lengths = ratio > 40 ? std::vector<int>{44, 36} : std::vector<int>{36, 44};
    }
    for (const int n : lengths) {
      // Capitals are about as tall as their pitch; blur and tilt make them look taller.
      const auto shape = [&](const Line& l) { return l.height * n / l.length(); };
      if (std::ranges::any_of(g.lines, [&](const Line& l) { return shape(l) < 0.65 || shape(l) > 1.65; })) continue;
      std::vector<Fit> fits;
      std::size_t anchor = 0;
      for (const auto& l : g.lines) {
        fits.push_back(fit_cells(gray, l, n, false));
        if (fits.back().cells.mean > fits[anchor].cells.mean) anchor = fits.size() - 1;
      }
      if (fits[anchor].cells.mean < -0.9) continue;
      // The lines of a zone are printed alike: what fits one line predicts the others.
      const Line& model = fits[anchor].line;
      std::vector<Cells> cells;
      double mean = 0;
      for (std::size_t i = 0; i < fits.size(); ++i) {
        if (i != anchor && fits[i].cells.mean < -0.03) {
          Line l = g.lines[i];
          // The gap between the lines as they were found, from where the best one came to lie.
          const double dy = l.middle() - g.lines[anchor].middle();
          l = model;
          l.at += dy;
          Fit again = fit_cells(gray, l, n, true);
          if (again.cells.scores.size() == static_cast<std::size_t>(n) && again.cells.mean > fits[i].cells.mean) fits[i] = std::move(again);
        }
        if (fits[i].cells.scores.size() != static_cast<std::size_t>(n)) break;
        mean += fits[i].cells.mean / static_cast<double>(fits.size());
        cells.push_back(fits[i].cells);
      }
      if (cells.size() < fits.size() || mean < -1.2) continue;
      const int kV = index_of('V');
      const auto& head = cells[0].scores[0];
      const bool visa = head[static_cast<std::size_t>(kV)] >
                        std::max(head[static_cast<std::size_t>(index_of('P'))], head[static_cast<std::size_t>(index_of('I'))]);
      const MrzFormat format = n == 30   ? MrzFormat::td1
                               : n == 44 ? (visa ? MrzFormat::mrv_a : MrzFormat::td3)
                               : visa    ? MrzFormat::mrv_b
                                         : MrzFormat::td2;
      Decoded d = decode(format, cells, today);
      if (d.mrz.lines.empty() || !plausible(d.mrz)) continue;
      if (!best || (d.mrz.valid() && !best->decoded.mrz.valid()) ||
          (d.mrz.valid() == best->decoded.mrz.valid() && d.mean > best->decoded.mean)) {
        best = Found{std::move(d), g};
      }
    }
    if (best && best->decoded.mrz.valid() && best->decoded.mean > -0.3) break;
  }
  return best;
}

}  // namespace

std::optional<MrzFromImage> read_mrz(const imaging::Image& image, Date today, const Deadline& deadline) {
  const imaging::Image gray_image = imaging::to_gray(image);
  const cv::Mat full = imaging::as_mat(gray_image);
  const double scale = static_cast<double>(kWorking) / std::max(full.cols, full.rows);
  cv::Mat work;
  cv::resize(full, work, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  std::optional<Found> best;
  int turns = 0;
  std::vector<Line> lines;
  int looked = -1;
  const bool vertical = text_is_vertical(imaging::from_mat(work));
  for (const int t : vertical ? std::array{1, 3, 0, 2} : std::array{0, 2, 1, 3}) {
    if (!vertical && t % 2 == 1 && work.cols > work.rows) break;  // a landscape page whose text runs along it
    cv::Mat turned = work;
    if (t != 0) cv::rotate(work, turned, t == 1 ? cv::ROTATE_90_CLOCKWISE : t == 2 ? cv::ROTATE_180 : cv::ROTATE_90_COUNTERCLOCKWISE);
    lines = t % 2 == looked ? upside_down(std::move(lines), turned.size()) : find_lines(turned);
    looked = t % 2;
    if (lines.size() < 2) continue;
    auto found = read_upright(turned, lines, today, deadline);
    if (found && (!best || found->decoded.mean > best->decoded.mean)) {
      best = std::move(found);
      turns = t;
      if (best->decoded.mrz.valid()) break;
    }
  }
  if (!best) return std::nullopt;
  MrzFromImage out;
  out.mrz = std::move(best->decoded.mrz);
  out.corrected = best->decoded.corrected;
  out.confidence = std::clamp(std::exp(best->decoded.mean), 0.0, 1.0);
  out.quarter_turns = turns;
  const Line& top = best->lines.lines.front();
  const Line& bottom = best->lines.lines.back();
  const auto y = [](const Line& l, double x) { return l.at + l.slope * x; };
  imaging::Quad q{{{top.x0, y(top, top.x0) - top.height},
                   {top.x1, y(top, top.x1) - top.height},
                   {bottom.x1, y(bottom, bottom.x1) + bottom.height},
                   {bottom.x0, y(bottom, bottom.x0) + bottom.height}}};
  double w = turns % 2 == 0 ? work.cols : work.rows;
  double h = turns % 2 == 0 ? work.rows : work.cols;
  for (auto& p : q) {
    double pw = w;
    double ph = h;
    for (int t = turns; t < 4 && turns != 0; ++t, std::swap(pw, ph)) p = {ph - p.y, p.x};
    p = {p.x / scale, p.y / scale};
  }
  out.zone = q;
  return out;
}

}  // namespace authx::document
