#include "engines/specimen/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "imaging/decode.h"
#include "imaging/mat.h"

namespace authx::specimen {
namespace {

enum class Ground { wood, cloth, stone, tiles, white, room };

cv::Scalar random_color(Dice& dice, int low, int high) {
  return {static_cast<double>(dice.between(low, high)), static_cast<double>(dice.between(low, high)),
          static_cast<double>(dice.between(low, high))};
}

cv::Point at(double x, double y) { return {static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y))}; }

/// Smooth noise around zero; each octave has half the wavelength and strength of the one before.
cv::Mat noise_field(cv::Size size, double wave_x, double wave_y, int octaves, Dice& dice) {
  cv::Mat sum(size, CV_32F, cv::Scalar(0));
  cv::RNG rng(dice.raw());
  double strength = 1;
  for (int o = 0; o < octaves; ++o) {
    cv::Mat coarse(std::max(2, static_cast<int>(size.height / wave_y) + 1), std::max(2, static_cast<int>(size.width / wave_x) + 1), CV_32F);
    rng.fill(coarse, cv::RNG::NORMAL, 0, strength);
    cv::Mat fine;
    cv::resize(coarse, fine, size, 0, 0, cv::INTER_CUBIC);
    sum += fine;
    wave_x = std::max(1.5, wave_x / 2);
    wave_y = std::max(1.5, wave_y / 2);
    strength /= 2;
  }
  return sum;
}

void shade(cv::Mat& picture, const cv::Mat& field, double strength) {
  for (int y = 0; y < picture.rows; ++y) {
    auto* p = picture.ptr<cv::Vec3b>(y);
    const auto* f = field.ptr<float>(y);
    for (int x = 0; x < picture.cols; ++x) {
      for (int c = 0; c < 3; ++c) p[x][c] = cv::saturate_cast<std::uint8_t>(p[x][c] * (1 + strength * f[x]));
    }
  }
}

cv::Mat ground(cv::Size size, Ground kind, Dice& dice) {
  cv::Mat m(size, CV_8UC3);
  switch (kind) {
    case Ground::wood: {
      m = cv::Scalar(dice.between(30, 110), dice.between(60, 150), dice.between(90, 200));
      const bool along = dice.chance(0.5);
      shade(m, noise_field(size, along ? 400 : 9, along ? 9 : 400, 3, dice), 0.10);
      for (int k = 0, n = dice.between(0, 5); k < n; ++k) {
        const double p = dice.unit();
        const cv::Scalar dark = random_color(dice, 15, 60);
        if (along) {
          cv::line(m, at(0, p * size.height), at(size.width, p * size.height + dice.between(-30, 30)), dark, dice.between(1, 4),
                   cv::LINE_AA);
        } else {
          cv::line(m, at(p * size.width, 0), at(p * size.width + dice.between(-30, 30), size.height), dark, dice.between(1, 4),
                   cv::LINE_AA);
        }
      }
      break;
    }
    case Ground::cloth: {
      m = random_color(dice, 25, 215);
      const cv::Scalar other = random_color(dice, 25, 215);
      const int pitch = dice.between(14, 90);
      if (dice.chance(0.6)) {
        for (int x = 0; x < size.width; x += 2 * pitch) cv::rectangle(m, {x, 0, pitch, size.height}, other, cv::FILLED);
      }
      if (dice.chance(0.4)) {
        cv::Mat bands = m.clone();
        for (int y = 0; y < size.height; y += 2 * pitch)
          cv::rectangle(bands, {0, y, size.width, pitch}, random_color(dice, 25, 215), cv::FILLED);
        cv::addWeighted(m, 0.6, bands, 0.4, 0, m);
      }
      shade(m, noise_field(size, 4, 4, 2, dice), 0.08);
      shade(m, noise_field(size, 260, 180, 2, dice), 0.10);
      break;
    }
    case Ground::stone:
      m = random_color(dice, 40, 210);
      shade(m, noise_field(size, dice.range(30, 200), dice.range(30, 200), 6, dice), dice.range(0.08, 0.3));
      break;
    case Ground::tiles: {
      m = random_color(dice, 90, 230);
      shade(m, noise_field(size, 60, 60, 4, dice), 0.05);
      const int pitch = dice.between(120, 420);
      const double slope = dice.range(-0.25, 0.25);
      const cv::Scalar joint = random_color(dice, 40, 150);
      for (int k = -size.height; k < size.width + size.height; k += pitch) {
        cv::line(m, at(k, 0), at(k + slope * size.height, size.height), joint, dice.between(2, 6), cv::LINE_AA);
        cv::line(m, at(0, k), at(size.width, k - slope * size.width), joint, dice.between(2, 6), cv::LINE_AA);
      }
      break;
    }
    case Ground::white: {
      const int level = dice.between(205, 248);
      m = cv::Scalar(level + dice.between(-6, 4), level, level + dice.between(-4, 6));
      shade(m, noise_field(size, 300, 300, 2, dice), 0.012);
      break;
    }
    case Ground::room: {
      m = random_color(dice, 40, 200);
      for (int k = 0, n = dice.between(5, 14); k < n; ++k) {
        const cv::Point p = at(dice.unit() * size.width, dice.unit() * size.height);
        cv::rectangle(m, {p.x, p.y, dice.between(60, 500), dice.between(60, 500)}, random_color(dice, 20, 240), cv::FILLED);
      }
      cv::GaussianBlur(m, m, {}, dice.range(6, 18));
      break;
    }
  }
  return m;
}

