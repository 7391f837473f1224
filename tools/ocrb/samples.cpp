#include "samples.h"

#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "engines/specimen/canvas.h"
#include "imaging/mat.h"

namespace authx::ocrb {
namespace {

constexpr int kPitch = 40;       // cell before the camera
constexpr double kCapHigh = 38;  // capitals in OCR-B are 0.95 of the pitch of ten an inch
constexpr int kTall = 80;
constexpr std::string_view kOthers = "abdeghkmnpqrtuy&%/#()+";

cv::Mat drawn(char c, std::string_view family, double size) {
  // Four times as large, then reduced: strokes get their weight from a threshold in between.
  constexpr int kUp = 3;
  specimen::Canvas canvas(kPitch * 2 * kUp, kTall * 2 * kUp, {1, 1, 1});
  canvas.cells(kPitch * kUp / 2.0, kTall * kUp * 1.25, std::string(1, c), family, size, kPitch * kUp, {0, 0, 0});
  cv::Mat gray;
  const auto image = canvas.image();
  cv::cvtColor(imaging::as_mat(image), gray, cv::COLOR_BGR2GRAY);
  return cv::Mat(255 - gray);
}

/// `weight` in hundredths of the pitch that strokes grow on either side; rounds corners as ink does.
std::vector<cv::Mat> render(std::string_view text, std::string_view family, double weight) {
  constexpr int kUp = 3;
  const cv::Rect h = cv::boundingRect(drawn('H', family, 150) > 128);
  const double size = 150 * kCapHigh * kUp / h.height;
  const cv::Rect cap = cv::boundingRect(drawn('H', family, size) > 128);
  const int middle = cap.y + cap.height / 2;
  std::vector<cv::Mat> out;
  for (const char c : text) {
    cv::Mat all = drawn(c, family, size);
    cv::Rect ink = cv::boundingRect(all > 128);
    const int grow = static_cast<int>(std::lround(weight * kPitch * kUp / 100));
    const cv::Mat kernel = cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * std::abs(grow) + 1, 2 * std::abs(grow) + 1});
    if (grow > 0) cv::dilate(all, all, kernel);
    if (grow < 0) cv::erode(all, all, kernel);
    // A proportional face is centred in its cell.
    const int left = ink.width > 0 ? ink.x + ink.width / 2 - kPitch * kUp / 2 : kPitch * kUp / 2;
    const int at = family.starts_with("OCR") ? kPitch * kUp / 2 : std::clamp(left, 0, kPitch * kUp);
    cv::Mat cell;
    cv::resize(all(cv::Rect(at, middle - kTall * kUp / 2, kPitch * kUp, kTall * kUp)), cell, {kPitch, kTall}, 0, 0, cv::INTER_AREA);
    out.push_back(cell);
  }
  return out;
}

/// A character that is none when turned by 180 degrees.
int index_of_turnable(specimen::Dice& dice) {
  static constexpr char kTurnable[] = {'3', '4', '7', 'A', 'C', 'E', 'F', 'G', 'J', 'K', 'L', 'P', 'R', 'T', 'U', 'V', 'Y'};
  const char c = dice.pick(kTurnable);
  return c <= '9' ? c - '0' : c - 'A' + 10;
}

