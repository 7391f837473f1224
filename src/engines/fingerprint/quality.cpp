#include "engines/fingerprint/quality.h"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace authx::fingerprint {
namespace {

constexpr double kBlockMm2 = kBlock * kBlock * (25.4 / kDpi) * (25.4 / kDpi);

struct Spread {
  double sum = 0, square = 0, n = 0;
  void add(double v) { sum += v, square += v * v, n += 1; }
  double mean() const { return n > 0 ? sum / n : 0; }
  double deviation() const { return n > 0 ? std::sqrt(std::max(square / n - mean() * mean(), 0.0)) : 0; }
};

/// Of the 3 x 3 blocks around a block: gray level between ridges and valleys, pixels on the wrong side of it, share of ridge.
struct Split {
  double wrong = 0, ridge_share = 0, along_ridge = 0, contrast = 0;
};

Split split_block(const RidgeMap& m, int bx, int by) {
  const cv::Rect window = cv::Rect{(bx - 1) * kBlock, (by - 1) * kBlock, 3 * kBlock, 3 * kBlock} & cv::Rect{{0, 0}, m.gray.size()};
  Spread ridge, valley;
  for (int y = window.y; y < window.y + window.height; ++y) {
    for (int x = window.x; x < window.x + window.width; ++x) (m.enhanced(y, x) > 0 ? ridge : valley).add(m.gray(y, x));
  }
  if (ridge.n == 0 || valley.n == 0) return {0.5, 0.5, 0, 0};
  const double level = (ridge.mean() + valley.mean()) / 2;
  int wrong_ridge = 0, wrong_valley = 0, dark = 0;
  Spread crest;
  for (int y = window.y; y < window.y + window.height; ++y) {
    for (int x = window.x; x < window.x + window.width; ++x) {
      const bool is_ridge = m.enhanced(y, x) > 0, is_dark = m.gray(y, x) < level;
      dark += is_dark ? 1 : 0;
      wrong_ridge += is_ridge && !is_dark ? 1 : 0, wrong_valley += !is_ridge && is_dark ? 1 : 0;
      if (m.enhanced(y, x) > 0.7f) crest.add(m.gray(y, x));
    }
  }
  return {(wrong_ridge / ridge.n + wrong_valley / valley.n) / 2, dark / (ridge.n + valley.n), crest.deviation(),
          valley.mean() - ridge.mean()};
}

constexpr double kFewPores = 1, kUsualPores = 2.5;  ///< to 100 pixels of crest; at 500 dpi grain counts with them

double ramp(double v, double from, double to) { return std::clamp((v - from) / (to - from), 0.0, 1.0); }

}  // namespace

Quality appraise(const RidgeMap& m, int minutiae) {
  Quality q;
  q.minutiae = minutiae;
  Spread certainty, clarity, frequency, share, turn, gray;
  double reliable = 0, clear_blocks = 0, finger_blocks = 0;
  for (int y = 0; y < m.mask.rows; ++y) {
    for (int x = 0; x < m.mask.cols; ++x) {
      if (m.finger(y, x) != 0 || m.mask(y, x) != 0) {
        ++finger_blocks;
        for (int v = 0; v < kBlock; v += 2) {
          for (int u = 0; u < kBlock; u += 2) gray.add(m.gray(y * kBlock + v, x * kBlock + u));
        }
      }
      if (m.mask(y, x) == 0) continue;
      ++clear_blocks;
      const double c = m.coherence(y, x);
      certainty.add(1 - (1 - c) / (1 + c));
      frequency.add(m.certainty(y, x));
      reliable += m.clarity(y, x) > 0.6f && c > 0.4 ? 1 : 0;
      if ((x & 1) == 0 && (y & 1) == 0) {
        const Split s = split_block(m, x, y);
        clarity.add(1 - s.wrong), share.add(s.ridge_share);
      }
      for (const auto& [dx, dy] : {std::pair{1, 0}, {0, 1}}) {
        if (x + dx >= m.mask.cols || y + dy >= m.mask.rows || m.mask(y + dy, x + dx) == 0) continue;
        turn.add(std::abs(std::remainder(m.angle(y, x) - m.angle(y + dy, x + dx), std::numbers::pi_v<float>)));
      }
    }
  }
  q.orientation_certainty = certainty.mean();
  q.local_clarity = clarity.mean();
  q.frequency_domain = std::min(frequency.mean(), 1.0);
  q.ridge_valley_uniformity = std::clamp(1 - share.deviation() / 0.25, 0.0, 1.0);
  q.orientation_flow = std::clamp(1 - turn.mean() / (std::numbers::pi / 8), 0.0, 1.0);
  q.mean_gray = gray.mean(), q.contrast = gray.deviation();
  q.area_mm2 = clear_blocks * kBlockMm2;
  q.coherent_area = finger_blocks > 0 ? reliable / finger_blocks : 0;

  // Area and minutiae bound what any matcher can find; the rest says how far what is found can be trusted.
  const double content = ramp(q.area_mm2, 20, 130) * ramp(minutiae, 3, 25);
  const double trust = (ramp(q.orientation_certainty, 0.3, 0.9) + ramp(q.local_clarity, 0.7, 0.97) + ramp(q.frequency_domain, 0.15, 0.7) +
                        ramp(q.coherent_area, 0.2, 0.95)) /
                       4;
  q.score = static_cast<int>(std::lround(100 * std::sqrt(content) * trust));

  if (q.area_mm2 < 70) q.issues.push_back(QualityIssue::too_small);
  if (q.contrast < 18) q.issues.push_back(QualityIssue::low_contrast);
  if (share.mean() > 0.62) q.issues.push_back(QualityIssue::too_dark);
  if (share.mean() < 0.33) q.issues.push_back(QualityIssue::too_dry);
  if (trust < 0.35) q.issues.push_back(QualityIssue::unclear_ridges);
  if (minutiae < 12) q.issues.push_back(QualityIssue::few_minutiae);
  return q;
}

