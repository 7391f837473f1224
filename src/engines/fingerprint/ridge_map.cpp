#include "engines/fingerprint/ridge_map.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engines/fingerprint/gabor.h"
#include "engines/fingerprint/types.h"

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr float kMeanPeriod = 9.0f;  // of adult fingers at 500 dpi
constexpr int kMinSide = 64, kMaxSide = 3000;

/// Flow as a doubled-angle vector field: |v| is the coherence, half its argument the ridge angle.
struct Flow {
  cv::Mat1f c, s;
};

float line_angle(float c, float s) {
  const float a = 0.5f * std::atan2(s, c);
  return a < 0 ? a + kPi : a;
}

/// Block sums of the gradient's structure tensor, turned so that the vector points along the ridges.
void structure_tensor(const cv::Mat1f& image, cv::Mat1f& c, cv::Mat1f& s, cv::Mat1f& energy) {
  cv::Mat1f gx, gy;
  cv::Scharr(image, gx, CV_32F, 1, 0, 1.0 / 32);
  cv::Scharr(image, gy, CV_32F, 0, 1, 1.0 / 32);
  const cv::Size blocks{image.cols / kBlock, image.rows / kBlock};
  c.create(blocks), s.create(blocks), energy.create(blocks);
  for (int by = 0; by < blocks.height; ++by) {
    for (int bx = 0; bx < blocks.width; ++bx) {
      float xx = 0, yy = 0, xy = 0;
      for (int y = by * kBlock; y < (by + 1) * kBlock; ++y) {
        const float *px = gx[y] + bx * kBlock, *py = gy[y] + bx * kBlock;
        for (int x = 0; x < kBlock; ++x) xx += px[x] * px[x], yy += py[x] * py[x], xy += px[x] * py[x];
      }
      c(by, bx) = yy - xx, s(by, bx) = -2 * xy, energy(by, bx) = xx + yy;
    }
  }
}

void blur(const cv::Mat1f& from, cv::Mat1f& to, double sigma) { cv::GaussianBlur(from, to, {}, sigma, sigma, cv::BORDER_REPLICATE); }

/// Flow averaged at one scale, |v| = coherence.
Flow flow_at(const cv::Mat1f& c, const cv::Mat1f& s, const cv::Mat1f& energy, double sigma) {
  Flow f;
  cv::Mat1f e;
  blur(c, f.c, sigma), blur(s, f.s, sigma), blur(energy, e, sigma);
  for (int y = 0; y < e.rows; ++y) {
    for (int x = 0; x < e.cols; ++x) {
      const float n = 1.0f / (e(y, x) + 1e-3f);
      f.c(y, x) *= n, f.s(y, x) *= n;
    }
  }
  return f;
}

Flow mix_scales(const cv::Mat1f& c, const cv::Mat1f& s, const cv::Mat1f& energy, std::initializer_list<std::pair<double, float>> scales,
                cv::Mat1f* finest_coherence) {
  Flow out{cv::Mat1f(c.size(), 0.0f), cv::Mat1f(c.size(), 0.0f)};
  bool first = true;
  for (const auto& [sigma, weight] : scales) {
    const Flow f = flow_at(c, s, energy, sigma);
    if (first && finest_coherence != nullptr) finest_coherence->create(c.size());
    for (int y = 0; y < c.rows; ++y) {
      for (int x = 0; x < c.cols; ++x) {
        const float vc = f.c(y, x), vs = f.s(y, x), m = std::sqrt(vc * vc + vs * vs);
        out.c(y, x) += weight * m * vc, out.s(y, x) += weight * m * vs;
        if (first && finest_coherence != nullptr) (*finest_coherence)(y, x) = m;
      }
    }
    first = false;
  }
  return out;
}

void to_angle(const Flow& f, cv::Mat1f& angle) {
  angle.create(f.c.size());
  for (int y = 0; y < angle.rows; ++y) {
    for (int x = 0; x < angle.cols; ++x) angle(y, x) = line_angle(f.c(y, x), f.s(y, x));
  }
}

