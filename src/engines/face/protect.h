#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace authx::face {

/// A renewable, keyed form of face templates: an orthogonal map drawn from a key, three rounds of keyed signs, a keyed
/// permutation and Walsh-Hadamard transforms of blocks (after Ailon and Chazelle's fast Johnson-Lindenstrauss transform, SIAM J.
/// Comput. 39(1), 2009), in O(d log d). Cosines are kept up to rounding (1e-7), so matching loses nothing; a template under one
/// key is to one under another as a stranger's, and a leaked set of templates is worth nothing once its key is replaced.
///
/// What it does not do: it is no encryption. Who has the key undoes it; who has as many pairs of a template and its protected form
/// as it has dimensions solves for it; within one key, who is like whom still shows. So it stands behind the sealing of what is
/// stored, never in its place. Immutable, thread-safe.
class TemplateProtection {
 public:
  /// `key`: 32 random bytes. `dimension`: 1..4096.
  TemplateProtection(BytesView key, std::size_t dimension);

  std::size_t dimension() const noexcept { return dimension_; }
  /// Both take `dimension` values. `recover` undoes `protect`.
  std::vector<float> protect(std::span<const float> values) const;
  std::vector<float> recover(std::span<const float> values) const;

 private:
  struct Round {
    std::vector<std::int8_t> signs;
    std::vector<std::uint32_t> order;
  };
  std::size_t dimension_;
  std::vector<Round> rounds_;
};

}  // namespace authx::face
