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
/// The same over all groups of `kAtOnce` pairs with one code, which is read once.
inline constexpr std::size_t kAtOnce = 8;
using CountSeveralFn = void (*)(const Code& a, const Code* const (&b)[kAtOnce], Count (&out)[kAtOnce]);
struct Kernel {
  std::string_view name;
  CountFn count;
  CountSeveralFn count_several;
};
const Kernel& kernel() noexcept;
/// All that this processor runs, for tests.
std::vector<Kernel> kernels();

}  // namespace authx::iris
