#include "engines/iris/protection.h"

#include <cmath>
#include <numeric>
#include <string>

#include "crypto/hash.h"
#include "engines/iris/calibration.h"
#include "engines/iris/kernel.h"

namespace authx::iris {
namespace {

/// 32-bit numbers of a keyed stream.
class Stream {
 public:
  explicit Stream(BytesView key) : key_(key) {}
  std::uint32_t next() {
    if (at_ + 4 > block_.expose().size()) {
      const std::string info = "authx iris protection " + std::to_string(count_++);
      block_ = crypto::hkdf_sha256(key_, {}, as_bytes(info), 8000);
      at_ = 0;
    }
    std::uint32_t v = 0;
    for (int i = 0; i < 4; ++i) v = v << 8 | block_.expose()[at_++];
    return v;
  }

 private:
  BytesView key_;
  SecretBytes block_;
  std::size_t at_ = 0;
  int count_ = 0;
};

struct Place {
  std::size_t group, word;
  int bit;
};
Place place(std::size_t i) { return {i / Code::kColumns, i % Code::kColumns / 64, static_cast<int>(i % 64)}; }

/// Shifted by `by` columns.
Code turned(const Code& code, int by) {
  Code out;
  constexpr int kWords = Code::kColumns / 64;
  const auto turn = [by](const std::uint64_t* in, std::uint64_t* to) {
    for (int c = 0; c < Code::kColumns; ++c) {
      const int from = (c + by + Code::kColumns) % Code::kColumns;
      to[c / 64] |= (in[from / 64] >> (from % 64) & 1) << (c % 64);
    }
  };
  for (std::size_t g = 0; g < code.groups.size(); ++g) {
    turn(code.groups[g].bits.data(), out.groups[g].bits.data());
    turn(code.groups[g].bits.data() + kWords, out.groups[g].bits.data() + kWords);
    turn(code.groups[g].mask.data(), out.groups[g].mask.data());
  }
  return out;
}

}  // namespace

Protection::Protection(BytesView key) {
  Stream stream{key};
  std::iota(from_.begin(), from_.end(), std::uint16_t{0});
  // Fisher and Yates; of 32 bits, the remainder's bias is below 2^-19.
  for (std::size_t i = kPlaces - 1; i > 0; --i) std::swap(from_[i], from_[stream.next() % (i + 1)]);
  for (auto& c : change_) c = static_cast<std::uint8_t>(stream.next() >> 29);
}

Code Protection::apply(const Code& code) const {
  Code out;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const Place a = place(from_[i]), b = place(i);
    const auto& in = code.groups[a.group];
    if ((in.mask[a.word] >> a.bit & 1) == 0) continue;  // masked-out bits stay 0
    std::uint64_t real = in.bits[a.word] >> a.bit & 1, imaginary = in.bits[a.word + 4] >> a.bit & 1;
    if ((change_[i] & 1) != 0) std::swap(real, imaginary);
    real ^= change_[i] >> 1 & 1U, imaginary ^= change_[i] >> 2 & 1U;
    auto& to = out.groups[b.group];
    to.mask[b.word] |= std::uint64_t{1} << b.bit;
    to.bits[b.word] |= real << b.bit, to.bits[b.word + 4] |= imaginary << b.bit;
  }
  return out;
}

Template Protection::apply(const Template& t) const {
  Template out = t;
  out.code = apply(t.code);
  return out;
}

std::vector<Code> Protection::rotations(const Code& code) const {
  std::vector<Code> out;
  for (int by = -kShifts; by <= kShifts; ++by) out.push_back(apply(turned(code, by)));
  return out;
}

Match match_protected(const std::vector<Code>& rotations, const Code& other, double target_fmr) {
  Match best;
  for (const Code& code : rotations) {
    const auto [different, shared] = kernel().count(code, other, 0, 1);
    if (shared < kLeastBits) continue;
    const double hamming = static_cast<double>(different) / shared;
    const double distance = 0.5 - (0.5 - hamming) * std::sqrt(shared / kTypicalBits);
    if (distance < best.distance) best.distance = distance, best.hamming = hamming, best.bits = shared;
  }
  best.fmr = best.bits == 0 ? 1 : fmr_at(best.distance);
  best.match = best.fmr <= target_fmr;
  return best;
}

}  // namespace authx::iris
