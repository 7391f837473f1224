#include <cstdlib>

#include "base/bytes.h"
#include "http/request.h"

/// A form-encoded body or a query.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto text = as_text({data, size});
  const auto pairs = http::parse_query(text);
  if (!pairs) return 0;
  if (pairs->size() > 64) std::abort();
  std::size_t total = 0;
  for (const auto& [key, value] : *pairs) total += key.size() + value.size();
  if (total > size) std::abort();  // decoding never grows
  return 0;
}
