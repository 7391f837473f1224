#include "engines/face/align.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace authx::face {

double Similarity::scale() const noexcept { return std::hypot(a, b); }
double Similarity::rotation() const noexcept { return std::atan2(b, a); }
Similarity Similarity::inverse() const noexcept {
  const double n = a * a + b * b;
  const double ia = a / n, ib = -b / n;
  return {ia, ib, -(ia * tx - ib * ty), -(ib * tx + ia * ty)};
}

std::optional<Similarity> fit_similarity(std::span<const Point> from, std::span<const Point> to) {
  if (from.size() != to.size() || from.size() < 2) return std::nullopt;
  double fx = 0, fy = 0, gx = 0, gy = 0;
  const auto n = static_cast<double>(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    fx += from[i].x, fy += from[i].y, gx += to[i].x, gy += to[i].y;
  }
  fx /= n, fy /= n, gx /= n, gy /= n;
  double dot = 0, cross = 0, norm = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double px = from[i].x - fx, py = from[i].y - fy, qx = to[i].x - gx, qy = to[i].y - gy;
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    norm += px * px + py * py;
  }
  Similarity s{dot / norm, cross / norm, 0, 0};
  s.tx = gx - (s.a * fx - s.b * fy);
  s.ty = gy - (s.b * fx + s.a * fy);
  if (!(norm > 1e-6) || !std::isfinite(s.tx) || !std::isfinite(s.ty) || !(s.scale() > 1e-6)) return std::nullopt;
  return s;
}

const FivePoints& arcface_template() noexcept {
  static constexpr FivePoints points{
      {{38.2946f, 51.6963f}, {73.5318f, 51.5014f}, {56.0252f, 71.7366f}, {41.5493f, 92.3655f}, {70.7299f, 92.2041f}}};
  return points;
}

const FivePoints& dlib_template() noexcept {
  // dlib's mean face in the unit square, with its padding of a quarter on each side, in pixels of the chip.
  static constexpr auto at = [](float x, float y) { return Point{(x + 0.25f) * 100, (y + 0.25f) * 100}; };
  static constexpr FivePoints points{at(0.2255f, 0.2160f), at(0.7546f, 0.2160f), at(0.4901f, 0.5156f), at(0.2541f, 0.7802f),
                                     at(0.7261f, 0.7802f)};
  return points;
}

cv::Mat shrink(const cv::Mat& image, cv::Size size) {
  const int k = std::min(image.cols / std::max(size.width, 1), image.rows / std::max(size.height, 1));
  cv::Mat coarse = image;
  // Less than one block is left over at the right and the lower edge.
  if (k >= 2)
    cv::resize(image(cv::Rect{0, 0, image.cols / k * k, image.rows / k * k}), coarse, {image.cols / k, image.rows / k}, 0, 0,
               cv::INTER_AREA);
  if (coarse.size() == size) return coarse;
  cv::Mat out;
  cv::resize(coarse, out, size, 0, 0, cv::INTER_LINEAR);
  return out;
}

cv::Mat warp_crop(const cv::Mat& bgr, const Similarity& to_crop, int size) {
  Similarity map = to_crop;
  cv::Mat source = bgr;
  cv::Mat shrunk;
  const int k = static_cast<int>(std::clamp(1 / to_crop.scale(), 1.0, 256.0));
  if (k >= 2) {
    const Similarity back = to_crop.inverse();
    const float edge = static_cast<float>(size);
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    for (const Point corner : {Point{0, 0}, Point{edge, 0}, Point{0, edge}, Point{edge, edge}}) {
      const Point p = back(corner);
      x0 = std::min<double>(x0, p.x), y0 = std::min<double>(y0, p.y), x1 = std::max<double>(x1, p.x), y1 = std::max<double>(y1, p.y);
    }
    const double margin = 2 / to_crop.scale();
    const auto clamp = [](double v, int limit) { return static_cast<int>(std::clamp(v, 0.0, static_cast<double>(limit))); };
    cv::Rect region{cv::Point{clamp(x0 - margin, bgr.cols), clamp(y0 - margin, bgr.rows)},
                    cv::Point{clamp(x1 + margin + 1, bgr.cols), clamp(y1 + margin + 1, bgr.rows)}};
    region.width = region.width / k * k;
    region.height = region.height / k * k;
    if (!region.empty()) {
      cv::resize(bgr(region), shrunk, {region.width / k, region.height / k}, 0, 0, cv::INTER_AREA);
      source = shrunk;
      // A pixel (u, v) of the shrunk region shows the image at ((u + ½)·k − ½ + region.x, …).
      const double ox = 0.5 * k - 0.5 + region.x, oy = 0.5 * k - 0.5 + region.y;
      map = {to_crop.a * k, to_crop.b * k, to_crop.a * ox - to_crop.b * oy + to_crop.tx, to_crop.b * ox + to_crop.a * oy + to_crop.ty};
    }
  }
  const cv::Matx23d m{map.a, -map.b, map.tx, map.b, map.a, map.ty};
  cv::Mat crop;
  cv::warpAffine(source, crop, m, {size, size}, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  return crop;
}

void write_planar(const cv::Mat& bgr, std::span<float> out, const Normalisation& n) {
  const std::size_t plane = static_cast<std::size_t>(bgr.rows) * static_cast<std::size_t>(bgr.cols);
  std::array<cv::Mat, 3> channels;
  cv::split(bgr, channels.data());
  for (std::size_t c = 0; c < 3; ++c) {
    cv::Mat floats{bgr.rows, bgr.cols, CV_32F, out.data() + c * plane};
    channels[n.rgb ? 2 - c : c].convertTo(floats, CV_32F, n.scale[c], -static_cast<double>(n.mean[c]) * n.scale[c]);
  }
}

}  // namespace authx::face
