#pragma once

#include <concepts>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace authx {

/// What `make` makes of each element of `in`, in order; one allocation.
template <std::ranges::sized_range Range, std::invocable<std::ranges::range_reference_t<Range>> Make>
auto collect(Range&& in, Make make) {
  std::vector<std::decay_t<std::invoke_result_t<Make&, std::ranges::range_reference_t<Range>>>> out;
  out.reserve(std::ranges::size(in));
  for (auto&& element : in) out.push_back(std::invoke(make, std::forward<decltype(element)>(element)));
  return out;
}

}  // namespace authx
