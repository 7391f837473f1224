#include "crypto/evp.h"

#include <algorithm>

#include "base/secret.h"

namespace authx::crypto::evp {
namespace {

constexpr std::size_t kBlock = 64;

MdCtx fresh() {
  MdCtx ctx{EVP_MD_CTX_new()};
  require(ctx != nullptr && EVP_DigestInit_ex2(ctx.get(), sha256(), nullptr) == 1);
  return ctx;
}

}  // namespace

const EVP_MD* sha256() {
  static const EVP_MD* const md = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    require(fetched != nullptr);
    return fetched;
  }();
  return md;
}

const EVP_CIPHER* aes256_gcm() {
  static const EVP_CIPHER* const cipher = [] {
    const EVP_CIPHER* fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    require(fetched != nullptr);
    return fetched;
  }();
  return cipher;
}

HmacKey::HmacKey(BytesView key) : inner_(fresh()), outer_(fresh()) {
  std::array<std::uint8_t, kBlock> pad{};
  if (key.size() > kBlock) {
    auto digest = crypto::sha256(key);
    std::ranges::copy(digest, pad.begin());
    wipe(digest.data(), digest.size());
  } else {
    std::ranges::copy(key, pad.begin());
  }
  for (auto& b : pad) b ^= 0x36;
  require(EVP_DigestUpdate(inner_.get(), pad.data(), pad.size()) == 1);
  for (auto& b : pad) b ^= 0x36 ^ 0x5c;
  require(EVP_DigestUpdate(outer_.get(), pad.data(), pad.size()) == 1);
  wipe(pad.data(), pad.size());
}

Digest HmacKey::mac(BytesView a, BytesView b, BytesView c) const {
  thread_local const MdCtx scratch{EVP_MD_CTX_new()};
  Digest digest{};
  unsigned int size = 0;
  bool ok = scratch != nullptr && EVP_MD_CTX_copy_ex(scratch.get(), inner_.get()) == 1;
  for (const BytesView part : {a, b, c}) ok = ok && (part.empty() || EVP_DigestUpdate(scratch.get(), part.data(), part.size()) == 1);
  ok = ok && EVP_DigestFinal_ex(scratch.get(), digest.data(), &size) == 1;
  ok = ok && EVP_MD_CTX_copy_ex(scratch.get(), outer_.get()) == 1;
  ok = ok && EVP_DigestUpdate(scratch.get(), digest.data(), digest.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(scratch.get(), digest.data(), &size) == 1;
  require(ok && size == digest.size());
  return digest;
}

}  // namespace authx::crypto::evp
