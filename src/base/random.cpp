#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace authx {

void random_bytes(std::span<std::uint8_t> out) noexcept {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace authx
