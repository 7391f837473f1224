#include "engines/document/mrz_image.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/document/mrz_cells.h"
#include "engines/document/mrz_decode.h"
#include "engines/document/mrz_lines.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kWorking = 1100;     ///< longer side of a view
constexpr double kLegible = -1.1;  ///< mean log-probability from which on a line may belong to a zone
constexpr double kClear = -0.35;   ///< and from which on there is no reason to look further

struct Found {
  MrzDecoded decoded;
  std::vector<Track> tracks;  ///< on the view
  LevelView view;
};

bool better(const MrzDecoded& a, const MrzDecoded& b) {
  if (a.mrz.valid() != b.mrz.valid()) return a.mrz.valid();
  if (a.mrz.checks_passed() != b.mrz.checks_passed()) return a.mrz.checks_passed();
  return a.mean > b.mean;
}

bool plausible(const MrzDecoded& d) {
  if (d.mrz.lines.empty()) return false;
  const char c = d.mrz.lines[0][0];
  if (c != 'P' && c != 'I' && c != 'A' && c != 'C' && c != 'V') return false;
  const auto passed = std::ranges::count_if(d.mrz.checks, &MrzCheck::passed);
  return passed * 2 >= static_cast<std::ptrdiff_t>(d.mrz.checks.size()) || (d.mrz.issuer_known && d.mrz.nationality_known);
}

/// `track` moved across itself by `distance` pixels, downwards as it reads.
Track beside(Track track, double distance) {
  const cv::Point2d d = track.direction(track.count / 2.0);
  const double length = std::max(1e-9, std::hypot(d.x, d.y));
  track.x[0] -= d.y / length * distance;
  track.y[0] += d.x / length * distance;
  return track;
}

class ZoneReader {
 public:
  ZoneReader(const cv::Mat& picture, LevelView view, Date today, const Deadline& deadline)
      : picture_(picture), view_(std::move(view)), today_(today), deadline_(deadline), lines_(zone_lines(view_.gray)) {}

  std::optional<Found> read() {
    for (const std::size_t i : order()) {
      if (deadline_.passed()) break;
      if (std::ranges::find(used_, i) != used_.end()) continue;
      for (const LineReading& anchor : anchors_of(lines_[i])) {
        offer(anchor, i);
        if (done()) return std::move(best_);
      }
    }
    return std::move(best_);
  }

 private:
  bool done() const { return best_ && best_->decoded.mrz.checks_passed() && best_->decoded.mean > kClear; }

