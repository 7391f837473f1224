#include "engines/document/digit_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engines/document/marks.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kSide = 1600;                         ///< pictures are searched at this size at most
constexpr std::array kInk{0.80, 0.68, 0.55, 0.42};  ///< brightness against the paper; the darker the sooner touching digits part
constexpr std::size_t kMostMarks = 6000;            ///< more is a texture
constexpr int kMostGrown = 4;                       ///< digits that have grown together
constexpr int kMostInChain = 60;                    ///< a zone has 44
constexpr int kCell = 24;                           ///< of the grid that marks are looked up in
constexpr double kNear = 0.40;                      ///< distances of neighbours, in diagonals of a mark
constexpr double kFar = 1.20;
constexpr double kWidestGap = 3.6;  ///< between groups, in distances within them

struct Mark {
  double x = 0;
  double y = 0;
  double size = 0;      ///< the diagonal, which hardly depends on how a digit is turned
  std::size_t ink = 0;  ///< which of the picture's marks
  /// A share of a mark that may be several digits grown together: those of its pixels whose place on its long axis lies between.
  double axis_x = 0;
  double axis_y = 0;
  double from = 0;
  double to = 0;
  int parts = 1;  ///< that the mark was divided into
  bool part() const { return parts > 1; }
};

/// Sums over a mark's pixels.
struct Moments {
  double n = 0;
  double x = 0;
  double y = 0;
  double xx = 0;
  double xy = 0;
  double yy = 0;

  void add(const InkRun& r) {
    const double pixels = r.to - r.from;
    const double middle = (r.from + r.to - 1) / 2.0;
    n += pixels;
    x += pixels * middle;
    y += pixels * r.y;
    xx += pixels * (middle * middle + (pixels * pixels - 1) / 12);
    xy += pixels * middle * r.y;
    yy += pixels * r.y * r.y;
  }
};

/// 255 times the brightness against the paper nearby.
cv::Mat against_paper(const cv::Mat& gray) {
  cv::Mat half;
  cv::resize(gray, half, {}, 0.5, 0.5, cv::INTER_AREA);
  cv::Mat paper;
  cv::dilate(half, paper, cv::getStructuringElement(cv::MORPH_RECT, {15, 15}));
  cv::blur(paper, paper, {15, 15});
  cv::resize(paper, paper, gray.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat out;
  cv::divide(gray, paper, out, 255);
  return out;
}

class Grid {
 public:
  Grid(const std::vector<Mark>& marks, int width, int height)
      : columns_(width / kCell + 1),
        rows_(height / kCell + 1),
        first_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) + 1, 0),
        order_(marks.size()) {
    for (const auto& m : marks) ++first_[cell(m.x, m.y) + 1];
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    auto next = first_;
    for (std::size_t i = 0; i < marks.size(); ++i) order_[next[cell(marks[i].x, marks[i].y)]++] = static_cast<int>(i);
  }

  template <class F>
  void around(double x, double y, double reach, F&& visit) const {
    const int x0 = std::clamp(static_cast<int>((x - reach) / kCell), 0, columns_ - 1);
    const int x1 = std::clamp(static_cast<int>((x + reach) / kCell), 0, columns_ - 1);
    const int y0 = std::clamp(static_cast<int>((y - reach) / kCell), 0, rows_ - 1);
    const int y1 = std::clamp(static_cast<int>((y + reach) / kCell), 0, rows_ - 1);
    for (int r = y0; r <= y1; ++r) {
      const std::size_t row = static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_);
      for (std::size_t k = first_[row + static_cast<std::size_t>(x0)]; k < first_[row + static_cast<std::size_t>(x1) + 1]; ++k)
        visit(order_[k]);
    }
  }

 private:
  std::size_t cell(double x, double y) const {
    return static_cast<std::size_t>(y / kCell) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(x / kCell);
  }
  int columns_;
  int rows_;
  std::vector<std::size_t> first_;
  std::vector<int> order_;
};

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Twelve or sixteen marks of a chain, from `from` on.
struct Window {
  std::size_t from = 0;
  int digits = 0;
  bool grouped = false;
  double spread = 0;  ///< of the distances within groups, against their median
  double stride = 0;  ///< from a digit to the one of the next group, when grouped
};

