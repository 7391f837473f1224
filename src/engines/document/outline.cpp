#include "engines/document/outline.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"

namespace authx::document {
namespace {

using Corners = std::array<cv::Point2f, 4>;

Corners in_screen_order(std::array<cv::Point2f, 4> p) {
  std::ranges::sort(p, {}, [](const cv::Point2f& q) { return q.y; });
  // Clockwise around the centre, then begin with the corner nearest the top left.
  const cv::Point2f c = (p[0] + p[1] + p[2] + p[3]) * 0.25F;
  std::ranges::sort(p, {}, [&](const cv::Point2f& q) { return std::atan2(q.y - c.y, q.x - c.x); });
  std::size_t first = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    if (p[i].x + p[i].y < p[first].x + p[first].y) first = i;
  }
  std::rotate(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(first), p.end());
  return p;
}

std::optional<cv::Point2f> cross(const cv::Vec4f& a, const cv::Vec4f& b) {
  const float det = a[0] * b[1] - a[1] * b[0];
  if (std::abs(det) < 1e-3F) return std::nullopt;
  const float t = ((b[2] - a[2]) * b[1] - (b[3] - a[3]) * b[0]) / det;
  return cv::Point2f(a[2] + t * a[0], a[3] + t * a[1]);
}

/// Lines fitted to the contour along each side, cut with one another: rounded corners and ragged outlines do no harm.
std::optional<Corners> refine(const std::vector<cv::Point>& contour, const Corners& rough) {
  std::array<cv::Vec4f, 4> lines;
  for (std::size_t i = 0; i < 4; ++i) {
    const cv::Point2f a = rough[i];
    const cv::Point2f d = rough[(i + 1) % 4] - a;
    const float length = std::hypot(d.x, d.y);
    if (length < 8) return std::nullopt;
    std::vector<cv::Point2f> near;
    for (const auto& p : contour) {
      const cv::Point2f v(static_cast<float>(p.x) - a.x, static_cast<float>(p.y) - a.y);
      const float along = (v.x * d.x + v.y * d.y) / length;
      const float off = std::abs(v.x * d.y - v.y * d.x) / length;
      if (along > 0.1F * length && along < 0.9F * length && off < 0.03F * length + 2) near.emplace_back(p);
    }
    if (near.size() < 6) return std::nullopt;
    cv::fitLine(near, lines[i], cv::DIST_HUBER, 0, 0.01, 0.01);
  }
  Corners out;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto p = cross(lines[(i + 3) % 4], lines[i]);
    if (!p || cv::norm(*p - rough[i]) > 0.08 * cv::norm(rough[0] - rough[2])) return std::nullopt;
    out[i] = *p;
  }
  return out;
}