/// Local mean to 0 and local spread to 1, ridges positive. `floor` is added to the spread, so that empty areas stay calm.
cv::Mat1f normalise(const cv::Mat1b& gray, float floor) {
  cv::Mat1f g, mean, square;
  gray.convertTo(g, CV_32F);
  const cv::Size window{25, 25};
  cv::boxFilter(g, mean, CV_32F, window, {-1, -1}, true, cv::BORDER_REFLECT_101);
  cv::sqrBoxFilter(g, square, CV_32F, window, {-1, -1}, true, cv::BORDER_REFLECT_101);
  cv::boxFilter(mean, mean, CV_32F, {9, 9}, {-1, -1}, true, cv::BORDER_REFLECT_101);
  for (int y = 0; y < g.rows; ++y) {
    for (int x = 0; x < g.cols; ++x) {
      const float m = mean(y, x), spread = std::sqrt(std::max(square(y, x) - m * m, 0.0f));
      g(y, x) = std::clamp((m - g(y, x)) / (spread + floor), -3.0f, 3.0f);
    }
  }
  return g;
}

cv::Mat1f block_spread(const cv::Mat1b& gray) {
  cv::Mat1f out(gray.rows / kBlock, gray.cols / kBlock);
  for (int by = 0; by < out.rows; ++by) {
    for (int bx = 0; bx < out.cols; ++bx) {
      // A window of three blocks holds at least two ridges.
      const cv::Rect window = cv::Rect{(bx - 1) * kBlock, (by - 1) * kBlock, 3 * kBlock, 3 * kBlock} & cv::Rect{{0, 0}, gray.size()};
      unsigned sum = 0, square = 0;
      for (int y = window.y; y < window.y + window.height; ++y) {
        const std::uint8_t* p = gray[y];
        for (int x = window.x; x < window.x + window.width; ++x) sum += p[x], square += static_cast<unsigned>(p[x]) * p[x];
      }
      const float n = static_cast<float>(window.area()), m = static_cast<float>(sum) / n;
      out(by, bx) = std::sqrt(std::max(static_cast<float>(square) / n - m * m, 0.0f));
    }
  }
  return out;
}

float percentile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Keeps components of at least `share` of the largest one, fills holes.
void tidy(cv::Mat1b& mask, double share) {
  const auto keep_large = [share](cv::Mat1b& m, bool all_but_border) {
    cv::Mat labels, stats, centres;
    const int n = cv::connectedComponentsWithStats(m, labels, stats, centres, 4, CV_32S);
    int largest = 0;
    for (int i = 1; i < n; ++i) largest = std::max(largest, stats.at<int>(i, cv::CC_STAT_AREA));
    for (int y = 0; y < m.rows; ++y) {
      for (int x = 0; x < m.cols; ++x) {
        const int l = labels.at<int>(y, x);
        if (l == 0) continue;
        const int* s = stats.ptr<int>(l);
        const bool border = s[cv::CC_STAT_LEFT] == 0 || s[cv::CC_STAT_TOP] == 0 || s[cv::CC_STAT_LEFT] + s[cv::CC_STAT_WIDTH] == m.cols ||
                            s[cv::CC_STAT_TOP] + s[cv::CC_STAT_HEIGHT] == m.rows;
        m(y, x) = (all_but_border ? border : s[cv::CC_STAT_AREA] >= share * largest) ? 255 : 0;
      }
    }
  };
  keep_large(mask, false);
  cv::Mat1b outside = 255 - mask;
  keep_large(outside, true);
  mask = 255 - outside;
}

/// Dominant period of the signal across the ridges around (cx, cy), with the share of its power; 0 when there is none.
struct Period {
  float pixels = 0, certainty = 0;
};

constexpr int kAcross = 32, kAlong = 8;  // half sizes of the sampled window are 16 and 8

class PeriodMeter {
 public:
  PeriodMeter() {
    for (int f = 0; f < kBins; ++f) {
      const float omega = 2 * kPi * frequency(f);
      for (int i = 0; i < kAcross; ++i) {
        const float t = static_cast<float>(i) - (kAcross - 1) / 2.0f, window = 0.5f + 0.5f * std::cos(2 * kPi * t / kAcross);
        cos_[f][i] = window * std::cos(omega * t), sin_[f][i] = window * std::sin(omega * t);
      }
    }
  }

