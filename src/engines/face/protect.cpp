#include "engines/face/protect.h"

#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>

namespace authx::face {
namespace {

constexpr std::size_t kRounds = 3;

/// The key stream of ChaCha20 under the key.
class Stream {
 public:
  explicit Stream(BytesView key) : context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
    constexpr std::array<std::uint8_t, 16> start{'a', 'u', 't', 'h', 'x', ' ', 't', 'e', 'm', 'p', 'l', 'a', 't', 'e', ' ', '1'};
    if (key.size() != 32 || !context_ || EVP_EncryptInit_ex(context_.get(), EVP_chacha20(), nullptr, key.data(), start.data()) != 1)
      std::abort();
  }
  std::uint32_t next() {
    const std::array<std::uint8_t, 4> zeros{};
    std::array<std::uint8_t, 4> out{};
    int size = 0;
    if (EVP_EncryptUpdate(context_.get(), out.data(), &size, zeros.data(), static_cast<int>(zeros.size())) != 1 || size != 4) std::abort();
    std::uint32_t value = 0;
    std::memcpy(&value, out.data(), 4);
    return std::endian::native == std::endian::little ? value : __builtin_bswap32(value);
  }
  /// Evenly from 0..limit-1.
  std::uint32_t below(std::uint32_t limit) {
    const std::uint32_t last = 0xFFFFFFFFU - (0xFFFFFFFFU % limit + 1) % limit;
    while (true)
      if (const auto value = next(); value <= last) return value % limit;
  }

 private:
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
};

/// Orthonormal, and its own inverse.
void hadamard(std::span<double> block) {
  const std::size_t n = block.size();
  for (std::size_t half = 1; half < n; half *= 2)
    for (std::size_t from = 0; from < n; from += 2 * half)
      for (std::size_t i = from; i < from + half; ++i) {
        const double a = block[i], b = block[i + half];
        block[i] = a + b, block[i + half] = a - b;
      }
  const double norm = 1 / std::sqrt(static_cast<double>(n));
  for (auto& v : block) v *= norm;
}

/// Blocks of powers of two, the largest first.
void hadamard_blocks(std::vector<double>& values) {
  for (std::size_t from = 0; from < values.size();) {
    const auto size = std::bit_floor(values.size() - from);
    hadamard(std::span{values}.subspan(from, size));
    from += size;
  }
}

std::vector<float> as_floats(const std::vector<double>& values) {
  std::vector<float> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(values[i]);
  return out;
}

}  // namespace

TemplateProtection::TemplateProtection(BytesView key, std::size_t dimension) : dimension_(dimension) {
  Stream stream{key};
  for (std::size_t r = 0; r < kRounds; ++r) {
    Round round;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      if (i % 32 == 0) bits = stream.next();
      round.signs.push_back((bits >> (i % 32) & 1U) != 0 ? -1 : 1);
    }
    round.order.resize(dimension);
    std::iota(round.order.begin(), round.order.end(), 0U);
    for (std::size_t i = dimension; i > 1; --i) std::swap(round.order[i - 1], round.order[stream.below(static_cast<std::uint32_t>(i))]);
    rounds_.push_back(std::move(round));
  }
}

std::vector<float> TemplateProtection::protect(std::span<const float> values) const {
  std::vector<double> v(values.begin(), values.end()), moved(v.size());
  for (const auto& round : rounds_) {
    for (std::size_t i = 0; i < dimension_; ++i) moved[i] = v[round.order[i]] * round.signs[i];
    hadamard_blocks(moved);
    v.swap(moved);
  }
  return as_floats(v);
}

std::vector<float> TemplateProtection::recover(std::span<const float> values) const {
  std::vector<double> v(values.begin(), values.end()), moved(v.size());
  for (std::size_t r = rounds_.size(); r-- > 0;) {
    const auto& round = rounds_[r];
    hadamard_blocks(v);
    for (std::size_t i = 0; i < dimension_; ++i) moved[round.order[i]] = v[i] * round.signs[i];
    v.swap(moved);
  }
  return as_floats(v);
}

}  // namespace authx::face
