#include "imaging/geometry.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/mat.h"

namespace authx::imaging {

namespace {

// Requests run beside one another, each on one core: OpenCV's own threads would only wait for each other.
[[maybe_unused]] const bool kOneThread = (cv::setNumThreads(1), true);

}  // namespace

cv::Mat as_mat(Image& image) { return {image.height, image.width, CV_8UC(image.channels), image.pixels.data(), image.stride()}; }
cv::Mat as_mat(const Image& image) {
  return {image.height, image.width, CV_8UC(image.channels), const_cast<std::uint8_t*>(image.pixels.data()), image.stride()};
}

Image from_mat(const cv::Mat& mat) {
  if (mat.empty()) return {};
  CV_Assert(mat.depth() == CV_8U && (mat.channels() == 1 || mat.channels() == 3 || mat.channels() == 4));
  Image out(mat.cols, mat.rows, mat.channels() == 1 ? 1 : 3);
  if (mat.channels() == 4) {
    for (int y = 0; y < mat.rows; ++y) {
      const std::uint8_t* from = mat.ptr(y);
      std::uint8_t* to = out.row(y);
      for (int x = 0; x < mat.cols; ++x, from += 4, to += 3) {
        const int a = from[3];
        for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>((from[c] * a + 255 * (255 - a) + 127) / 255);
      }
    }
    return out;
  }
  mat.copyTo(as_mat(out));
  return out;
}

Quad quad_of(const Box& b) {
  const double x0 = b.x, y0 = b.y, x1 = b.x + b.width, y1 = b.y + b.height;
  return {{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}};
}

Box bounds_of(const Quad& q) {
  const auto [x0, x1] = std::minmax({q[0].x, q[1].x, q[2].x, q[3].x});
  const auto [y0, y1] = std::minmax({q[0].y, q[1].y, q[2].y, q[3].y});
  const int x = static_cast<int>(std::floor(x0));
  const int y = static_cast<int>(std::floor(y0));
  return {x, y, static_cast<int>(std::ceil(x1)) - x, static_cast<int>(std::ceil(y1)) - y};
}

double area_of(const Quad& q) {
  double twice = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Point& a = q[i];
    const Point& b = q[(i + 1) % 4];
    twice += a.x * b.y - b.x * a.y;
  }
  return twice / 2;
}

Homography homography(const Quad& from, const Quad& to) {
  const Homography identity{1, 0, 0, 0, 1, 0, 0, 0, 1};
  if (std::abs(area_of(from)) < 1e-9 || std::abs(area_of(to)) < 1e-9) return identity;
  cv::Point2f a[4];
  cv::Point2f b[4];
  for (std::size_t i = 0; i < 4; ++i) {
    a[i] = {static_cast<float>(from[i].x), static_cast<float>(from[i].y)};
    b[i] = {static_cast<float>(to[i].x), static_cast<float>(to[i].y)};
  }
  const cv::Mat m = cv::getPerspectiveTransform(a, b);
  Homography out{};
  for (int i = 0; i < 9; ++i) out[static_cast<std::size_t>(i)] = m.at<double>(i / 3, i % 3);
  return out;
}

Homography inverse(const Homography& h) {
  const cv::Matx33d m(h.data());
  const cv::Matx33d n = m.inv();
  Homography out{};
  std::copy(n.val, n.val + 9, out.begin());
  return out;
}

Point apply(const Homography& h, Point p) {
  const double w = h[6] * p.x + h[7] * p.y + h[8];
  const double s = std::abs(w) < 1e-12 ? 1e12 : 1 / w;
  return {(h[0] * p.x + h[1] * p.y + h[2]) * s, (h[3] * p.x + h[4] * p.y + h[5]) * s};
}

Quad apply(const Homography& h, const Quad& q) { return {apply(h, q[0]), apply(h, q[1]), apply(h, q[2]), apply(h, q[3])}; }

