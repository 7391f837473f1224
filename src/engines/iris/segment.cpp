#include "engines/iris/segment.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engines/iris/path.h"
#include "imaging/mat.h"

namespace authx::iris {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kCoarseSide = 160;  ///< long side of the image that centres are searched in
constexpr int kCoarseAngles = 48, kCoarseRadius = 84;
constexpr int kCandidates = 14;
constexpr std::size_t kTraced = 3;  ///< candidates whose borders are traced, to decide between them

float sample(const cv::Mat1f& m, float x, float y) {
  x = std::clamp(x, 0.0f, static_cast<float>(m.cols - 1) - 0.001f), y = std::clamp(y, 0.0f, static_cast<float>(m.rows - 1) - 0.001f);
  const int ix = static_cast<int>(x), iy = static_cast<int>(y);
  const float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy);
  const float* a = m[iy] + ix;
  const float* b = m[std::min(iy + 1, m.rows - 1)] + ix;
  const int right = ix + 1 < m.cols ? 1 : 0;
  return (a[0] * (1 - fx) + a[right] * fx) * (1 - fy) + (b[0] * (1 - fx) + b[right] * fx) * fy;
}

float soft(float gradient, float limit) { return std::clamp(gradient / limit, -1.0f, 1.0f); }

/// Between -1 and 1, half at `half`: grows with the gradient everywhere, so that a border stays a maximum.
float squash(float gradient, float half) { return gradient / (std::abs(gradient) + half); }

struct Candidate {
  float x = 0, y = 0, pupil = 0, left = 0, right = 0;
  float score = -1;
};

/// Votes for centres of dark discs: every edge pixel votes along its gradient towards the dark side, at all radii, each
/// radius weighing so that a whole circle counts about the same.
cv::Mat1f centre_votes(const cv::Mat1f& image) {
  cv::Mat1f gx, gy;
  cv::Sobel(image, gx, CV_32F, 1, 0, 3, 1.0 / 8);
  cv::Sobel(image, gy, CV_32F, 0, 1, 3, 1.0 / 8);
  cv::Mat1f votes(image.size(), 0.0f);
  for (int y = 1; y + 1 < image.rows; ++y) {
    for (int x = 1; x + 1 < image.cols; ++x) {
      const float g = std::hypot(gx(y, x), gy(y, x));
      if (g < 1.5f) continue;
      const float ux = -gx(y, x) / g, uy = -gy(y, x) / g, w = std::min(g, 8.0f);
      for (int r = 4; r <= 64; ++r) {
        const int vx = cvRound(static_cast<float>(x) + ux * static_cast<float>(r)),
                  vy = cvRound(static_cast<float>(y) + uy * static_cast<float>(r));
        if (vx < 0 || vy < 0 || vx >= votes.cols || vy >= votes.rows) break;
        votes(vy, vx) += w / std::sqrt(static_cast<float>(r));
      }
    }
  }
  cv::GaussianBlur(votes, votes, {}, 1.5);
  return votes;
}

/// Radial differences around a centre; [angle][radius].
struct Spokes {
  float level[kCoarseAngles][kCoarseRadius + 3];
  float rise(int k, int r) const { return level[k][r + 2] - level[k][std::max(r - 1, 0)]; }
};

void cast(const cv::Mat1f& image, float x, float y, Spokes& s) {
  for (int k = 0; k < kCoarseAngles; ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / kCoarseAngles, c = std::cos(a), d = std::sin(a);
    for (int r = 0; r < kCoarseRadius + 3; ++r) s.level[k][r] = sample(image, x + c * static_cast<float>(r), y + d * static_cast<float>(r));
  }
}

