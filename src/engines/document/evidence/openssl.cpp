#include "engines/document/evidence/openssl.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <chrono>

#include "base/encoding.h"
#include "engines/document/evidence/trust_store.h"

namespace authx::document {
namespace {

constexpr int kMostCertificates = 16;

std::time_t seconds_of(Time t) { return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count()); }

/// Leaves no entries behind in OpenSSL's error queue of this thread.
struct ClearErrors {
  ~ClearErrors() { ERR_clear_error(); }
};

int verify_chain(X509* signer, STACK_OF(X509) * extra, std::span<const TrustedKey> anchors, std::optional<Time> at) {
  const StorePtr store{X509_STORE_new()};
  const StoreCtxPtr ctx{X509_STORE_CTX_new()};
  if (!store || !ctx) return X509_V_ERR_OUT_OF_MEM;
  for (const auto& a : anchors) {
    if (a.certificate) X509_STORE_add_cert(store.get(), a.certificate.get());
  }
  if (X509_STORE_CTX_init(ctx.get(), store.get(), signer, extra) != 1) return X509_V_ERR_UNSPECIFIED;
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | (at ? 0UL : static_cast<unsigned long>(X509_V_FLAG_NO_CHECK_TIME)));
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_depth(param, 6);
  if (at) X509_VERIFY_PARAM_set_time(param, seconds_of(*at));
  return X509_verify_cert(ctx.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx.get());
}

std::optional<Time> signing_time(CMS_SignerInfo* signer) {
  const int at = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
  if (at < 0) return std::nullopt;
  X509_ATTRIBUTE* attribute = CMS_signed_get_attr(signer, at);
  const ASN1_TYPE* value = attribute == nullptr ? nullptr : X509_ATTRIBUTE_get0_type(attribute, 0);
  if (value == nullptr) return std::nullopt;
  if (value->type == V_ASN1_UTCTIME) return time_of(value->value.utctime);
  if (value->type == V_ASN1_GENERALIZEDTIME) return time_of(value->value.generalizedtime);
  return std::nullopt;
}

}  // namespace

BioPtr memory_bio(BytesView bytes) {
  if (bytes.size() > INT_MAX) return nullptr;
  return BioPtr{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
}

std::optional<Time> time_of(const ASN1_TIME* t) {
  std::tm tm{};
  if (t == nullptr || ASN1_TIME_to_tm(t, &tm) != 1) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year{tm.tm_year + 1900}, std::chrono::month{static_cast<unsigned>(tm.tm_mon + 1)},
                                        std::chrono::day{static_cast<unsigned>(tm.tm_mday)}};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days{day} + std::chrono::hours{tm.tm_hour} + std::chrono::minutes{tm.tm_min} + std::chrono::seconds{tm.tm_sec};
}

std::string certificate_name(X509* certificate) {
  const BioPtr out{BIO_new(BIO_s_mem())};
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size > 0 ? size : 0)};
}

std::string certificate_fingerprint(X509* certificate) {
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return hex_encode({digest, size});
}

SignerCheck check_cms(BytesView message, BytesView detached, std::span<const TrustedKey> anchors, std::optional<Time> at, Time fallback) {
  const ClearErrors clear;
  SignerCheck out;
  const std::uint8_t* data = message.data();
  const CmsPtr cms{message.size() > LONG_MAX ? nullptr : d2i_CMS_ContentInfo(nullptr, &data, static_cast<long>(message.size()))};
  if (!cms || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) {
    out.reason = "The signature is not CMS signed data";
    return out;
  }
  auto* signers = CMS_get0_SignerInfos(cms.get());
  if (signers == nullptr || sk_CMS_SignerInfo_num(signers) != 1) {
    out.reason = "The signature does not have exactly one signer";
    return out;
  }
  CMS_SignerInfo* signer = sk_CMS_SignerInfo_value(signers, 0);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> carried{CMS_get1_certs(cms.get()),
                                                                           [](STACK_OF(X509) * s) { sk_X509_pop_free(s, X509_free); }};
  if (carried && sk_X509_num(carried.get()) > kMostCertificates) {
    out.reason = "The signature carries too many certificates";
    return out;
  }
  // A message may leave its signer's certificate out; then an anchor may be the signer.
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> known{sk_X509_new_null(), [](STACK_OF(X509) * s) { sk_X509_free(s); }};
  for (const auto& a : anchors) {
    if (a.certificate) sk_X509_push(known.get(), a.certificate.get());
  }
  X509_ALGOR* digest = nullptr;
  X509* certificate = nullptr;
  const BioPtr content{detached.empty() ? nullptr : memory_bio(detached).release()};
  const BioPtr attached{BIO_new(BIO_s_mem())};
  const unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | (detached.empty() ? 0U : static_cast<unsigned>(CMS_DETACHED));
  const bool good = CMS_verify(cms.get(), known.get(), nullptr, content.get(), detached.empty() ? attached.get() : nullptr, flags) == 1;
  CMS_SignerInfo_get0_algs(signer, nullptr, &certificate, &digest, nullptr);
  if (digest != nullptr) {
    const char* name = OBJ_nid2sn(OBJ_obj2nid(digest->algorithm));
    out.digest = name == nullptr ? "" : name;
  }
  if (!good || certificate == nullptr) {
    out.reason =
        certificate == nullptr ? "The signature does not name a certificate that is at hand" : "The signature does not fit the data";
    return out;
  }
  if (out.digest == "MD5" || out.digest == "MD4" || out.digest == "MD2") {
    out.reason = "The signature uses a digest that is broken";
    return out;
  }
  if (detached.empty()) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(attached.get(), &text);
    out.content.assign(text, text + (size > 0 ? size : 0));
  }
  char type[64] = "";
  if (OBJ_obj2txt(type, sizeof type, CMS_get0_eContentType(cms.get()), 1) > 0) out.content_type = type;
  out.signature_good = true;
  out.name = certificate_name(certificate);
  out.fingerprint = certificate_fingerprint(certificate);
  out.signed_at = signing_time(signer);
  const int chain = verify_chain(certificate, carried.get(), anchors, std::nullopt);
  if (chain != X509_V_OK) {
    out.reason = "The signer's certificate does not lead to a configured one";
    return out;
  }
  out.chained = true;
  out.in_validity = verify_chain(certificate, carried.get(), anchors, at ? *at : out.signed_at.value_or(fallback)) == X509_V_OK;
  if (!out.in_validity) out.reason = "A certificate was not valid at the time that counts";
  return out;
}

}  // namespace authx::document