/// What JPEG does to gray: blocks of 8 x 8 from an offset, their cosine transform rounded by the standard's luminance table times
/// `coarse` (ITU-T T.81, table K.1; 1 is quality 50).
void compress(cv::Mat& gray, double coarse, int x0, int y0) {
  static constexpr float kTable[64] = {16, 11,  10,  16, 24, 40, 51, 61, 12,  12,  14,  19,  26, 58, 60, 55,  14,  13,  16,  24, 40, 57,
                                       69, 56,  14,  17, 22, 29, 51, 87, 80,  62,  18,  22,  37, 56, 68, 109, 103, 77,  24,  35, 55, 64,
                                       81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,  112, 100, 103, 99};
  cv::Mat padded;
  const int bottom = (8 - (gray.rows + y0) % 8) % 8;
  const int right = (8 - (gray.cols + x0) % 8) % 8;
  cv::copyMakeBorder(gray, padded, y0, bottom, x0, right, cv::BORDER_REPLICATE);
  padded.convertTo(padded, CV_32F, 1, -128);
  for (int y = 0; y < padded.rows; y += 8) {
    for (int x = 0; x < padded.cols; x += 8) {
      cv::Mat block = padded(cv::Rect(x, y, 8, 8));
      cv::Mat waves;
      cv::dct(block, waves);
      for (int i = 0; i < 64; ++i) {
        const auto step = static_cast<float>(kTable[i] * coarse);
        float& v = waves.at<float>(i / 8, i % 8);
        v = std::round(v / step) * step;
      }
      cv::idct(waves, block);
    }
  }
  padded(cv::Rect(x0, y0, gray.cols, gray.rows)).convertTo(gray, CV_8U, 1, 128);
}

}  // namespace

Sampler::Sampler() {
  cv::setNumThreads(1);
  for (const double weight : {-2.6, -1.7, -0.8, 0.0, 0.8, 1.7, 2.6, 3.6}) {
    for (const char* family : {"OCR B", "OCR B S"}) {
      ocr_b_.push_back({render(GlyphNet::kAlphabet, family, weight), render(kOthers, "DejaVu Sans", 0)});
    }
  }
  for (const double weight : {-0.8, 0.0, 1.2}) {
    for (const char* family : {"DejaVu Sans Mono", "Liberation Mono", "Noto Mono"}) {
      mono_.push_back({render(GlyphNet::kAlphabet, family, weight), render(kOthers, family, 0)});
      // Their zero has a dot or a stroke, which no zone has.
      mono_.back().glyphs[0] = mono_.back().glyphs['O' - 'A' + 10];
      cv::Mat narrow;
      cv::resize(mono_.back().glyphs[0], narrow, {kPitch * 4 / 5, kTall}, 0, 0, cv::INTER_AREA);
      cv::Mat cell(kTall, kPitch, CV_8U, cv::Scalar(0));
      narrow.copyTo(cell(cv::Rect(kPitch / 10, 0, narrow.cols, kTall)));
      mono_.back().glyphs[0] = cell;
    }
  }
}

const Sampler::Face& Sampler::pick(specimen::Dice& dice) const {
  const auto& from = dice.chance(0.06) ? mono_ : ocr_b_;
  return from[dice.raw() % from.size()];
}

