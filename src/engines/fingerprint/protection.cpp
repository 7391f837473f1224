#include "engines/fingerprint/protection.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>

#include "crypto/hash.h"

namespace authx::fingerprint {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr int kBits = 64 * ProtectedMinutia::kWords;
constexpr int kCylinderInputs = 64 * Descriptor::kCylinderWords;
/// The flow is sampled on rings around the minutia; each sample is a vector of the doubled angle.
constexpr std::array<float, 6> kRadii{18, 40, 64, 90, 118, 148};
constexpr std::array<int, 6> kOnRing{6, 10, 14, 18, 20, 22};
constexpr int kSamples = 90;
constexpr int kFlowInputs = 2 * kSamples;
/// A cylinder's bits are set this often; taking it off makes two empty neighbourhoods unlike rather than alike.
constexpr float kUsuallySet = 0.2f;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeader = 3, kMarkBytes = 2 * ProtectedMinutia::kWords * 8;

/// Signs of a keyed pseudorandom matrix, a row of kBits for each input, as bits.
std::vector<std::array<std::uint64_t, ProtectedMinutia::kWords>> signs(BytesView key, std::string_view label, int rows) {
  std::vector<std::array<std::uint64_t, ProtectedMinutia::kWords>> out(static_cast<std::size_t>(rows));
  constexpr std::size_t kRow = kBits / 8, kBlock = 128;  // rows of one expansion: HKDF gives at most 8,160 bytes
  for (std::size_t first = 0; first < out.size(); first += kBlock) {
    const std::string info = "authx finger protection " + std::string{label} + " " + std::to_string(first);
    const std::size_t n = std::min(kBlock, out.size() - first);
    const auto stream = crypto::hkdf_sha256(key, {}, as_bytes(info), n * kRow);
    const Bytes& bytes = stream.expose();
    for (std::size_t i = 0; i < n * kRow; ++i) {
      auto& word = out[first + i / kRow][i % kRow / 8];
      word = word << 8 | bytes[i];
    }
  }
  return out;
}

}  // namespace

struct Protection::Matrix {
  std::vector<std::array<std::uint64_t, ProtectedMinutia::kWords>> cylinder, flow;
};

namespace {

void add(std::array<float, kBits>& sums, const std::array<std::uint64_t, ProtectedMinutia::kWords>& row, float value) {
  for (std::size_t w = 0; w < row.size(); ++w) {
    float* out = sums.data() + 64 * w;
    for (std::size_t b = 0; b < 64; ++b) out[b] += (row[w] >> b & 1) != 0 ? value : -value;
  }
}

std::array<std::uint64_t, ProtectedMinutia::kWords> to_signs(const std::array<float, kBits>& sums) {
  std::array<std::uint64_t, ProtectedMinutia::kWords> out{};
  for (std::size_t i = 0; i < kBits; ++i) out[i / 64] |= static_cast<std::uint64_t>(sums[i] > 0) << (i % 64);
  return out;
}

/// Cosine of the angle between two projected vectors, estimated from the share of differing signs.
float cosine(const std::array<std::uint64_t, ProtectedMinutia::kWords>& a, const std::array<std::uint64_t, ProtectedMinutia::kWords>& b) {
  static const std::array<float, kBits + 1> table = [] {
    std::array<float, kBits + 1> t{};
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = std::cos(kPi * static_cast<float>(i) / kBits);
    return t;
  }();
  int off = 0;
  for (std::size_t w = 0; w < a.size(); ++w) off += std::popcount(a[w] ^ b[w]);
  return table[static_cast<std::size_t>(off)];
}

/// Measured on 49,920 comparisons of different fingers under one key (FVC2002 DB1_B to DB4_B, within and across sets).
double protected_fmr_at(double score) {
  struct Point {
    double score, log10_fmr;
  };
  constexpr std::array<Point, 7> kTail{{{0, 0}, {0.2330, -0.3}, {0.2928, -1}, {0.3535, -2}, {0.4094, -3}, {0.4623, -4}, {0.4833, -4.7}}};
  if (!(score > 0)) return 1;
  std::size_t i = 1;
  while (i + 1 < kTail.size() && score > kTail[i].score) ++i;
  const Point &a = kTail[i - 1], &b = kTail[i];
  return std::pow(10, std::max(a.log10_fmr + (score - a.score) * (b.log10_fmr - a.log10_fmr) / (b.score - a.score), -9.0));
}

float similarity(const ProtectedMinutia& a, const ProtectedMinutia& b) {
  const float flow = cosine(a.flow, b.flow);
  if (flow < 0.3f) return 0;
  const float cylinder = cosine(a.cylinder, b.cylinder);
  return cylinder <= 0 ? 0 : cylinder * std::sqrt(cylinder * flow);  // exponents chosen on the development sets
}

}  // namespace

Protection::Protection(BytesView key)
    : matrix_(std::make_unique<const Matrix>(Matrix{signs(key, "cylinder", kCylinderInputs), signs(key, "flow", kFlowInputs)})) {}
Protection::~Protection() = default;
Protection::Protection(Protection&&) noexcept = default;
Protection& Protection::operator=(Protection&&) noexcept = default;

