#include "crypto/jws.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>

#include "base/encoding.h"
#include "crypto/evp.h"

namespace authx::crypto {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using Bignum = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using EcdsaSig = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

constexpr std::size_t kCoordinate = 32;

Error refused(const char* reason) { return Error::invalid("jwk", reason); }

std::optional<std::string_view> text_of(const json::object& jwk, std::string_view name) {
  const auto* value = jwk.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view{value->as_string().data(), value->as_string().size()};
}

std::optional<Bytes> bytes_of(const json::object& jwk, std::string_view name, std::size_t most) {
  const auto text = text_of(jwk, name);
  if (!text || text->size() > most * 2) return std::nullopt;
  auto bytes = base64url_decode(*text);
  if (!bytes || bytes->size() > most) return std::nullopt;
  return bytes;
}

Pkey from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params{OSSL_PARAM_BLD_to_param(builder)};
  const PkeyCtx ctx{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* key = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return {};
  Pkey owned{key};
  const PkeyCtx check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return {};
  return owned;
}

std::optional<Bytes> number_of(const EVP_PKEY* key, const char* name, std::size_t width) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return std::nullopt;
  const Bignum owned{number};
  Bytes out(width == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : width);
  if (BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) < 0) return std::nullopt;
  return out;
}

const EVP_MD* digest_of(JwsAlgorithm algorithm) { return algorithm == JwsAlgorithm::EdDSA ? nullptr : evp::sha256(); }

}  // namespace

std::string_view to_string(JwsAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case JwsAlgorithm::EdDSA: return "EdDSA";
    case JwsAlgorithm::ES256: return "ES256";
    case JwsAlgorithm::RS256: return "RS256";
  }
  return "EdDSA";
}

bool is_named(JwsAlgorithm algorithm, std::string_view name) noexcept {
  return name == to_string(algorithm) || (algorithm == JwsAlgorithm::EdDSA && name == "Ed25519");
}

std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) noexcept {
  for (const auto algorithm : {JwsAlgorithm::EdDSA, JwsAlgorithm::ES256, JwsAlgorithm::RS256})
    if (to_string(algorithm) == name) return algorithm;
  return std::nullopt;
}

Result<PublicKey> PublicKey::from_jwk(const json::object& jwk) {
  for (const auto* secret : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    if (jwk.contains(secret)) return refused("holds more than a public key");
  const auto kty = text_of(jwk, "kty").value_or("");
  const auto crv = text_of(jwk, "crv").value_or("");
  PublicKey out;
  if (kty == "OKP" && crv == "Ed25519") {
    const auto x = bytes_of(jwk, "x", 32);
    if (!x || x->size() != 32) return refused("x must be 32 bytes");
    out.algorithm_ = JwsAlgorithm::EdDSA;
    out.key_ = Pkey{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x->data(), x->size())};
  } else if (kty == "EC" && crv == "P-256") {
    const auto x = bytes_of(jwk, "x", kCoordinate);
    const auto y = bytes_of(jwk, "y", kCoordinate);
    if (!x || !y || x->size() != kCoordinate || y->size() != kCoordinate) return refused("x and y must be 32 bytes");
    Bytes point{0x04};
    point.insert(point.end(), x->begin(), x->end());
    point.insert(point.end(), y->begin(), y->end());
    const ParamBuilder builder{OSSL_PARAM_BLD_new()};
    evp::require(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
                 OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
    out.algorithm_ = JwsAlgorithm::ES256;
    out.key_ = from_params("EC", builder.get());
  } else if (kty == "RSA") {
    const auto n = bytes_of(jwk, "n", 512);
    const auto e = bytes_of(jwk, "e", 4);
    if (!n || !e || n->size() < 256 || n->front() == 0 || e->empty()) return refused("n must have 2048 to 4096 bits");
    const Bignum modulus{BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr)};
    const Bignum exponent{BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr)};
    if (BN_num_bits(modulus.get()) < 2048 || BN_is_odd(modulus.get()) == 0) return refused("n must have 2048 to 4096 bits");
    if (BN_is_odd(exponent.get()) == 0 || BN_num_bits(exponent.get()) < 2) return refused("e must be odd, 3 or more");
    const ParamBuilder builder{OSSL_PARAM_BLD_new()};
    evp::require(builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
                 OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
    out.algorithm_ = JwsAlgorithm::RS256;
    out.key_ = from_params("RSA", builder.get());
  } else {
    return refused("must be an Ed25519, P-256 or RSA key");
  }
  if (!out.key_) return refused("is no valid key");
  if (jwk.contains("alg") && !is_named(out.algorithm_, text_of(jwk, "alg").value_or(""))) return refused("is for another algorithm");
  if (jwk.contains("use") && text_of(jwk, "use") != "sig") return refused("is not for signatures");
  if (const auto* operations = jwk.if_contains("key_ops")) {
    const auto* list = operations->if_array();
    if (list == nullptr || std::ranges::none_of(*list, [](const json::value& v) { return v.is_string() && v.as_string() == "verify"; }))
      return refused("is not for verifying");
  }
  AX_CHECK(out.finish());
  return out;
}

