#pragma once

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace authx::crypto::evp {

struct MdCtxFree {
  void operator()(EVP_MD_CTX* ctx) const noexcept { EVP_MD_CTX_free(ctx); }
};
struct CipherCtxFree {
  void operator()(EVP_CIPHER_CTX* ctx) const noexcept { EVP_CIPHER_CTX_free(ctx); }
};
using MdCtx = std::unique_ptr<EVP_MD_CTX, MdCtxFree>;
using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, CipherCtxFree>;

/// OpenSSL fails on valid arguments only when memory is gone or its provider is missing; no safe answer exists then.
inline void require(bool ok) noexcept {
  if (!ok) std::abort();
}

/// Fetched once for the process: a fetch by name costs more than hashing a short message.
const EVP_MD* sha256();
const EVP_CIPHER* aes256_gcm();

/// HMAC-SHA256 (RFC 2104) with both key blocks absorbed at construction, so that a MAC costs only the message's blocks.
/// Immutable after construction, thread-safe.
class HmacKey {
 public:
  explicit HmacKey(BytesView key);
  Digest mac(BytesView a, BytesView b = {}, BytesView c = {}) const;

 private:
  MdCtx inner_;
  MdCtx outer_;
};

}  // namespace authx::crypto::evp