ProtectedTemplate Protection::apply(const Template& t) const {
  ProtectedTemplate out;
  out.quality = t.quality;
  const std::size_t n = std::min(t.descriptors.size(), ProtectedTemplate::kMaxMarks);
  for (std::size_t i = 0; i < n; ++i) {
    const Minutia& m = t.minutiae[i];
    const Descriptor& d = t.descriptors[i];
    ProtectedMinutia& mark = out.marks.emplace_back();
    std::array<float, kBits> sums{};
    for (std::size_t k = 0; k < Descriptor::kCylinderWords; ++k) {
      for (std::uint64_t left = d.valid; left != 0; left &= left - 1) {
        const int cell = std::countr_zero(left);
        const bool set = (d.cylinder[k] >> cell & 1) != 0;
        add(sums, matrix_->cylinder[64 * k + static_cast<std::size_t>(cell)], set ? 1 - kUsuallySet : -kUsuallySet);
      }
    }
    mark.cylinder = to_signs(sums);
    sums.fill(0);
    const float theta = -static_cast<float>(m.angle) * (2 * kPi / 256);
    std::size_t sample = 0;
    for (std::size_t ring = 0; ring < kRadii.size(); ++ring) {
      for (int k = 0; k < kOnRing[ring]; ++k, ++sample) {
        const float at = theta + 2 * kPi * static_cast<float>(k) / static_cast<float>(kOnRing[ring]);
        const std::uint8_t flow =
            t.flow.at(static_cast<float>(m.x) + kRadii[ring] * std::cos(at), static_cast<float>(m.y) + kRadii[ring] * std::sin(at));
        if (flow == FlowGrid::kNoFlow) continue;
        const float turn = 2 * (static_cast<float>(flow) * (kPi / 254) - theta);
        add(sums, matrix_->flow[2 * sample], std::cos(turn));
        add(sums, matrix_->flow[2 * sample + 1], std::sin(turn));
      }
    }
    mark.flow = to_signs(sums);
  }
  std::ranges::sort(out.marks);  // the template's order is by quality
  return out;
}

ProtectedMatch match(const ProtectedTemplate& a, const ProtectedTemplate& b, double target_fmr) {
  constexpr std::size_t kMax = ProtectedTemplate::kMaxMarks;
  const std::size_t na = std::min(a.marks.size(), kMax), nb = std::min(b.marks.size(), kMax), least = std::min(na, nb);
  ProtectedMatch out;
  if (least < 3) return out;
  struct Pair {
    float similarity;
    std::uint8_t a, b;
  };
  std::array<Pair, kMax * kMax> pairs;
  std::size_t n = 0;
  for (std::size_t i = 0; i < na; ++i) {
    for (std::size_t j = 0; j < nb; ++j) {
      const float s = similarity(a.marks[i], b.marks[j]);
      if (s > 0.05f) pairs[n++] = {s, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(j)};
    }
  }
  std::sort(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(n),
            [](const Pair& x, const Pair& y) { return x.similarity > y.similarity; });
  const auto top = static_cast<std::size_t>(4 + std::lround(8 / (1 + std::exp(-0.4 * (static_cast<double>(least) - 20)))));
  std::array<bool, kMax> used_a{}, used_b{};
  float sum = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < n && taken < std::min(top, least); ++i) {
    const Pair& p = pairs[i];
    if (used_a[p.a] || used_b[p.b]) continue;
    used_a[p.a] = used_b[p.b] = true;
    sum += p.similarity, ++taken;
  }
  out.score = sum / static_cast<float>(top);
  out.fmr = protected_fmr_at(out.score);
  out.match = out.fmr <= target_fmr;
  return out;
}

Bytes serialize(const ProtectedTemplate& t) {
  Bytes out{kVersion, t.quality, static_cast<std::uint8_t>(t.marks.size())};
  for (const auto& mark : t.marks) {
    for (const auto& words : {mark.cylinder, mark.flow}) {
      for (const std::uint64_t w : words) {
        for (int i = 0; i < 64; i += 8) out.push_back(static_cast<std::uint8_t>(w >> i));
      }
    }
  }
  return out;
}

Result<ProtectedTemplate> deserialize_protected(BytesView bytes) {
  if (bytes.size() < kHeader || bytes[0] != kVersion) return Error::invalid("template", "is not a protected template of this version");
  ProtectedTemplate t;
  t.quality = bytes[1];
  const std::size_t n = bytes[2];
  if (t.quality > 100 || n > ProtectedTemplate::kMaxMarks) return Error::invalid("template", "has a value out of bounds");
  if (bytes.size() != kHeader + n * kMarkBytes) return Error::invalid("template", "has a length that does not agree with its count");
  const std::uint8_t* p = bytes.data() + kHeader;
  for (std::size_t m = 0; m < n; ++m) {
    auto& mark = t.marks.emplace_back();
    for (auto* words : {&mark.cylinder, &mark.flow}) {
      for (auto& w : *words) {
        for (int i = 0; i < 64; i += 8) w |= static_cast<std::uint64_t>(*p++) << i;
      }
    }
  }
  return t;
}

}  // namespace authx::fingerprint
