#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// One minutia's surroundings under a key: the signs of keyed random projections (BioHashing: Jin, Ling, Goh, Pattern
/// Recognition 37(11), 2004; Charikar, STOC 2002) of its minutia cylinder and of the ridge flow around it, both in the
/// minutia's own frame. No position and no direction is kept.
struct ProtectedMinutia {
  static constexpr int kWords = 4;  ///< 256 signs each
  std::array<std::uint64_t, kWords> cylinder{};
  std::array<std::uint64_t, kWords> flow{};

  auto operator<=>(const ProtectedMinutia&) const = default;
};

/// A finger's impression after `Protection::apply`: fixed-length marks in an order that says nothing.
struct ProtectedTemplate {
  static constexpr std::size_t kMaxMarks = 64;  ///< the best minutiae
  std::uint8_t quality = 0;                     ///< 0..100
  std::vector<ProtectedMinutia> marks;

  bool operator==(const ProtectedTemplate&) const = default;
};

/// A renewable, keyed transform of templates (ISO/IEC 24745): references made under different keys cannot be compared
/// with each other, a leaked reference is revoked by a new key, and the minutiae's places and directions are not in it.
/// Irreversible in intent only: who has both the reference and the key can solve for likely surroundings of each minutia,
/// though not for where in the finger they lie. So references are sealed as well.
/// Immutable and thread-safe. Under a key, the same template always gives the same reference.
class Protection {
 public:
  explicit Protection(BytesView key);  ///< 32 bytes of full entropy; another length is hashed as it is
  ~Protection();
  Protection(Protection&&) noexcept;
  Protection& operator=(Protection&&) noexcept;

  /// About 3 ms. A template without ridge flow (from an exchange format) keeps only its cylinders and matches less well.
  ProtectedTemplate apply(const Template& t) const;

 private:
  struct Matrix;
  std::unique_ptr<const Matrix> matrix_;
};

struct ProtectedMatch {
  double score = 0;  ///< 0..1; to be read through `fmr`
  double fmr = 1;    ///< share of comparisons of different fingers that score at least this much, by the table of development sets
  bool match = false;
};

/// Compares references made under one key. Pure, symmetric, allocates nothing.
ProtectedMatch match(const ProtectedTemplate& a, const ProtectedTemplate& b, double target_fmr = 1e-4);

/// Version, quality, count, marks. At most 4,100 bytes.
Bytes serialize(const ProtectedTemplate& t);
/// Errors: validation for anything that `serialize` would not have written.
Result<ProtectedTemplate> deserialize_protected(BytesView bytes);

}  // namespace authx::fingerprint