/// Best pupil inside of a limbus around a fixed centre.
Candidate judge(const cv::Mat1f& image, float x, float y, float mean, Light light) {
  static thread_local Spokes s;
  cast(image, x, y, s);
  const float pupil_limit = light == Light::visible ? 10 : 20, limbus_limit = light == Light::visible ? 14 : 10;
  float inner[kCoarseRadius] = {}, level[kCoarseRadius] = {}, left[kCoarseRadius] = {}, right[kCoarseRadius] = {};
  for (int r = 2; r < kCoarseRadius; ++r) {
    for (int k = 0; k < kCoarseAngles; ++k) {
      inner[r] += soft(s.rise(k, r), pupil_limit) / kCoarseAngles;
      level[r] += s.level[k][r] / kCoarseAngles;
    }
    // Sides: 37 degrees up, 45 degrees down.
    constexpr int kUp = 5, kDown = 6;
    for (int k = -kUp; k <= kDown; ++k) {
      right[r] += squash(s.rise((k + kCoarseAngles) % kCoarseAngles, r), limbus_limit) / (kUp + kDown + 1);
      left[r] += squash(s.rise((kCoarseAngles / 2 - k) % kCoarseAngles, r), limbus_limit) / (kUp + kDown + 1);
    }
  }
  struct Sides {
    float score = -2;
    int left = 0, right = 0;
  };
  Sides sides[kCoarseRadius];
  for (int r = 6; r < kCoarseRadius - 2; ++r) {
    const int off = std::max(1, r / 7);
    for (int d = -off; d <= off; ++d) {
      const int l = r - d, t = r + d;
      if (std::min(l, t) < 4 || std::max(l, t) + 1 >= kCoarseRadius || left[l] < left[l - 1] || left[l] < left[l + 1] ||
          right[t] < right[t - 1] || right[t] < right[t + 1])
        continue;
      const float score = (left[l] + right[t]) / 2 - 0.3f * static_cast<float>(std::abs(d)) / static_cast<float>(r);
      if (score > sides[r].score) sides[r] = {score, l, t};
    }
  }
  Candidate best;
  float darkness = 0;
  for (int r = 0; r < 3; ++r) darkness += level[r] / 3;
  for (int r = 3; r <= 48; ++r) {
    darkness += (level[r] - darkness) * 2 / static_cast<float>(r + 2);  // mean over the disc
    if (inner[r] < inner[r - 1] || inner[r] < inner[r + 1]) continue;
    const float dark = 1 - darkness / std::max(mean, 1.0f);
    const int nearest = r + std::max(3, r / 4);  // beyond the pupil's own border
    for (int q = nearest; q <= std::min(r * 8, kCoarseRadius - 3); ++q) {
      if (std::min(sides[q].left, sides[q].right) < nearest) continue;
      const float score = inner[r] + 0.8f * sides[q].score + 0.6f * dark;
      if (score > best.score)
        best = {x,    y, static_cast<float>(r) + 0.5f, static_cast<float>(sides[q].left) + 0.5f, static_cast<float>(sides[q].right) + 0.5f,
                score};
    }
  }
  return best;
}

std::vector<cv::Point> peaks(cv::Mat1f votes) {
  std::vector<cv::Point> out;
  while (out.size() < kCandidates) {
    double most = 0;
    cv::Point at;
    cv::minMaxLoc(votes, nullptr, &most, nullptr, &at);
    if (most <= 0) break;
    out.push_back(at);
    cv::circle(votes, at, 5, cv::Scalar(0), cv::FILLED);
  }
  return out;
}

std::vector<Candidate> coarse(const EyeImage& eye) {
  const float shrink = std::min(1.0f, static_cast<float>(kCoarseSide) / static_cast<float>(std::max(eye.gray.cols, eye.gray.rows)));
  cv::Mat1b small8;
  cv::resize(eye.filled, small8, {}, shrink, shrink, cv::INTER_AREA);
  cv::Mat1f small;
  small8.convertTo(small, CV_32F);
  cv::GaussianBlur(small, small, {}, 1.0);
  const auto mean = static_cast<float>(cv::mean(small)[0]);
  cv::Mat1f votes = centre_votes(small), level;
  cv::blur(small, level, {5, 5});
  for (int y = 0; y < votes.rows; ++y) {
    for (int x = 0; x < votes.cols; ++x) votes(y, x) *= std::clamp(1.3f - level(y, x) / std::max(mean, 1.0f), 0.05f, 1.0f);
  }
  std::vector<Candidate> found;
  for (const cv::Point p : peaks(votes)) {
    Candidate c = judge(small, static_cast<float>(p.x), static_cast<float>(p.y), mean, eye.light);
    for (float step = 2; step >= 0.5f; step /= 2) {
      for (int round = 0; round < 4; ++round) {
        const Candidate from = c;
        for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          const Candidate t = judge(small, from.x + step * static_cast<float>(dx), from.y + step * static_cast<float>(dy), mean, eye.light);
          if (t.score > c.score) c = t;
        }
        if (c.score <= from.score) break;
      }
    }
    const bool known = std::ranges::any_of(found, [&](const Candidate& f) { return std::hypot(f.x - c.x, f.y - c.y) < 3; });
    if (!known && c.score > 0) found.push_back(c);
  }
  std::ranges::sort(found, std::greater{}, &Candidate::score);
  if (found.size() > kTraced) found.resize(kTraced);
  const float grow = 1 / shrink, centre = 0.5f * grow - 0.5f;  // pixel centres of the two scales
  for (Candidate& c : found) {
    c.x = c.x * grow + centre, c.y = c.y * grow + centre;
    c.pupil *= grow, c.left *= grow, c.right *= grow;
  }
  return found;
}