/// A flat thing drawn on a sheet of its own, then turned and laid on the picture with a shadow.
void lay(cv::Mat& picture, const cv::Mat& thing, cv::Point2d center, double degrees, double shadow) {
  cv::Mat turn = cv::getRotationMatrix2D(cv::Point2d(thing.cols / 2.0, thing.rows / 2.0), degrees, 1);
  turn.at<double>(0, 2) += center.x - thing.cols / 2.0;
  turn.at<double>(1, 2) += center.y - thing.rows / 2.0;
  cv::Mat mask(thing.size(), CV_8U, cv::Scalar(255));
  cv::Mat placed;
  cv::Mat placed_mask;
  cv::warpAffine(thing, placed, turn, picture.size(), cv::INTER_LINEAR);
  cv::warpAffine(mask, placed_mask, turn, picture.size(), cv::INTER_LINEAR);
  cv::Mat soft;
  cv::blur(placed_mask, soft, {21, 21});
  for (int y = 0; y < picture.rows; ++y) {
    auto* p = picture.ptr<cv::Vec3b>(y);
    const auto* k = placed_mask.ptr<std::uint8_t>(y);
    const auto* s = soft.ptr<std::uint8_t>(y);
    const auto* t = placed.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x) {
      if (s[x] == 0) continue;
      for (int c = 0; c < 3; ++c) {
        p[x][c] = cv::saturate_cast<std::uint8_t>((t[x][c] * k[x] + p[x][c] * (1 - shadow * s[x] / 255.0) * (255 - k[x])) / 255);
      }
    }
  }
}

cv::Mat paper(Dice& dice) {
  cv::Mat m(dice.between(500, 900), dice.between(380, 650), CV_8UC3, cv::Scalar::all(dice.between(215, 252)));
  const int size = dice.between(10, 24);
  const cv::Scalar ink = cv::Scalar::all(dice.between(20, 110));
  for (int y = 40; y < m.rows - 40; y += 2 * size) {
    if (dice.chance(0.12)) continue;
    for (int x = 36, end = dice.between(m.cols / 2, m.cols - 36); x < end;) {
      const int word = dice.between(size, size * 5);
      for (int k = x; k < std::min(x + word, end); k += std::max(3, size / 2)) {
        cv::line(m, {k, y + dice.between(0, size / 3)}, {k + dice.between(0, size / 3), y + size}, ink, std::max(1, size / 8), cv::LINE_AA);
      }
      x += word + size / 2;
    }
  }
  return m;
}

