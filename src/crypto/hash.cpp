#include "crypto/hash.h"

#include <openssl/crypto.h>

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/evp.h"

namespace authx::crypto {

Digest sha256(BytesView data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

Digest hmac_sha256(BytesView key, BytesView data) { return evp::HmacKey{key}.mac(data); }

SecretBytes hkdf_sha256(BytesView secret, BytesView salt, BytesView info, std::size_t length) {
  evp::require(length <= 255 * sizeof(Digest));
  auto pseudo_random_key = hmac_sha256(salt, secret);
  const evp::HmacKey expand{pseudo_random_key};
  wipe(pseudo_random_key.data(), pseudo_random_key.size());
  Bytes out(length);
  Digest block{};
  std::size_t done = 0;
  for (std::uint8_t counter = 1; done < length; ++counter) {
    block = expand.mac(done == 0 ? BytesView{} : BytesView{block}, info, {&counter, 1});
    const std::size_t take = std::min(block.size(), length - done);
    std::copy_n(block.begin(), take, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += take;
  }
  wipe(block.data(), block.size());
  return SecretBytes{std::move(out)};
}

bool constant_time_equal(BytesView a, BytesView b) noexcept {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string random_token(std::size_t bytes) {
  Bytes raw(bytes);
  random_bytes(raw);
  auto text = base64url_encode(raw);
  if (!raw.empty()) wipe(raw.data(), raw.size());
  return text;
}

std::string random_password() {
  constexpr std::string_view alphabet = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
  static_assert(alphabet.size() == 54);
  constexpr unsigned fair = 256 / alphabet.size() * alphabet.size();  // bytes from here on would favour the first letters
  std::string out;
  while (out.size() < 20) {
    std::array<std::uint8_t, 32> raw{};
    random_bytes(raw);
    for (const std::uint8_t b : raw) {
      if (b < fair && out.size() < 20) out += alphabet[b % alphabet.size()];
    }
    wipe(raw.data(), raw.size());
  }
  return out;
}

Sha256::Sha256() : ctx_(EVP_MD_CTX_new()) {
  evp::require(ctx_ != nullptr && EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(ctx_), evp::sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(ctx_)); }

void Sha256::update(BytesView data) {
  if (!data.empty()) evp::require(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(ctx_), data.data(), data.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest{};
  unsigned int size = 0;
  evp::require(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(ctx_), digest.data(), &size) == 1 && size == digest.size());
  return digest;
}

}  // namespace authx::crypto