Contour recentred(const Contour& c) {
  // The area's centroid, then the radii as seen from there (a star-shaped outline, sampled finely).
  float area = 0, cx = 0, cy = 0;
  std::vector<cv::Point2f> outline(Contour::kAngles * 4);
  for (std::size_t k = 0; k < outline.size(); ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / static_cast<float>(outline.size()), r = c.at(a);
    outline[k] = {r * std::cos(a), r * std::sin(a)};
  }
  for (std::size_t k = 0; k < outline.size(); ++k) {
    const auto &p = outline[k], &q = outline[(k + 1) % outline.size()];
    const float cross = p.x * q.y - q.x * p.y;
    area += cross / 2, cx += (p.x + q.x) * cross / 6, cy += (p.y + q.y) * cross / 6;
  }
  if (area <= 1) return c;
  cx /= area, cy /= area;
  Contour out;
  out.x = c.x + cx, out.y = c.y + cy;
  std::array<float, Contour::kAngles> sum{}, count{};
  for (const auto& p : outline) {
    const float a = std::atan2(p.y - cy, p.x - cx), turns = a / (2 * kPi);
    const auto k = static_cast<std::size_t>(std::lround((turns - std::floor(turns)) * Contour::kAngles)) % Contour::kAngles;
    sum[k] += std::hypot(p.x - cx, p.y - cy), count[k] += 1;
  }
  for (std::size_t k = 0; k < Contour::kAngles; ++k) out.radius[k] = count[k] > 0 ? sum[k] / count[k] : c.radius[k];
  return out;
}

/// Where a lid or its lashes cut into a pupil, the traced line is not its border. A circle through the lower and side parts
/// tells: upper parts far from it are put onto it and lose their weight.
void complete_pupil(std::vector<float>& values, std::vector<float>& weights) {
  cv::Matx33d normal = cv::Matx33d::zeros();
  cv::Vec3d right{0, 0, 0};
  std::vector<cv::Point2d> points(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double a = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(values.size());
    points[k] = {values[k] * std::cos(a), values[k] * std::sin(a)};
    if (std::sin(a) < -0.2) continue;
    const cv::Vec3d row{points[k].x, points[k].y, 1};  // x^2 + y^2 = 2 cx x + 2 cy y + c
    normal += weights[k] * (row * row.t());
    right += weights[k] * points[k].dot(points[k]) * row;
  }
  if (std::abs(cv::determinant(normal)) < 1e-9) return;
  const cv::Vec3d q = normal.inv() * right;
  const cv::Point2d centre{q[0] / 2, q[1] / 2};
  const double square = q[2] + centre.dot(centre);
  if (square <= 0) return;
  const double radius = std::sqrt(square);
  double misfit = 0, n = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (points[k].y > 0) misfit += std::abs(cv::norm(points[k] - centre) - radius) / radius, n += 1;
  }
  if (n == 0 || misfit / n > 0.04 || cv::norm(centre) > 0.35 * radius) return;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double a = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(values.size());
    if (std::sin(a) >= -0.1 || std::abs(cv::norm(points[k] - centre) - radius) < 0.07 * radius) continue;
    const double along = centre.x * std::cos(a) + centre.y * std::sin(a);
    values[k] = static_cast<float>(along + std::sqrt(std::max(0.0, along * along - centre.dot(centre) + square)));
    weights[k] = 0.3f;
  }
}

