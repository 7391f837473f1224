#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace authx::auth::webauthn {

/// A certificate with its P-256 key, as a maker of authenticators has them.
struct Maker {
  struct Wish {
    std::string country = "IN", organization = "Maker", unit = "Authenticator Attestation", name = "Model 7";
    int version = 3;
    std::optional<bool> authority = false;  ///< empty: no basic constraints
    std::optional<Bytes> aaguid = {};       ///< the extension's value
    bool critical_aaguid = false;
    int days = 3650;
  };

  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;

  /// Signed by `issuer`, or by itself.
  static Maker make(const Wish& wish, Time now, const Maker* issuer = nullptr) {
    Maker out;
    out.key = {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free};
    out.certificate = {X509_new(), &X509_free};
    auto* c = out.certificate.get();
    X509_set_version(c, wish.version - 1);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial());
    const auto at = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    ASN1_TIME_set(X509_getm_notBefore(c), at - 86'400);
    ASN1_TIME_set(X509_getm_notAfter(c), at + std::int64_t{wish.days} * 86'400);
    X509_set_pubkey(c, out.key.get());
    auto* subject = X509_get_subject_name(c);
    const auto add = [&](const char* field, const std::string& text) {
      if (!text.empty())
        X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    };
    add("C", wish.country);
    add("O", wish.organization);
    add("OU", wish.unit);
    add("CN", wish.name);
    X509_set_issuer_name(c, issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : subject);
    if (wish.version == 3 && wish.authority) {
      auto* extension =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, *wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
      X509_add_ext(c, extension, -1);
      X509_EXTENSION_free(extension);
    }
    if (wish.aaguid) {
      auto* id = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
      auto* value = ASN1_OCTET_STRING_new();
      ASN1_OCTET_STRING_set(value, wish.aaguid->data(), static_cast<int>(wish.aaguid->size()));
      auto* extension = X509_EXTENSION_create_by_OBJ(nullptr, id, wish.critical_aaguid ? 1 : 0, value);
      X509_add_ext(c, extension, -1);
      X509_EXTENSION_free(extension);
      ASN1_OCTET_STRING_free(value);
      ASN1_OBJECT_free(id);
    }
    X509_sign(c, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256());
    return out;
  }
  static Maker root(const std::string& name, Time now) {
    Wish wish;
    wish.unit.clear();
    wish.name = name;
    wish.authority = true;
    return make(wish, now);
  }

  Bytes der() const {
    unsigned char* data = nullptr;
    const int size = i2d_X509(certificate.get(), &data);
    Bytes out(data, data + size);
    OPENSSL_free(data);
    return out;
  }
  void write_pem(const std::filesystem::path& path) const {
    std::unique_ptr<BIO, int (*)(BIO*)> file{BIO_new_file(path.c_str(), "w"), &BIO_free};
    PEM_write_bio_X509(file.get(), certificate.get());
  }
  Bytes sign(BytesView message) const {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    std::size_t size = 0;
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size());
    Bytes out(size);
    EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size());
    out.resize(size);
    return out;
  }

 private:
  static long& serial() {
    static long last = 0;
    return last;
  }
};

}  // namespace authx::auth::webauthn
