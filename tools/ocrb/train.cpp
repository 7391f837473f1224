// Trains the classifier of machine-readable zones from a free OCR-B font and writes its weights as C++ source:
//   cmake --build build/release --target train_ocrb && build/release/bin/train_ocrb src/engines/document/ocrb_weights.inc
// The same seed gives the same weights on the same machine. No document image takes part.
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "base/encoding.h"
#include "engines/document/glyph_net.h"
#include "engines/specimen/canvas.h"
#include "engines/specimen/people.h"
#include "imaging/mat.h"

namespace {

using authx::document::GlyphNet;
using authx::specimen::Dice;

constexpr int kPitch = 64;       // high-resolution cell
constexpr double kCapHigh = 61;  // capitals in OCR-B are 0.95 of the pitch of ten an inch
constexpr int kTall = 128;
constexpr int kIn = GlyphNet::kInputs;
constexpr int kHid = GlyphNet::kHidden;
constexpr int kOut = GlyphNet::kClasses;

/// Glyphs in the middle of a cell, capitals from `top` to `bottom`, ink 255 on 0.
struct Font {
  std::vector<cv::Mat> glyphs;
};

Font render(std::string_view family) {
  Font font;
  // Find the size at which H is as tall as wanted.
  const auto draw = [&](char c, double size) {
    authx::specimen::Canvas canvas(kPitch * 2, kTall * 2, {1, 1, 1});
    canvas.cells(kPitch / 2.0, kTall * 1.25, std::string(1, c), family, size, kPitch, {0, 0, 0});
    cv::Mat gray;
    const auto image = canvas.image();
    cv::cvtColor(authx::imaging::as_mat(image), gray, cv::COLOR_BGR2GRAY);
    return cv::Mat(255 - gray);
  };
  const cv::Rect h = cv::boundingRect(draw('H', 90) > 128);
  const double size = 90 * kCapHigh / h.height;
  const cv::Rect cap = cv::boundingRect(draw('H', size) > 128);
  const int middle = cap.y + cap.height / 2;
  for (int i = 0; i < GlyphNet::kGlyphs; ++i) {
    const cv::Mat all = draw(GlyphNet::kAlphabet[i], size);
    font.glyphs.push_back(all(cv::Rect(kPitch / 2, middle - kTall / 2, kPitch, kTall)).clone());
  }
  return font;
}

/// One training patch: the glyph between two others, as a poor camera and an inexact cut would show it.
void sample(const std::vector<Font>& fonts, int label, Dice& dice, float* out) {
  const Font& font = fonts[dice.raw() % fonts.size()];
  // Ways to be no character: nothing there, cut between two, cut above or below, wrong size, lying on its side.
  const int wrong = label == GlyphNet::kNone ? dice.between(0, 4) : -1;
  cv::Mat strip(kTall, kPitch * 3, CV_8U, cv::Scalar(0));
  for (int k = 0; k < 3; ++k) {
    const int any = dice.chance(0.35) ? GlyphNet::kGlyphs - 1 : dice.between(0, GlyphNet::kGlyphs - 1);
    if (k == 1 && label == GlyphNet::kNone && wrong == 0) continue;
    const int g = k == 1 && label != GlyphNet::kNone ? label : any;
    if (k != 1 && dice.chance(0.08)) continue;
    font.glyphs[static_cast<std::size_t>(g)].copyTo(strip(cv::Rect(k * kPitch, 0, kPitch, kTall)));
  }
  if (wrong == 4) {
    cv::Mat side;
    cv::rotate(strip(cv::Rect(kPitch / 2, 0, kTall, kTall)), side,
               dice.chance(0.5) ? cv::ROTATE_90_CLOCKWISE : cv::ROTATE_90_COUNTERCLOCKWISE);
    side.copyTo(strip(cv::Rect(kPitch / 2, 0, kTall, kTall)));
  }
  // Stroke weight.
  const int weight = dice.between(-3, 4);
  const cv::Mat kernel = cv::getStructuringElement(cv::MORPH_ELLIPSE, {std::abs(weight) + 1, std::abs(weight) + 1});
  if (weight > 0) cv::dilate(strip, strip, kernel);
  if (weight < 0) cv::erode(strip, strip, kernel);

  // The camera's pixels: capitals 6 to 30 of them high.
  const double pixels = 6 + 24 * std::pow(dice.unit(), 2.0);
  const double down = pixels / kCapHigh;
  cv::Mat soft;
  const double optics = dice.range(0.30, 0.90) / down;
  cv::GaussianBlur(strip, soft, {}, optics);
  const int w = std::max(4, static_cast<int>(strip.cols * down)) + 2;
  const int h = std::max(4, static_cast<int>(strip.rows * down)) + 2;
  const cv::Matx23d to_low(down, 0, dice.unit(), 0, down, dice.unit());
  cv::Mat low;
  cv::warpAffine(soft, low, to_low, {w, h}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  low.convertTo(low, CV_32F, 1 / 255.0);
  const double contrast = dice.range(0.25, 1.0);
  const double noise = dice.range(0.0, 0.10) * (0.5 + contrast);
  const double slope_x = dice.range(-0.15, 0.15);
  const double slope_y = dice.range(-0.15, 0.15);
  cv::RNG rng(dice.raw());
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      float& v = low.at<float>(y, x);
      v = static_cast<float>(1 - contrast * v + slope_x * x / w + slope_y * y / h + rng.gaussian(noise));
    }
  }
  if (dice.chance(0.25)) {
    const cv::Point a(dice.between(0, w), dice.between(0, h));
    const cv::Point b(dice.between(0, w), dice.between(0, h));
    cv::line(low, a, b, cv::Scalar(1 - contrast * dice.range(0.1, 0.5)), 1, cv::LINE_AA);
  }
  if (dice.chance(0.3)) cv::GaussianBlur(low, low, {3, 3}, 0);