/// `gaps` are the distances from each mark of a chain to the next.
std::optional<Window> window_at(std::span<const double> gaps, std::size_t from, int digits, bool grouped) {
  const auto n = static_cast<std::size_t>(digits) - 1;
  std::vector<double> inner;
  std::vector<double> between;
  for (std::size_t k = 0; k < n; ++k) (grouped && k % 4 == 3 ? between : inner).push_back(gaps[from + k]);
  const double pitch = median_of(inner);
  const auto [least, most] = std::ranges::minmax(inner);
  const double low = grouped ? 0.66 : 0.74;
  const double high = grouped ? 1.40 : 1.28;
  if (least < low * pitch || most > high * pitch) return std::nullopt;
  double stride = 0;
  double edge = 1.35 * pitch;  // what parts the number from its neighbours
  if (grouped) {
    const auto [narrow, wide] = std::ranges::minmax(between);
    if (narrow < 1.25 * pitch || narrow < 1.08 * most || wide > 1.4 * narrow) return std::nullopt;
    edge = 0.8 * narrow;
    stride = 3 * pitch + wide;
  }
  if (from > 0 && gaps[from - 1] < edge) return std::nullopt;
  if (from + n < gaps.size() && gaps[from + n] < edge) return std::nullopt;
  return Window{from, digits, grouped, (most - least) / pitch, stride};
}

std::vector<Window> windows_of(std::span<const double> gaps) {
  std::vector<Window> out;
  for (const auto& [digits, grouped] : {std::pair{16, true}, {12, true}, {16, false}, {12, false}, {8, true}}) {
    for (std::size_t from = 0; from + static_cast<std::size_t>(digits) <= gaps.size() + 1;) {
      const auto w = window_at(gaps, from, digits, grouped);
      const bool taken = w && std::ranges::any_of(out, [&](const Window& o) {
                           return from < o.from + static_cast<std::size_t>(o.digits) && o.from < from + static_cast<std::size_t>(digits);
                         });
      if (w && !taken) out.push_back(*w);
      from += w ? static_cast<std::size_t>(digits) : 1;
    }
  }
  return out;
}

/// The rows among marks of one strength of ink.
class Chains {
 public:
  Chains(const cv::Mat& relative, int level, double scale, std::vector<DigitRow>& out)
      : scale_(scale), out_(out), size_(relative.size()), ink_(marks_below(relative, level)) {
    for (std::size_t i = 0; i < ink_.marks.size(); ++i) {
      const auto& m = ink_.marks[i];
      const int longer = std::max(m.box.width, m.box.height);
      if (longer < 7 || longer > 110 || m.area < 10 || longer > 10 * std::min(m.box.width, m.box.height)) continue;
      marks_.push_back(
          {.x = m.box.x + m.box.width / 2.0, .y = m.box.y + m.box.height / 2.0, .size = std::hypot(m.box.width, m.box.height), .ink = i});
    }
    if (marks_.size() > kMostMarks) marks_.clear();
  }

  void find() {
    if (marks_.size() < 8) return;
    const Grid grid(marks_, size_.width, size_.height);
    const auto whole = static_cast<int>(marks_.size());
    for (int i = 0; i < whole; ++i) {
      const Mark a = at(i);
      std::vector<int> near;
      grid.around(a.x, a.y, kFar * a.size, [&](int k) {
        const Mark& b = at(k);
        const double dx = b.x - a.x;
        if (dx < 0 || (dx == 0 && b.y <= a.y) || !alike(a.size, b.size)) return;
        const double d = std::hypot(dx, b.y - a.y);
        if (d >= kNear * a.size && d <= kFar * a.size) near.push_back(k);
      });
      for (const int k : near) {
        if (!used_.contains(edge(i, k))) follow(grid, {i, k});
      }
    }
    for (int i = 0; i < whole; ++i) {
      for (const int first : divide(i)) {
        if (!used_.contains(edge(first, first + 1))) follow(grid, parts_from(first, true));
      }
    }
  }

 private:
  /// Marks as long as two to four digits are taken as such, too: blurred digits touch. The first part of each way to divide one.
  std::vector<int> divide(int whole) {
    Moments m;
    for (const InkRun& r : ink_.runs_of(ink_.marks[at(whole).ink])) m.add(r);
    const double cx = m.x / m.n;
    const double cy = m.y / m.n;
    const double a = m.xx / m.n - cx * cx;
    const double b = m.xy / m.n - cx * cy;
    const double c = m.yy / m.n - cy * cy;
    const double root = std::sqrt(std::max(0.0, (a - c) * (a - c) / 4 + b * b));
    // An even bar of length l has the variance l * l / 12.
    const double length = std::sqrt(12 * std::max(0.0, (a + c) / 2 + root));
    const double across = std::sqrt(12 * std::max(0.1, (a + c) / 2 - root));
    if (length < 1.35 * across || across < 6) return {};
    const double angle = 0.5 * std::atan2(2 * b, a - c);
    const double ux = std::cos(angle);
    const double uy = std::sin(angle);
    const double middle = cx * ux + cy * uy;
    std::vector<int> out;
    for (int parts = 2; parts <= kMostGrown; ++parts) {
      const double step = length / parts;
      if (step < 0.45 * across || step > 1.2 * across) continue;
      const auto made = divided(whole, parts, ux, uy, middle - length / 2, middle + length / 2);
      for (const int i : made) marks_[static_cast<std::size_t>(i)].size = std::hypot(0.85 * step, across);
      out.push_back(std::min(made.front(), made.back()));
    }
    return out;
  }