void Sampler::draw(int label, specimen::Dice& dice, Patch& out) const {
  const Face& face = pick(dice);
  // Ways to be no character: nothing there, cut between two, above or below, wrong size, lying on its side, other writing, upside
  // down.
  const int wrong = label == GlyphNet::kNone ? dice.between(0, 7) : -1;
  const bool upside_down = wrong >= 6;
  cv::Mat strip(kTall, kPitch * 3, CV_8U, cv::Scalar(0));
  for (int k = 0; k < 3; ++k) {
    const int any = dice.chance(0.35) ? GlyphNet::kGlyphs - 1 : dice.between(0, GlyphNet::kGlyphs - 1);
    const bool middle = k == 1;
    if (middle && wrong == 0) continue;
    if (!middle && dice.chance(0.10)) continue;
    const cv::Rect cell(k * kPitch, 0, kPitch, kTall);
    if (wrong == 5) {
      face.others[dice.raw() % face.others.size()].copyTo(strip(cell));
      continue;
    }
    const int turned = dice.chance(0.5) ? GlyphNet::kGlyphs - 1 : index_of_turnable(dice);
    const int g = middle && label != GlyphNet::kNone ? label : upside_down ? turned : any;
    cv::Mat glyph = face.glyphs[static_cast<std::size_t>(g)];
    // Makers differ in how wide they cut a letter.
    const double width = dice.range(0.84, 1.10);
    if (std::abs(width - 1) > 0.03) {
      const cv::Matx23d m(width, 0, kPitch / 2.0 * (1 - width), 0, 1, 0);
      cv::Mat cut;
      cv::warpAffine(glyph, cut, m, glyph.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar(0));
      glyph = cut;
    }
    // A worn hammer or thermal head puts a character a little off.
    const int lift = dice.chance(0.3) ? dice.between(-1, 1) : 0;
    cv::Mat to = strip(cell);
    if (lift == 0) {
      glyph.copyTo(to);
    } else {
      glyph.rowRange(std::max(0, lift), kTall + std::min(0, lift)).copyTo(to.rowRange(std::max(0, -lift), kTall + std::min(0, -lift)));
    }
  }
  if (upside_down) cv::rotate(strip, strip, cv::ROTATE_180);
  if (wrong == 4) {
    cv::Mat side;
    cv::rotate(strip(cv::Rect(kPitch / 2, 0, kTall, kTall)), side,
               dice.chance(0.5) ? cv::ROTATE_90_CLOCKWISE : cv::ROTATE_90_COUNTERCLOCKWISE);
    side.copyTo(strip(cv::Rect(kPitch / 2, 0, kTall, kTall)));
  }

  // The camera's pixels: capitals 5 to 28 of them high.
  const double pixels = 5 + 23 * std::pow(dice.unit(), 2.0);
  const double down = pixels / kCapHigh;
  cv::Mat soft;
  const double optics = dice.range(0.30, 0.95) / down;
  const double across = dice.chance(0.25) ? dice.range(1.0, 1.7) : 1.0;  // motion
  const bool sideways = dice.chance(0.5);
  cv::GaussianBlur(strip, soft, {}, optics * (sideways ? across : 1), optics * (sideways ? 1 : across));
  const int w = std::max(4, static_cast<int>(strip.cols * down)) + 2;
  const int h = std::max(4, static_cast<int>(strip.rows * down)) + 2;
  const cv::Matx23d to_low(down, 0, dice.unit(), 0, down, dice.unit());
  cv::Mat low;
  cv::warpAffine(soft, low, to_low, {w, h}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  low.convertTo(low, CV_32F, 1 / 255.0);

  // Paper: contrast, uneven light, security background, noise.
  const double contrast = dice.range(0.25, 1.0);
  const double noise = dice.chance(0.5) ? dice.range(0.0, 0.10) * (0.4 + contrast) : dice.range(0.0, 0.02);
  const double slope_x = dice.range(-0.18, 0.18);
  const double slope_y = dice.range(-0.18, 0.18);
  const double fade = dice.chance(0.2) ? dice.range(-0.5, 0.5) : 0;  // glare takes contrast on one side
  const double waves = dice.chance(0.45) ? dice.range(0.02, 0.28) * contrast : 0;
  const double turn = dice.range(0, CV_PI);
  const double wave_x = std::cos(turn) * 2 * CV_PI / dice.range(2.2, 1.2 * pixels + 3);
  const double wave_y = std::sin(turn) * 2 * CV_PI / dice.range(2.2, 1.2 * pixels + 3);
  const double phase = dice.range(0, 6.28);
  const double bend = dice.range(-2, 2);
  const bool ridged = dice.chance(0.5);  // thin lines rather than a sine
  cv::RNG rng(dice.raw());
  for (int y = 0; y < h; ++y) {
    float* row = low.ptr<float>(y);
    for (int x = 0; x < w; ++x) {
      const double u = static_cast<double>(x) / w;
      const double v = static_cast<double>(y) / h;
      double ground = 1 + slope_x * u + slope_y * v;
      if (waves > 0) {
        const double s = std::sin(wave_x * x + wave_y * y + phase + bend * u * v);
        ground -= waves * (ridged ? std::max(0.0, s) * std::max(0.0, s) : 0.5 + 0.5 * s);
      }
      const double ink = contrast * row[x] * std::clamp(1 + fade * (2 * u - 1), 0.3, 1.5);
      row[x] = static_cast<float>(ground - ink * std::min(1.0, ground) + (noise > 0 ? rng.gaussian(noise) : 0));
    }
  }
  if (dice.chance(0.2)) {
    const cv::Point a(dice.between(0, w), dice.between(0, h));
    const cv::Point b(dice.between(0, w), dice.between(0, h));
    cv::line(low, a, b, cv::Scalar(1 - contrast * dice.range(0.1, 0.5)), 1, cv::LINE_AA);
  }
  if (dice.chance(0.2)) cv::GaussianBlur(low, low, {3, 3}, 0);
  if (dice.chance(0.2)) {  // a phone's sharpening
    cv::Mat blurred;
    cv::GaussianBlur(low, blurred, {}, dice.range(0.6, 1.4));
    cv::addWeighted(low, 1.8, blurred, -0.8, 0, low);
  }
  if (dice.chance(0.3)) {
    cv::Mat bytes;
    low.convertTo(bytes, CV_8U, 160, 40);
    compress(bytes, dice.range(0.6, 6.0), dice.between(0, 7), dice.between(0, 7));
    bytes.convertTo(low, CV_32F, 1 / 160.0, -0.25);
  }
  if (dice.chance(0.05)) cv::threshold(low, low, 1 - contrast * dice.range(0.35, 0.6), 1, cv::THRESH_BINARY);

  // The cut: shift, scale and tilt that the line finder leaves.
  const double angle = dice.range(-3, 3) * CV_PI / 180;
  const double size = wrong == 3 ? (dice.chance(0.5) ? dice.range(0.35, 0.62) : dice.range(1.7, 2.4)) : 1.0;
  const double sx = GlyphNet::kCell / (kPitch * down) * dice.range(0.93, 1.07) * size;
  const double sy = GlyphNet::kCap / (kCapHigh * down) * dice.range(0.87, 1.13) * size;
  const double shear = dice.range(-0.08, 0.08);
  const double cx = (kPitch * 1.5) * down + to_low(0, 2);
  const double cy = (kTall * 0.5) * down + to_low(1, 2);
  const double sign = dice.chance(0.5) ? 1 : -1;
  const double tx = GlyphNet::kWidth / 2.0 + (wrong == 1 ? sign * dice.range(5.0, 8.0) : dice.range(-1.7, 1.7));
  const double ty = GlyphNet::kHeight / 2.0 + (wrong == 2 ? sign * dice.range(6.0, 16.0) : dice.range(-1.8, 1.8));
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  cv::Matx23d m(sx * c, sx * (shear - s), 0, sy * s, sy * c, 0);
  m(0, 2) = tx - m(0, 0) * cx - m(0, 1) * cy;
  m(1, 2) = ty - m(1, 0) * cx - m(1, 1) * cy;
  cv::Mat source = low;
  const double shrink = 1 / std::min(sx, sy);
  if (shrink > 1.2) cv::GaussianBlur(low, source, {}, 0.4 * shrink);
  cv::Mat patch;
  cv::warpAffine(source, patch, m, {GlyphNet::kWidth, GlyphNet::kHeight}, dice.chance(0.5) ? cv::INTER_LINEAR : cv::INTER_CUBIC,
                 cv::BORDER_REPLICATE);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < GlyphNet::kInputs; ++i) {
    const double v = patch.at<float>(i / GlyphNet::kWidth, i % GlyphNet::kWidth);
    sum += v;
    squares += v * v;
  }
  const double mean = sum / GlyphNet::kInputs;
  const double deviation = std::sqrt(std::max(1e-6, squares / GlyphNet::kInputs - mean * mean)) + 0.01;
  for (int i = 0; i < GlyphNet::kInputs; ++i) {
    out[static_cast<std::size_t>(i)] = static_cast<float>((patch.at<float>(i / GlyphNet::kWidth, i % GlyphNet::kWidth) - mean) / deviation);
  }
}

}  // namespace authx::ocrb