  // The cut: shift, scale and tilt that the line finder leaves.
  const double angle = dice.range(-3, 3) * CV_PI / 180;
  const double size = wrong == 3 ? (dice.chance(0.5) ? dice.range(0.35, 0.65) : dice.range(1.6, 2.4)) : 1.0;
  const double sx = GlyphNet::kCell / (kPitch * down) * dice.range(0.93, 1.07) * size;
  const double sy = GlyphNet::kCap / (kCapHigh * down) * dice.range(0.88, 1.12) * size;
  const double shear = dice.range(-0.06, 0.06);
  const double cx = (kPitch * 1.5) * down + to_low(0, 2);
  const double cy = (kTall * 0.5) * down + to_low(1, 2);
  const double sign = dice.chance(0.5) ? 1 : -1;
  const double tx = GlyphNet::kWidth / 2.0 + (wrong == 1 ? sign * dice.range(5.5, 8.0) : dice.range(-1.7, 1.7));
  const double ty = GlyphNet::kHeight / 2.0 + (wrong == 2 ? sign * dice.range(7.0, 16.0) : dice.range(-1.7, 1.7));
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
  for (int i = 0; i < kIn; ++i) {
    const double v = patch.at<float>(i / GlyphNet::kWidth, i % GlyphNet::kWidth);
    sum += v;
    squares += v * v;
  }
  const double mean = sum / kIn;
  const double deviation = std::sqrt(std::max(1e-6, squares / kIn - mean * mean)) + 0.01;
  for (int i = 0; i < kIn; ++i) {
    out[i] = static_cast<float>((patch.at<float>(i / GlyphNet::kWidth, i % GlyphNet::kWidth) - mean) / deviation);
  }
}

struct Net {
  std::vector<float> w1 = std::vector<float>(static_cast<std::size_t>(kHid) * kIn);
  std::vector<float> b1 = std::vector<float>(kHid);
  std::vector<float> w2 = std::vector<float>(static_cast<std::size_t>(kOut) * kHid);
  std::vector<float> b2 = std::vector<float>(kOut);
};

/// Adam (Kingma and Ba, 2015) over one parameter block.
struct Adam {
  std::vector<float> m;
  std::vector<float> v;
  explicit Adam(std::size_t n) : m(n), v(n) {}
  void step(std::vector<float>& w, const std::vector<float>& g, float rate, int t) {
    const float c1 = 1 - std::pow(0.9F, static_cast<float>(t));
    const float c2 = 1 - std::pow(0.999F, static_cast<float>(t));
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = 0.9F * m[i] + 0.1F * g[i];
      v[i] = 0.999F * v[i] + 0.001F * g[i] * g[i];
      w[i] -= rate * (m[i] / c1) / (std::sqrt(v[i] / c2) + 1e-8F);
    }
  }
};

std::string quantised(const std::vector<float>& w, float& scale) {
  scale = 0;
  for (const float v : w) scale = std::max(scale, std::abs(v));
  scale /= 127;
  authx::Bytes bytes;
  for (const float v : w) bytes.push_back(static_cast<std::uint8_t>(static_cast<std::int8_t>(std::lround(v / scale))));
  return authx::base64_encode(bytes);
}

