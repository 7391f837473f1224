#include "crypto/ed25519.h"

#include <openssl/evp.h>

#include <memory>

#include "crypto/evp.h"

namespace authx::crypto {
namespace {

struct PkeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;

constexpr std::size_t kSeed = 32;
constexpr std::size_t kSignature = 64;

}  // namespace

Result<Ed25519> Ed25519::from_seed(const SecretBytes& seed) {
  if (seed.expose().size() != kSeed) return Error{Errc::internal, "ed25519: the seed is not 32 bytes"};
  const Pkey key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.expose().data(), kSeed)};
  Ed25519 out;
  out.seed_ = seed;
  out.public_key_.resize(kSeed);
  std::size_t size = kSeed;
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), out.public_key_.data(), &size) != 1 || size != kSeed)
    return Error{Errc::internal, "ed25519: no key"};
  return out;
}

Bytes Ed25519::sign(BytesView message) const {
  const Pkey key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.expose().data(), kSeed)};
  const evp::MdCtx ctx{EVP_MD_CTX_new()};
  Bytes signature(kSignature);
  std::size_t size = signature.size();
  evp::require(key != nullptr && ctx != nullptr && EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
               EVP_DigestSign(ctx.get(), signature.data(), &size, message.data(), message.size()) == 1 && size == kSignature);
  return signature;
}

bool Ed25519::verify(BytesView public_key, BytesView message, BytesView signature) noexcept {
  if (public_key.size() != kSeed || signature.size() != kSignature) return false;
  const Pkey key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size())};
  const evp::MdCtx ctx{EVP_MD_CTX_new()};
  return key != nullptr && ctx != nullptr && EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace authx::crypto
