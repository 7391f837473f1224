#pragma once

#include <cstdint>
#include <span>

namespace authx {

/// Fills `out` from the kernel's CSPRNG. Aborts if the kernel has none: nothing safe could follow.
void random_bytes(std::span<std::uint8_t> out) noexcept;

}  // namespace authx