cv::Mat book(Dice& dice) {
  cv::Mat m(dice.between(420, 760), dice.between(300, 560), CV_8UC3, random_color(dice, 15, 225));
  cv::rectangle(m, {0, 0, dice.between(14, 40), m.rows}, random_color(dice, 10, 160), cv::FILLED);
  cv::rectangle(m, {m.cols / 6, m.rows / 8, m.cols * 2 / 3, m.rows / 6}, random_color(dice, 120, 250), cv::FILLED);
  if (dice.chance(0.5)) cv::circle(m, {m.cols / 2, m.rows * 2 / 3}, m.cols / 5, random_color(dice, 20, 240), cv::FILLED, cv::LINE_AA);
  return m;
}

cv::Mat keyboard(Dice& dice) {
  const int key = dice.between(40, 64);
  const bool dark = dice.chance(0.6);
  cv::Mat m(5 * key + 20, 14 * key + 20, CV_8UC3, cv::Scalar::all(dark ? dice.between(20, 60) : dice.between(170, 225)));
  for (int r = 0; r < 5; ++r) {
    for (int c = 0; c < 14; ++c) {
      const cv::Rect box(10 + c * key + 3, 10 + r * key + 3, key - 6, key - 6);
      cv::rectangle(m, box, cv::Scalar::all(dark ? dice.between(35, 80) : dice.between(225, 250)), cv::FILLED);
      cv::line(m, {box.x + key / 4, box.y + key / 4}, {box.x + key / 2, box.y + key / 2}, cv::Scalar::all(dark ? 200 : 60), 2, cv::LINE_AA);
    }
  }
  return m;
}

cv::Mat phone(Dice& dice) {
  cv::Mat m(dice.between(420, 560), dice.between(200, 270), CV_8UC3, cv::Scalar::all(dice.between(5, 45)));
  if (dice.chance(0.5)) cv::rectangle(m, {10, 26, m.cols - 20, m.rows - 52}, random_color(dice, 10, 200), cv::FILLED);
  return m;
}

void clutter(cv::Mat& picture, Dice& dice) {
  for (int k = 0, n = dice.between(1, 5); k < n; ++k) {
    const cv::Point2d where(dice.range(-0.1, 1.1) * picture.cols, dice.range(-0.1, 1.1) * picture.rows);
    const double degrees = dice.range(0, 360);
    switch (dice.between(0, 6)) {
      case 0:
      case 1: lay(picture, paper(dice), where, degrees, 0.25); break;
      case 2: lay(picture, book(dice), where, degrees, 0.45); break;
      case 3: lay(picture, keyboard(dice), where, dice.range(-20, 20), 0.45); break;
      case 4: lay(picture, phone(dice), where, degrees, 0.4); break;
      case 5: {
        const double a = dice.range(0, std::numbers::pi);
        const double length = dice.range(200, 480);
        const cv::Point2d d(std::cos(a) * length / 2, std::sin(a) * length / 2);
        cv::line(picture, where - d, where + d, random_color(dice, 10, 230), dice.between(8, 20), cv::LINE_AA);
        break;
      }
      default: {
        const int radius = dice.between(50, 150);
        cv::circle(picture, where, radius, random_color(dice, 30, 245), cv::FILLED, cv::LINE_AA);
        cv::circle(picture, where, radius * 3 / 4, random_color(dice, 20, 200), cv::FILLED, cv::LINE_AA);
      }
    }
  }
}

