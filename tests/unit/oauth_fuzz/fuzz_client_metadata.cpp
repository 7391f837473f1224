#include <cstdlib>

#include "services/oauth/clients.h"

/// A client's document (RFC 7591); one that is accepted must be accepted again as it is stored.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authx;
  const auto parsed = parse_json(as_text({data, size}));
  if (!parsed || !parsed->is_object()) return 0;
  const auto metadata = oauth::ClientMetadata::parse(parsed->as_object(), true);
  if (!metadata) return 0;
  const auto stored = metadata->json();
  const auto again = oauth::ClientMetadata::parse(stored, true);
  if (!again || again->json() != stored) std::abort();
  return 0;
}
