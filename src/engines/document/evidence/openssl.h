#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <climits>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace authx::document {

template <auto Function>
struct Releases {
  template <class T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Releases<&BIO_free_all>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Releases<&CMS_ContentInfo_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Releases<&EVP_PKEY_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Releases<&X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Releases<&X509_STORE_CTX_free>>;

struct TrustedKey;

std::string certificate_name(X509* certificate);  ///< subject, RFC 2253
std::string certificate_fingerprint(X509* certificate);
std::optional<Time> time_of(const ASN1_TIME* t);
BioPtr memory_bio(BytesView bytes);  ///< reads `bytes`, which must outlive it

/// What became of the signer of a CMS message.
struct SignerCheck {
  bool signature_good = false;  ///< one signer whose signature and message digest are right
  bool chained = false;         ///< its certificate leads to an anchor, all signatures right
  bool in_validity = false;     ///< every certificate of the chain was valid at the time that was asked for
  std::string digest;           ///< short name of the signer's digest: "SHA256"
  std::string name;
  std::string fingerprint;
  std::optional<Time> signed_at;  ///< the signed attribute, which is the signer's own word
  std::string reason;             ///< why not, for a person
  std::string content_type;       ///< OID in dots
  Bytes content;                  ///< of an attached message
};

/// RFC 5652 SignedData with exactly one signer, verified over `detached` (or over its own content when that is empty).
/// Certificates that the message carries serve to build the chain, never as anchors. `at` empty: the signed time counts, and
/// when there is none, `fallback`.
SignerCheck check_cms(BytesView message, BytesView detached, std::span<const TrustedKey> anchors, std::optional<Time> at, Time fallback);

}  // namespace authx::document