/// A finger as a capsule with light along its middle, from outside the card over its edge.
void finger(cv::Mat& picture, cv::Point2d from, cv::Point2d tip, double width, const cv::Scalar& skin, Dice& dice) {
  cv::Mat body(picture.size(), CV_8U, cv::Scalar(0));
  cv::line(body, from, tip, cv::Scalar(255), static_cast<int>(width), cv::LINE_AA);
  cv::Mat inside;
  cv::distanceTransform(body > 127, inside, cv::DIST_L2, 3);
  cv::Mat soft;
  cv::blur(body, soft, {17, 17});
  const cv::Point2d along = (tip - from) * (1 / std::max(1.0, cv::norm(tip - from)));
  const cv::Point2d nail = tip + along * (width * 0.1);
  for (int y = 0; y < picture.rows; ++y) {
    auto* p = picture.ptr<cv::Vec3b>(y);
    const auto* k = body.ptr<std::uint8_t>(y);
    const auto* s = soft.ptr<std::uint8_t>(y);
    const auto* d = inside.ptr<float>(y);
    for (int x = 0; x < picture.cols; ++x) {
      if (s[x] == 0) continue;
      const double round = 0.72 + 0.33 * std::min(1.0, 2.0 * d[x] / width);
      for (int c = 0; c < 3; ++c) {
        p[x][c] = cv::saturate_cast<std::uint8_t>((skin[c] * round * k[x] + p[x][c] * (1 - 0.3 * s[x] / 255.0) * (255 - k[x])) / 255);
      }
    }
  }
  if (dice.chance(0.6)) {
    cv::ellipse(picture, nail, cv::Size2d(width * 0.28, width * 0.22), std::atan2(along.y, along.x) * 180 / std::numbers::pi, 0, 360,
                skin * 1.12 + cv::Scalar::all(12), cv::FILLED, cv::LINE_AA);
  }
}

void fingers(cv::Mat& picture, const imaging::Quad& card, bool held, Dice& dice) {
  const double tone = dice.range(0.35, 1.0);
  const cv::Scalar skin(150 * tone + 20, 170 * tone + 20, 215 * tone + 25);
  const std::size_t first = static_cast<std::size_t>(dice.between(0, 3));
  const double diagonal = std::hypot(card[0].x - card[2].x, card[0].y - card[2].y);
  const double width = diagonal * dice.range(0.085, 0.13);
  cv::Point2d middle(0, 0);
  for (const auto& c : card) middle += cv::Point2d(c.x, c.y) * 0.25;
  const int most = held ? 2 : 1;
  for (int hand = 0; hand < most; ++hand) {
    const std::size_t i = (first + 2 * static_cast<std::size_t>(hand)) % 4;
    const cv::Point2d a(card[i].x, card[i].y);
    const cv::Point2d b(card[(i + 1) % 4].x, card[(i + 1) % 4].y);
    double t = dice.range(0.12, 0.7);
    for (int k = 0, n = dice.between(1, 2); k < n; ++k, t += 1.25 * width / std::max(1.0, cv::norm(b - a))) {
      if (t > 0.95) break;
      const cv::Point2d edge = a + (b - a) * t;
      cv::Point2d inward = middle - edge;
      const cv::Point2d normal((b - a).y, -(b - a).x);
      inward = normal * ((normal.dot(inward) > 0 ? 1 : -1) / std::max(1.0, cv::norm(normal)));
      const double deep = width * dice.range(0.0, 0.55);
      finger(picture, edge - inward * (diagonal * 0.9) + (b - a) * dice.range(-0.2, 0.2), edge + inward * deep,
             width * dice.range(0.85, 1.1), skin, dice);
    }
  }
}

