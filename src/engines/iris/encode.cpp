#include "engines/iris/encode.h"

#include <opencv2/imgproc.hpp>

#include <cmath>
#include <numbers>
#include <vector>

namespace authx::iris {
namespace {

constexpr double kWavelength = 12, kRatio = 1.5;  // columns of the sheet
constexpr double kEnvelope = 0.4;                 // standard deviation in wavelengths
constexpr double kAcross = 3.0;                   // standard deviation in rows
constexpr float kSeen = 0.7f;                     // least share of iris under a filter's envelope

struct Filter {
  int half = 0;
  std::vector<float> real, imaginary, envelope;  ///< 2 * half + 1 taps; the envelope sums to 1
};

Filter make_filter(double wavelength) {
  const double sigma = kEnvelope * wavelength;
  Filter f;
  f.half = static_cast<int>(std::ceil(3 * sigma));
  double sum = 0, mean = 0;
  for (int i = -f.half; i <= f.half; ++i) {
    const double g = std::exp(-0.5 * i * i / (sigma * sigma)), a = 2 * std::numbers::pi * i / wavelength;
    f.envelope.push_back(static_cast<float>(g));
    f.real.push_back(static_cast<float>(g * std::cos(a)));
    f.imaginary.push_back(static_cast<float>(g * std::sin(a)));
    sum += g, mean += g * std::cos(a);
  }
  for (std::size_t i = 0; i < f.real.size(); ++i) {
    f.real[i] -= f.envelope[i] * static_cast<float>(mean / sum);  // blind to the mean gray
    f.envelope[i] /= static_cast<float>(sum);
  }
  return f;
}

}  // namespace

Code encode(const Sheet& sheet) {
  static const std::array<Filter, Code::kScales> filters{make_filter(kWavelength), make_filter(kWavelength * kRatio),
                                                         make_filter(kWavelength * kRatio * kRatio)};
  cv::Mat1f even(sheet.gray.size());
  for (int r = 0; r < Sheet::kRows; ++r) {
    double sum = 0, n = 1e-6;
    for (int c = 0; c < Sheet::kColumns; ++c) sum += sheet.gray(r, c) * sheet.usable(r, c), n += sheet.usable(r, c);
    const auto mean = static_cast<float>(sum / n);
    for (int c = 0; c < Sheet::kColumns; ++c) even(r, c) = (sheet.gray(r, c) - mean) * sheet.usable(r, c);
  }
  // Across rows only the encoded rows are needed.
  const int reach = static_cast<int>(std::ceil(3 * kAcross));
  std::vector<float> across;
  float total = 0;
  for (int i = -reach; i <= reach; ++i) {
    across.push_back(static_cast<float>(std::exp(-0.5 * i * i / (kAcross * kAcross))));
    total += across.back();
  }
  Code out;
  constexpr int kMargin = 64;
  std::vector<float> texture(Sheet::kColumns + 2 * kMargin), seen(texture.size());
  for (int row = 0; row < Code::kRows; ++row) {
    const int middle = (2 * row + 1) * Sheet::kRows / (2 * Code::kRows);
    std::ranges::fill(texture, 0.0f), std::ranges::fill(seen, 0.0f);
    for (int i = -reach; i <= reach; ++i) {
      const int r = cv::borderInterpolate(middle + i, Sheet::kRows, cv::BORDER_REFLECT);
      const float w = across[static_cast<std::size_t>(i + reach)] / total;
      for (int c = 0; c < Sheet::kColumns; ++c) {
        texture[static_cast<std::size_t>(c + kMargin)] += w * even(r, c);
        seen[static_cast<std::size_t>(c + kMargin)] += w * sheet.usable(r, c);
      }
    }
    for (auto* line : {&texture, &seen}) {  // around the circle
      std::copy_n(line->end() - 2 * kMargin, kMargin, line->begin());
      std::copy_n(line->begin() + kMargin, kMargin, line->end() - kMargin);
    }
    for (int scale = 0; scale < Code::kScales; ++scale) {
      const Filter& f = filters[static_cast<std::size_t>(scale)];
      Code::Group& g = out.groups[static_cast<std::size_t>(scale * Code::kRows + row)];
      for (int k = 0; k < Code::kColumns; ++k) {
        const float* t = texture.data() + kMargin + 2 * k - f.half;
        const float* s = seen.data() + kMargin + 2 * k - f.half;
        float share = 0, real = 0, imaginary = 0;
        for (std::size_t i = 0; i < f.real.size(); ++i) {
          share += f.envelope[i] * s[i], real += f.real[i] * t[i], imaginary += f.imaginary[i] * t[i];
        }
        if (share <= kSeen) continue;
        const auto word = static_cast<std::size_t>(k / 64);
        const std::uint64_t bit = std::uint64_t{1} << (k % 64);
        g.mask[word] |= bit;
        if (real > 0) g.bits[word] |= bit;
        if (imaginary > 0) g.bits[word + 4] |= bit;
      }
    }
  }
  return out;
}

}  // namespace authx::iris