/// Pores are bright spots on the crests of ridges: crest pixels brighter, by a share of the contrast, than the crest three
/// pixels before and behind them. How many there are to 100 crest pixels.
struct Pores {
  double spots = 0, crest = 0;
  void add(const RidgeMap& m, int bx, int by, double contrast) {
    const float c = std::cos(m.angle(by, bx)), s = std::sin(m.angle(by, bx));
    const int dx = cvRound(3 * c), dy = cvRound(3 * s), nx = cvRound(1.5f * c), ny = cvRound(1.5f * s);
    for (int y = std::max(3, by * kBlock); y < std::min((by + 1) * kBlock, m.gray.rows - 3); ++y) {
      for (int x = std::max(3, bx * kBlock); x < std::min((bx + 1) * kBlock, m.gray.cols - 3); ++x) {
        if (m.enhanced(y, x) <= 0.7f || m.enhanced(y + dy, x + dx) <= 0.7f || m.enhanced(y - dy, x - dx) <= 0.7f) continue;
        ++crest;
        const int here = m.gray(y, x);
        const bool bright = here >= m.gray(y + ny, x + nx) && here >= m.gray(y - ny, x - nx);
        spots += bright && here - std::max(m.gray(y + dy, x + dx), m.gray(y - dy, x - dx)) > 0.12 * contrast ? 1 : 0;
      }
    }
  }
  double density() const { return crest > 0 ? 100 * spots / crest : 0; }
};

std::vector<Cue> presentation_cues(const RidgeMap& m) {
  Spread share, crest;
  Pores pores;
  for (int y = 0; y < m.mask.rows; y += 2) {
    for (int x = 0; x < m.mask.cols; x += 2) {
      if (m.mask(y, x) == 0 || m.clarity(y, x) < 0.6f) continue;
      const Split s = split_block(m, x, y);
      share.add(s.ridge_share);
      if (s.contrast <= 8) continue;
      crest.add(s.along_ridge / s.contrast);
      pores.add(m, x, y, s.contrast);
    }
  }
  // A raster is an isolated line in the spectrum at periods that ridges do not have.
  double raster = 0;
  constexpr int kSide = 128;
  if (m.gray.cols >= kSide && m.gray.rows >= kSide) {
    cv::Mat1f patch, spectrum;
    m.normal(cv::Rect{(m.gray.cols - kSide) / 2, (m.gray.rows - kSide) / 2, kSide, kSide}).copyTo(patch);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        patch(y, x) *= static_cast<float>(std::sin(std::numbers::pi * (x + 0.5) / kSide) * std::sin(std::numbers::pi * (y + 0.5) / kSide));
      }
    }
    cv::Mat2f complex;
    cv::dft(patch, complex, cv::DFT_COMPLEX_OUTPUT);
    std::vector<float> ring;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x <= kSide / 2; ++x) {
        const int fy = y > kSide / 2 ? y - kSide : y, square = fy * fy + x * x;
        if (square < 36 * 36 || square > 62 * 62) continue;  // periods 2.06 .. 3.6 pixels
        ring.push_back(std::hypot(complex(y, x)[0], complex(y, x)[1]));
      }
    }
    const auto middle = ring.begin() + static_cast<std::ptrdiff_t>(ring.size() / 2);
    std::nth_element(ring.begin(), middle, ring.end());
    raster = ramp(*std::max_element(middle, ring.end()) / std::max(*middle, 1e-3f), 12, 40);
  }
  return {{"print_raster", raster},
          {"uniform_ridge_width", share.n < 20 ? 0 : 1 - ramp(share.deviation(), 0.02, 0.06)},
          {"flat_ridges", crest.n < 20 ? 0 : 1 - ramp(crest.mean(), 0.05, 0.15)},
          {"no_pores", crest.n < 20 ? 0 : 1 - ramp(pores.density(), kFewPores, kUsualPores)},
          // A cast is often wet or dry all over; so are some fingers.
          {"unusual_moisture", share.n < 20 ? 0 : std::max(ramp(share.mean(), 0.62, 0.75), 1 - ramp(share.mean(), 0.18, 0.27))}};
}

}  // namespace authx::fingerprint