Result<> PublicKey::finish() {
  if (algorithm_ == JwsAlgorithm::EdDSA) {
    Bytes x(32);
    std::size_t size = x.size();
    if (EVP_PKEY_get_raw_public_key(key_.get(), x.data(), &size) != 1 || size != 32) return Error{Errc::internal, "Ed25519 public key"};
    jwk_ = {{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", base64url_encode(x)}};
  } else if (algorithm_ == JwsAlgorithm::ES256) {
    const auto x = number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, kCoordinate);
    const auto y = number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinate);
    if (!x || !y) return Error{Errc::internal, "P-256 public key"};
    jwk_ = {{"crv", "P-256"}, {"kty", "EC"}, {"x", base64url_encode(*x)}, {"y", base64url_encode(*y)}};
  } else {
    const auto n = number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0);
    const auto e = number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0);
    if (!n || !e) return Error{Errc::internal, "RSA public key"};
    jwk_ = {{"e", base64url_encode(*e)}, {"kty", "RSA"}, {"n", base64url_encode(*n)}};
  }
  thumbprint_ = base64url_encode(sha256(as_bytes(json::serialize(jwk_))));  // the members stand in RFC 7638's order
  return {};
}

bool PublicKey::verify(BytesView message, BytesView signature) const {
  Bytes der;
  if (algorithm_ == JwsAlgorithm::ES256) {
    if (signature.size() != 2 * kCoordinate) return false;
    const EcdsaSig pair{ECDSA_SIG_new()};
    auto* r = BN_bin2bn(signature.data(), kCoordinate, nullptr);
    auto* s = BN_bin2bn(signature.data() + kCoordinate, kCoordinate, nullptr);
    evp::require(pair && r != nullptr && s != nullptr && ECDSA_SIG_set0(pair.get(), r, s) == 1);
    std::uint8_t* out = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &out);
    if (size <= 0) return false;
    der.assign(out, out + size);
    OPENSSL_free(out);
    signature = der;
  }
  const evp::MdCtx ctx{EVP_MD_CTX_new()};
  evp::require(ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, digest_of(algorithm_), nullptr, key_.get()) == 1);
  return EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

Result<PrivateKey> PrivateKey::generate(JwsAlgorithm algorithm) {
  EVP_PKEY* key = nullptr;
  switch (algorithm) {
    case JwsAlgorithm::EdDSA: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
    case JwsAlgorithm::ES256: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"); break;
    case JwsAlgorithm::RS256: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}); break;
  }
  if (key == nullptr) return Error{Errc::internal, "key generation"};
  PrivateKey out;
  out.public_.key_ = Pkey{key};
  out.public_.algorithm_ = algorithm;
  AX_CHECK(out.public_.finish());
  return out;
}

Result<PrivateKey> PrivateKey::from_der(const SecretBytes& der, JwsAlgorithm algorithm) {
  const auto* at = der.expose().data();
  Pkey key{d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.expose().size()))};
  const int type = algorithm == JwsAlgorithm::EdDSA ? EVP_PKEY_ED25519 : algorithm == JwsAlgorithm::ES256 ? EVP_PKEY_EC : EVP_PKEY_RSA;
  if (!key || EVP_PKEY_get_base_id(key.get()) != type) return Error{Errc::internal, "stored private key"};
  PrivateKey out;
  out.public_.key_ = std::move(key);
  out.public_.algorithm_ = algorithm;
  AX_CHECK(out.public_.finish());
  return out;
}

SecretBytes PrivateKey::der() const {
  std::uint8_t* data = nullptr;
  const int size = i2d_PrivateKey(public_.key_.get(), &data);
  evp::require(size > 0);
  SecretBytes out{Bytes(data, data + size)};
  OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  return out;
}

Bytes PrivateKey::sign(BytesView message) const {
  const evp::MdCtx ctx{EVP_MD_CTX_new()};
  evp::require(ctx && EVP_DigestSignInit(ctx.get(), nullptr, digest_of(public_.algorithm_), nullptr, public_.key_.get()) == 1);
  std::size_t size = 0;
  evp::require(EVP_DigestSign(ctx.get(), nullptr, &size, message.data(), message.size()) == 1);
  Bytes signature(size);
  evp::require(EVP_DigestSign(ctx.get(), signature.data(), &size, message.data(), message.size()) == 1);
  signature.resize(size);
  if (public_.algorithm_ != JwsAlgorithm::ES256) return signature;
  const auto* at = signature.data();
  const EcdsaSig pair{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size))};
  evp::require(pair != nullptr);
  Bytes raw(2 * kCoordinate);
  evp::require(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw.data(), kCoordinate) > 0 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw.data() + kCoordinate, kCoordinate) > 0);
  return raw;
}

std::string PrivateKey::sign_token(const json::object& claims, std::string_view typ) const {
  const auto name = to_string(public_.algorithm_);
  const json::object header{{"alg", json::string_view{name.data(), name.size()}},
                            {"typ", json::string_view{typ.data(), typ.size()}},
                            {"kid", public_.thumbprint_}};
  std::string token = base64url_encode(as_bytes(json::serialize(header)));
  token += '.';
  token += base64url_encode(as_bytes(json::serialize(claims)));
  const auto signature = sign(as_bytes(token));
  token += '.';
  token += base64url_encode(signature);
  return token;
}

}  // namespace authx::crypto
