#include "crypto/cose.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "crypto/cbor.h"
#include "crypto/evp.h"

namespace authx::crypto {
namespace {

Error fault(const char* reason) { return Error::invalid("public_key", reason); }

struct CtxFree {
  void operator()(EVP_PKEY_CTX* ctx) const noexcept { EVP_PKEY_CTX_free(ctx); }
};
struct BuilderFree {
  void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
};
struct ParamsFree {
  void operator()(OSSL_PARAM* params) const noexcept { OSSL_PARAM_free(params); }
};
struct NumberFree {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
struct CertificateFree {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

std::shared_ptr<EVP_PKEY> from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, ParamsFree> params{OSSL_PARAM_BLD_to_param(builder)};
  const std::unique_ptr<EVP_PKEY_CTX, CtxFree> ctx{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* key = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  std::shared_ptr<EVP_PKEY> out{key, [](EVP_PKEY* k) { EVP_PKEY_free(k); }};
  const std::unique_ptr<EVP_PKEY_CTX, CtxFree> check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;  // a point that is not on the curve
  return out;
}

std::shared_ptr<EVP_PKEY> p256(BytesView x, BytesView y) {
  Bytes point{4};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const std::unique_ptr<OSSL_PARAM_BLD, BuilderFree> builder{OSSL_PARAM_BLD_new()};
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  return from_params("EC", builder.get());
}

std::shared_ptr<EVP_PKEY> rsa(BytesView n, BytesView e) {
  const std::unique_ptr<BIGNUM, NumberFree> modulus{BN_bin2bn(n.data(), static_cast<int>(n.size()), nullptr)};
  const std::unique_ptr<BIGNUM, NumberFree> exponent{BN_bin2bn(e.data(), static_cast<int>(e.size()), nullptr)};
  const std::unique_ptr<OSSL_PARAM_BLD, BuilderFree> builder{OSSL_PARAM_BLD_new()};
  if (!modulus || !exponent || !builder || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return from_params("RSA", builder.get());
}

BytesView bytes_of(const cbor::Item& map, std::int64_t label) {
  const auto* item = map.find(label);
  return item != nullptr && item->kind == cbor::Kind::bytes ? item->bytes : BytesView{};
}

std::optional<std::int64_t> number_of(const cbor::Item& map, std::int64_t label) {
  const auto* item = map.find(label);
  if (item == nullptr || item->kind != cbor::Kind::integer) return std::nullopt;
  return item->integer;
}

}  // namespace

Result<CoseKey::Parsed> CoseKey::parse_prefix(BytesView in) {
  AX_TRY(const auto parsed, cbor::parse(in));
  const auto& map = parsed.item;
  if (map.kind != cbor::Kind::map) return fault("is not a COSE key");
  const auto type = number_of(map, 1);
  const auto algorithm = number_of(map, 3);
  const auto curve = number_of(map, -1);
  Parsed out;
  out.size = parsed.size;
  if (type == 2 && algorithm == -7 && curve == 1) {
    const auto x = bytes_of(map, -2);
    const auto y = bytes_of(map, -3);
    if (x.size() != 32 || y.size() != 32) return fault("has coordinates of a wrong size");
    out.key.algorithm_ = CoseAlgorithm::es256;
    out.key.key_ = p256(x, y);
  } else if (type == 1 && algorithm == -8 && curve == 6) {
    const auto x = bytes_of(map, -2);
    if (x.size() != 32) return fault("has a coordinate of a wrong size");
    out.key.algorithm_ = CoseAlgorithm::eddsa;
    out.key.key_ = {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size()), [](EVP_PKEY* k) { EVP_PKEY_free(k); }};
  } else if (type == 3 && algorithm == -257) {
    const auto n = bytes_of(map, -1);
    const auto e = bytes_of(map, -2);
    if (n.size() < 256 || n.size() > 512 || e.empty() || e.size() > 4) return fault("has a size that is not taken");
    out.key.algorithm_ = CoseAlgorithm::rs256;
    out.key.key_ = rsa(n, e);
  } else {
    return fault("is of a kind that is not taken");
  }
  if (!out.key.key_) return fault("is not a valid key");
  return out;
}

Result<CoseKey> CoseKey::parse(BytesView cose) {
  AX_TRY(auto parsed, parse_prefix(cose));
  if (parsed.size != cose.size()) return fault("has bytes after its end");
  return std::move(parsed.key);
}

Result<CoseKey> CoseKey::of_certificate(BytesView der, CoseAlgorithm algorithm) {
  const auto* data = der.data();
  const std::unique_ptr<X509, CertificateFree> certificate{d2i_X509(nullptr, &data, static_cast<long>(der.size()))};
  if (!certificate || data != der.data() + der.size()) return fault("is in no certificate");
  CoseKey out;
  out.algorithm_ = algorithm;
  out.key_ = {X509_get_pubkey(certificate.get()), [](EVP_PKEY* k) { EVP_PKEY_free(k); }};
  const char* wanted = algorithm == CoseAlgorithm::es256 ? "EC" : algorithm == CoseAlgorithm::eddsa ? "ED25519" : "RSA";
  if (!out.key_ || EVP_PKEY_is_a(out.key_.get(), wanted) != 1) return fault("of the certificate does not fit the algorithm");
  return out;
}

bool CoseKey::verify(BytesView message, BytesView signature) const noexcept {
  const evp::MdCtx ctx{EVP_MD_CTX_new()};
  const auto* digest = algorithm_ == CoseAlgorithm::eddsa ? nullptr : evp::sha256();
  return ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace authx::crypto
