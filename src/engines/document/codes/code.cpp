#include "engines/document/codes/code.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "engines/document/codes/finder.h"
#include "engines/document/codes/readers.h"
#include "engines/document/codes/regions.h"
#include "imaging/mat.h"

namespace authx::document {
namespace {

constexpr int kMostSide = 2600;            ///< a whole picture is shrunk to this before it is searched
constexpr double kMostRegion = 2'500'000;  ///< pixels of a region after enlarging

enum class Reader { zxing, zbar };
enum class Filter { none, blur, sharpen, equalise };
struct Pass {
  Reader reader;
  double scale;
  Filter filter;
};
constexpr std::array kPasses{
    Pass{Reader::zxing, 1, Filter::none},    Pass{Reader::zxing, 1, Filter::blur},     Pass{Reader::zxing, 2, Filter::none},
    Pass{Reader::zxing, 2, Filter::blur},    Pass{Reader::zbar, 1, Filter::none},      Pass{Reader::zbar, 2, Filter::none},
    Pass{Reader::zxing, 2, Filter::sharpen}, Pass{Reader::zbar, 2, Filter::sharpen},   Pass{Reader::zxing, 3, Filter::sharpen},
    Pass{Reader::zbar, 3, Filter::none},     Pass{Reader::zxing, 3, Filter::equalise}, Pass{Reader::zxing, 1.5, Filter::blur},
};

/// PDF417 is read along its rows: a tilt of two degrees that keeps ZXing from reading is undone first. `off` is added to the
/// estimated tilt, in degrees; the first pass takes the picture as it is.
struct StackedPass {
  bool level;
  double off;
  double scale;
  Filter filter;
};
constexpr std::array kStackedPasses{
    StackedPass{false, 0, 1, Filter::none},     StackedPass{true, 0, 1, Filter::none},       StackedPass{true, 0, 1.5, Filter::none},
    StackedPass{true, 0, 2, Filter::sharpen},   StackedPass{true, 1.2, 1.5, Filter::none},   StackedPass{true, -1.2, 1.5, Filter::none},
    StackedPass{true, 1.2, 2, Filter::sharpen}, StackedPass{true, -1.2, 2, Filter::sharpen},
};

/// By the structure tensor of a picture.
struct Grain {
  double tilt = 0;       ///< how far bars stand from upright (or from level), -45..45 degrees: the main direction of the gradient
  double coherence = 0;  ///< 0..1: how far all of it has that direction
};

/// Print reaches about 0.25, the bars of stacked codes 0.3 when they are blurred and 0.5 when they are sharp.
constexpr double kBars = 0.27;

Grain grain_of(const cv::Mat& gray) {
  cv::Mat smooth;
  cv::Mat x;
  cv::Mat y;
  cv::GaussianBlur(gray, smooth, {0, 0}, 1);
  cv::Sobel(smooth, x, CV_32F, 1, 0);
  cv::Sobel(smooth, y, CV_32F, 0, 1);
  const double xx = x.dot(x);
  const double yy = y.dot(y);
  const double xy = x.dot(y);
  double degrees = 0.5 * std::atan2(2 * xy, xx - yy) * 180 / CV_PI;
  if (degrees > 45) degrees -= 90;
  if (degrees < -45) degrees += 90;
  return {degrees, std::hypot(xx - yy, 2 * xy) / std::max(1.0, xx + yy)};
}

cv::Mat filtered(cv::Mat out, Filter filter, double scale) {
  switch (filter) {
    case Filter::none: break;
    case Filter::blur: {
      cv::Mat smooth;
      cv::GaussianBlur(out, smooth, {0, 0}, 0.8 * scale);
      out = smooth;
      break;
    }
    case Filter::sharpen: {
      cv::Mat smooth;
      cv::GaussianBlur(out, smooth, {0, 0}, 1.2 * scale);
      cv::Mat sharp;
      cv::addWeighted(out, 2.2, smooth, -1.2, 0, sharp);
      out = sharp;
      break;
    }
    case Filter::equalise: {
      cv::Mat even;
      cv::createCLAHE(3.0, {8, 8})->apply(out, even);
      out = even;
      break;
    }
  }
  return out;
}

cv::Mat prepared(const cv::Mat& gray, const Pass& pass) {
  cv::Mat out = gray;
  if (pass.scale != 1) cv::resize(gray, out, {}, pass.scale, pass.scale, cv::INTER_CUBIC);
  return filtered(out, pass.filter, pass.scale);
}

std::vector<Code> stacked_cascade(const cv::Mat& gray, const CodeOptions& options, const Deadline& deadline) {
  const std::size_t most = options.thorough ? kStackedPasses.size() : 1;
  Grain grain;
  for (std::size_t i = 0; i < most; ++i) {
    const StackedPass& pass = kStackedPasses[i];
    if (deadline.passed()) return {};
    if (i == 1) grain = grain_of(gray);
    if (i >= 1 && grain.coherence < kBars) return {};
    const double scale = static_cast<double>(gray.total()) * pass.scale * pass.scale > kMostRegion ? 1 : pass.scale;
    const double degrees = pass.level ? grain.tilt + pass.off : 0;
    // Turned about the middle onto a canvas that holds the corners.
    cv::Mat turn = cv::getRotationMatrix2D({static_cast<float>(gray.cols) / 2, static_cast<float>(gray.rows) / 2}, degrees, scale);
    const double c = std::abs(turn.at<double>(0, 0));
    const double s = std::abs(turn.at<double>(0, 1));
    const cv::Size size{static_cast<int>(gray.cols * c + gray.rows * s) + 1, static_cast<int>(gray.cols * s + gray.rows * c) + 1};
    turn.at<double>(0, 2) += size.width / 2.0 - gray.cols / 2.0;
    turn.at<double>(1, 2) += size.height / 2.0 - gray.rows / 2.0;
    cv::Mat level = gray;
    if (degrees != 0 || scale != 1) cv::warpAffine(gray, level, turn, size, cv::INTER_CUBIC, cv::BORDER_REPLICATE);
    auto found = read_zxing(filtered(level, pass.filter, scale), options);
    if (found.empty()) continue;
    cv::Mat back;
    cv::invertAffineTransform(turn, back);
    for (auto& code : found) {
      code.pass = static_cast<int>(i);
      if (degrees == 0 && scale == 1) continue;
      for (auto& p : code.quad)
        p = {back.at<double>(0, 0) * p.x + back.at<double>(0, 1) * p.y + back.at<double>(0, 2),
             back.at<double>(1, 0) * p.x + back.at<double>(1, 1) * p.y + back.at<double>(1, 2)};
    }
    return found;
  }
  return {};
}

/// The first pass that reads anything ends the cascade. All but the first want a QR code's finder patterns to be there; with `whole`,
/// the first, too: readers take long over a picture of noise.
std::vector<Code> cascade(const cv::Mat& gray, CodeOptions options, const Deadline& deadline, bool whole = false) {
  const std::size_t most = options.thorough ? kPasses.size() : 1;
  for (std::size_t i = 0; i < most; ++i) {
    const Pass& pass = kPasses[i];
    if (deadline.passed()) return {};
    if (i == (whole ? 0 : 1) && !shows_finder_patterns(gray, whole)) {
      if (i > 0 || !options.pdf417) return {};
      options.qr = options.thorough = false;
    }
    if (i > 0 && !options.qr) return {};
    if (pass.reader == Reader::zbar && !options.qr) continue;
    if (static_cast<double>(gray.total()) * pass.scale * pass.scale > kMostRegion && pass.scale > 1) continue;
    const cv::Mat image = prepared(gray, pass);
    auto found = pass.reader == Reader::zxing ? read_zxing(image, options) : read_zbar(image);
    if (found.empty()) continue;
    for (auto& c : found) {
      c.pass = static_cast<int>(i);
      for (auto& p : c.quad) p = {p.x / pass.scale, p.y / pass.scale};
    }
    return found;
  }
  return {};
}

void add(std::vector<Code>& all, std::vector<Code> found, double x, double y, double scale) {
  for (auto& c : found) {
    for (auto& p : c.quad) p = {p.x * scale + x, p.y * scale + y};
    const bool known = std::ranges::any_of(all, [&](const Code& k) { return k.symbology == c.symbology && k.bytes == c.bytes; });
    if (!known && all.size() < kMostCodes) all.push_back(std::move(c));
  }
}

}  // namespace

std::string_view to_string(Symbology symbology) noexcept { return symbology == Symbology::qr ? "qr" : "pdf417"; }

std::vector<Code> find_codes(const imaging::Image& image, const CodeOptions& options, const Deadline& deadline) {
  if (image.empty() || (!options.qr && !options.pdf417)) return {};
  const imaging::Image converted = image.channels == 1 ? imaging::Image{} : imaging::to_gray(image);
  const imaging::Image& gray = image.channels == 1 ? image : converted;
  const cv::Mat whole = imaging::as_mat(gray);
  std::vector<Code> all;
  const auto regions = code_regions(gray);
  for (const auto& r : regions) {
    if (r.square ? !options.qr : !options.pdf417) continue;
    cv::Mat part = whole(cv::Rect(r.box.x, r.box.y, r.box.width, r.box.height));
    double scale = 1;
    if (static_cast<double>(part.total()) > kMostRegion) {
      scale = std::sqrt(static_cast<double>(part.total()) / kMostRegion);
      cv::Mat smaller;
      cv::resize(part, smaller, {}, 1 / scale, 1 / scale, cv::INTER_AREA);
      part = smaller;
    }
    CodeOptions only = options;
    only.qr = r.square && options.qr;
    only.pdf417 = !r.square && options.pdf417;
    add(all, r.square ? cascade(part, only, deadline) : stacked_cascade(part, only, deadline), r.box.x, r.box.y, scale);
  }
  if (!all.empty() || deadline.passed()) return all;
  // Low contrast or an odd size may hide a code from the search for regions.
  const double scale = std::max(1.0, static_cast<double>(std::max(gray.width, gray.height)) / kMostSide);
  cv::Mat sized = whole;
  if (scale > 1) cv::resize(whole, sized, {}, 1 / scale, 1 / scale, cv::INTER_AREA);
  CodeOptions once = options;
  once.thorough = options.thorough && !regions.empty();
  add(all, cascade(sized, once, deadline, true), 0, 0, scale);
  return all;
}

std::vector<Code> find_codes_plain(const imaging::Image& image, const CodeOptions& options) {
  const imaging::Image gray = image.channels == 1 ? image : imaging::to_gray(image);
  return read_zxing(imaging::as_mat(gray), options);
}

}  // namespace authx::document
