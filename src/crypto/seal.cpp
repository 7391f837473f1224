#include "base/random.h"
#include "crypto/evp.h"
#include "crypto/gcm.h"
#include "crypto/keyring.h"

namespace authx::crypto {
namespace {

constexpr std::uint8_t kVersion = 1;

void append_sized(Bytes& out, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(text.size() >> shift));
  out.insert(out.end(), text.begin(), text.end());
}

Bytes associated_with(const Place& place) {
  Bytes out = to_bytes("authx.field.v1");
  append_sized(out, place.table);
  append_sized(out, place.column);
  out.insert(out.end(), place.row.bytes.begin(), place.row.bytes.end());
  return out;
}

EVP_CIPHER_CTX* scratch() {
  thread_local const evp::CipherCtx ctx{EVP_CIPHER_CTX_new()};
  evp::require(ctx != nullptr);
  return ctx.get();
}

/// The thread's context must not keep a key schedule after the call.
struct Forget {
  EVP_CIPHER_CTX* ctx;
  ~Forget() { EVP_CIPHER_CTX_reset(ctx); }
};

constexpr std::size_t kStep = std::size_t{1} << 30;  // OpenSSL counts in int

}  // namespace

void gcm_seal(const Key& key, const GcmNonce& nonce, BytesView plain, BytesView associated, std::uint8_t* out) {
  evp::require(key.expose().size() == kKeySize);
  auto* ctx = scratch();
  const Forget forget{ctx};
  int n = 0;
  bool ok = EVP_EncryptInit_ex2(ctx, evp::aes256_gcm(), key.expose().data(), nonce.data(), nullptr) == 1;
  if (!associated.empty()) ok = ok && EVP_EncryptUpdate(ctx, nullptr, &n, associated.data(), static_cast<int>(associated.size())) == 1;
  for (std::size_t at = 0; ok && at < plain.size(); at += kStep) {
    const auto size = static_cast<int>(std::min(kStep, plain.size() - at));
    ok = EVP_EncryptUpdate(ctx, out + at, &n, plain.data() + at, size) == 1;
  }
  ok = ok && EVP_EncryptFinal_ex(ctx, out + plain.size(), &n) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, out + plain.size()) == 1;
  evp::require(ok);
}

bool gcm_open(const Key& key, const GcmNonce& nonce, BytesView sealed, BytesView associated, std::uint8_t* out) {
  if (key.expose().size() != kKeySize || sealed.size() < kGcmTagSize) return false;
  const auto cipher = sealed.first(sealed.size() - kGcmTagSize);
  std::array<std::uint8_t, kGcmTagSize> tag{};
  std::ranges::copy(sealed.last(kGcmTagSize), tag.begin());
  auto* ctx = scratch();
  const Forget forget{ctx};
  int n = 0;
  bool ok = EVP_DecryptInit_ex2(ctx, evp::aes256_gcm(), key.expose().data(), nonce.data(), nullptr) == 1;
  if (!associated.empty()) ok = ok && EVP_DecryptUpdate(ctx, nullptr, &n, associated.data(), static_cast<int>(associated.size())) == 1;
  for (std::size_t at = 0; ok && at < cipher.size(); at += kStep) {
    const auto size = static_cast<int>(std::min(kStep, cipher.size() - at));
    ok = EVP_DecryptUpdate(ctx, out + at, &n, cipher.data() + at, size) == 1;
  }
  ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, tag.data()) == 1;
  std::array<std::uint8_t, 16> rest{};
  ok = ok && EVP_DecryptFinal_ex(ctx, rest.data(), &n) == 1;
  if (!ok && !cipher.empty()) wipe(out, cipher.size());  // unauthenticated plaintext must not outlive the check
  return ok;
}

Bytes seal(const Key& key, BytesView plain, BytesView associated) {
  Bytes out(1 + kGcmNonceSize + plain.size() + kGcmTagSize);
  GcmNonce nonce{};
  random_bytes(nonce);
  out[0] = kVersion;
  std::ranges::copy(nonce, out.begin() + 1);
  gcm_seal(key, nonce, plain, associated, out.data() + 1 + kGcmNonceSize);
  return out;
}

Result<Bytes> open(const Key& key, BytesView sealed, BytesView associated) {
  const auto fails = [] { return Error{Errc::internal, "sealed data does not open"}; };
  if (sealed.size() < 1 + kGcmNonceSize + kGcmTagSize || sealed[0] != kVersion) return fails();
  GcmNonce nonce{};
  std::ranges::copy(sealed.subspan(1, kGcmNonceSize), nonce.begin());
  const auto body = sealed.subspan(1 + kGcmNonceSize);
  Bytes plain(body.size() - kGcmTagSize);
  if (!gcm_open(key, nonce, body, associated, plain.data())) return fails();
  return plain;
}

Bytes seal_field(const Key& key, std::string_view plain, const Place& place) { return seal(key, as_bytes(plain), associated_with(place)); }

Result<std::string> open_field(const Key& key, BytesView sealed, const Place& place) {
  AX_TRY(auto plain, open(key, sealed, associated_with(place)));
  std::string text{as_text(plain)};
  if (!plain.empty()) wipe(plain.data(), plain.size());
  return text;
}

}  // namespace authx::crypto