  /// Lines with a neighbour of about the same ends first, long ones first.
  std::vector<std::size_t> order() const {
    std::vector<std::pair<double, std::size_t>> rank;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const ZoneLine& a = lines_[i];
      int partners = 0;
      for (std::size_t j = 0; j < lines_.size(); ++j) {
        const ZoneLine& b = lines_[j];
        const double h = std::max(a.height, b.height);
        const double gap = std::abs(a.y((a.x0 + a.x1) / 2) - b.y((a.x0 + a.x1) / 2));
        if (i != j && gap > 1.0 * h && gap < 4.2 * h && std::abs(a.x0 - b.x0) < 2.2 * h + 0.02 * a.length() &&
            std::abs(a.x1 - b.x1) < 2.2 * h + 0.02 * a.length() && std::min(a.height, b.height) > 0.55 * h)
          ++partners;
      }
      rank.emplace_back(a.length() / view_.gray.cols + (partners > 0 ? 2.0 : 0.0) + (partners > 1 ? 0.2 : 0.0), i);
    }
    std::ranges::sort(rank, std::greater{});
    std::vector<std::size_t> out;
    int alone = 0;
    for (const auto& [score, i] : rank) {
      if (out.size() == 14 || (score < 2 && ++alone > 5)) break;
      out.push_back(i);
    }
    return out;
  }

  /// The line read as 30, 36 or 44 characters, one way up and the other: the readings that may be a zone's, best first.
  std::vector<LineReading> anchors_of(const ZoneLine& line) const {
    std::vector<LineReading> all;
    for (const int n : {44, 30, 36}) {
      // Capitals are about as tall as their pitch; blur and tilt make them look taller.
      const double shape = line.height * n / line.length();
      if (shape < 0.62 || shape > 1.75) continue;
      const Track track = track_of(line, n);
      // Most lines are other print: the middle third tells.
      const Track middle = part_of(track, n / 3, 14);
      if (std::max(locate_characters(view_.gray, middle, 0.7).mean, locate_characters(view_.gray, reversed(middle), 0.7).mean) < -1.6)
        continue;
      all.push_back(locate_characters(view_.gray, track, 0.7));
      all.push_back(locate_characters(view_.gray, reversed(track), 0.7));
      if (std::max(all.back().mean, all[all.size() - 2].mean) > kClear) break;
    }
    std::ranges::sort(all, std::greater{}, &LineReading::mean);
    while (!all.empty() && all.back().mean < std::max(-1.9, all.front().mean - 0.9)) all.pop_back();
    if (all.size() > 3) all.resize(3);
    // Frames and stains beside a line lengthen it: look further from its ends.
    for (LineReading& r : all) {
      if (r.mean > kClear) continue;
      for (const double slack : {2.6, 1.0}) {
        LineReading again = locate_characters(view_.gray, r.track, slack);
        if (again.mean > r.mean) r = std::move(again);
      }
    }
    std::ranges::sort(all, std::greater{}, &LineReading::mean);
    return all;
  }

  /// On the picture itself where the view shows characters smaller than the classifier's.
  LineReading refined(const Track& track) const {
    const auto& m = view_.to_picture;
    if (std::hypot(m(0, 0), m(1, 0)) < 1.15 || track.pitch() > GlyphNet::kCell) return refine_characters(view_.gray, track);
    LineReading out = refine_characters(picture_, mapped(track, m));
    cv::Matx23d back;
    cv::invertAffineTransform(m, back);
    out.track = mapped(out.track, back);
    return out;
  }

  void offer(const LineReading& located, std::size_t line) {
    const LineReading anchor = refined(located.track);
    if (anchor.mean < kLegible) return;
    used_.push_back(line);
    const int rows = anchor.track.count == 30 ? 3 : 2;
    // Where the other lines may be: at lines found, or at any distance of one to three heights.
    struct Sibling {
      double distance;
      double mean;
    };
    std::vector<Sibling> siblings;
    const double pitch = anchor.track.pitch();
    for (int k = 10; k <= 56; ++k) {
      for (const int side : {-1, 1}) {
        const double distance = side * k * 0.1 * pitch;
        if (rows == 2 && k > 40) continue;
        siblings.push_back({distance, glance(view_.gray, beside(anchor.track, distance))});
      }
    }
    std::ranges::sort(siblings, {}, &Sibling::distance);
    std::vector<Sibling> peaks;
    for (std::size_t i = 0; i < siblings.size(); ++i) {
      bool top = siblings[i].mean > -2.0;
      for (std::size_t j = i < 3 ? 0 : i - 3; j <= std::min(i + 3, siblings.size() - 1); ++j) {
        if (siblings[j].mean > siblings[i].mean) top = false;
      }
      if (top) peaks.push_back(siblings[i]);
    }
    std::ranges::sort(peaks, std::greater{}, &Sibling::mean);
    std::vector<std::pair<double, LineReading>> read{{0.0, anchor}};
    for (const Sibling& p : peaks) {
      if (read.size() > static_cast<std::size_t>(rows == 3 ? 4 : 2)) break;
      if (std::ranges::any_of(read, [&](const auto& r) { return std::abs(r.first - p.distance) < 0.8 * pitch; })) continue;
      // The lines of a zone share their columns.
      const LineReading again = locate_characters(view_.gray, beside(anchor.track, p.distance), 0.45);
      if (again.mean < -1.9) continue;
      LineReading r = refined(again.track);
      if (r.mean > kLegible - 0.3) read.emplace_back(p.distance, std::move(r));
    }
    std::ranges::sort(read, {}, &std::pair<double, LineReading>::first);
    for (std::size_t first = 0; first + static_cast<std::size_t>(rows) <= read.size(); ++first) {
      if (rows == 3) {
        const double upper = read[first + 1].first - read[first].first;
        const double lower = read[first + 2].first - read[first + 1].first;
        if (std::max(upper, lower) > 1.5 * std::min(upper, lower)) continue;
      }
      std::vector<LineReading> lines;
      lines.reserve(static_cast<std::size_t>(rows));
      for (int r = 0; r < rows; ++r) lines.push_back(read[first + static_cast<std::size_t>(r)].second);
      judge(lines);
    }
  }

  void judge(const std::vector<LineReading>& lines) {
    MrzScores scores;
    std::vector<Track> tracks;
    for (const auto& l : lines) {
      scores.push_back(l.cells);
      tracks.push_back(l.track);
    }
    MrzDecoded decoded = decode_mrz(scores, today_);
    if (!plausible(decoded)) return;
    if (!best_ || better(decoded, best_->decoded)) best_ = Found{std::move(decoded), std::move(tracks), view_};
  }

  const cv::Mat& picture_;
  LevelView view_;
  Date today_;
  const Deadline& deadline_;
  std::vector<ZoneLine> lines_;
  std::vector<std::size_t> used_;
  std::optional<Found> best_;
};