/// The pupil's border: strong rise of gray all around, dark inside.
Contour trace_pupil(const cv::Mat1f& image, float x, float y, float radius, float& edge) {
  constexpr int kLevels = 56;
  Contour out;
  for (int round = 0; round < 3; ++round) {
    const float low = 0.5f * radius, step = (1.6f * radius - low) / kLevels, reach = std::max(1.0f, 0.07f * radius);
    // Levels inside and outside of the present guess part dark from bright.
    std::vector<float> inside, outside;
    for (int k = 0; k < Contour::kAngles; k += 2) {
      const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, r = round == 0 ? radius : out.radius[static_cast<std::size_t>(k)];
      for (const float f : {0.4f, 0.6f, 0.8f}) inside.push_back(sample(image, x + f * r * std::cos(a), y + f * r * std::sin(a)));
      for (const float f : {1.15f, 1.3f}) outside.push_back(sample(image, x + f * r * std::cos(a), y + f * r * std::sin(a)));
    }
    std::ranges::nth_element(inside, inside.begin() + static_cast<std::ptrdiff_t>(inside.size() / 2));
    std::ranges::nth_element(outside, outside.begin() + static_cast<std::ptrdiff_t>(outside.size() / 3));
    const float dark = inside[inside.size() / 2], bright = outside[outside.size() / 3];
    const float contrast = std::max(bright - dark, 4.0f), border = (dark + bright) / 2;
    std::vector<float> gain(static_cast<std::size_t>(Contour::kAngles) * kLevels);
    for (int k = 0; k < Contour::kAngles; ++k) {
      const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, c = std::cos(a), s = std::sin(a);
      float region = 0;
      for (int l = 0; l < kLevels; ++l) {
        const float r = low + step * static_cast<float>(l);
        const float rise =
            sample(image, x + c * (r + reach), y + s * (r + reach)) - sample(image, x + c * (r - reach), y + s * (r - reach));
        const float here = sample(image, x + c * r, y + s * r);
        region += soft(border - here, contrast / 2) * step / radius;
        gain[static_cast<std::size_t>(k * kLevels + l)] = soft(rise, contrast) + 2 * region;
      }
    }
    const auto path = best_path(gain, Contour::kAngles, kLevels, 2, 0.15f, true);
    std::vector<float> values(Contour::kAngles), weights(Contour::kAngles);
    edge = 0;
    for (std::size_t k = 0; k < Contour::kAngles; ++k) {
      const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, c = std::cos(a), s = std::sin(a);
      const float r = low + step * static_cast<float>(path[k]);
      const float rise = sample(image, x + c * (r + reach), y + s * (r + reach)) - sample(image, x + c * (r - reach), y + s * (r - reach));
      values[k] = r, weights[k] = std::clamp(rise / contrast, 0.05f, 1.0f);
      edge += std::clamp(rise / 12, 0.0f, 1.0f) / Contour::kAngles;
    }
    complete_pupil(values, weights);
    const auto smooth = smooth_closed(values, weights, 4, 0.04f * radius + 0.5f, 2e-4f);
    out.x = x, out.y = y;
    std::ranges::copy(smooth, out.radius.begin());
    for (float& r : out.radius) r = std::clamp(r, 0.4f * radius, 1.7f * radius);
    out = recentred(out);
    x = out.x, y = out.y, radius = out.mean_radius();
  }
  return out;
}

struct Circle {
  float x = 0, y = 0, r = 0, score = -2;
};

/// How much the limbus' border is to be trusted at an angle: sides most, above least.
float side_weight(float angle) {
  const float s = std::sin(angle);
  return s < 0 ? std::max(0.12f, 1 - 1.25f * -s) : std::max(0.35f, 1 - 0.75f * s);
}

float limbus_score(const cv::Mat1f& image, const Circle& c, float limit) {
  struct Spoke {
    float cosine, sine, weight;
  };
  static const auto kSpokes = [] {
    std::array<Spoke, 64> out{};
    for (std::size_t k = 0; k < out.size(); ++k) {
      const float a = 2 * kPi * static_cast<float>(k) / static_cast<float>(out.size());
      out[k] = {std::cos(a), std::sin(a), side_weight(a)};
    }
    return out;
  }();
  const float reach = std::max(1.5f, 0.06f * c.r);
  float sum = 0, weight = 0;
  for (const auto& [ca, sa, w] : kSpokes) {
    weight += w;
    const float x0 = c.x + ca * (c.r + reach), y0 = c.y + sa * (c.r + reach);
    if (x0 < 0 || y0 < 0 || x0 > static_cast<float>(image.cols - 1) || y0 > static_cast<float>(image.rows - 1)) continue;
    sum += w * squash(sample(image, x0, y0) - sample(image, c.x + ca * (c.r - reach), c.y + sa * (c.r - reach)), limit);
  }
  return sum / weight;
}