  Period measure(const cv::Mat1f& image, float cx, float cy, float angle) const {
    const float c = std::cos(angle), s = std::sin(angle);
    float signal[kAcross] = {}, mean = 0;
    for (int i = 0; i < kAcross; ++i) {
      const float v = static_cast<float>(i) - (kAcross - 1) / 2.0f;
      for (int j = -kAlong; j <= kAlong; j += 2) {
        const int x = static_cast<int>(cx + c * static_cast<float>(j) - s * v + 0.5f),
                  y = static_cast<int>(cy + s * static_cast<float>(j) + c * v + 0.5f);
        if (static_cast<unsigned>(x) < static_cast<unsigned>(image.cols) && static_cast<unsigned>(y) < static_cast<unsigned>(image.rows))
          signal[i] += image(y, x);
      }
      mean += signal[i];
    }
    mean /= kAcross;
    float energy = 1e-3f, power[kBins];
    for (float& v : signal) v -= mean, energy += v * v;
    int best = 0;
    for (int f = 0; f < kBins; ++f) {
      float re = 0, im = 0;
      for (int i = 0; i < kAcross; ++i) re += signal[i] * cos_[f][i], im += signal[i] * sin_[f][i];
      power[f] = re * re + im * im;
      if (power[f] > power[best]) best = f;
    }
    if (best == 0 || best == kBins - 1) return {};
    const float a = std::sqrt(power[best - 1]), b = std::sqrt(power[best]), d = std::sqrt(power[best + 1]), curve = a - 2 * b + d;
    const float shift = curve < 0 ? std::clamp(0.5f * (a - d) / curve, -0.5f, 0.5f) : 0;
    return {1 / frequency(static_cast<float>(best) + shift), std::min(power[best] * 8 / (energy * kAcross), 1.0f)};
  }

 private:
  static constexpr int kBins = 16;
  static float frequency(float bin) { return 0.055f + 0.0125f * bin; }  // periods 18 .. 4.1 pixels
  static float frequency(int bin) { return frequency(static_cast<float>(bin)); }
  float cos_[kBins][kAcross], sin_[kBins][kAcross];
};

/// Period map on blocks: measured on every second block, averaged by certainty, pulled to the image's median where nothing is certain.
void measure_periods(const cv::Mat1f& image, const cv::Mat1f& angle, const cv::Mat1b& mask, cv::Mat1f& period, float& median,
                     cv::Mat1f* certainty = nullptr) {
  if (certainty != nullptr) *certainty = cv::Mat1f(mask.size(), 0.0f);
  static const PeriodMeter meter;
  const int rows = (mask.rows + 1) / 2, cols = (mask.cols + 1) / 2;
  cv::Mat1f sum(rows, cols, 0.0f), weight(rows, cols, 0.0f);
  std::vector<float> all;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < cols; ++x) {
      const int by = std::min(2 * y, mask.rows - 1), bx = std::min(2 * x, mask.cols - 1);
      if (mask(by, bx) == 0) continue;
      const Period p =
          meter.measure(image, (static_cast<float>(bx) + 0.5f) * kBlock, (static_cast<float>(by) + 0.5f) * kBlock, angle(by, bx));
      if (certainty != nullptr) (*certainty)(cv::Rect{2 * x, 2 * y, 2, 2} & cv::Rect{{0, 0}, mask.size()}).setTo(p.certainty);
      if (p.pixels <= 0) continue;
      const float w = p.certainty * p.certainty;
      sum(y, x) = w * p.pixels, weight(y, x) = w;
      if (p.certainty > 0.3f) all.push_back(p.pixels);
    }
  }
  median = all.size() < 12 ? kMeanPeriod : percentile(all, 0.5);
  blur(sum, sum, 1.8), blur(weight, weight, 1.8);
  constexpr float kPrior = 0.02f;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < cols; ++x) sum(y, x) = (sum(y, x) + kPrior * median) / (weight(y, x) + kPrior);
  }
  period.create(mask.size());
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) period(y, x) = sum(y / 2, x / 2);
  }
}

/// How much of the normalised image's local energy the filtered image explains.
void measure_clarity(const cv::Mat1f& normal, const cv::Mat1f& enhanced, const cv::Mat1b& mask, cv::Mat1f& clarity) {
  cv::Mat1f both(mask.size(), 0.0f), own(mask.size(), 0.0f), filtered(mask.size(), 0.0f);
  for (int by = 0; by < mask.rows; ++by) {
    for (int bx = 0; bx < mask.cols; ++bx) {
      float nn = 0, ne = 0, ee = 0;
      for (int y = by * kBlock; y < (by + 1) * kBlock; ++y) {
        const float *n = normal[y] + bx * kBlock, *e = enhanced[y] + bx * kBlock;
        for (int x = 0; x < kBlock; ++x) nn += n[x] * n[x], ne += n[x] * e[x], ee += e[x] * e[x];
      }
      own(by, bx) = nn, both(by, bx) = ne, filtered(by, bx) = ee;
    }
  }
  blur(own, own, 1.0), blur(both, both, 1.0), blur(filtered, filtered, 1.0);
  clarity.create(mask.size());
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      const float correlation = both(y, x) / std::sqrt(own(y, x) * filtered(y, x) + 1.0f);
      clarity(y, x) = mask(y, x) == 0 ? 0 : std::clamp(correlation, 0.0f, 1.0f);
    }
  }
}