imaging::Point on_picture(const LevelView& view, cv::Point2d p) {
  const auto& m = view.to_picture;
  return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

MrzFromImage result(Found found) {
  MrzFromImage out;
  out.confidence = found.decoded.least;
  out.corrected = found.decoded.mrz.corrected;
  out.mrz = std::move(found.decoded.mrz);
  const Track top = beside(found.tracks.front(), -found.tracks.front().height);
  const Track bottom = beside(found.tracks.back(), found.tracks.back().height);
  const double n = top.count;
  out.zone = {on_picture(found.view, top.at(-0.5)), on_picture(found.view, top.at(n - 0.5)), on_picture(found.view, bottom.at(n - 0.5)),
              on_picture(found.view, bottom.at(-0.5))};
  const double along = std::atan2(out.zone[1].y - out.zone[0].y, out.zone[1].x - out.zone[0].x);
  // Text that runs down the picture needs three quarter turns clockwise.
  const int turned = static_cast<int>(std::lround(along / (std::numbers::pi / 2)));
  out.quarter_turns = ((-turned % 4) + 4) % 4;
  return out;
}

}  // namespace

std::optional<MrzFromImage> read_mrz(const imaging::Image& image, Date today, const Deadline& deadline) {
  if (image.width < 60 || image.height < 20) return std::nullopt;
  const imaging::Image gray_image = imaging::to_gray(image);
  const cv::Mat picture = imaging::as_mat(gray_image);
  std::vector<double> directions = text_directions(picture, 3);
  // Nearly upright pictures need no turn, and lose no sharpness by one.
  for (double& d : directions) {
    if (std::abs(d) < 2.6) d = 0;
    if (std::abs(d - 90) < 2.6) d = 90;
  }
  for (const double d : {0.0, 90.0}) {
    if (std::ranges::find(directions, d) == directions.end()) directions.push_back(d);
  }
  std::optional<Found> best;
  for (const double d : directions) {
    if (deadline.passed()) break;
    auto found = ZoneReader(picture, level_view(picture, d, kWorking), today, deadline).read();
    if (found && (!best || better(found->decoded, best->decoded))) best = std::move(found);
    if (best && best->decoded.mrz.checks_passed() && best->decoded.mean > kClear) break;
  }
  if (!best) return std::nullopt;
  return result(*std::move(best));
}

}  // namespace authx::document
