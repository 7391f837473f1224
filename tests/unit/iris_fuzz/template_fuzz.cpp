#include <algorithm>
#include <cstdlib>

#include "engines/iris/matcher.h"
#include "engines/iris/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const BytesView bytes{data, size};
  const auto t = iris::deserialize(bytes);
  if (!t) return 0;
  if (!std::ranges::equal(iris::serialize(*t), bytes)) std::abort();
  const auto m = iris::match(*t, *t);
  if (m.distance < -0.25 || m.distance > 1 || m.fmr < 0 || m.fmr > 1) std::abort();
  return 0;
}