  static bool alike(double a, double b) { return a < 1.45 * b && b < 1.45 * a; }
  static std::uint64_t edge(int a, int b) {
    return static_cast<std::uint64_t>(std::min(a, b)) << 32 | static_cast<std::uint32_t>(std::max(a, b));
  }
  const Mark& at(int i) const { return marks_[static_cast<std::size_t>(i)]; }

  /// All parts of a divided mark.
  std::vector<int> parts_from(int first, bool ahead) const {
    std::vector<int> out(static_cast<std::size_t>(at(first).parts));
    std::iota(out.begin(), out.end(), first);
    if (!ahead) std::ranges::reverse(out);
    return out;
  }

  /// A mark divided evenly along (ux, uy), where it reaches from `low` to `high`; in that order.
  std::vector<int> divided(int whole, int parts, double ux, double uy, double low, double high) {
    auto& known = divisions_[at(whole).ink];
    for (const int first : known) {
      const Mark& m = at(first);
      if (const double turn = m.axis_x * ux + m.axis_y * uy; m.parts == parts && std::abs(turn) > 0.995) return parts_from(first, turn > 0);
    }
    const Mark mark = at(whole);
    const auto first = static_cast<int>(marks_.size());
    known.push_back(first);
    const double step = (high - low) / parts;
    const double middle = mark.x * ux + mark.y * uy;
    for (int k = 0; k < parts; ++k) {
      const double along = low + (k + 0.5) * step - middle;
      Mark part{.x = mark.x + along * ux, .y = mark.y + along * uy, .size = mark.size / std::sqrt(parts), .ink = mark.ink};
      part.parts = parts;
      part.axis_x = ux;
      part.axis_y = uy;
      part.from = low + k * step;
      part.to = low + (k + 1) * step;
      marks_.push_back(part);
    }
    return parts_from(first, true);
  }

  /// What stands next in the direction of the chain's end: a mark, or the parts of one that is several digits grown together.
  std::vector<int> next(const Grid& grid, const std::vector<int>& chain, bool ahead, double pitch, double size) {
    const Mark end = at(ahead ? chain.back() : chain.front());
    // The direction of the last few marks: print on paper that is bent bends.
    const std::size_t back = std::min<std::size_t>(chain.size() - 1, 7);
    const Mark& from = at(ahead ? chain[chain.size() - 1 - back] : chain[back]);
    const double length = std::hypot(end.x - from.x, end.y - from.y);
    const double ux = (end.x - from.x) / length;
    const double uy = (end.y - from.y) / length;
    // A pair tells its direction roughly.
    const double loose = chain.size() < 3 ? 0.30 : 0.22;
    struct Next {
      int mark = -1;
      int digits = 1;
      double low = 0;
      double high = 0;
      double along = 1e9;  ///< of its first digit
    } best;
    const auto reach = [&](double low, double high) {
      const double far = high + (kMostGrown - 1) / 2.0;  // the middle of what has grown together lies farther away
      grid.around(end.x + ux * (low + far) / 2 * pitch, end.y + uy * (low + far) / 2 * pitch, (far - low) / 2 * pitch + loose * size,
                  [&](int k) {
                    const Mark& m = at(k);
                    if (m.ink == end.ink || m.size > kMostGrown * size || size > 1.45 * m.size) return;
                    Next found{.mark = k, .along = (m.x - end.x) * ux + (m.y - end.y) * uy};
                    const double across = std::abs((m.y - end.y) * ux - (m.x - end.x) * uy);
                    if (found.along < low * pitch || found.along > far * pitch || across > loose * size + 0.03 * found.along) return;
                    if (m.size > 1.1 * size) {
                      std::tie(found.low, found.high) = extent(k, ux, uy);
                      const double grown = (found.high - found.low) / pitch + 0.12;
                      found.digits = static_cast<int>(std::lround(grown));
                      if (found.digits > 1) {
                        const auto [top, bottom] = extent(k, -uy, ux);
                        if (found.digits > kMostGrown || std::abs(grown - found.digits) > 0.35 || bottom - top > 1.3 * size) return;
                        found.along = found.low + (found.high - found.low) / (2 * found.digits) - end.x * ux - end.y * uy;
                      }
                    }
                    if (found.digits <= 1 && !alike(m.size, size)) return;
                    if (found.along >= low * pitch && found.along <= high * pitch && found.along < best.along) best = found;
                  });
    };
    reach(0.55, 1.4);
    if (best.mark < 0) reach(1.4, kWidestGap);
    if (best.mark < 0) return {};
    return best.digits > 1 ? divided(best.mark, best.digits, ux, uy, best.low, best.high) : std::vector<int>{best.mark};
  }

