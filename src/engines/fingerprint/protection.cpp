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
constexpr std::size_t kSeeds = 24, kMostPairs = 1024;
constexpr float kLeastAlike = 0.1f;  ///< of pairs of marks that are looked at
/// Pairs agree on a motion when their turns, in 1/256 of a full one, and displacements along the axis, in pixels, differ by
/// no more than this.
constexpr int kTurnLimit = 16;
constexpr float kAcrossLimit = 8;
/// A cylinder's bits are set this often; taking it off makes two empty neighbourhoods unlike rather than alike.
constexpr float kUsuallySet = 0.2f;
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kHeader = 3, kMarkBytes = 2 * ProtectedMinutia::kWords * 8 + 2;
constexpr std::size_t kMasks = 4096;
constexpr float kAcrossStep = 2;  ///< pixels to a unit of the kept coordinate; 256 units go around

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
  std::vector<std::uint16_t> masks;
  float axis_x = 1, axis_y = 0;
  explicit Matrix(BytesView key) : cylinder(signs(key, "cylinder", kCylinderInputs)), flow(signs(key, "flow", kFlowInputs)) {
    for (std::size_t first = 0; first < kMasks; first += kMasks / 2) {
      const auto stream = crypto::hkdf_sha256(key, {}, as_bytes("authx finger protection places " + std::to_string(first)), kMasks);
      for (std::size_t i = 0; i < kMasks; i += 2)
        masks.push_back(static_cast<std::uint16_t>(stream.expose()[i] << 8 | stream.expose()[i + 1]));
    }
    const auto turn = crypto::hkdf_sha256(key, {}, as_bytes(std::string_view{"authx finger protection axis"}), 2);
    const float angle = static_cast<float>(turn.expose()[0] << 8 | turn.expose()[1]) * (2 * kPi / 65536);
    axis_x = std::cos(angle), axis_y = std::sin(angle);
  }
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
  constexpr std::array<Point, 7> kTail{{{0, 0}, {0.1135, -0.3}, {0.2008, -1}, {0.2861, -2}, {0.3594, -3}, {0.4235, -4}, {0.4603, -4.7}}};
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

Protection::Protection(BytesView key) : matrix_(std::make_shared<const Matrix>(key)) {}

/// What hides a mark's place, drawn from the key by the mark's own signs.
std::uint16_t Protection::mask(const ProtectedMinutia& m) const {
  return matrix_->masks[(m.cylinder[0] ^ m.cylinder[1] >> 7 ^ m.flow[2] >> 13 ^ m.flow[3] << 3) % kMasks];
}

ProtectedMinutia Protection::mark(const Template& t, std::size_t i) const {
  const Minutia& m = t.minutiae[i];
  const Descriptor& d = t.descriptors[i];
  ProtectedMinutia out;
  std::array<float, kBits> sums{};
  for (std::size_t k = 0; k < Descriptor::kCylinderWords; ++k) {
    for (std::uint64_t left = d.valid; left != 0; left &= left - 1) {
      const int cell = std::countr_zero(left);
      const bool set = (d.cylinder[k] >> cell & 1) != 0;
      add(sums, matrix_->cylinder[64 * k + static_cast<std::size_t>(cell)], set ? 1 - kUsuallySet : -kUsuallySet);
    }
  }
  out.cylinder = to_signs(sums);
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
  out.flow = to_signs(sums);
  const float across = matrix_->axis_x * static_cast<float>(m.x) + matrix_->axis_y * static_cast<float>(m.y);
  const auto step = static_cast<std::uint8_t>(std::lround(across / kAcrossStep));
  out.place = static_cast<std::uint16_t>((m.angle << 8 | step) ^ mask(out));
  return out;
}

ProtectedTemplate Protection::apply(const Template& t) const {
  ProtectedTemplate out;
  out.quality = t.quality;
  const std::size_t n = std::min(t.descriptors.size(), ProtectedTemplate::kMaxMarks);
  for (std::size_t i = 0; i < n; ++i) out.marks.push_back(mark(t, i));
  std::ranges::sort(out.marks);  // the template's order is by quality
  return out;
}

