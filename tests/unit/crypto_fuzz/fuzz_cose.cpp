#include <cstddef>
#include <cstdint>

#include "crypto/cbor.h"
#include "crypto/cose.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const authx::BytesView in{data, size};
  (void)authx::crypto::cbor::parse(in);
  if (const auto key = authx::crypto::CoseKey::parse(in)) (void)key->verify(in, in);
  return 0;
}