  void follow(const Grid& grid, std::vector<int> chain) {
    double pitch = std::hypot(at(chain[1]).x - at(chain[0]).x, at(chain[1]).y - at(chain[0]).y);
    double size = (at(chain[0]).size + at(chain[1]).size) / 2;
    bool ahead = true;
    for (int turns = 0; turns < 2 && chain.size() < kMostInChain;) {
      const auto more = next(grid, chain, ahead, pitch, size);
      if (more.empty() || std::ranges::any_of(chain, [&](int k) { return at(k).ink == at(more.front()).ink; })) {
        ahead = !ahead;
        ++turns;
        continue;
      }
      for (const int k : more) {
        const Mark& end = at(ahead ? chain.back() : chain.front());
        const double d = std::hypot(at(k).x - end.x, at(k).y - end.y);
        const auto weight = static_cast<double>(std::min<std::size_t>(chain.size(), 6));
        if (d < 1.4 * pitch) pitch += (d - pitch) / weight;
        size += (at(k).size - size) / weight;
        chain.insert(ahead ? chain.end() : chain.begin(), k);
      }
    }
    for (std::size_t k = 1; k < chain.size(); ++k) used_.insert(edge(chain[k - 1], chain[k]));
    if (chain.size() < 8) return;
    // Along the row: the middle of an upright box lies elsewhere in a tilted 7 than in a 1.
    const double dx = at(chain.back()).x - at(chain.front()).x;
    const double dy = at(chain.back()).y - at(chain.front()).y;
    const double length = std::hypot(dx, dy);
    std::vector<double> gaps;
    for (double before = 0; const int k : chain) {
      const auto [low, high] = extent(k, dx / length, dy / length);
      const double middle = (low + high) / 2;
      if (k != chain.front()) gaps.push_back(std::max(0.0, middle - before));
      before = middle;
    }
    for (const auto& w : windows_of(gaps)) take(std::span{chain}.subspan(w.from, static_cast<std::size_t>(w.digits)), w);
  }

  /// The extent of a mark along (cx, cy).
  std::pair<double, double> extent(int i, double cx, double cy) const {
    const Mark& mark = at(i);
    double low = 1e9;
    double high = -1e9;
    for (const InkRun& r : ink_.runs_of(ink_.marks[mark.ink])) {
      // The extremes are at the run's ends.
      double first = r.from;
      double last = r.to - 1;
      if (mark.part()) {
        if (std::abs(mark.axis_x) > 1e-9) {
          const double a = (mark.from - r.y * mark.axis_y) / mark.axis_x;
          const double b = (mark.to - r.y * mark.axis_y) / mark.axis_x;
          first = std::max(first, std::ceil(std::min(a, b)));
          last = std::min(last, std::floor(std::max(a, b)));
        } else if (const double place = r.y * mark.axis_y; place < mark.from || place > mark.to) {
          continue;
        }
        if (first > last) continue;
      }
      for (const double x : {first, last}) {
        const double v = x * cx + r.y * cy;
        low = std::min(low, v);
        high = std::max(high, v);
      }
    }
    return {low, high + 1};
  }

  /// Digits that grew together stand side by side: halves that lie above one another are none.
  bool whole(std::span<const int> row) const {
    for (std::size_t k = 0; k < row.size();) {
      const Mark& m = at(row[k]);
      std::size_t end = k + 1;
      while (end < row.size() && at(row[end]).ink == m.ink && at(row[end]).parts == m.parts) ++end;
      if (end - k != static_cast<std::size_t>(m.parts)) return false;
      k = end;
    }
    return true;
  }

