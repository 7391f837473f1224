#include "engines/specimen/degrade.h"

#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/specimen/scene.h"
#include "imaging/decode.h"
#include "imaging/mat.h"

namespace authx::specimen {
namespace {

cv::Mat table(int width, int height, int level, Dice& dice) {
  const cv::Scalar base(dice.between(60, 150), dice.between(70, 160), dice.between(80, 180));
  cv::Mat m(height, width, CV_8UC3, base);
  if (level >= 2) {
    // Boards: long stripes of slightly different shade.
    const int board = dice.between(70, 160);
    const double slope = dice.range(-0.3, 0.3);
    for (int k = -6; k * board < width + height; ++k) {
      const cv::Scalar shade = base + cv::Scalar::all(dice.between(-18, 18));
      const int x = k * board;
      const cv::Point corners[4] = {
          {x, 0}, {x + board, 0}, {x + board + static_cast<int>(slope * height), height}, {x + static_cast<int>(slope * height), height}};
      cv::fillConvexPoly(m, corners, 4, shade);
    }
  }
  if (level >= 3) {
    for (int i = 0, n = dice.between(8, 16); i < n; ++i) {
      const cv::Scalar color(dice.between(20, 235), dice.between(20, 235), dice.between(20, 235));
      const cv::Point at(dice.between(0, width), dice.between(0, height));
      if (dice.chance(0.5)) {
        const cv::RotatedRect r(at, cv::Size2f(static_cast<float>(dice.between(40, 350)), static_cast<float>(dice.between(30, 200))),
                                static_cast<float>(dice.range(0, 180)));
        cv::Point2f p[4];
        r.points(p);
        const cv::Point q[4] = {p[0], p[1], p[2], p[3]};
        cv::fillConvexPoly(m, q, 4, color, cv::LINE_AA);
      } else if (dice.chance(0.5)) {
        cv::circle(m, at, dice.between(20, 110), color, cv::FILLED, cv::LINE_AA);
      } else {
        cv::line(m, at, {dice.between(0, width), dice.between(0, height)}, color, dice.between(2, 9), cv::LINE_AA);
      }
    }
  }
  return m;
}

void add_noise(cv::Mat& m, double sigma, Dice& dice) {
  cv::RNG rng(dice.raw());
  cv::Mat noise(m.size(), CV_16SC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, sigma);
  cv::add(m, noise, m, cv::noArray(), CV_8UC3);
}

}  // namespace

Captured capture(const imaging::Image& card, int level, Dice& dice, bool compressed) {
  if (level >= 4) return place_in_scene(card, dice);
  const cv::Mat in = imaging::as_mat(card);
  if (level == 0) {
    const int margin = 24;
    cv::Mat m(in.rows + 2 * margin, in.cols + 2 * margin, CV_8UC3, cv::Scalar(246, 246, 246));
    in.copyTo(m(cv::Rect(margin, margin, in.cols, in.rows)));
    add_noise(m, 1.5, dice);
    return {imaging::from_mat(m), imaging::quad_of({margin, margin, in.cols, in.rows})};
  }

  int width = 1600;
  int height = 1200;
  const int turns = level >= 3 ? dice.between(0, 3) : 0;
  const double share = dice.range(level == 1 ? 0.78 : 0.68, level == 1 ? 0.88 : 0.82);
  double card_width = width * share;
  double card_height = card_width * in.rows / in.cols;
  if (card_height > height * 0.88) {
    card_width *= height * 0.88 / card_height;
    card_height = height * 0.88;
  }
  const double angle = dice.range(-1, 1) * (level == 1 ? 3 : level == 2 ? 7 : 12) * std::numbers::pi / 180;
  const double bend = level == 1 ? 0.012 : level == 2 ? 0.035 : 0.055;
  const double cx = width / 2.0 + dice.range(-0.03, 0.03) * width;
  const double cy = height / 2.0 + dice.range(-0.03, 0.03) * height;
  imaging::Quad to{};
  const double signs[4][2] = {{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}};
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = signs[i][0] * card_width * (1 + dice.range(-bend, bend));
    const double y = signs[i][1] * card_height * (1 + dice.range(-bend, bend));
    to[i] = {cx + x * std::cos(angle) - y * std::sin(angle), cy + x * std::sin(angle) + y * std::cos(angle)};
  }

