#pragma once

#include <string_view>
#include <vector>

#include "engines/iris/template.h"

namespace authx::iris {

struct Count {
  int different = 0, shared = 0;
};

/// Bits that differ and bits that both masks share, over the groups first, first + step, ... below kGroups. The same
/// numbers from every implementation; the fastest that this processor runs is taken.
using CountFn = Count (*)(const Code& a, const Code& b, int first, int step);
struct Kernel {
  std::string_view name;
  CountFn count;
};
const Kernel& kernel() noexcept;
/// All that this processor runs, for tests.
std::vector<Kernel> kernels();

}  // namespace authx::iris
