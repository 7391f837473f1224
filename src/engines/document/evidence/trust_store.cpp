#include "engines/document/evidence/trust_store.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "base/encoding.h"
#include "engines/document/evidence/openssl.h"

namespace authx::document {
namespace {

TrustedKey of_certificate(X509* certificate) {
  TrustedKey out;
  out.certificate = std::shared_ptr<X509>{certificate, &X509_free};
  out.key = std::shared_ptr<EVP_PKEY>{X509_get_pubkey(certificate), &EVP_PKEY_free};
  out.name = certificate_name(certificate);
  out.fingerprint = certificate_fingerprint(certificate);
  out.not_before = time_of(X509_get0_notBefore(certificate));
  out.not_after = time_of(X509_get0_notAfter(certificate));
  return out;
}

TrustedKey of_key(EVP_PKEY* key) {
  TrustedKey out;
  out.key = std::shared_ptr<EVP_PKEY>{key, &EVP_PKEY_free};
  out.name = "public key";
  std::uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size > 0) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(der, static_cast<std::size_t>(size), digest);
    out.fingerprint = hex_encode({digest, sizeof digest});
    OPENSSL_free(der);
  }
  return out;
}

/// Appends what one text holds; false when some of it is neither certificate nor public key.
bool read_text(const std::string& text, bool keys_allowed, std::vector<TrustedKey>& out) {
  const std::size_t before = out.size();
  if (text.find("-----BEGIN") == std::string::npos) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
    X509* certificate = d2i_X509(nullptr, &data, static_cast<long>(text.size()));
    if (certificate == nullptr) return false;
    out.push_back(of_certificate(certificate));
    return out.back().key != nullptr;
  }
  const BioPtr bio = memory_bio(as_bytes(text));
  char* name = nullptr;
  char* header = nullptr;
  std::uint8_t* data = nullptr;
  long size = 0;
  bool good = true;
  while (good && PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    const std::string_view kind{name};
    const std::uint8_t* at = data;
    if (kind == PEM_STRING_X509 || kind == PEM_STRING_X509_TRUSTED || kind == PEM_STRING_X509_OLD) {
      X509* certificate = d2i_X509(nullptr, &at, size);
      good = certificate != nullptr;
      if (good) out.push_back(of_certificate(certificate));
      good = good && out.back().key != nullptr;
    } else if (kind == PEM_STRING_PUBLIC && keys_allowed) {
      EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, size);
      good = key != nullptr;
      if (good) out.push_back(of_key(key));
    } else {
      good = false;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  return good && out.size() > before;
}

}  // namespace

Result<TrustStore> TrustStore::parse(const TrustAnchors& anchors) {
  TrustStore store;
  const auto read = [&](TrustPurpose purpose, const std::vector<std::string>& texts, std::string_view list, bool keys_allowed) -> Result<> {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const bool good = read_text(texts[i], keys_allowed, store.keys_[static_cast<std::size_t>(purpose)]);
      ERR_clear_error();
      if (!good)
        return Error::invalid(std::string{list}, fmt::format("text {} is not {} in PEM", i + 1,
                                                             keys_allowed ? "a certificate or public key" : "a certificate"));
    }
    return {};
  };
  AX_CHECK(read(TrustPurpose::aadhaar_qr, anchors.aadhaar_qr_pem, "aadhaar_qr", true));
  AX_CHECK(read(TrustPurpose::offline_kyc, anchors.offline_kyc_pem, "offline_kyc", true));
  AX_CHECK(read(TrustPurpose::pdf, anchors.pdf_pem, "pdf", false));
  AX_CHECK(read(TrustPurpose::csca, anchors.csca_pem, "csca", false));
  return store;
}

}  // namespace authx::document