cv::Mat1f padded(const cv::Mat1f& image) {
  cv::Mat1f out;
  cv::copyMakeBorder(image, out, kGaborHalf, kGaborHalf, kGaborHalf, kGaborHalf, cv::BORDER_REFLECT_101);
  return out;
}

void pad_to_blocks(const cv::Mat1b& from, cv::Mat1b& to) {
  cv::copyMakeBorder(from, to, 0, (kBlock - from.rows % kBlock) % kBlock, 0, (kBlock - from.cols % kBlock) % kBlock, cv::BORDER_REPLICATE);
}

/// Contrast relative to the finger's best parts, and flow: where both are there, so is the finger.
void segment(RidgeMap& m, float best_spread) {
  m.finger.create(m.spread.size());
  m.mask.create(m.spread.size());
  for (int y = 0; y < m.mask.rows; ++y) {
    for (int x = 0; x < m.mask.cols; ++x) {
      const float contrast = std::min(m.spread(y, x) / best_spread, 1.0f);
      m.finger(y, x) = contrast > 0.2f ? 255 : 0;
      m.mask(y, x) = contrast > 0.15f && contrast * (0.3f + m.coherence(y, x)) > 0.17f ? 255 : 0;
    }
  }
  const cv::Mat1b disc = cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5});
  const cv::Mat1b cross = cv::getStructuringElement(cv::MORPH_CROSS, {3, 3});
  for (cv::Mat1b* mask : {&m.finger, &m.mask}) {
    cv::morphologyEx(*mask, *mask, cv::MORPH_CLOSE, disc);
    cv::morphologyEx(*mask, *mask, cv::MORPH_OPEN, disc);
    tidy(*mask, 0.15);
  }
  cv::erode(m.mask, m.mask, cross, {-1, -1}, 1, cv::BORDER_CONSTANT, cv::Scalar::all(255));
}

/// Blocks in which no direction explains the image are given up, unless they are small holes in good surroundings.
void drop_unclear(RidgeMap& m, float limit) {
  for (int y = 0; y < m.mask.rows; ++y) {
    for (int x = 0; x < m.mask.cols; ++x) {
      if (m.clarity(y, x) < limit) m.mask(y, x) = 0;
    }
  }
  cv::morphologyEx(m.mask, m.mask, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
  cv::morphologyEx(m.mask, m.mask, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, {3, 3}));
  tidy(m.mask, 0.15);
}

cv::Mat1b high_curvature(const cv::Mat1f& angle) {
  cv::Mat1b out(angle.size(), std::uint8_t{0});
  for (int y = 1; y + 1 < angle.rows; ++y) {
    for (int x = 1; x + 1 < angle.cols; ++x) {
      const float dx = 2 * (angle(y, x + 1) - angle(y, x - 1)), dy = 2 * (angle(y + 1, x) - angle(y - 1, x));
      if (std::cos(dx) < 0.5f || std::cos(dy) < 0.5f) out(y, x) = 255;  // 30 degrees over two blocks
    }
  }
  return out;
}

