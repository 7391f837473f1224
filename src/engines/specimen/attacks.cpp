#include "engines/specimen/attacks.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "engines/specimen/canvas.h"
#include "imaging/mat.h"

namespace authx::specimen {
namespace {

constexpr std::string_view kNames[] = {"recapture",  "gray_copy", "portrait_splice", "text_overwrite",
                                       "digit_edit", "copy_move", "resave",          "screenshot"};

void add_noise(cv::Mat& m, double sigma, Dice& dice) {
  cv::RNG rng(dice.raw());
  cv::Mat noise(m.size(), CV_16SC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, sigma);
  cv::add(m, noise, m, cv::noArray(), CV_8UC3);
}

cv::Mat turned(const cv::Mat& in, double scale, double degrees, cv::Size size, const cv::Scalar& around) {
  cv::Mat m = cv::getRotationMatrix2D({static_cast<float>(in.cols) / 2, static_cast<float>(in.rows) / 2}, degrees, scale);
  m.at<double>(0, 2) += (size.width - in.cols) / 2.0;
  m.at<double>(1, 2) += (size.height - in.rows) / 2.0;
  cv::Mat out;
  cv::warpAffine(in, out, m, size, cv::INTER_LINEAR, cv::BORDER_CONSTANT, around);
  return out;
}

/// Each pixel becomes three upright subpixels with a dark gap between rows; then a camera of another resolution looks at it.
imaging::Image recapture(const cv::Mat& in, Dice& dice) {
  // What the display shows: the picture scaled to fit a window.
  const double shown_scale = dice.range(0.45, 0.62);
  cv::Mat shown;
  cv::resize(in, shown, {}, shown_scale, shown_scale, cv::INTER_AREA);
  constexpr int kSub = 3;
  cv::Mat display(shown.rows * kSub, shown.cols * kSub, CV_8UC3);
  const double gap = dice.range(0.35, 0.75);
  const double bleed = dice.range(0.15, 0.4);
  for (int y = 0; y < display.rows; ++y) {
    const auto* from = shown.ptr<cv::Vec3b>(y / kSub);
    auto* to = display.ptr<cv::Vec3b>(y);
    const double row = y % kSub == kSub - 1 ? gap : 1.0;
    for (int x = 0; x < display.cols; ++x) {
      const auto p = from[x / kSub];
      const int lit = 2 - x % kSub;  // red, green, blue from left to right; OpenCV keeps blue first
      for (int c = 0; c < 3; ++c) to[x][c] = cv::saturate_cast<std::uint8_t>(1.6 * p[c] * row * (c == lit ? 1.0 : bleed));
    }
  }
  const double camera_scale = in.cols * dice.range(0.92, 1.1) / display.cols;
  cv::GaussianBlur(display, display, {}, 0.42 / camera_scale * dice.range(0.55, 0.9));
  const double angle = (dice.chance(0.5) ? 1 : -1) * dice.range(0.8, 6);
  cv::Mat out = turned(display, camera_scale, angle, in.size(), {18, 17, 16});
  const cv::Scalar light(dice.range(1.0, 1.12), 1.0, dice.range(0.88, 0.98));
  cv::multiply(out, light, out);
  cv::GaussianBlur(out, out, {}, dice.range(0.3, 0.7));
  add_noise(out, dice.range(1.5, 3), dice);
  return imaging::from_mat(out);
}

imaging::Image gray_copy(const cv::Mat& in, Dice& dice) {
  cv::Mat gray;
  cv::cvtColor(in, gray, cv::COLOR_BGR2GRAY);
  // A copier's steep tone curve, toner's grain, off-white paper, the light of a room.
  const double gain = dice.range(1.15, 1.5);
  gray.convertTo(gray, CV_8U, gain, 128 - 128 * gain + dice.range(0, 18));
  cv::GaussianBlur(gray, gray, {}, dice.range(0.6, 0.9));
  cv::Mat out;
  cv::cvtColor(gray, out, cv::COLOR_GRAY2BGR);
  cv::multiply(out, cv::Scalar(dice.range(0.86, 0.98), dice.range(0.92, 0.97), dice.range(0.9, 0.98)), out);
  add_noise(out, dice.range(2, 4), dice);
  return imaging::from_mat(out);
}

cv::Rect inside(const imaging::Quad& quad, const cv::Mat& in) {
  const auto b = imaging::bounds_of(quad);
  return cv::Rect(b.x, b.y, b.width, b.height) & cv::Rect(0, 0, in.cols, in.rows);
}

cv::Scalar paper_of(const cv::Mat& part) {
  // The brightest quarter is paper.
  cv::Mat gray;
  cv::cvtColor(part, gray, cv::COLOR_BGR2GRAY);
  cv::Mat flat = gray.clone().reshape(1, 1);
  cv::sort(flat, flat, cv::SORT_EVERY_ROW | cv::SORT_ASCENDING);
  const int level = flat.at<std::uint8_t>(flat.cols * 3 / 4);
  return cv::mean(part, gray >= level);
}

void splice(cv::Mat& m, const imaging::Quad& place, const imaging::Image& photo) {
  const imaging::Image bgr = imaging::to_bgr(photo);
  const cv::Mat from = imaging::as_mat(bgr);
  const cv::Rect to = inside(place, m);
  // Cut to the place's aspect, then laid into its four corners.
  const double aspect = static_cast<double>(to.width) / std::max(1, to.height);
  cv::Rect cut(0, 0, from.cols, from.rows);
  if (from.cols > aspect * from.rows) {
    cut.width = std::max(1, static_cast<int>(aspect * from.rows));
    cut.x = (from.cols - cut.width) / 2;
  } else {
    cut.height = std::max(1, static_cast<int>(from.cols / aspect));
  }
  cv::Mat small;
  cv::resize(from(cut), small, {std::max(1, to.width), std::max(1, to.height)}, 0, 0,
             cut.width > to.width ? cv::INTER_AREA : cv::INTER_CUBIC);
  const auto h = imaging::homography(imaging::quad_of({0, 0, small.cols, small.rows}), place);
  const cv::Mat hm(3, 3, CV_64F, const_cast<double*>(h.data()));
  cv::Mat warped;
  cv::Mat mask;
  cv::warpPerspective(small, warped, hm, m.size(), cv::INTER_LINEAR);
  cv::warpPerspective(cv::Mat(small.size(), CV_8U, cv::Scalar(255)), mask, hm, m.size(), cv::INTER_NEAREST);
  warped.copyTo(m, mask);
}

/// Text of the value's height on `m`, in the ink an editor would pick.
void set_text(cv::Mat& m, const cv::Rect& at, std::string_view text, Dice& dice) {
  static constexpr std::string_view kFonts[] = {"DejaVu Serif", "DejaVu Sans", "Liberation Serif", "Liberation Sans Narrow"};
  const std::string_view font = dice.pick(kFonts);
  const double size = at.height * 1.28;
  // Drawn on black, the letters are their own mask.
  Canvas canvas(at.width + 8, 2 * at.height + 8, {0, 0, 0});
  canvas.text(0, 0, text, font, size, {1, 1, 1});
  const imaging::Image drawn = canvas.image();
  const cv::Mat letters = imaging::as_mat(drawn);
  const int rise = static_cast<int>(0.2 * size);
  const double ink = dice.range(0, 25);
  for (int y = 0; y < letters.rows; ++y) {
    const int to_y = at.y - rise + y;
    if (to_y < 0 || to_y >= m.rows) continue;
    for (int x = 0; x < letters.cols && at.x + x < m.cols; ++x) {
      const double k = letters.at<cv::Vec3b>(y, x)[1] / 255.0;
      auto& p = m.at<cv::Vec3b>(to_y, at.x + x);
      for (int c = 0; c < 3; ++c) p[c] = cv::saturate_cast<std::uint8_t>(p[c] * (1 - k) + ink * k);
    }
  }
}

void overwrite(cv::Mat& m, const cv::Rect& value, const std::string& text, Dice& dice) {
  const cv::Rect patch = cv::Rect(value.x - 3, value.y - 4, value.width + 6, value.height + 8) & cv::Rect(0, 0, m.cols, m.rows);
  m(patch).setTo(paper_of(m(patch)));
  set_text(m, value, text, dice);
}

void copy_within(cv::Mat& m, const cv::Rect& value, Dice& dice) {
  const int width = std::clamp(value.height * 2, 24, value.width / 2);
  const cv::Rect from(value.x + dice.between(0, std::max(0, value.width / 2 - width)), std::max(0, value.y - 3), width,
                      std::min(value.height + 6, m.rows - std::max(0, value.y - 3)));
  const int room = value.x + value.width - width - (from.x + width);
  const cv::Rect to(from.x + width + dice.between(0, std::max(0, room)), from.y, width, from.height);
  if (to.x + to.width > m.cols) return;
  m(from).clone().copyTo(m(to));
}

imaging::Image screenshot(const cv::Mat& in, Dice& dice) {
  const bool dark = dice.chance(0.4);
  const int back = dark ? dice.between(18, 48) : dice.between(225, 250);
  cv::Mat m(in.rows * 3 / 2, in.cols, CV_8UC3, cv::Scalar(back, back, back));
  const int bar = m.rows / 18;
  m(cv::Rect(0, 0, m.cols, bar)).setTo(cv::Scalar::all(dark ? back + 12 : back - 25));
  in.copyTo(m(cv::Rect(0, (m.rows - in.rows) / 2, in.cols, in.rows)));
  const imaging::Image base = imaging::from_mat(m);
  Canvas canvas(m.cols, m.rows, {1, 1, 1});
  canvas.picture(0, 0, m.cols, m.rows, base);
  const double ink = dark ? 0.9 : 0.1;
  canvas.text(m.cols * 0.04, bar * 0.2, "10:24", "Liberation Sans Bold", bar * 0.5, {ink, ink, ink});
  canvas.text(m.cols * 0.4, m.rows - bar * 1.2, "IMG_2041", "Liberation Sans", bar * 0.5, {ink, ink, ink});
  return canvas.image();
}

}  // namespace

std::string_view to_string(Attack attack) noexcept { return kNames[static_cast<std::size_t>(attack)]; }

std::optional<Attack> parse_attack(std::string_view text) {
  for (const Attack a : all_attacks()) {
    if (to_string(a) == text) return a;
  }
  return std::nullopt;
}

std::vector<Attack> all_attacks() {
  return {Attack::recapture,  Attack::gray_copy, Attack::portrait_splice, Attack::text_overwrite,
          Attack::digit_edit, Attack::copy_move, Attack::resave,          Attack::screenshot};
}

Result<imaging::Image> attack(Attack kind, const AttackTarget& target, Dice& dice) {
  if (target.picture == nullptr || std::min(target.picture->width, target.picture->height) < 200)
    return Error::invalid("picture", "must be at least 200 pixels on each side");
  imaging::Image picture = imaging::to_bgr(*target.picture);
  cv::Mat m = imaging::as_mat(picture);
  std::vector<cv::Rect> values;
  for (const auto& q : target.values) {
    const cv::Rect r = inside(q, m);
    if (r.height >= 12 && r.height <= 90 && r.width >= 4 * r.height) values.push_back(r);
  }
  const bool edits_text = kind == Attack::text_overwrite || kind == Attack::digit_edit || kind == Attack::copy_move;
  if (edits_text && values.empty()) return Error::invalid("values", "holds no line of text large enough to edit");
  const cv::Rect value = edits_text ? values[static_cast<std::size_t>(dice.between(0, static_cast<int>(values.size()) - 1))] : cv::Rect{};
  switch (kind) {
    case Attack::recapture: return recapture(m, dice);
    case Attack::gray_copy: return gray_copy(m, dice);
    case Attack::portrait_splice: {
      if (!target.portrait) return Error::invalid("portrait", "its place is not known");
      imaging::Image other;
      if (target.other_portrait != nullptr && !target.other_portrait->empty()) {
        other = *target.other_portrait;
      } else {
        Canvas figure(300, 360, {0.7, 0.78, 0.86});
        figure.ellipse(150, 390, 150, 130, {dice.unit(), dice.unit(), dice.unit()});
        figure.ellipse(150, 170, 80, 100, {dice.range(0.4, 0.9), dice.range(0.35, 0.7), dice.range(0.3, 0.5)});
        other = figure.image();
      }
      splice(m, *target.portrait, other);
      break;
    }
    case Attack::text_overwrite: {
      // Glyphs are about six tenths of the height wide.
      const int letters = std::max(3, static_cast<int>(value.width / (0.75 * value.height)));
      overwrite(m, value, target.text.empty() ? dice.digits(letters) : target.text, dice);
      break;
    }
    case Attack::digit_edit: {
      const int width = static_cast<int>(0.75 * value.height);
      const cv::Rect one(value.x + dice.between(0, std::max(0, value.width - width)), value.y, width, value.height);
      overwrite(m, one, dice.digits(1), dice);
      break;
    }
    case Attack::copy_move: copy_within(m, value, dice); break;
    case Attack::resave: break;
    case Attack::screenshot: return screenshot(m, dice);
  }
  return picture;
}

}  // namespace authx::specimen
