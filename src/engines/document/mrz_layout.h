#pragma once

#include <array>

#include "engines/document/mrz.h"

namespace authx::document {

/// Half-open columns of one line; line -1 where a layout has no such field.
struct MrzSpan {
  int line = -1;
  int from = 0;
  int to = 0;
  bool holds(int l, int column) const noexcept { return l == line && column >= from && column < to; }
  bool empty() const noexcept { return line < 0; }
};

/// Where the fields of a layout stand. `given_names` is set only where they don't follow the surname in `name`.
struct MrzLayout {
  MrzSpan name, given_names, number, number_check, nationality, birth, birth_check, sex, expiry, expiry_check, optional1, optional1_check,
      optional2, composite_check;
  std::array<MrzSpan, 4> composite{};
};

const MrzLayout& mrz_layout(MrzFormat format) noexcept;

}  // namespace authx::document