void emit(std::ofstream& out, const char* name, const std::vector<float>& w) {
  float scale = 0;
  const std::string text = quantised(w, scale);
  out << fmt::format("constexpr float k{}Scale = {:.9g}F;\nconstexpr std::string_view k{} =\n", name, scale, name);
  for (std::size_t i = 0; i < text.size(); i += 120) out << "    \"" << text.substr(i, 120) << "\"\n";
  out << "    ;\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: train_ocrb OUTPUT [batches]\n");
    return 2;
  }
  const int batches = argc > 2 ? std::atoi(argv[2]) : 12000;
  constexpr int kBatch = 64;
  cv::setNumThreads(1);
  std::vector<Font> fonts;
  for (const char* family : {"OCR B", "OCR B S"}) fonts.push_back(render(family));
  Dice dice{20240607};
  Net net;
  for (auto& w : net.w1) w = static_cast<float>(dice.range(-1, 1) * std::sqrt(3.0 / kIn));
  for (auto& w : net.w2) w = static_cast<float>(dice.range(-1, 1) * std::sqrt(3.0 / kHid));
  Adam a1(net.w1.size()), ab1(net.b1.size()), a2(net.w2.size()), ab2(net.b2.size());
  std::vector<float> g1(net.w1.size()), gb1(kHid), g2(net.w2.size()), gb2(kOut);
  std::vector<float> x(kIn), h(kHid), p(kOut), dh(kHid);
  double loss = 0;
  int right = 0;
  int seen = 0;
  for (int t = 1; t <= batches; ++t) {
    std::ranges::fill(g1, 0.0F);
    std::ranges::fill(gb1, 0.0F);
    std::ranges::fill(g2, 0.0F);
    std::ranges::fill(gb2, 0.0F);
    for (int k = 0; k < kBatch; ++k) {
      const int label = dice.chance(0.12) ? GlyphNet::kNone : dice.between(0, GlyphNet::kGlyphs - 1);
      sample(fonts, label, dice, x.data());
      for (int j = 0; j < kHid; ++j) {
        const float* w = &net.w1[static_cast<std::size_t>(j) * kIn];
        float sum = net.b1[static_cast<std::size_t>(j)];
        for (int i = 0; i < kIn; ++i) sum += w[i] * x[static_cast<std::size_t>(i)];
        h[static_cast<std::size_t>(j)] = std::max(0.0F, sum);
      }
      float top = -1e9F;
      for (int c = 0; c < kOut; ++c) {
        float sum = net.b2[static_cast<std::size_t>(c)];
        for (int j = 0; j < kHid; ++j)
          sum += net.w2[static_cast<std::size_t>(c) * kHid + static_cast<std::size_t>(j)] * h[static_cast<std::size_t>(j)];
        p[static_cast<std::size_t>(c)] = sum;
        top = std::max(top, sum);
      }
      const auto arg = static_cast<int>(std::ranges::max_element(p) - p.begin());
      right += arg == label ? 1 : 0;
      ++seen;
      float total = 0;
      for (auto& v : p) total += v = std::exp(v - top);
      for (auto& v : p) v /= total;
      loss -= std::log(std::max(1e-9F, p[static_cast<std::size_t>(label)]));
      p[static_cast<std::size_t>(label)] -= 1;
      std::ranges::fill(dh, 0.0F);
      for (int c = 0; c < kOut; ++c) {
        const float d = p[static_cast<std::size_t>(c)] / kBatch;
        gb2[static_cast<std::size_t>(c)] += d;
        for (int j = 0; j < kHid; ++j) {
          const auto at = static_cast<std::size_t>(c) * kHid + static_cast<std::size_t>(j);
          g2[at] += d * h[static_cast<std::size_t>(j)];
          dh[static_cast<std::size_t>(j)] += d * net.w2[at];
        }
      }
      for (int j = 0; j < kHid; ++j) {
        if (h[static_cast<std::size_t>(j)] <= 0) continue;
        const float d = dh[static_cast<std::size_t>(j)];
        gb1[static_cast<std::size_t>(j)] += d;
        float* g = &g1[static_cast<std::size_t>(j) * kIn];
        for (int i = 0; i < kIn; ++i) g[i] += d * x[static_cast<std::size_t>(i)];
      }
    }
    const float rate = 0.002F * 0.5F * (1 + static_cast<float>(std::cos(CV_PI * t / batches))) + 2e-5F;
    a1.step(net.w1, g1, rate, t);
    ab1.step(net.b1, gb1, rate, t);
    a2.step(net.w2, g2, rate, t);
    ab2.step(net.b2, gb2, rate, t);
    if (t % 1000 == 0) {
      fmt::print("{:6} loss {:.4f} right {:.4f}\n", t, loss / seen, static_cast<double>(right) / seen);
      loss = right = seen = 0;
    }
  }
  std::ofstream out{argv[1]};
  out << "// Written by tools/ocrb/train.cpp. Layers as signed bytes times their scale, row by row.\n";
  emit(out, "HiddenWeights", net.w1);
  emit(out, "HiddenBias", net.b1);
  emit(out, "OutputWeights", net.w2);
  emit(out, "OutputBias", net.b2);
  return out.good() ? 0 : 1;
}