void light(cv::Mat& picture, Dice& dice) {
  const cv::Size size = picture.size();
  cv::Mat field(size, CV_32F);
  const double gx = dice.range(-0.3, 0.3);
  const double gy = dice.range(-0.3, 0.3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x)
      field.at<float>(y, x) =
          static_cast<float>(gx * (static_cast<double>(x) / size.width - 0.5) + gy * (static_cast<double>(y) / size.height - 0.5) - 0.04);
  }
  shade(picture, field, 1);
  if (dice.chance(0.4)) {
    // Something stands between lamp and desk.
    cv::Mat dark(size, CV_32F, cv::Scalar(0));
    const cv::Point2d a(dice.unit() * size.width, dice.unit() * size.height);
    const double angle = dice.range(0, 2 * std::numbers::pi);
    const cv::Point2d d(std::cos(angle), std::sin(angle));
    const cv::Point2d n(-d.y, d.x);
    const double wide = dice.range(80, 500);
    const std::vector<cv::Point> strip{a - d * 3000, a + d * 3000, a + d * 3000 + n * wide, a - d * 3000 + n * wide};
    cv::fillConvexPoly(dark, strip, cv::Scalar(-dice.range(0.15, 0.4)));
    cv::GaussianBlur(dark, dark, {}, dice.range(4, 22));
    shade(picture, dark, 1);
  }
}

void lens(cv::Mat& picture, Dice& dice) {
  cv::GaussianBlur(picture, picture, {}, dice.range(0.4, 1.1));
  cv::RNG rng(dice.raw());
  cv::Mat noise(picture.size(), CV_16SC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, dice.range(1.5, 6));
  cv::add(picture, noise, picture, cv::noArray(), CV_8UC3);
}

imaging::Image as_file(const cv::Mat& picture, int quality) {
  imaging::Image image = imaging::from_mat(picture);
  if (const auto file = imaging::encode_jpeg(image, quality)) {
    if (auto decoded = imaging::decode(*file, {.max_bytes = file->size()})) return std::move(decoded->pages.front());
  }
  return image;
}

/// The card's corners as a pinhole camera sees it: turned in its plane by any angle, then tilted.
imaging::Quad seen(double aspect, cv::Size size, Dice& dice) {
  for (int attempt = 0; attempt < 60; ++attempt) {
    const double spin =
        dice.chance(0.7) ? dice.between(0, 3) * std::numbers::pi / 2 + dice.range(-0.3, 0.3) : dice.range(0, 2 * std::numbers::pi);
    const double tilt = dice.range(0, 30) * std::numbers::pi / 180;
    const double toward = dice.range(0, 2 * std::numbers::pi);
    const double focal = dice.range(0.9, 1.5) * std::max(size.width, size.height);
    const double share = dice.range(0.42, 0.85);
    const double w = 1;
    const double h = 1 / aspect;
    const double distance = focal * w / (share * size.width);
    const double sx = dice.range(-0.12, 0.12) * size.width;
    const double sy = dice.range(-0.12, 0.12) * size.height;
    const double signs[4][2] = {{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}};
    imaging::Quad q{};
    bool inside = true;
    for (std::size_t i = 0; i < 4; ++i) {
      const double px = signs[i][0] * w;
      const double py = signs[i][1] * h;
      const double x = px * std::cos(spin) - py * std::sin(spin);
      const double y = px * std::sin(spin) + py * std::cos(spin);
      // Tilt about the axis through the card's centre that lies at `toward`.
      const double u = x * std::cos(toward) + y * std::sin(toward);
      const double v = -x * std::sin(toward) + y * std::cos(toward);
      const double z = distance + v * std::sin(tilt);
      const double vt = v * std::cos(tilt);
      const double X = u * std::cos(toward) - vt * std::sin(toward);
      const double Y = u * std::sin(toward) + vt * std::cos(toward);
      q[i] = {size.width / 2.0 + sx + focal * X / z, size.height / 2.0 + sy + focal * Y / z};
      inside = inside && q[i].x > 12 && q[i].y > 12 && q[i].x < size.width - 12 && q[i].y < size.height - 12;
    }
    if (inside) return q;
  }
  const double w = 0.6 * std::min(static_cast<double>(size.width), size.height * aspect);
  const double h = w / aspect;
  return imaging::quad_of(
      {static_cast<int>((size.width - w) / 2), static_cast<int>((size.height - h) / 2), static_cast<int>(w), static_cast<int>(h)});
}