ProtectedProbe::ProtectedProbe(const Protection& protection, const Template& t) : protection_(protection) {
  const std::size_t n = std::min(t.descriptors.size(), ProtectedTemplate::kMaxMarks);
  for (std::size_t i = 0; i < n; ++i) {
    const Minutia& m = t.minutiae[i];
    marks_.push_back({protection.mark(t, i), static_cast<float>(m.x), static_cast<float>(m.y), m.angle});
  }
}

ProtectedMatch ProtectedProbe::match(const ProtectedTemplate& reference, double target_fmr) const {
  constexpr std::size_t kMax = ProtectedTemplate::kMaxMarks;
  const std::size_t na = marks_.size(), nb = std::min(reference.marks.size(), kMax), least = std::min(na, nb);
  ProtectedMatch out;
  if (least < 3) return out;
  struct Place {
    std::uint8_t angle;
    float across;
  };
  std::array<Place, kMax> places;
  for (std::size_t j = 0; j < nb; ++j) {
    const auto place = static_cast<std::uint16_t>(reference.marks[j].place ^ protection_.mask(reference.marks[j]));
    places[j] = {static_cast<std::uint8_t>(place >> 8), kAcrossStep * static_cast<float>(place & 255)};
  }
  struct Pair {
    float similarity;
    std::uint8_t a, b, turn;
  };
  std::array<Pair, kMostPairs> pairs;
  std::size_t n = 0;
  for (std::size_t i = 0; i < na; ++i) {
    for (std::size_t j = 0; j < nb && n < kMostPairs; ++j) {
      const float s = similarity(marks_[i].minutia, reference.marks[j]);
      if (s > kLeastAlike)
        pairs[n++] = {s, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(j),
                      static_cast<std::uint8_t>(places[j].angle - marks_[i].angle)};
    }
  }
  std::sort(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(n),
            [](const Pair& x, const Pair& y) { return x.similarity > y.similarity; });
  const auto top = static_cast<std::size_t>(4 + std::lround(6 / (1 + std::exp(-0.4 * (static_cast<double>(least) - 20)))));
  // Each of the likest pairs proposes a turn and a displacement; what agrees with the best proposal counts.
  float best = 0;
  for (std::size_t seed = 0; seed < std::min(n, kSeeds); ++seed) {
    const float turn = -static_cast<float>(pairs[seed].turn) * (2 * kPi / 256), c = std::cos(turn), s = std::sin(turn);
    // The axis as the probe sees it.
    const float ux = c * protection_.matrix_->axis_x + s * protection_.matrix_->axis_y,
                uy = c * protection_.matrix_->axis_y - s * protection_.matrix_->axis_x;
    const auto displacement = [&](const Pair& p) { return places[p.b].across - ux * marks_[p.a].x - uy * marks_[p.a].y; };
    const float proposed = displacement(pairs[seed]);
    std::array<bool, kMax> used_a{}, used_b{};
    float sum = 0;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < n && taken < std::min(top, least); ++i) {
      const Pair& p = pairs[i];
      if (used_a[p.a] || used_b[p.b] || std::abs(static_cast<std::int8_t>(p.turn - pairs[seed].turn)) > kTurnLimit) continue;
      if (std::abs(std::remainder(displacement(p) - proposed, 256 * kAcrossStep)) > kAcrossLimit) continue;
      used_a[p.a] = used_b[p.b] = true;
      sum += p.similarity, ++taken;
    }
    best = std::max(best, sum);
  }
  out.score = best / static_cast<float>(top);
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
    out.push_back(static_cast<std::uint8_t>(mark.place)), out.push_back(static_cast<std::uint8_t>(mark.place >> 8));
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
    mark.place = static_cast<std::uint16_t>(p[0] | p[1] << 8), p += 2;
  }
  return t;
}

}  // namespace authx::fingerprint