class Search {
 public:
  explicit Search(const cv::Mat& bgr) : bgr_(bgr) {
    cv::cvtColor(bgr, lab_, cv::COLOR_BGR2Lab);
    cv::Mat gray;
    cv::cvtColor(bgr, gray, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(gray, gray_, {5, 5}, 0);
    cv::Mat edges;
    for (int c = 0; c < 3; ++c) {
      cv::Mat plane;
      cv::extractChannel(bgr, plane, c);
      cv::GaussianBlur(plane, plane, {5, 5}, 0);
      cv::Canny(plane, edges, 30, 90);
      if (edges_.empty()) {
        edges_ = edges.clone();
      } else {
        edges_ |= edges;
      }
    }
    cv::dilate(edges_, support_, cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
  }

  std::optional<Corners> run() {
    from_border_color();
    from_edges();
    from_threshold();
    if (best_score_ < 0.55) return std::nullopt;
    return best_;
  }

 private:
  /// What differs from the colours along the picture's border.
  void from_border_color() {
    const int band = std::max(4, std::min(bgr_.cols, bgr_.rows) / 40);
    cv::Mat blurred;
    cv::GaussianBlur(lab_, blurred, {7, 7}, 0);
    std::vector<cv::Vec3f> samples;
    for (int y = 0; y < blurred.rows; y += 3) {
      for (int x = 0; x < blurred.cols; x += 3) {
        if (x < band || y < band || x >= blurred.cols - band || y >= blurred.rows - band) samples.push_back(blurred.at<cv::Vec3b>(y, x));
      }
    }
    cv::Mat data(static_cast<int>(samples.size()), 3, CV_32F, samples.data());
    cv::Mat covariance;
    cv::Mat mean;
    cv::calcCovarMatrix(data, covariance, mean, cv::COVAR_NORMAL | cv::COVAR_ROWS | cv::COVAR_SCALE, CV_32F);
    covariance += cv::Mat::eye(3, 3, CV_32F) * 6;
    const cv::Mat inverse = covariance.inv();
    cv::Matx33f q(inverse.ptr<float>());
    const cv::Vec3f m(mean.ptr<float>());
    cv::Mat distance(blurred.size(), CV_32F);
    for (int y = 0; y < blurred.rows; ++y) {
      const auto* from = blurred.ptr<cv::Vec3b>(y);
      auto* to = distance.ptr<float>(y);
      for (int x = 0; x < blurred.cols; ++x) {
        const cv::Vec3f d = cv::Vec3f(from[x]) - m;
        to[x] = std::sqrt(std::max(0.0F, d.dot(q * d)));
      }
    }
    for (const double limit : {3.0, 4.5}) {
      cv::Mat mask = distance > limit;
      offer(mask, 9);
    }
  }

  void from_edges() {
    for (const int close : {3, 7}) {
      cv::Mat mask;
      cv::morphologyEx(edges_, mask, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {close, close}));
      offer(mask, 0);
    }
  }

  void from_threshold() {
    for (const int channel : {0, 1, 2}) {
      cv::Mat plane;
      cv::extractChannel(lab_, plane, channel);
      cv::GaussianBlur(plane, plane, {7, 7}, 0);
      cv::Mat mask;
      cv::threshold(plane, mask, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
      offer(mask, 9);
      cv::bitwise_not(mask, mask);
      offer(mask, 9);
    }
  }

  void offer(cv::Mat& mask, int close) {
    if (close > 0) {
      cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {close, close}));
      cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {close, close}));
    }
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(mask, contours, close > 0 ? cv::RETR_EXTERNAL : cv::RETR_LIST, cv::CHAIN_APPROX_NONE);
    const double all = static_cast<double>(bgr_.total());
    for (const auto& contour : contours) {
      if (contour.size() < 100) continue;
      std::vector<cv::Point> hull;
      cv::convexHull(contour, hull);
      const double area = cv::contourArea(hull);
      if (area < 0.10 * all || area > 0.985 * all) continue;
      const double around = cv::arcLength(hull, true);
      std::vector<cv::Point> poly;
      for (double eps = 0.01; eps <= 0.08; eps += 0.01) {
        cv::approxPolyDP(hull, poly, eps * around, true);
        if (poly.size() <= 4) break;
      }
      if (poly.size() != 4) continue;
      const Corners rough = in_screen_order({cv::Point2f(poly[0]), cv::Point2f(poly[1]), cv::Point2f(poly[2]), cv::Point2f(poly[3])});
      rate(rough, area);
      if (const auto fine = refine(contour, rough)) rate(*fine, area);
      if (const auto fine = refine(hull_points(hull), rough)) rate(*fine, area);
    }
  }

  /// The hull's sides as pixels, so that lines can be fitted where the contour itself is broken by glare or clutter.
  static std::vector<cv::Point> hull_points(const std::vector<cv::Point>& hull) {
    std::vector<cv::Point> out;
    for (std::size_t i = 0; i < hull.size(); ++i) {
      const cv::Point a = hull[i];
      const cv::Point d = hull[(i + 1) % hull.size()] - a;
      const int n = std::max(std::abs(d.x), std::abs(d.y));
      for (int k = 0; k < n; ++k) out.emplace_back(a.x + d.x * k / n, a.y + d.y * k / n);
    }
    return out;
  }

  void rate(const Corners& c, double area) {
    double sides[4];
    double least = 1;
    double mean = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const cv::Point2f a = c[i];
      const cv::Point2f b = c[(i + 1) % 4];
      sides[i] = cv::norm(b - a);
      if (sides[i] < 20) return;
      int hit = 0;
      const int n = 60;
      int seen = 0;
      for (int k = 3; k < n - 3; ++k) {
        const cv::Point p = a + (b - a) * (static_cast<float>(k) / n);
        if (p.x < 0 || p.y < 0 || p.x >= support_.cols || p.y >= support_.rows) continue;
        ++seen;
        hit += support_.at<std::uint8_t>(p) != 0 ? 1 : 0;
      }
      if (seen < n / 2) return;
      const double share = static_cast<double>(hit) / seen;
      least = std::min(least, share);
      mean += share / 4;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const cv::Point2f u = c[(i + 1) % 4] - c[i];
      const cv::Point2f v = c[(i + 3) % 4] - c[i];
      const double cosine = std::abs(u.dot(v)) / (cv::norm(u) * cv::norm(v));
      if (cosine > 0.5) return;
    }
    const double w = (sides[0] + sides[2]) / 2;
    const double h = (sides[1] + sides[3]) / 2;
    const double aspect = std::max(w, h) / std::min(w, h);
    if (aspect > 1.95 || aspect < 1.12) return;
    const double skew = std::max(std::abs(sides[0] - sides[2]) / w, std::abs(sides[1] - sides[3]) / h);
    if (skew > 0.45) return;
    const double fit = std::max({1 - std::abs(aspect - 1.586) * 2, 1 - std::abs(aspect - 1.42) * 2, 0.4});
    const double share = area / static_cast<double>(bgr_.total());
    const double score = 0.45 * mean + 0.25 * least + 0.15 * fit + 0.15 * std::min(1.0, share / 0.35);
    if (score > best_score_) {
      best_score_ = score;
      best_ = c;
    }
  }

  cv::Mat bgr_;
  cv::Mat lab_;
  cv::Mat gray_;
  cv::Mat edges_;
  cv::Mat support_;
  Corners best_{};
  double best_score_ = 0;
};

