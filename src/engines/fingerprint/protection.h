#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/fingerprint/template.h"

namespace authx::fingerprint {

/// One minutia under a key: the signs of keyed random projections (BioHashing: Jin, Ling, Goh, Pattern Recognition
/// 37(11), 2004; Charikar, STOC 2002) of its minutia cylinder and of the ridge flow around it, both in the minutia's own
/// frame, and half of its place: its direction and one coordinate, along an axis that the key chooses, both masked by the
/// key. The other coordinate is not kept.
struct ProtectedMinutia {
  static constexpr int kWords = 4;  ///< 256 signs each
  std::array<std::uint64_t, kWords> cylinder{};
  std::array<std::uint64_t, kWords> flow{};
  std::uint16_t place = 0;

  auto operator<=>(const ProtectedMinutia&) const = default;
};

/// A finger's impression after `Protection::apply`: fixed-length marks in an order that says nothing.
struct ProtectedTemplate {
  static constexpr std::size_t kMaxMarks = 64;  ///< the best minutiae
  std::uint8_t quality = 0;                     ///< 0..100
  std::vector<ProtectedMinutia> marks;

  bool operator==(const ProtectedTemplate&) const = default;
};

struct ProtectedMatch {
  double score = 0;  ///< 0: nothing in common; to be read through `fmr`
  double fmr = 1;    ///< share of comparisons of different fingers that score at least this much, by the table of development sets
  bool match = false;
};

/// A renewable, keyed transform of templates (ISO/IEC 24745): references made under different keys cannot be compared
/// with each other, and a leaked reference is revoked by a new key. A reference alone tells nothing of where its minutiae
/// lie. Who has the key as well knows each minutia's direction and one coordinate, and can solve for likely surroundings of
/// each, but the impression is not in it. So references are sealed as well.
/// Immutable and thread-safe. Under a key, the same template always gives the same reference.
class Protection {
 public:
  explicit Protection(BytesView key);  ///< 32 bytes of full entropy; another length is hashed as it is

  /// About 3 ms. A template without ridge flow (from an exchange format) keeps only its cylinders and matches less well.
  ProtectedTemplate apply(const Template& t) const;

 private:
  friend class ProtectedProbe;
  struct Matrix;
  ProtectedMinutia mark(const Template& t, std::size_t i) const;
  std::uint16_t mask(const ProtectedMinutia& m) const;
  std::shared_ptr<const Matrix> matrix_;
};

/// A fresh impression, to be compared with references under one key. It knows where its own minutiae lie, so pairs of
/// alike marks must agree on one turn and on one displacement along the key's axis.
class ProtectedProbe {
 public:
  ProtectedProbe(const Protection& protection, const Template& t);

  /// Pure; allocates nothing.
  ProtectedMatch match(const ProtectedTemplate& reference, double target_fmr = 1e-4) const;

 private:
  struct Mark {
    ProtectedMinutia minutia;
    float x = 0, y = 0;
    std::uint8_t angle = 0;
  };
  Protection protection_;
  std::vector<Mark> marks_;
};

/// Version, quality, count, marks. At most 4,227 bytes.
Bytes serialize(const ProtectedTemplate& t);
/// Errors: validation for anything that `serialize` would not have written.
Result<ProtectedTemplate> deserialize_protected(BytesView bytes);

}  // namespace authx::fingerprint