Result<RidgeMap> map_at_scale(const cv::Mat1b& gray, float& median_period, const Deadline& deadline) {
  RidgeMap m;
  m.width = gray.cols, m.height = gray.rows;
  pad_to_blocks(gray, m.gray);
  m.spread = block_spread(m.gray);
  const float best_spread = percentile({m.spread.begin(), m.spread.end()}, 0.92);
  if (best_spread < 4) return Error::invalid("image", "shows no finger ridges: the contrast is too low");
  m.normal = normalise(m.gray, 0.08f * best_spread + 1);

  cv::Mat1f smooth, c, s, energy;
  cv::GaussianBlur(m.normal, smooth, {5, 5}, 1.0);
  structure_tensor(smooth, c, s, energy);
  Flow flow = mix_scales(c, s, energy, {{0.9, 0.6f}, {1.8, 1.0f}, {3.2, 0.8f}}, nullptr);
  const Flow fine = flow_at(c, s, energy, 1.5);
  cv::magnitude(fine.c, fine.s, m.coherence);
  to_angle(flow, m.angle);
  segment(m, best_spread);
  if (cv::countNonZero(m.mask) * kBlock * kBlock < 64 * 64) return Error::invalid("image", "shows no finger ridges");
  if (deadline.passed()) return Errc::request_timeout;

  measure_periods(smooth, m.angle, m.mask, m.period, median_period, &m.certainty);
  const cv::Mat1f source = padded(m.normal);
  m.enhanced = gabor_filter(source, m.angle, m.period, m.mask, high_curvature(m.angle));
  measure_clarity(m.normal, m.enhanced, m.mask, m.clarity);
  if (deadline.passed()) return Errc::request_timeout;

  // The field of the filtered image, weighed by how well each block was explained, repairs blocks by their neighbours.
  structure_tensor(m.enhanced, c, s, energy);
  for (int y = 0; y < c.rows; ++y) {
    for (int x = 0; x < c.cols; ++x) {
      const float w = m.clarity(y, x) * m.clarity(y, x) / (energy(y, x) + 1.0f);
      c(y, x) *= w, s(y, x) *= w, energy(y, x) *= w;
    }
  }
  flow = mix_scales(c, s, energy, {{0.7, 0.5f}, {1.4, 1.0f}, {2.6, 0.5f}}, nullptr);
  to_angle(flow, m.angle);
  measure_periods(m.enhanced, m.angle, m.mask, m.period, median_period);
  m.enhanced = gabor_filter(source, m.angle, m.period, m.mask, high_curvature(m.angle));
  measure_clarity(m.normal, m.enhanced, m.mask, m.clarity);
  const cv::Mat1b filtered = m.mask.clone();
  drop_unclear(m, 0.35f);
  m.mask &= filtered;
  if (cv::countNonZero(m.mask) * kBlock * kBlock < 64 * 64) return Error::invalid("image", "shows no clear finger ridges");
  if (deadline.passed()) return Errc::request_timeout;
  return m;
}

cv::Mat1b rescaled(const cv::Mat1b& gray, double scale) {
  cv::Mat1b out;
  const cv::Size size{std::max(1, static_cast<int>(std::lround(gray.cols * scale))),
                      std::max(1, static_cast<int>(std::lround(gray.rows * scale)))};
  cv::resize(gray, out, size, 0, 0, scale < 0.6 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return out;
}

Result<cv::Mat1b> at_500_dpi(const cv::Mat1b& gray, double scale) {
  const double w = gray.cols * scale, h = gray.rows * scale;
  if (w < kMinSide || h < kMinSide) return Error::invalid("image", "is too small for a fingerprint");
  if (w > kMaxSide || h > kMaxSide) return Error::invalid("image", "is too large for one finger");
  return scale == 1 ? gray : rescaled(gray, scale);
}

}  // namespace

Result<RidgeMap> map_ridges(const cv::Mat1b& gray, int dpi, const Deadline& deadline) {
  if (gray.empty()) return Error::invalid("image", "is empty");
  if (dpi != 0 && (dpi < 150 || dpi > 2500)) return Error::invalid("dpi", "must be 150 to 2500, or 0 for unknown");
  float median = kMeanPeriod;
  if (dpi != 0) {
    const double scale = std::abs(dpi - kDpi) <= 5 ? 1.0 : static_cast<double>(kDpi) / dpi;
    AX_TRY(const cv::Mat1b scaled, at_500_dpi(gray, scale));
    return map_at_scale(scaled, median, deadline);
  }
  // Unknown resolution: the scale at which ridges lie as far apart as a finger's do. Fingers differ by more than
  // sensors of nominally 500 dpi, so that a plausible period is left alone.
  double scale = std::min({1.0, 1000.0 / std::max(gray.cols, gray.rows)});
  for (int round = 0; round < 3; ++round) {
    AX_TRY(const cv::Mat1b scaled, at_500_dpi(gray, scale));
    auto map = map_at_scale(scaled, median, deadline);
    if (!map) return map;
    if ((median > 7 && median < 11.5f) || round == 2) return map;
    scale *= static_cast<double>(kMeanPeriod) / median;
  }
  return Errc::internal;
}

}  // namespace authx::fingerprint
