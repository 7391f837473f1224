#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <opencv2/core.hpp>
#include <optional>
#include <utility>
#include <vector>

/// Straight edges of a picture, for the search for outlines.
namespace authx::document::outline {

inline constexpr int kAngles = 180;
inline constexpr int kDegrees = 2;  ///< degrees between rows of the accumulator; lines are fitted afterwards

struct EdgePoint {
  float x = 0;
  float y = 0;
  float angle = 0;     ///< of the normal, degrees, 0..180
  float strength = 0;  ///< of the Sobel gradient
  short weight = 1;
  bool used = false;
};

inline double apart(double a, double b) {
  const double d = std::abs(a - b);
  return std::min(d, 180 - d);
}

/// x cos + y sin = rho, and where along it (direction (-sin, cos)) edges lie.
struct Line {
  double cos = 1;
  double sin = 0;
  double rho = 0;
  double angle = 0;
  bool border = false;
  int from = 0;              ///< position that `covered[0]` stands for
  std::vector<int> covered;  ///< running count of covered positions

  double distance(cv::Point2d p) const { return p.x * cos + p.y * sin - rho; }
  double position(cv::Point2d p) const { return -p.x * sin + p.y * cos; }
  /// Share of [a, b] along the line that lies on edges.
  double coverage(double a, double b) const {
    if (a > b) std::swap(a, b);
    const int n = static_cast<int>(covered.size()) - 1;
    const int i = std::clamp(cvRound(a) - from, 0, n);
    const int k = std::clamp(cvRound(b) - from, 0, n);
    return b - a < 1 ? 0 : (covered[static_cast<std::size_t>(k)] - covered[static_cast<std::size_t>(i)]) / (b - a);
  }
};

inline std::optional<cv::Point2d> cross(const Line& a, const Line& b) {
  const double det = a.cos * b.sin - a.sin * b.cos;
  if (std::abs(det) < 0.2) return std::nullopt;
  return cv::Point2d((a.rho * b.sin - b.rho * a.sin) / det, (a.cos * b.rho - b.cos * a.rho) / det);
}

/// The Hough accumulator: each edge point votes for the lines along its own direction.
class Votes {
 public:
  explicit Votes(cv::Size size)
      : reach_(static_cast<int>(std::ceil(std::hypot(size.width, size.height)))), votes_(kRows, 2 * reach_ + 1, CV_16S, cv::Scalar(0)) {
    for (int t = 0; t < kRows; ++t) {
      cosines_[static_cast<std::size_t>(t)] = std::cos(t * kDegrees * std::numbers::pi / 180);
      sines_[static_cast<std::size_t>(t)] = std::sin(t * kDegrees * std::numbers::pi / 180);
    }
  }

  void add(const EdgePoint& p, int sign) {
    const int middle = cvRound(p.angle / kDegrees);
    for (int d = -2; d <= 2; ++d) {
      const int t = ((middle + d) % kRows + kRows) % kRows;
      const auto i = static_cast<std::size_t>(t);
      const int rho = cvRound(p.x * cosines_[i] + p.y * sines_[i]) + reach_;
      tops_[i].stale = true;
      auto* row = votes_.ptr<short>(t);
      for (int k = -1; k <= 1; ++k) {
        if (rho + k >= 0 && rho + k < votes_.cols) row[rho + k] = static_cast<short>(row[rho + k] + sign * p.weight * (k == 0 ? 2 : 1));
      }
    }
  }

  struct Peak {
    short votes = 0;
    int rho = 0;
    int row = 0;
  };
  /// The place with the most votes. Only rows that changed are searched again.
  Peak top() {
    Peak best;
    for (int t = 0; t < kRows; ++t) {
      Top& of = tops_[static_cast<std::size_t>(t)];
      if (of.stale) {
        const auto* row = votes_.ptr<short>(t);
        of = {0, 0, false};
        for (int rho = 0; rho < votes_.cols; ++rho) of.votes = std::max(of.votes, row[rho]);
        of.rho = static_cast<int>(std::find(row, row + votes_.cols, of.votes) - row);
      }
      if (of.votes > best.votes) best = {of.votes, of.rho, t};
    }
    return best;
  }

  Line line(const Peak& at) const {
    Line out;
    out.angle = at.row * kDegrees;
    out.cos = cosines_[static_cast<std::size_t>(at.row)];
    out.sin = sines_[static_cast<std::size_t>(at.row)];
    out.rho = at.rho - reach_;
    return out;
  }

  void clear(const Peak& at) {
    votes_(cv::Rect(at.rho - 1, at.row - 1, 3, 3) & cv::Rect(0, 0, votes_.cols, votes_.rows)) = 0;
    for (int t = std::max(0, at.row - 1); t <= std::min(kRows - 1, at.row + 1); ++t) tops_[static_cast<std::size_t>(t)].stale = true;
  }

 private:
  static constexpr int kRows = kAngles / kDegrees;
  struct Top {
    short votes = 0;
    int rho = 0;
    bool stale = true;
  };
  int reach_;
  cv::Mat votes_;
  std::array<double, kRows> cosines_{};
  std::array<double, kRows> sines_{};
  std::array<Top, kRows> tops_{};
};

}  // namespace authx::document::outline