  cv::Mat scene = table(width, height, level, dice);
  const auto h = imaging::homography(imaging::quad_of({0, 0, in.cols, in.rows}), to);
  const cv::Mat hm(3, 3, CV_64F, const_cast<double*>(h.data()));
  cv::Mat flat;
  const double shrink = card_width / in.cols;
  if (shrink < 0.9) {
    cv::GaussianBlur(in, flat, {}, 0.35 / shrink);
  } else {
    flat = in;
  }
  cv::Mat warped;
  cv::warpPerspective(flat, warped, hm, scene.size(), cv::INTER_CUBIC);
  cv::Mat mask(in.size(), CV_8U, cv::Scalar(255));
  cv::Mat warped_mask;
  cv::warpPerspective(mask, warped_mask, hm, scene.size(), cv::INTER_LINEAR);
  // The card's shadow on the table.
  cv::Mat shadow;
  cv::GaussianBlur(warped_mask, shadow, {}, 14);
  for (int y = 0; y < height; ++y) {
    auto* s = scene.ptr<cv::Vec3b>(y);
    const auto* k = warped_mask.ptr<std::uint8_t>(y);
    const auto* d = shadow.ptr<std::uint8_t>(y);
    const auto* w = warped.ptr<cv::Vec3b>(y);
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double below = s[x][c] * (1 - 0.35 * d[x] / 255.0);
        s[x][c] = cv::saturate_cast<std::uint8_t>((w[x][c] * k[x] + below * (255 - k[x])) / 255);
      }
    }
  }

  if (level >= 2) {
    // Uneven light: a plane of brightness.
    const double gx = dice.range(-0.22, 0.22);
    const double gy = dice.range(-0.22, 0.22);
    cv::Mat light(height, width, CV_32F);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x)
        light.at<float>(y, x) =
            static_cast<float>(0.97 + gx * (x / static_cast<double>(width) - 0.5) + gy * (y / static_cast<double>(height) - 0.5));
    }
    cv::Mat light3;
    cv::merge(std::vector<cv::Mat>{light, light, light}, light3);
    cv::multiply(scene, light3, scene, 1, CV_8UC3);
  }
  if (level >= 3) {
    cv::Mat glare(height, width, CV_32F, cv::Scalar(0));
    const cv::Point at(static_cast<int>(cx + dice.range(-0.35, 0.35) * card_width),
                       static_cast<int>(cy + dice.range(-0.35, 0.35) * card_height));
    cv::ellipse(glare, at, {dice.between(50, 130), dice.between(25, 60)}, dice.range(0, 180), 0, 360, cv::Scalar(1), cv::FILLED);
    cv::GaussianBlur(glare, glare, {}, 22);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const double g = 0.75 * glare.at<float>(y, x);
        auto& p = scene.at<cv::Vec3b>(y, x);
        for (int c = 0; c < 3; ++c) p[c] = cv::saturate_cast<std::uint8_t>(p[c] * (1 - g) + 255 * g);
      }
    }
  }
  const double blur = level == 1 ? dice.range(0.3, 0.6) : level == 2 ? dice.range(0.6, 1.0) : dice.range(0.8, 1.3);
  cv::GaussianBlur(scene, scene, {}, blur);
  add_noise(scene, level == 1 ? 2 : level == 2 ? 4 : 6, dice);

  imaging::Image image = imaging::from_mat(scene);
  imaging::Quad outline = to;
  if (turns != 0) {
    image = imaging::rotate_quarter(image, turns);
    for (auto& p : outline) {
      for (int t = 0, w = width, hgt = height; t < turns; ++t, std::swap(w, hgt)) p = {hgt - p.y, p.x};
    }
  }
  if (!compressed) return {std::move(image), outline};
  const auto file = imaging::encode_jpeg(image, level == 1 ? 92 : level == 2 ? 82 : 65);
  if (file) {
    if (auto decoded = imaging::decode(*file, {.max_bytes = file->size()}); decoded) image = std::move(decoded->pages.front());
  }
  return {std::move(image), outline};
}

}  // namespace authx::specimen