Image warp(const Image& image, const Quad& quad, int width, int height) {
  if (width == image.width && height == image.height) {
    const Quad whole = quad_of({0, 0, width, height});
    if (std::ranges::equal(quad, whole, [](const Point& a, const Point& b) { return a.x == b.x && a.y == b.y; })) return image;
  }
  const Homography h = homography(quad, quad_of({0, 0, width, height}));
  const cv::Mat m(3, 3, CV_64F, const_cast<double*>(h.data()));
  const cv::Mat in = as_mat(image);
  // Bilinear sampling alone would alias when the source is much larger than the target.
  const double shrink = std::sqrt(std::abs(area_of(quad)) / (static_cast<double>(width) * height));
  cv::Mat out;
  if (shrink > 1.6) {
    cv::Mat small;
    cv::resize(in, small, {}, 1 / shrink, 1 / shrink, cv::INTER_AREA);
    Quad scaled = quad;
    for (auto& p : scaled) {
      p.x *= static_cast<double>(small.cols) / in.cols;
      p.y *= static_cast<double>(small.rows) / in.rows;
    }
    const Homography hs = homography(scaled, quad_of({0, 0, width, height}));
    cv::warpPerspective(small, out, cv::Mat(3, 3, CV_64F, const_cast<double*>(hs.data())), {width, height}, cv::INTER_LINEAR,
                        cv::BORDER_REPLICATE);
  } else {
    cv::warpPerspective(in, out, m, {width, height}, shrink < 0.8 ? cv::INTER_CUBIC : cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  }
  return from_mat(out);
}

Image rotate_quarter(const Image& image, int turns) {
  const int t = ((turns % 4) + 4) % 4;
  if (t == 0) return image;
  cv::Mat out;
  cv::rotate(as_mat(image), out, t == 1 ? cv::ROTATE_90_CLOCKWISE : t == 2 ? cv::ROTATE_180 : cv::ROTATE_90_COUNTERCLOCKWISE);
  return from_mat(out);
}

Image resize(const Image& image, int width, int height) {
  if (width == image.width && height == image.height) return image;
  cv::Mat out;
  const bool shrink = width < image.width || height < image.height;
  cv::resize(as_mat(image), out, {width, height}, 0, 0, shrink ? cv::INTER_AREA : cv::INTER_CUBIC);
  return from_mat(out);
}

Image crop(const Image& image, const Box& box) {
  const cv::Rect all(0, 0, image.width, image.height);
  const cv::Rect part = all & cv::Rect(box.x, box.y, std::max(0, box.width), std::max(0, box.height));
  if (part.area() == 0) return {};
  return from_mat(as_mat(image)(part));
}

Image to_gray(const Image& image) {
  if (image.channels == 1) return image;
  Image out(image.width, image.height, 1);
  cv::Mat to = as_mat(out);
  cv::cvtColor(as_mat(image), to, cv::COLOR_BGR2GRAY);
  return out;
}

Image to_bgr(const Image& image) {
  if (image.channels == 3) return image;
  Image out(image.width, image.height, 3);
  cv::Mat to = as_mat(out);
  cv::cvtColor(as_mat(image), to, cv::COLOR_GRAY2BGR);
  return out;
}

void black_out(Image& image, std::span<const Quad> quads) {
  cv::Mat m = as_mat(image);
  for (const Quad& q : quads) {
    std::vector<cv::Point> corners;
    for (const Point& p : q) {
      // OpenCV's coordinates are 32-bit; far outside is as good as the border.
      const auto clip = [](double v, int limit) { return static_cast<int>(std::lround(std::clamp(v, -1.0 * limit, 2.0 * limit))); };
      corners.emplace_back(clip(p.x, image.width), clip(p.y, image.height));
    }
    std::vector<cv::Point> hull;
    cv::convexHull(corners, hull);
    cv::fillConvexPoly(m, hull, cv::Scalar::all(0));
  }
}

}  // namespace authx::imaging