/// A circle with its own centre, found anew around the traced pupil: radii are scanned, the best few are climbed from.
Circle find_limbus(const cv::Mat1f& image, const Contour& pupil, float limit) {
  const float pr = pupil.mean_radius();
  const float most = std::min(9 * pr, 0.62f * static_cast<float>(std::max(image.cols, image.rows)));
  const auto judged = [&](Circle t) {
    const float off = std::hypot(t.x - pupil.x, t.y - pupil.y), ratio = pr / t.r;
    t.score = -2;
    if (t.r < 1.25f * pr || t.r > most || off > 0.22f * t.r || t.r - off < 1.08f * pr + 1.5f + std::max(1.5f, 0.06f * t.r)) return t;
    t.score = limbus_score(image, t, limit) - 0.4f * off / t.r - 1.5f * std::max(0.0f, ratio - 0.66f) - 2 * std::max(0.0f, 0.2f - ratio);
    return t;
  };
  std::vector<Circle> scanned;
  for (float r = 1.28f * pr + 2; r < most; r = std::max(r * 1.045f, r + 1)) {
    Circle best;
    for (const float dx : {-0.09f, 0.0f, 0.09f}) {
      for (const float dy : {-0.06f, 0.03f}) {
        if (const Circle t = judged({pupil.x + dx * r, pupil.y + dy * r, r, -2}); t.score > best.score) best = t;
      }
    }
    scanned.push_back(best);
  }
  std::vector<Circle> starts;
  for (std::size_t i = 0; i < scanned.size(); ++i) {
    const bool peak =
        (i == 0 || scanned[i].score >= scanned[i - 1].score) && (i + 1 == scanned.size() || scanned[i].score > scanned[i + 1].score);
    if (peak && scanned[i].score > -1) starts.push_back(scanned[i]);
  }
  std::ranges::sort(starts, std::greater{}, &Circle::score);
  if (starts.size() > 4) starts.resize(4);
  Circle best;
  for (Circle c : starts) {
    for (float step = 0.05f * c.r; step > 0.4f; step /= 2) {
      for (int round = 0; round < 8; ++round) {
        const Circle base = c;
        for (int m = 0; m < 27; ++m) {
          const Circle t = judged({base.x + step * static_cast<float>(m % 3 - 1), base.y + step * static_cast<float>(m / 3 % 3 - 1),
                                   base.r + step * static_cast<float>(m / 9 - 1), -2});
          if (t.score > c.score) c = t;
        }
        if (c.score <= base.score) break;
      }
    }
    if (c.score > best.score) best = c;
  }
  return best;
}

Contour trace_limbus(const cv::Mat1f& image, const Circle& circle, float limit, float& edge) {
  constexpr int kLevels = 41;
  Contour out;
  out.x = circle.x, out.y = circle.y;
  const float low = 0.86f * circle.r, step = 0.28f * circle.r / (kLevels - 1), reach = std::max(1.5f, 0.05f * circle.r);
  std::vector<float> gain(static_cast<std::size_t>(Contour::kAngles) * kLevels);
  for (int k = 0; k < Contour::kAngles; ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, c = std::cos(a), s = std::sin(a), w = side_weight(a);
    for (int l = 0; l < kLevels; ++l) {
      const float r = low + step * static_cast<float>(l), off = (r - circle.r) / (0.1f * circle.r);
      const float rise =
          sample(image, out.x + c * (r + reach), out.y + s * (r + reach)) - sample(image, out.x + c * (r - reach), out.y + s * (r - reach));
      gain[static_cast<std::size_t>(k * kLevels + l)] = w * soft(rise, 2 * limit) - 0.12f * off * off;
    }
  }
  const auto path = best_path(gain, Contour::kAngles, kLevels, 1, 0.1f, true);
  std::vector<float> values(Contour::kAngles), weights(Contour::kAngles);
  float sum = 0;
  edge = 0;
  for (std::size_t k = 0; k < Contour::kAngles; ++k) {
    const float a = 2 * kPi * static_cast<float>(k) / Contour::kAngles, c = std::cos(a), s = std::sin(a), w = side_weight(a);
    const float r = low + step * static_cast<float>(path[k]);
    const float rise =
        sample(image, out.x + c * (r + reach), out.y + s * (r + reach)) - sample(image, out.x + c * (r - reach), out.y + s * (r - reach));
    values[k] = r;
    weights[k] = w * std::clamp(rise / (2 * limit), 0.02f, 1.0f);
    edge += w * std::clamp(rise / 15, 0.0f, 1.0f), sum += w;
  }
  edge /= sum;
  const auto smooth = smooth_closed(values, weights, 3, 0.02f * circle.r + 0.3f, 2e-3f);
  std::ranges::copy(smooth, out.radius.begin());
  for (float& r : out.radius) r = std::clamp(r, 0.84f * circle.r, 1.16f * circle.r);
  return out;
}