  void take(std::span<const int> row, const Window& window) {
    if (!whole(row)) return;
    const Mark& a = at(row.front());
    const Mark& b = at(row.back());
    const double length = std::hypot(b.x - a.x, b.y - a.y);
    const double ux = (b.x - a.x) / length;
    const double uy = (b.y - a.y) / length;
    double left = 1e9;
    double right = -1e9;
    std::vector<double> tops;
    std::vector<double> bottoms;
    std::vector<double> heights;
    for (const int i : row) {
      const auto along = extent(i, ux, uy);
      const auto across = extent(i, -uy, ux);
      left = std::min(left, along.first);
      right = std::max(right, along.second);
      tops.push_back(across.first);
      bottoms.push_back(across.second);
      heights.push_back(across.second - across.first);
    }
    const double height = median_of(heights);
    const auto even = std::ranges::count_if(heights, [&](double h) { return std::abs(h - height) <= 0.15 * height + 1; });
    if (height < 6 || 4 * even < 3 * static_cast<std::ptrdiff_t>(row.size())) return;
    const double top = *std::ranges::min_element(tops);
    const double bottom = *std::ranges::max_element(bottoms);
    if (bottom - top > 1.9 * height) return;
    DigitRow out;
    if (window.digits == 8) {
      // Another group stands before or behind, where the marks can't be told apart.
      const double step = window.stride + height / 2;
      left -= step;
      right += step;
    }
    const auto corner = [&](double s, double t) { return imaging::Point{(s * ux - t * uy) / scale_, (s * uy + t * ux) / scale_}; };
    out.place = {corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)};
    out.height = height / scale_;
    out.digits = window.digits;
    out.grouped = window.grouped;
    out.even = static_cast<double>(even) / static_cast<double>(row.size()) - 0.3 * window.spread +
               (window.digits == 8 ? -1
                : window.grouped   ? 0.2
                                   : 0);
    out_.push_back(out);
  }

  double scale_;
  std::vector<DigitRow>& out_;
  cv::Size size_;
  InkMarks ink_;
  std::vector<Mark> marks_;                                      ///< whole ones, then parts
  std::unordered_map<std::size_t, std::vector<int>> divisions_;  ///< of a mark: the first part of each way to divide it
  std::unordered_set<std::uint64_t> used_;
};

void search(const cv::Mat& gray, double scale, std::vector<DigitRow>& found) {
  cv::Mat searched = gray;
  if (scale != 1) cv::resize(gray, searched, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  const cv::Mat relative = against_paper(searched);
  for (const double strength : kInk) {
    Chains(relative, cvRound(255 * strength), scale, found).find();
  }
}

imaging::Point middle(const imaging::Quad& q) { return {(q[0].x + q[2].x) / 2, (q[0].y + q[2].y) / 2}; }

}  // namespace

std::vector<DigitRow> digit_rows(const imaging::Image& gray, const std::optional<imaging::Box>& closer) {
  std::vector<DigitRow> found;
  if (gray.width < 64 || gray.height < 64) return found;
  const cv::Mat full = imaging::as_mat(gray);
  search(full, std::min(1.0, static_cast<double>(kSide) / std::max(gray.width, gray.height)), found);
  if (closer) {
    const cv::Rect box = cv::Rect(closer->x, closer->y, closer->width, closer->height) & cv::Rect(0, 0, full.cols, full.rows);
    if (box.width >= 64 && box.height >= 64) {
      std::vector<DigitRow> more;
      search(full(box), std::min(2.5, static_cast<double>(kSide) / std::max(box.width, box.height)), more);
      for (auto& row : more) {
        for (auto& p : row.place) p = {p.x + box.x, p.y + box.y};
        found.push_back(row);
      }
    }
  }
  std::ranges::sort(found, std::greater{}, &DigitRow::even);
  std::vector<DigitRow> out;
  for (const auto& row : found) {
    const auto at = middle(row.place);
    const double ux = row.place[1].x - row.place[0].x;
    const double uy = row.place[1].y - row.place[0].y;
    const double length = std::max(1.0, std::hypot(ux, uy));
    const auto known = std::ranges::find_if(out, [&](const DigitRow& o) {
      const auto there = middle(o.place);
      const double dx = there.x - at.x;
      const double dy = there.y - at.y;
      // A longer row may reach farther to one side of the same; the row below is another.
      const double along = row.digits == 8 ? 6 : row.digits == 16 && row.grouped ? 3 : 2;
      const double across = row.digits == 8 ? 6 : row.digits == 16 && row.grouped ? 0.8 : 2;
      return std::abs(dx * ux + dy * uy) < along * o.height * length && std::abs(dx * uy - dy * ux) < across * o.height * length &&
             std::hypot(dx, dy) < along * o.height;
    });
    if (known == out.end()) {
      out.push_back(row);
    } else if (row.digits == 16 && known->digits < 16 && row.grouped == known->grouped) {
      *known = row;  // the other lacks a group
    }
  }
  return out;
}

}  // namespace authx::document
