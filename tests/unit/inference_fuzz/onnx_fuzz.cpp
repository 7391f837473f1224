#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "inference/onnx.h"

/// The reader that stands before any runtime: whatever the bytes, it answers, and what it accepts it can rewrite into
/// something that it accepts again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const authx::BytesView file{data, size};
  const auto contract = authx::inference::onnx::inspect(file);
  static_cast<void>(authx::inference::onnx::normalises_input(file));
  if (!contract) return 0;
  auto shape = contract->input.shape;
  for (auto& extent : shape) extent = extent > 0 ? extent : 3;
  const auto fixed = authx::inference::onnx::with_input_shape(file, shape);
  if (!fixed) return 0;
  const auto again = authx::inference::onnx::inspect(*fixed);
  if (!again || again->outputs.size() != contract->outputs.size() || again->input.shape != shape) std::abort();
  return 0;
}