Error refuse(Issue issue) { return Error::invalid("image", std::string{to_string(issue)}); }

}  // namespace

Result<EyeImage> prepare(const imaging::Image& image) {
  if (image.empty() || std::min(image.width, image.height) < EyeImage::kMinSide) return Error::invalid("image", "too_small");
  EyeImage eye;
  const cv::Mat given = imaging::as_mat(image);
  cv::Mat1b gray;
  if (given.channels() == 3) {
    cv::Mat1b planes[3];
    cv::split(given, planes);
    cv::Mat1b difference;
    cv::absdiff(planes[2], planes[0], difference);
    const bool coloured = cv::mean(difference)[0] > 3;
    eye.light = coloured ? Light::visible : Light::near_infrared;
    gray = planes[coloured ? 2 : 1];
  } else {
    gray = given.clone();
  }
  eye.scale = std::min(1.0f, static_cast<float>(EyeImage::kMaxSide) / static_cast<float>(std::max(gray.cols, gray.rows)));
  if (eye.scale < 1) cv::resize(gray, gray, {}, eye.scale, eye.scale, cv::INTER_AREA);
  eye.gray = gray;

  const int k = std::max(5, std::max(gray.cols, gray.rows) / 22) | 1;
  cv::Mat1b opened, peaks;
  cv::morphologyEx(gray, opened, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {k, k}));
  cv::subtract(gray, opened, peaks);
  eye.specular = (peaks > 55) & (gray > 140);
  cv::dilate(eye.specular, eye.specular, cv::getStructuringElement(cv::MORPH_RECT, {5, 5}));
  eye.filled = gray.clone();
  cv::blur(opened, opened, {5, 5});
  opened.copyTo(eye.filled, eye.specular);
  return eye;
}

Result<Segmentation> find_borders(const EyeImage& eye) {
  const auto candidates = coarse(eye);
  if (candidates.empty()) return refuse(Issue::no_eye);
  cv::Mat1f image, fine, broad;
  eye.filled.convertTo(image, CV_32F);
  constexpr float kLimit = 18;
  Issue why = Issue::no_eye;
  float most = -1;
  Segmentation best;
  for (const Candidate& rough : candidates) {
    if (most > 0 && rough.score < candidates.front().score - 0.5f) break;
    cv::GaussianBlur(image, fine, {}, std::max(0.8, 0.02 * rough.pupil));
    Segmentation s;
    s.pupil = trace_pupil(fine, rough.x, rough.y, rough.pupil, s.pupil_edge);
    if (s.pupil_edge < 0.25f) {
      if (why == Issue::no_eye) why = Issue::unclear_pupil;
      continue;
    }
    cv::GaussianBlur(image, broad, {}, std::max(1.0, 0.01 * (rough.left + rough.right)));
    const Circle circle = find_limbus(broad, s.pupil, kLimit);
    if (circle.score < 0.12f) {
      why = Issue::unclear_limbus;
      continue;
    }
    s.limbus = trace_limbus(broad, circle, kLimit, s.limbus_edge);
    const float score = rough.score + 2 * circle.score + 0.5f * s.pupil_edge;
    if (score > most) most = score, best = s;
  }
  if (most <= 0) return refuse(why);
  best.confidence = std::clamp(0.5 * best.pupil_edge + 0.5 * std::min(1.0f, 1.4f * best.limbus_edge), 0.0, 1.0);
  return best;
}

}  // namespace authx::iris
