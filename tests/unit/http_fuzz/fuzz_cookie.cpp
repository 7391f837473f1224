#include <cstdlib>

#include "base/bytes.h"
#include "services/auth/cookies.h"

/// A Cookie header. What is found lies in it, behind the name that was asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto header = as_text({data, size});
  for (const std::string_view name : {"authx_refresh", "a", ""}) {
    const auto value = auth::cookie(header, name);
    if (value.empty()) continue;
    const auto at = static_cast<std::size_t>(value.data() - header.data());
    if (value.find(';') != value.npos || at + value.size() > size) std::abort();
    if (at <= name.size() || header[at - 1] != '=' || header.substr(at - 1 - name.size(), name.size()) != name) std::abort();
  }
  return 0;
}