/// Ink as white on black at about 600 pixels, and the factor back to the input.
cv::Mat ink_of(const imaging::Image& gray, double& factor) {
  const cv::Mat full = imaging::as_mat(gray);
  factor = std::max(1.0, std::max(gray.width, gray.height) / 700.0);
  cv::Mat small;
  cv::resize(full, small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  cv::Mat hat;
  cv::morphologyEx(small, hat, cv::MORPH_BLACKHAT, cv::getStructuringElement(cv::MORPH_RECT, {13, 13}));
  cv::Mat ink;
  cv::threshold(hat, ink, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
  return ink;
}

}  // namespace

std::optional<imaging::Quad> find_outline(const imaging::Image& image) {
  const double factor = std::max(1.0, std::max(image.width, image.height) / 520.0);
  const imaging::Image color = imaging::to_bgr(image);
  cv::Mat small;
  cv::resize(imaging::as_mat(color), small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  if (small.cols < 60 || small.rows < 60) return std::nullopt;
  const auto found = Search{small}.run();
  if (!found) return std::nullopt;
  imaging::Quad quad;
  const double sx = static_cast<double>(image.width) / small.cols;
  const double sy = static_cast<double>(image.height) / small.rows;
  for (std::size_t i = 0; i < 4; ++i) quad[i] = {((*found)[i].x + 0.5) * sx, ((*found)[i].y + 0.5) * sy};
  return quad;
}

bool text_is_vertical(const imaging::Image& gray) {
  double factor = 1;
  const cv::Mat ink = ink_of(gray, factor);
  const auto weight = [&](cv::Size bridge, bool wide) {
    cv::Mat joined;
    cv::morphologyEx(ink, joined, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, bridge));
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centers;
    const int n = cv::connectedComponentsWithStats(joined, labels, stats, centers, 8);
    double sum = 0;
    for (int i = 1; i < n; ++i) {
      const int w = stats.at<int>(i, cv::CC_STAT_WIDTH);
      const int h = stats.at<int>(i, cv::CC_STAT_HEIGHT);
      const int across = wide ? h : w;
      const int along = wide ? w : h;
      if (across >= 5 && across <= 40 && along >= 3 * across) sum += along;
    }
    return sum;
  };
  return weight({1, 9}, false) > 1.3 * weight({9, 1}, true);
}

std::vector<imaging::Box> text_strips(const imaging::Image& gray) {
  double factor = 1;
  const cv::Mat ink = ink_of(gray, factor);
  cv::Mat joined;
  cv::morphologyEx(ink, joined, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {13, 1}));
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centers;
  const int n = cv::connectedComponentsWithStats(joined, labels, stats, centers, 8);
  struct Strip {
    imaging::Box box;
    double score;
  };
  std::vector<Strip> strips;
  for (int i = 1; i < n; ++i) {
    const int x = stats.at<int>(i, cv::CC_STAT_LEFT);
    const int y = stats.at<int>(i, cv::CC_STAT_TOP);
    const int w = stats.at<int>(i, cv::CC_STAT_WIDTH);
    const int h = stats.at<int>(i, cv::CC_STAT_HEIGHT);
    const double filled = static_cast<double>(stats.at<int>(i, cv::CC_STAT_AREA)) / (w * h);
    if (h < 8 || h > 44 || w < 4 * h || filled < 0.25) continue;
    const int pad = h / 3 + 2;
    const imaging::Box box{static_cast<int>((x - pad) * factor), static_cast<int>((y - pad) * factor),
                           static_cast<int>((w + 2 * pad) * factor), static_cast<int>((h + 2 * pad) * factor)};
    strips.push_back({box, filled * std::min(w, 260) * std::min(h, 24)});
  }
  std::ranges::sort(strips, std::greater{}, &Strip::score);
  std::vector<imaging::Box> out;
  for (const auto& s : strips) out.push_back(s.box);
  return out;
}

}  // namespace authx::document