Ground random_ground(Dice& dice) {
  constexpr Ground all[] = {Ground::wood, Ground::wood, Ground::cloth, Ground::stone, Ground::tiles, Ground::white, Ground::room};
  return dice.pick(all);
}

cv::Size random_size(Dice& dice) { return dice.chance(0.6) ? cv::Size(1280, 960) : cv::Size(960, 1280); }

}  // namespace

Captured place_in_scene(const imaging::Image& card, Dice& dice) {
  const cv::Size size = random_size(dice);
  const Ground kind = random_ground(dice);
  cv::Mat picture = ground(size, kind, dice);
  if (kind != Ground::room && dice.chance(kind == Ground::white ? 0.3 : 0.8)) clutter(picture, dice);

  const cv::Mat in = imaging::as_mat(card);
  const imaging::Quad to = seen(static_cast<double>(card.width) / card.height, size, dice);
  const auto h = imaging::homography(imaging::quad_of({0, 0, in.cols, in.rows}), to);
  const cv::Mat hm(3, 3, CV_64F, const_cast<double*>(h.data()));
  const double shrink = std::sqrt(std::abs(imaging::area_of(to)) / (static_cast<double>(in.cols) * in.rows));
  cv::Mat flat = in;
  if (shrink < 0.9) cv::GaussianBlur(in, flat, {}, 0.38 / shrink);
  // Plastic cards have round corners (ISO/IEC 7810: 3.18 mm of 85.6), pages square ones.
  cv::Mat mask(in.size(), CV_8U, cv::Scalar(255));
  if (dice.chance(0.7)) {
    const int r = static_cast<int>(in.cols * 0.037);
    mask = cv::Scalar(0);
    cv::rectangle(mask, {r, 0, in.cols - 2 * r, in.rows}, cv::Scalar(255), cv::FILLED);
    cv::rectangle(mask, {0, r, in.cols, in.rows - 2 * r}, cv::Scalar(255), cv::FILLED);
    for (const int x : {r, in.cols - 1 - r}) {
      for (const int y : {r, in.rows - 1 - r}) cv::circle(mask, {x, y}, r, cv::Scalar(255), cv::FILLED);
    }
  }
  cv::Mat warped;
  cv::Mat warped_mask;
  cv::warpPerspective(flat, warped, hm, size, cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  cv::warpPerspective(mask, warped_mask, hm, size, cv::INTER_LINEAR);
  cv::Mat shadow;
  cv::GaussianBlur(warped_mask, shadow, {}, dice.range(3, 14));
  const double depth = kind == Ground::room ? 0 : dice.range(0.12, 0.45);
  const int dx = dice.between(-6, 6);
  const int dy = dice.between(-6, 6);
  for (int y = 0; y < size.height; ++y) {
    auto* s = picture.ptr<cv::Vec3b>(y);
    const auto* k = warped_mask.ptr<std::uint8_t>(y);
    const auto* d = shadow.ptr<std::uint8_t>(std::clamp(y - dy, 0, size.height - 1));
    const auto* w = warped.ptr<cv::Vec3b>(y);
    for (int x = 0; x < size.width; ++x) {
      const double dim = 1 - depth * d[std::clamp(x - dx, 0, size.width - 1)] / 255.0;
      for (int c = 0; c < 3; ++c) s[x][c] = cv::saturate_cast<std::uint8_t>((w[x][c] * k[x] + s[x][c] * dim * (255 - k[x])) / 255);
    }
  }
  if (kind == Ground::room || dice.chance(0.35)) fingers(picture, to, kind == Ground::room, dice);
  light(picture, dice);
  lens(picture, dice);
  return {as_file(picture, dice.between(70, 92)), to};
}

imaging::Image scene_without_document(Dice& dice) {
  cv::Mat picture = ground(random_size(dice), random_ground(dice), dice);
  clutter(picture, dice);
  light(picture, dice);
  lens(picture, dice);
  return as_file(picture, dice.between(70, 92));
}

}  // namespace authx::specimen
