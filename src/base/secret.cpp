#include "base/secret.h"

#include <cstring>

namespace authx {

void wipe(void* data, std::size_t size) noexcept { ::explicit_bzero(data, size); }

}  // namespace authx
